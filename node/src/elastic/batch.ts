/**
 * One batch of an elastic function: this node and its siblings take pieces of it, each the next when it is done with one, and what came of them is put together in the order of the events, as if
 * it had been done in one place. Nothing of it is stored before all of it is there; then its node stores it at once.
 *
 *     events ─┬─ piece ─▶ here ───────┐
 *             ├─ piece ─▶ a sibling ──┼─▶ in order ─▶ one append, with the position behind all of them
 *             └─ piece ─▶ a sibling ──┘      a sibling that is late or gone: done here, the first result counts
 */
import { HolonError } from "@holon/core/errors.ts";
import type { Part } from "@holon/core/elastic/scale.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer, UnitEvent, UnitResult } from "@holon/core/ports.ts";

export interface BatchWork {
  readonly unit: string;
  readonly clock: Clock;
  /** One piece at a time. Fails as the sandbox does, and the batch with it. */
  here(events: readonly UnitEvent[]): Promise<UnitResult>;
  readonly siblings: readonly Helper[];
  /** What one event takes here, about. */
  readonly eventMs: number;
  /** A sibling did so many events, and they count; without one, they had to be done here after all. */
  done(by: string | undefined, events: number): void;
  /** Whoever sets it ends the work between two pieces, and wakes what waits for a sibling. */
  readonly interruption?: Interruption;
}

export interface Interruption {
  isOver: boolean;
  wake?: (() => void) | undefined;
}

export interface Helper {
  readonly name: string;
  /** Whether so much goes over in one call. */
  fits(events: readonly UnitEvent[]): boolean;
  /** One piece at a time; undefined where it did not do it. */
  handle(events: readonly UnitEvent[]): Promise<UnitResult | undefined>;
}

interface Piece extends Part {
  state: "free" | "lent" | "done";
  /** When it is done here too. */
  dueMs: number;
  result: UnitResult | undefined;
}

export async function workTogether(events: readonly UnitEvent[], parts: readonly Part[], work: BatchWork): Promise<UnitResult> {
  const { clock } = work;
  const pieces = parts.map((part): Piece => ({ ...part, state: "free", dueMs: Number.POSITIVE_INFINITY, result: undefined }));
  let isOver = false;
  let defect: unknown;
  let wake: (() => void) | undefined;
  const eventsOf = ({ from, to }: Part): readonly UnitEvent[] => events.slice(from, to);

  function settle(piece: Piece, result: UnitResult): boolean {
    if (piece.state === "done") return false;
    piece.result = requireStateless(work.unit, result);
    piece.state = "done";
    return true;
  }

  /** What does not fit is left to here. */
  const nextFor = (sibling: Helper): Piece | undefined => pieces.find((piece) => piece.state === "free" && sibling.fits(eventsOf(piece)));

  async function lend(sibling: Helper): Promise<void> {
    for (let piece = nextFor(sibling); piece !== undefined; piece = nextFor(sibling)) {
      piece.state = "lent";
      piece.dueMs = clock.monotonicMs() + 3 * work.eventMs * (piece.to - piece.from) + limits.elasticGraceMs;
      const result = await sibling.handle(eventsOf(piece));
      if (isOver) return; // who is late is not heard
      if (result !== undefined && settle(piece, result)) work.done(sibling.name, piece.to - piece.from);
      if (result === undefined && piece.state === "lent") piece.state = "free";
      wake?.();
      if (result === undefined) return;
    }
  }

  /** A piece that nobody has, or that a sibling has had for too long. */
  function nextHere(): Piece | undefined {
    const nowMs = clock.monotonicMs();
    return pieces.find(({ state }) => state === "free") ?? pieces.find(({ state, dueMs }) => state === "lent" && dueMs <= nowMs);
  }

  async function doHere(piece: Piece): Promise<void> {
    const isAgain = piece.state === "lent";
    piece.state = "lent"; // nobody else takes it
    piece.dueMs = Number.POSITIVE_INFINITY;
    const result = await work.here(eventsOf(piece));
    if (settle(piece, result) && isAgain) work.done(undefined, piece.to - piece.from);
  }

  async function change(): Promise<void> {
    let timer: Timer | undefined;
    const dueMs = Math.min(...pieces.flatMap((piece) => (piece.state === "lent" ? [piece.dueMs] : [])));
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (work.interruption !== undefined) work.interruption.wake = resolve;
      timer = clock.after(Math.max(1, dueMs - clock.monotonicMs()), resolve);
    });
    timer?.cancel();
    wake = undefined;
  }

  try {
    for (const sibling of work.siblings) {
      lend(sibling).catch((error: unknown) => {
        defect ??= error;
        wake?.();
      });
    }
    while (pieces.some(({ state }) => state !== "done")) {
      if (defect !== undefined) throw defect;
      if (work.interruption?.isOver === true) throw new HolonError("HOLON_UNIT_INTERRUPTED", `function ${work.unit} is stopped in the midst of a batch: nothing of it counts`);
      const piece = nextHere();
      if (piece === undefined) await change();
      else await doHere(piece);
    }
  } finally {
    isOver = true;
  }
  return together(work.unit, pieces.map(({ from, result }) => ({ from, result })));
}

/** What an elastic function keeps would be kept on one node and missing on the next. */
export function requireStateless(unit: string, result: UnitResult): UnitResult {
  const kept = result.state.length > 0 ? "state" : result.fitted.length > 0 ? "fitted parameters" : (result.shared?.length ?? 0) > 0 ? "state that sites share" : undefined;
  if (kept === undefined) return result;
  throw new HolonError("HOLON_UNIT_BAD", `function ${unit} is elastic and keeps ${kept}`, { next: "Take `elastic` out of the manifest, or keep what it knows in another function." });
}

/** One result of several, each of the events from `from` on. Where it is more than one batch may give, it fails as it would in one sandbox. */
export function together(unit: string, parts: readonly { readonly from: number; readonly result: UnitResult | undefined }[]): UnitResult {
  const results = parts.map(({ from, result }) => {
    if (result === undefined) throw new HolonError("HOLON_INTERNAL", `function ${unit}: a piece without a result`);
    return { from, result };
  });
  const outputs = results.flatMap(({ from, result }) => result.outputs.map((output) => ({ ...output, cause: output.cause + from })));
  const bytes = outputs.reduce((sum, { data }) => sum + (JSON.stringify(data) ?? "").length, 0);
  if (outputs.length > limits.unitOutputsMax || bytes > limits.unitOutputBytesMax) throw new HolonError("HOLON_UNIT_THREW", `function ${unit} emitted ${outputs.length} events of ${bytes} bytes in one batch; the limits are ${limits.unitOutputsMax} and ${limits.unitOutputBytesMax}`);
  const inferences: Record<string, number> = {};
  for (const { result } of results) for (const [model, count] of Object.entries(result.inferences ?? {})) inferences[model] = (inferences[model] ?? 0) + count;
  const used = results.flatMap(({ result }) => result.usage ?? []);
  return {
    outputs,
    state: [],
    fitted: [],
    status: results.findLast(({ result }) => result.status !== undefined)?.result.status,
    inferenceMs: results.flatMap(({ result }) => result.inferenceMs),
    inferences,
    ...callsOf(results),
    ...(used.length === 0 ? {} : { usage: { processorMs: used.reduce((sum, { processorMs }) => sum + processorMs, 0), memoryBytes: Math.max(...used.map(({ memoryBytes }) => memoryBytes)) } }),
  };
}

/** As many as one batch may tell of. */
function callsOf(results: readonly { readonly from: number; readonly result: UnitResult }[]): Pick<UnitResult, "calls"> {
  const calls = results.flatMap(({ from, result }) => (result.calls ?? []).map((call) => ({ ...call, cause: call.cause + from })));
  return calls.length === 0 ? {} : { calls: calls.slice(0, limits.traceCallsMax) };
}
