/** One parser, fed for a while: keeps inputs that lead somewhere new, and those that break a promise. */
import { HolonError } from "@holon/core/errors.ts";
import { SeededRandom } from "@holon/sim/random.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";

export interface Finding {
  readonly target: string;
  readonly what: "crash" | "slow" | "memory" | "hang";
  readonly message: string;
  readonly input: Uint8Array;
}

export interface SessionOptions {
  readonly seed: number;
  readonly spanMs: number;
  /** Inputs that it gets at least, also where that takes longer. */
  readonly inputsMin?: number;
  /** Inputs of before that led somewhere. */
  readonly corpus: readonly Uint8Array[];
  /** Told before each run, so that who watches knows the input that it hangs on. */
  begins?(input: Uint8Array): void;
  kept?(input: Uint8Array): void;
}

export interface SessionReport {
  readonly runs: number;
  /** Ways in which it ended. */
  readonly ways: number;
  readonly findings: readonly Finding[];
}

/** Of the processor a single input may take so long: some a thousand times what it should. What else the machine does is no fault of a parser; one that waits for ever is ended from outside. */
const slowMs = 1_000;
const freeBytes = 64 << 20;
/** Memory for each byte of input. */
const growthMax = 256;
const keptMax = 1_000;
const findingsMax = 20;

export async function fuzz(target: Target, options: SessionOptions): Promise<SessionReport> {
  const random = new SeededRandom(`fuzz/${target.name}/${options.seed}`);
  const seeds = [...(await target.samples())];
  const pool = [...seeds, ...options.corpus];
  const ways = new Set<string>();
  const findings = new Map<string, Finding>();
  const untilMs = performance.now() + options.spanMs;
  let runs = 0;
  const run = async (input: Uint8Array): Promise<void> => {
    options.begins?.(input);
    const { way, finding } = await tryOne(target, input);
    runs += 1;
    if (finding !== undefined && !findings.has(way)) findings.set(way, finding);
    if (ways.has(way) || ways.size >= keptMax) return;
    ways.add(way);
    pool.push(input);
    options.kept?.(input);
  };
  for (const input of pool.slice()) await run(input);
  while ((performance.now() < untilMs || runs < (options.inputsMin ?? 0)) && findings.size < findingsMax) {
    const base = pool[random.integer(0, pool.length - 1)] ?? new Uint8Array(0);
    const changed = mutate(base, pool, target.words ?? [], random);
    await run(target.mend !== undefined && random.chance(0.7) ? target.mend(changed, random) : changed);
    if (runs % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { runs, ways: ways.size, findings: [...findings.values()] };
}

/** What became of it, in words that are the same for what is alike. */
export async function tryOne(target: Target, input: Uint8Array): Promise<{ readonly way: string; readonly finding?: Finding }> {
  const before = heldBytes();
  const began = processorMs();
  let way = "taken";
  let broken: string | undefined;
  try {
    const given = target.run(input);
    const value: unknown = given instanceof Promise ? await given : given;
    if (typeof value === "string") way = value;
  } catch (error) {
    const isExpected = (error instanceof HolonError && error.code !== "HOLON_INTERNAL") || target.expects?.(error) === true;
    way = `${error instanceof HolonError ? error.code : error instanceof Error ? error.name : "thrown"}: ${alike(error instanceof Error ? error.message : String(error))}`;
    if (!isExpected) broken = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const tookMs = processorMs() - began;
  const grewBytes = heldBytes() - before;
  const finding = (what: Finding["what"], message: string) => ({ way, finding: { target: target.name, what, message, input } });
  if (broken !== undefined) return finding("crash", broken);
  if (tookMs > slowMs) return finding("slow", `${Math.round(tookMs)} ms for ${input.length} bytes`);
  if (grewBytes > freeBytes + growthMax * input.length) return finding("memory", `${grewBytes} bytes more for ${input.length} bytes`);
  return { way };
}

const alike = (message: string): string => message.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, "…").replaceAll(/[0-9a-f]{6,}|\d+/g, "#").slice(0, 80);

/** Of this thread. */
export function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
