/** What each kind of function that does harm costs a neighbour: how far the p99 of its calls moves. */
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import type { Runner, UnitEvent, UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { median, percentile, round } from "./statistics.ts";
import type { SuiteContext, SuiteResult } from "./suite.ts";

const source = (body: string): Uint8Array =>
  new TextEncoder().encode(`export default {kind:"holon.function",on:{type:"bench.reading"},emits:{"out.made":{stream:"data",class:"derived"}},models:[],run: async (event, context) => {${body}}};`);

/** Started and stopped as often as the others, and does no harm: what a start costs a neighbour is not the harm's doing. */
const harmless = "";

interface Harm {
  readonly body: string;
  /** How a node names it; where more than one limit can be the first, each. */
  readonly codes: readonly ErrorCode[];
}

const harms: Readonly<Record<string, Harm>> = {
  loops: { body: "for(;;);", codes: ["HOLON_UNIT_TIMEOUT"] },
  "allocates arrays": { body: "const kept=[]; for(;;) kept.push(new Array(1e5).fill(event))", codes: ["HOLON_UNIT_DIED", "HOLON_UNIT_TIMEOUT"] },
  "allocates buffers": { body: "const kept=[]; for(;;) kept.push(new Uint8Array(1e6).fill(1))", codes: ["HOLON_UNIT_THREW", "HOLON_UNIT_TIMEOUT"] }, // refused in there, by an error that it does not catch
  throws: { body: "throw new Error('no')", codes: ["HOLON_UNIT_THREW"] },
  "emits a wrong type": { body: `context.emit(42,{data:1})`, codes: ["HOLON_UNIT_THREW"] },
  "answers nonsense": { body: "JSON.stringify = () => 'nonsense'", codes: ["HOLON_UNIT_DIED"] },
  floods: { body: `for(;;) context.emit("out.made",{data:"x".repeat(10000)})`, codes: ["HOLON_UNIT_THREW", "HOLON_UNIT_TIMEOUT"] },
  "cannot be ended": { body: "let n = 2n; for (;;) n = n * n;", codes: ["HOLON_UNIT_TIMEOUT"] }, // V8 looks nowhere in it: its process is killed
};

const program = (name: string, body: string, timeoutMs: number): UnitProgram => ({ name, code: source(body), models: {}, fitted: [], state: new Map(), timeoutMs, memoryBytesMax: 16 << 20 });
const event: UnitEvent = { id: "bench/0/local/1", type: "bench.reading", source: "/bench", subject: undefined, timeMs: 0, arrivedMs: 0, data: { v: 1 } };

/** Alone, beside a harmless one and beside one that does harm, in turns so short that the machine's own troubles meet all three. */
const turnMs = 400;
const turnsMin = 6;
const secondsOfEach = 5;
const everyMs = 1;
/** The first times it is found out; from then on it is kept apart, and that is what is measured. */
const foundOutMs = 1_200;

interface Turns {
  readonly alone: (readonly number[])[];
  readonly harmless: (readonly number[])[];
  readonly harm: (readonly number[])[];
}

export async function neighbours(runner: Runner, { seconds, say }: SuiteContext): Promise<SuiteResult> {
  const neighbour = await startNeighbour(runner);
  const named = new Map<string, ErrorCode>();
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  const turns = Math.max(turnsMin, Math.round((seconds * secondsOfEach * 1000) / turnMs / 3));
  await neighbour.calls(turnMs);
  for (const [what, { body, codes }] of Object.entries(harms)) {
    await withHarm(runner, what, body, named, () => sleep(foundOutMs));
    const taken: Turns = { alone: [], harmless: [], harm: [] };
    const measures = [
      async (): Promise<void> => void taken.alone.push(await neighbour.calls(turnMs)),
      (): Promise<void> => withHarm(runner, `not ${what}`, harmless, named, async () => void taken.harmless.push(await neighbour.calls(turnMs))),
      (): Promise<void> => withHarm(runner, what, body, named, async () => void taken.harm.push(await neighbour.calls(turnMs))),
    ];
    for (let turn = 0; turn < turns; turn++) for (let next = 0; next < measures.length; next++) await measures[(turn + next) % measures.length]?.();
    const code = named.get(what);
    if (code === undefined || !codes.includes(code)) throw new Error(`a function that ${what} was named ${code}, not ${codes.join(" or ")}: nothing was measured`);
    const ratio = ratioOf(taken.harm, taken.harmless);
    const name = what.replace(/(?:^| )(.)/g, (_, letter: string) => letter.toUpperCase());
    Object.assign(figures, { [`neighbourAloneMsP99${name}`]: p99(taken.alone), [`neighbourHarmlessMsP99${name}`]: p99(taken.harmless), [`neighbourMsP99${name}`]: p99(taken.harm), [`neighbourRatioLow${name}`]: ratio.low, [`neighbourRatioHigh${name}`]: ratio.high });
    ratios[`neighbourP99${name}`] = ratio.value;
    say(`a neighbour that ${what} (${code}): p99 ${round(p99(taken.alone))} ms alone, ${round(p99(taken.harmless))} beside a harmless one, ${round(p99(taken.harm))} beside it: ${round(ratio.value)} times (${round(ratio.low)} to ${round(ratio.high)}; ${taken.harm.flat().length} calls)`);
  }
  return { figures: { ...figures, neighbourP99RatioMedian: median(Object.values(ratios)), neighbourP99RatioMax: Math.max(...Object.values(ratios)), harmfulContained: named.size, neighbourInterruptions: neighbour.interruptions() }, ratios };
}

const p99 = (turns: readonly (readonly number[])[]): number => percentile(turns.flat(), 0.99);

/** Of the 99th percentiles, and between what nine of ten draws of as many turns lie (the bootstrap of Efron, over turns, since calls of one are alike). */
function ratioOf(beside: Turns["harm"], without: Turns["harmless"]): { readonly value: number; readonly low: number; readonly high: number } {
  const draws = Array.from({ length: 400 }, () => p99(drawn(beside)) / p99(drawn(without)));
  return { value: p99(beside) / p99(without), low: percentile(draws, 0.05), high: percentile(draws, 0.95) };
}
const drawn = <T>(values: readonly T[]): readonly T[] => values.flatMap(() => values.slice(Math.floor(Math.random() * values.length)).slice(0, 1));

async function withHarm(runner: Runner, what: string, body: string, named: Map<string, ErrorCode>, work: () => Promise<void>): Promise<void> {
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
async function misbehave(runner: Runner, what: string, body: string, named: Map<string, ErrorCode>, stop: AbortSignal): Promise<void> {
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
