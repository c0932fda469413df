/**
 * Suite `fleet`: what the API of one control plane takes to answer while thousands of nodes tell it what they measured. Control is a process of its own, and so is who asks, one call after the other.
 * Control's times are those of this machine, whatever else it does: nothing runs beside it here.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { endsWithBench } from "./child-ends.ts";
import { median, percentile, round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

const nodesDefault = 10_000;
const warmUpRounds = 10;
const program = (name: string): string => fileURLToPath(new URL(`../../cli/src/testing/${name}`, import.meta.url));
const readySchema = z.object({ api: z.string(), token: z.string(), sites: z.number(), filledMs: z.number(), residentBytes: z.number(), heapBytes: z.number() });
const figuresSchema = z.object({ stretchMsP99: z.number(), stretchMsMax: z.number(), cpuShare: z.number() });
const askedSchema = z.record(z.string(), z.object({ times: z.array(z.number()), bytes: z.number() }));

/** What each is called in the figures. */
export const fleetPaths = (nodes: number): ReadonlyMap<string, string> =>
  new Map([
    ["nodes", "/v1/nodes?limit=100"],
    ["node", `/v1/nodes/n-${nodes - 1}`],
    ["fleet", "/v1/fleet?limit=100"],
    ["sites", "/v1/sites?limit=100"],
    ["apps", "/v1/apps"],
    ["alerts", "/v1/alerts?limit=50"],
    ["objectives", "/v1/objectives?limit=100"],
    ["series", "/v1/series?name=holon.log.records"],
    ["moves", "/v1/plan/moves"],
    ["continuumChanges", "/v1/continuum?run={run}&since={revision}"],
    ["continuumPage", "/v1/continuum?limit=2000&cursor=2000"],
    ["continuum", "/v1/continuum"],
  ]);

export const fleetSuite: Suite = {
  measures: `the API of one control plane with ${nodesDefault} nodes that tell once a minute: times, bytes, memory a node`,
  async run(context): Promise<SuiteResult> {
    const nodes = context.nodes ?? nodesDefault;
    const control = spawn(process.execPath, ["--expose-gc", program("many-nodes-control.ts"), context.folder, String(nodes)], { stdio: ["pipe", "pipe", "inherit"] });
    endsWithBench(control);
    try {
      return await measure(control, nodes, context);
    } finally {
      control.stdin.end();
      if (control.exitCode === null) await once(control, "exit");
    }
  },
};

async function measure(control: ChildProcess, nodes: number, { seconds, say }: SuiteContext): Promise<SuiteResult> {
  if (control.stdout === null || control.stdin === null) throw new Error("control has no way to be asked");
  const lines = createInterface({ input: control.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse(z.string().parse((await lines.next()).value));
  const tell = async (word: string) => {
    control.stdin?.write(`${word}\n`);
    return figuresSchema.parse(await next());
  };
  const ready = readySchema.parse(await next());
  say(`${nodes} nodes in ${ready.sites} sites are there after ${round(ready.filledMs)} ms`);
  await tell("figures");
  const rounds = Math.max(20, Math.round(10 * seconds));
  const paths = fleetPaths(nodes);
  const steady = await ask(ready, rounds, paths);
  const busy = await tell("figures");
  const duringBurst = await askWhile(ready, paths, () => tell("burst"));
  const figures: Record<string, number> = { nodes, residentKiBPerNode: ready.residentBytes / 1_024 / nodes, heapKiBPerNode: ready.heapBytes / 1_024 / nodes, stretchMsP99: busy.stretchMsP99, stretchMsMax: busy.stretchMsMax, cpuShare: busy.cpuShare };
  let [worst, worstBurst] = [0, 0];
  for (const [name, path] of paths) {
    const { times = [], bytes = 0 } = steady[path] ?? {};
    Object.assign(figures, { [`${name}MsP50`]: median(times), [`${name}MsP99`]: percentile(times, 0.99), [`${name}Bytes`]: bytes });
    worst = Math.max(worst, percentile(times, 0.99));
    worstBurst = Math.max(worstBurst, percentile(duringBurst[path]?.times ?? [], 0.99));
    say(`${path}: p50 ${round(median(times))} ms, p99 ${round(percentile(times, 0.99))} ms, ${bytes} bytes`);
  }
  say(`control was busy for ${round(busy.stretchMsMax)} ms at a stretch at most (p99 ${round(busy.stretchMsP99)} ms), ${round(100 * busy.cpuShare)} % of a processor; ${round(figures["residentKiBPerNode"] ?? 0)} KiB resident and ${round(figures["heapKiBPerNode"] ?? 0)} KiB of heap a node`);
  return { figures: { ...figures, worstMsP99: worst, worstInBurstMsP99: worstBurst }, ratios: {} };
}

async function ask(ready: z.infer<typeof readySchema>, rounds: number, paths: ReadonlyMap<string, string>): Promise<z.infer<typeof askedSchema>> {
  const child = asker(ready, String(rounds), paths);
  child.stdin.end();
  let said = "";
  for await (const piece of child.stdout) said += String(piece);
  return askedSchema.parse(JSON.parse(said));
}

/** Calls that begin while something goes on: who asks is warm before that begins. */
async function askWhile(ready: z.infer<typeof readySchema>, paths: ReadonlyMap<string, string>, act: () => Promise<unknown>): Promise<z.infer<typeof askedSchema>> {
  const child = asker(ready, "ended", paths);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  await act();
  child.stdin.end();
  const { value } = await lines.next();
  return askedSchema.parse(JSON.parse(z.string().parse(value)));
}

function asker({ api, token }: z.infer<typeof readySchema>, rounds: string, paths: ReadonlyMap<string, string>) {
  const child = spawn(process.execPath, [program("ask-many.ts"), api, token, rounds, String(warmUpRounds), ...paths.values()], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdout.setEncoding("utf8");
  endsWithBench(child);
  return child;
}
