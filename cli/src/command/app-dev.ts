/** `holon app dev`: the app on a cloud, an edge site and a gateway of this machine, deployed again whenever its files change. */
import { watch } from "node:fs";
import { resolve } from "node:path";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { deployHere } from "../app/deploy-here.ts";
import { aborted } from "../ending.ts";
import { loadManifest } from "../app/load.ts";
import { publish } from "../app/publish.ts";
import { claim } from "../machine/claim.ts";
import { startThree, type Three } from "../machine/three.ts";
import { showLive } from "../view/live.ts";

export interface DevOptions {
  readonly data: string;
  readonly portBase: string;
  readonly verbose?: boolean;
}

/** Editors write a file in several steps: a change is over when nothing has come for so long. */
const settleMs = 150;

export async function developApp(place: string, options: DevOptions, ended: AbortSignal): Promise<void> {
  const portBase = Number(options.portBase);
  if (!/^\d{1,5}$/.test(options.portBase) || portBase > 65_528) throw new HolonError("HOLON_ARGUMENT_BAD", `--port-base is a port that leaves room for seven, not ${options.portBase}`);
  const first = await loadManifest(place);
  const published = await publish(first);
  const data = resolve(options.data);
  const lock = await claim(data, portBase);
  let three: Three | undefined;
  try {
    three = await startThree({ data, portBase, ended, jurisdiction: "EU/DE", trace: { level: options.verbose === true ? "info" : "error", output: process.stderr } });
    await keepOnly(three, published.document.name);
    await deployHere(three, published);
    await liveWithChanges(three, place, first.folder, published.document.name, ended);
  } catch (error) {
    if (!ended.aborted) throw error; // told to stop while it started
  } finally {
    await three?.close();
    lock.release();
  }
}

/** What was developed in this data folder before would run beside it. */
async function keepOnly({ cloud }: Three, name: string): Promise<void> {
  for (const { document } of cloud.control?.apps() ?? []) if (document.name !== name) await cloud.control?.remove(document.name);
}

async function liveWithChanges(three: Three, place: string, folder: string, name: string, ended: AbortSignal): Promise<void> {
  const view = showLive(three, name, process.stdout);
  const say = (text: string): void => view.notice(text);
  let timer: NodeJS.Timeout | undefined;
  let deploying: Promise<void> = Promise.resolve();
  const changed = (file: string | null): void => {
    if (file !== null && /(^|[\\/])(node_modules|\.holon|\.git)([\\/]|$)/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => (deploying = deploying.then(() => deployAgain(three, place, name, say))), settleMs);
  };
  const watcher = watch(folder, { recursive: true }, (_, file) => changed(file));
  watcher.on("error", (error) => say(`${folder} is no longer watched: ${error.message}`));
  await aborted(ended);
  watcher.close();
  clearTimeout(timer);
  await deploying;
  view.stop();
}

/** A change that does not load is told; what ran before runs on. */
async function deployAgain(three: Three, place: string, name: string, say: (text: string) => void): Promise<void> {
  try {
    const published = await publish(await loadManifest(place));
    if (published.document.name !== name) throw new HolonError("HOLON_APP_BAD", `the app is called ${published.document.name} now, and ${name} runs`, { next: "Stop and start `holon app dev` to change its name." });
    const isNew = await deployHere(three, published);
    say(isNew ? `deployed again at ${new Date().toTimeString().slice(0, 8)}` : "no change to what runs");
  } catch (error) {
    const { code, message, next } = toHolonError(error);
    say(`${code}: ${message.replaceAll(/\s*\n\s*/g, " ")}; ${next} What ran before runs on.`);
  }
}
