/** What each kind of function that does harm costs a neighbour: how far the p99 of its calls moves. */
import { HolonError } from "@holon/core/errors.ts";
import type { Runner, UnitEvent, UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { median, percentile, round } from "./statistics.ts";
import type { SuiteContext, SuiteResult } from "./suite.ts";

const source = (body: string): Uint8Array =>
  new TextEncoder().encode(`export default {kind:"holon.function",on:{type:"bench.reading"},emits:{"out.made":{stream:"data",class:"derived"}},models:[],run: async (event, context) => {${body}}};`);

/** What every other is measured like, and does nothing: how far p99 moves by itself. */
const harmless = "nothing";
const harm: Readonly<Record<string, string>> = {
  [harmless]: "",
  loops: "for(;;);",
  "allocates arrays": "const kept=[]; for(;;) kept.push(new Array(1e5).fill(event))",
  "allocates buffers": "const kept=[]; for(;;) kept.push(new Uint8Array(1e6).fill(1))",
  throws: "throw new Error('no')",
  "returns a wrong type": "JSON.stringify = () => 'nonsense'",
  floods: `for(;;) context.emit("out.made",{data:"x".repeat(10000)})`,
  "kills its process": "let n = 2n; for (;;) n = n * n;",
};

const program = (name: string, body: string, timeoutMs: number): UnitProgram => ({ name, code: source(body), models: {}, fitted: [], state: new Map(), timeoutMs, memoryBytesMax: 16 << 20 });
const event: UnitEvent = { id: "bench/0/local/1", type: "bench.reading", source: "/bench", subject: undefined, timeMs: 0, arrivedMs: 0, data: { v: 1 } };

/** Alone and beside in turns so short that the machine's own troubles meet both; what does harm is started again in each. */
const turnMs = 400;
const turnsMin = 4;
const secondsOfEach = 4;
const everyMs = 2;
/** The first times it is found out; from then on it is kept apart, and that is what is measured. */
const foundOutMs = 1_500;

export async function neighbours(runner: Runner, { seconds, say }: SuiteContext): Promise<SuiteResult> {
  const neighbour = await startNeighbour(runner);
  const named = new Map<string, string>();
  const figures: Record<string, number> = {};
  const moves: number[] = [];
  const turns = Math.max(turnsMin, Math.round((seconds * secondsOfEach * 1000) / turnMs / 4));
  await neighbour.calls(turnMs);
  for (const [what, body] of Object.entries(harm)) {
    const [alone, beside]: [number[], number[]] = [[], []];
    await withHarm(runner, what, body, named, () => sleep(foundOutMs));
    for (let turn = 0; turn < turns; turn++) {
      const measureAlone = async (): Promise<void> => void alone.push(...(await neighbour.calls(turnMs)));
      const measureBeside = (): Promise<void> => withHarm(runner, what, body, named, async () => void beside.push(...(await neighbour.calls(turnMs))));
      for (const measure of turn % 2 === 0 ? [measureAlone, measureBeside] : [measureBeside, measureAlone]) await measure();
    }
    const [aloneMs, besideMs] = [percentile(alone, 0.99), percentile(beside, 0.99)];
    const name = what.replace(/(?:^| )(.)/g, (_, letter: string) => letter.toUpperCase());
    const moved = besideMs / aloneMs - 1;
    figures[`neighbourP99Moves${name}`] = moved;
    if (what !== harmless) moves.push(moved);
    say(`neighbour of ${what}: p99 ${round(aloneMs)} ms alone, ${round(besideMs)} ms beside (p50 ${round(percentile(alone, 0.5))}, ${round(percentile(beside, 0.5))}; ${alone.length} and ${beside.length} calls)${named.has(what) ? `; ${named.get(what)}` : ""}`);
  }
  return {
    figures: { neighbourP99Moves: Math.max(...moves), neighbourP99MovesMedian: median(moves), ...figures, harmfulContained: named.size, neighbourInterruptions: neighbour.interruptions() },
    ratios: {},
  };
}

async function withHarm(runner: Runner, what: string, body: string, named: Map<string, string>, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const harming = misbehave(runner, what, body, named, stop.signal);
  try {
    await work();
  } finally {
    stop.abort();
    await harming;
  }
}

/** As a node does it: started again after a pause when it has failed. */
async function misbehave(runner: Runner, what: string, body: string, named: Map<string, string>, stop: AbortSignal): Promise<void> {
  for (let pauseMs = 100; !stop.aborted; pauseMs = Math.min(2 * pauseMs, 60_000)) {
    try {
      const unit = await runner.start(program(`bench/${what}`, body, 200));
      await unit.handle([event]);
      await unit.stop();
    } catch (error) {
      if (error instanceof HolonError && error.code !== "HOLON_UNIT_INTERRUPTED") named.set(what, error.code);
    }
    await sleep(pauseMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

async function startNeighbour(runner: Runner) {
  const fresh = (): Promise<UnitInstance> => runner.start(program("bench/neighbour", `let sum = 0; for (let i = 0; i < 20000; i++) sum += Math.sqrt(i); context.emit("out.made",{data:sum});`, 5_000));
  let unit = await fresh();
  let interruptions = 0;
  return {
    interruptions: () => interruptions,
    async calls(durationMs: number): Promise<readonly number[]> {
      const taken: number[] = [];
      for (const endMs = performance.now() + durationMs; performance.now() < endMs; ) {
        const startMs = performance.now();
        try {
          await unit.handle([event]);
        } catch {
          interruptions += 1; // counted, and part of what the call took
          unit = await fresh();
          await unit.handle([event]);
        }
        taken.push(performance.now() - startMs);
        await sleep(everyMs);
      }
      return taken;
    },
  };
}
