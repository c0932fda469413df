/**
 * Watches what goes into a model and what comes out of it. The first window is the reference where none is given; each window after it
 * is compared, and the beginning and the end of a drift are told as `holon.model.drift`.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { driftReference, measureDrift, type ColumnDrift, type DriftReference } from "@holon/core/model/drift.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Trace } from "@holon/core/ports.ts";
import type { Events } from "../event/events.ts";
import type { Decider } from "./decision.ts";

export interface DriftWatchOptions {
  readonly model: string;
  readonly log: Pick<Log, "append">;
  readonly events: Pick<Events, "record">;
  readonly trace: Trace;
  readonly windowRows: number;
  readonly reference?: { readonly input: DriftReference; readonly output: DriftReference };
}

const columnsTold = 8;

/** The same decider, watched. What it answers does not wait for the watch. */
export function watchDrift(decider: Decider, options: DriftWatchOptions): Decider {
  const sides = { input: createSide("input", options), output: createSide("output", options) };
  return {
    async decide(x) {
      const decided = await decider.decide(x);
      const rows = x.shape[0] ?? 0;
      sides.input(x.values, x.values.length / Math.max(1, rows));
      for (const { scores } of decided) sides.output(scores, scores.length);
      return decided;
    },
  };
}

function createSide(side: "input" | "output", { model, log, events, trace, windowRows, reference: given }: DriftWatchOptions): (values: Float32Array, width: number) => void {
  let reference = given?.[side];
  let window: Float32Array | undefined;
  let filled = 0;
  let drifting = false;

  function close(full: Float32Array, width: number): void {
    if (reference === undefined) {
      reference = driftReference(full, width);
      return;
    }
    const measured = measureDrift(reference, full);
    const drifted = measured.filter((column) => column.drifted);
    if (drifted.length > 0 === drifting) return;
    drifting = drifted.length > 0;
    const data = { model, side, state: drifting ? "began" : "ended", rows: windowRows, referenceRows: reference.rows, columns: drifted.length, worst: worstOf(drifting ? drifted : measured) };
    log.append({ records: [events.record({ stream: "telemetry", type: "holon.model.drift", class: "aggregate", producer: "model", subject: model, data })] }).catch((error: unknown) => {
      const { code, message } = toHolonError(error);
      trace.note("warn", `model ${model}: its drift could not be told: ${message}`, { code });
    });
  }

  return (values, width) => {
    if (width === 0 || width > limits.driftWidthMax || (reference ?? { width }).width !== width) return; // rows of another shape cannot be compared
    if (window?.length !== windowRows * width) {
      window = new Float32Array(windowRows * width);
      filled = 0;
    }
    for (let from = 0; from < values.length; ) {
      const taken = Math.min(values.length - from, window.length - filled);
      window.set(values.subarray(from, from + taken), filled);
      from += taken;
      filled += taken;
      if (filled < window.length) continue;
      filled = 0;
      close(window, width);
    }
  };
}

const worstOf = (columns: readonly ColumnDrift[]) =>
  columns
    .toSorted((a, b) => b.ks - a.ks)
    .slice(0, columnsTold)
    .map(({ column, psi, ks }) => ({ column, psi: Number(psi.toPrecision(4)), ks: Number(ks.toPrecision(4)) }));
