/**
 * Suite `console`: the console of one control plane with thousands of nodes in a real browser, fresh each time: when something is painted, when the whole map is there, how long the page's main thread is busy until
 * then, and with each change while sites are cut off and come back. Control, which tells, and the browser share this machine.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { endsWithBench } from "./child-ends.ts";
import { median, round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

const nodesDefault = 10_000;
const rounds = 3;
const changes = 4;
const changeEveryMs = 2_000;
const program = (name: string): string => fileURLToPath(new URL(`../../cli/src/testing/${name}`, import.meta.url));
const readySchema = z.object({ api: z.string(), token: z.string() });
const paintedSchema = z.object({ firstPaintMs: z.number(), wholeMs: z.number(), busyMs: z.number() });
const updatedSchema = z.object({ answers: z.number().min(1), busyMs: z.number() });

export const consoleSuite: Suite = {
  measures: `the console of ${nodesDefault} nodes in a fresh browser (median of ${rounds}): first contentful paint, whole map, main thread, a change`,
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

async function measure(control: ChildProcess, nodes: number, { say }: SuiteContext): Promise<SuiteResult> {
  const heard = linesOf(control);
  const { api, token } = readySchema.parse(await heard());
  const change = async (): Promise<void> => {
    control.stdin?.write("change\n");
    await heard();
  };
  const visits: (z.infer<typeof paintedSchema> & { readonly updateMs: number })[] = [];
  for (let visit = 0; visit < rounds; visit++) {
    const told = await visited(`${api}/#token=${token}`, nodes, change);
    visits.push(told);
    say(`visit ${visit + 1}: first contentful paint after ${round(told.firstPaintMs)} ms, a change ${round(told.updateMs)} ms`);
  }
  const of = (name: keyof (typeof visits)[number]): number => median(visits.map((visit) => visit[name]));
  const figures = { consoleNodes: nodes, consoleFirstPaintMs: of("firstPaintMs"), consoleWholeMs: of("wholeMs"), consoleBusyMs: of("busyMs"), consoleUpdateMs: of("updateMs") };
  say(`first contentful paint after ${round(figures.consoleFirstPaintMs)} ms, all of it after ${round(figures.consoleWholeMs)} ms, of which the main thread was busy ${round(figures.consoleBusyMs)} ms; a change ${round(figures.consoleUpdateMs)} ms`);
  return { figures, ratios: {} };
}

async function visited(address: string, nodes: number, change: () => Promise<void>): Promise<z.infer<typeof paintedSchema> & { readonly updateMs: number }> {
  const visitor = spawn(process.execPath, [program("many-console.ts"), address, String(nodes)], { stdio: ["pipe", "pipe", "inherit"] });
  endsWithBench(visitor);
  const heard = linesOf(visitor);
  const painted = paintedSchema.parse(await heard());
  for (let done = 0; done < changes; done++) {
    await change();
    await sleep(changeEveryMs);
  }
  visitor.stdin.end();
  const { busyMs } = updatedSchema.parse(await heard());
  if (visitor.exitCode === null) await once(visitor, "exit");
  return { ...painted, updateMs: busyMs / changes };
}

function linesOf({ stdout }: ChildProcess): () => Promise<unknown> {
  if (stdout === null) throw new Error("it cannot be heard");
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return async () => JSON.parse(z.string().parse((await lines.next()).value));
}
