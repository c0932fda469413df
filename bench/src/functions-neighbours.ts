/** What functions that do harm cost a neighbour: its calls alone and beside them, in turns, so that the machine's own troubles meet both. */
import { HolonError } from "@holon/core/errors.ts";
import type { Runner, UnitEvent, UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "./statistics.ts";
import type { SuiteContext, SuiteResult } from "./suite.ts";

const source = (body: string): Uint8Array =>
  new TextEncoder().encode(`export default {kind:"holon.function",on:{type:"bench.reading"},emits:{"out.made":{stream:"data",class:"derived"}},models:[],run: async (event, context) => {${body}}};`);

const harm: Readonly<Record<string, string>> = {
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

const roundMs = 1_500;
const rounds = 3;
const everyMs = 4;

export async function neighbours(runner: Runner, { say }: SuiteContext): Promise<SuiteResult> {
  const neighbour = await startNeighbour(runner);
  const [alone, beside]: [number[], number[]] = [[], []];
  const named = new Map<string, string>();
  await neighbour.calls(roundMs);
  for (let round = 0; round < rounds; round++) {
    alone.push(...(await neighbour.calls(roundMs)));
    const stop = new AbortController();
    const harming = Object.entries(harm).map(([what, body]) => misbehave(runner, what, body, named, stop.signal));
    await sleep(round === 0 ? 5_000 : 500); // the first time they are found out; from then on they are kept apart
    beside.push(...(await neighbour.calls(roundMs)));
    stop.abort();
    await Promise.all(harming);
    await sleep(300);
  }
  for (const [what, code] of named) say(`a function that ${what}: ${code}`);
  const [aloneMs, besideMs] = [percentile(alone, 0.99), percentile(beside, 0.99)];
  return {
    figures: { neighbourAloneMsP99: aloneMs, neighbourBesideMsP99: besideMs, neighbourAloneMsP50: percentile(alone, 0.5), neighbourBesideMsP50: percentile(beside, 0.5), harmfulContained: named.size, neighbourInterruptions: neighbour.interruptions() },
    ratios: { neighbourP99Moved: besideMs / aloneMs },
  };
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
