/** `holon up`: the main job. */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HolonError } from "@holon/core/errors.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import type { SourceSpec } from "@holon/core/schema/app.ts";
import { aborted, Ended } from "../ending.ts";
import { loadManifest } from "../app/load.ts";
import { deployHere, untilHeard } from "../app/deploy-here.ts";
import { publish, type Publication } from "../app/publish.ts";
import { defaultPortBase, startThree, type Three } from "../machine/three.ts";
import { claim } from "../machine/claim.ts";
import { readToken } from "../machine/token.ts";
import { consoleAddress } from "./console.ts";
import { runOnce, unmark } from "../once/run-once.ts";
import { inspectFiles, replaySource, sayLeftOut, type ReplayChoice } from "../once/source-map.ts";
import { replayPaths } from "../once/replay-paths.ts";
import { draw, oneLine } from "../terminal.ts";
import { showLive } from "../view/live.ts";
import { wholeNumber } from "../whole-number.ts";

export interface UpOptions {
  readonly replay?: string;
  readonly speed?: string;
  readonly once?: boolean;
  readonly cutAfter?: string;
  readonly healAfter?: string;
  readonly continue?: boolean;
  readonly json?: boolean;
  readonly data?: string;
  readonly portBase: string;
  readonly jurisdiction: string;
  readonly app?: string;
  readonly columns?: string;
  readonly timeColumn?: string;
  readonly badRows: string;
  readonly mqtt?: string | boolean;
  readonly verbose?: boolean;
}

const exampleApp = fileURLToPath(new URL("../../../examples/pump-watch", import.meta.url));

export async function up(options: UpOptions, ended: AbortSignal): Promise<void> {
  try {
    await run(options, ended);
  } catch (error) {
    // What fails after the command was told to end fails because of that: the same signal reaches the programs that it calls.
    if (!ended.aborted) throw error;
    if (options.once === true) throw sayingHowToGoOn(ended.reason);
  }
}

function sayingHowToGoOn(reason: unknown): unknown {
  if (!(reason instanceof Ended) || reason.code !== "HOLON_INTERRUPTED") return reason;
  const next = "Run the same command with --continue to go on from there.";
  return new Ended(new HolonError(reason.code, `${reason.message}; what was acknowledged is kept`, { next }), reason.exitCode);
}

async function run(options: UpOptions, ended: AbortSignal): Promise<void> {
  const data = resolve(options.data ?? (options.once === true ? join(".holon", "once") : ".holon"));
  const portBase = options.portBase === undefined ? undefined : wholeNumber("--port-base", options.portBase);
  if (portBase !== undefined && portBase > 65_528) throw new HolonError("HOLON_ARGUMENT_BAD", `--port-base ${portBase} leaves no room for seven ports`);
  if (!nodeConfigSchema.shape.jurisdiction.safeParse(options.jurisdiction).success) throw new HolonError("HOLON_ARGUMENT_BAD", `--jurisdiction is a code like EU/DE, not ${options.jurisdiction}`);
  const level = options.verbose === true ? "info" : "error";
  const trace = { level, output: process.stderr } as const;
  const start = (): Promise<Three> => startThree({ data, portBase: portBase ?? defaultPortBase, jurisdiction: options.jurisdiction, ended, trace });
  const app = await loadManifest(options.app ?? exampleApp);
  const claimed = (doors: readonly string[] = []): ReturnType<typeof claim> => claim(data, portBase ?? defaultPortBase, doors);
  if (options.once === true) return once(options, { data, app, start, claim: () => claimed(), ended });
  if (options.cutAfter !== undefined || options.healAfter !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", "--cut-after and --heal-after go with --once", { next: "Add --once, or use `holon link cut gateway-1` while it runs." });
  const sources = await chooseSources(options);
  const published = await publish(app);
  const document = sources === undefined ? published.document : { ...published.document, sources };
  const lock = await claimed(document.sources.flatMap((source) => ("listen" in source && source.listen !== undefined ? [source.listen] : [])));
  try {
    await unmark(data);
    await live(await start(), { ...published, document }, ended, data);
  } finally {
    lock.release();
  }
  process.stdout.write(`stopped; ${data} keeps everything, and the next start goes on from there\n`);
}

/** Where there are people they log in; else the machine's token opens it. */
async function consoleOf({ cloud }: Three, data: string): Promise<string> {
  const token = (cloud.control?.people?.users().length ?? 0) > 0 ? undefined : await readToken(data);
  return token === undefined ? `${cloud.api}/` : consoleAddress(cloud.api, token);
}

async function live(three: Three, published: Publication, ended: AbortSignal, data: string): Promise<void> {
  try {
    await deployHere(three, published);
    await untilHeard(three, ended);
    const view = showLive(three, `${published.document.name} ${published.document.version}`, process.stdout, await consoleOf(three, data));
    await aborted(ended);
    view.stop();
  } finally {
    await three.close();
  }
}

async function once(options: UpOptions, rest: Pick<Parameters<typeof runOnce>[0], "data" | "app" | "start" | "claim" | "ended">): Promise<void> {
  if (options.replay === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", "--once needs --replay FILE[,FILE…]");
  const cutAfter = options.cutAfter === undefined ? undefined : wholeNumber("--cut-after", options.cutAfter);
  const healAfter = options.healAfter === undefined ? undefined : wholeNumber("--heal-after", options.healAfter);
  if (healAfter !== undefined && (cutAfter === undefined || healAfter < cutAfter)) throw new HolonError("HOLON_ARGUMENT_BAD", "--heal-after goes with a --cut-after that is no later");
  const report = await runOnce({ ...replayChoice(options, options.replay), ...rest, continue: options.continue === true, cutAfter, healAfter, progress: progressLine() });
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, undefined, 2)}\n`);
  const { lost, duplicated, reordered, rawClassAtCloud } = report;
  if (lost + duplicated + reordered + rawClassAtCloud > 0) throw new HolonError("HOLON_RUN_INCOMPLETE", `lost ${lost}, duplicated ${duplicated}, reordered ${reordered}, raw at the cloud ${rawClassAtCloud}`);
}

async function chooseSources(options: UpOptions): Promise<SourceSpec[] | undefined> {
  if (options.replay !== undefined) {
    const choice = replayChoice(options, options.replay);
    const files = await inspectFiles(choice.files);
    sayLeftOut(files, choice);
    return [replaySource(files, choice, "pump.reading")];
  }
  if (options.mqtt === undefined || options.mqtt === false) return undefined;
  const listen = options.mqtt === true ? "127.0.0.1:1883" : options.mqtt;
  return [{ kind: "mqtt", name: "mqtt", type: "pump.reading", class: "raw", listen, topics: ["#"] }];
}

function replayChoice(options: UpOptions, replay: string): ReplayChoice {
  const { badRows, columns, timeColumn } = options;
  if (badRows !== "stop" && badRows !== "skip") throw new HolonError("HOLON_ARGUMENT_BAD", `--bad-rows is stop or skip, not ${badRows}`);
  return { files: replayPaths(replay), speed: speedOf(options.speed ?? "1"), badRows, timeColumn, columns: columns?.split(",").filter((name) => name !== "") };
}

function speedOf(text: string): number | "max" {
  if (text === "max") return "max";
  const speed = Number(text);
  if (!(speed > 0 && Number.isFinite(speed))) throw new HolonError("HOLON_ARGUMENT_BAD", `--speed is a number above 0 or max, not ${text}`);
  return speed;
}

/** On a terminal, what a long run is at; nothing elsewhere. */
function progressLine(): (three: Three) => void {
  let saidMs = 0;
  return (three) => {
    if (!process.stderr.isTTY || performance.now() - saidMs < 500) return;
    saidMs = performance.now();
    const { agent, uplink } = three.gateway.node.status();
    const readings = agent.sources.reduce((sum, source) => sum + source.readings, 0);
    draw(process.stderr, `\r${readings} events, ${oneLine(agent.units[0]?.status ?? "")}, link ${uplink?.state ?? ""}\u001b[K`);
  };
}
