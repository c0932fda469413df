/**
 * Watches what goes into a model and what comes out of it. The first window is the reference, and stays it through restarts until the graph or the size of
 * windows is another; each window after it is compared, and the beginning and the end of a drift are told as `holon.model.drift`.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { driftReference, keptOfReference, measureDrift, referenceOfKept, type ColumnDrift, type DriftReference } from "@holon/core/model/drift.ts";
import { packedSchema, packTensor, unpackTensor } from "@holon/core/model/packed.ts";
import type { Log, NewRecord } from "@holon/core/log/log.ts";
import type { Trace } from "@holon/core/ports.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import type { Decider } from "./decision.ts";

export interface DriftWatchOptions {
  readonly model: string;
  /** Of its graph: what is kept is of this graph alone. */
  readonly graph: string;
  readonly log: Pick<Log, "append" | "cell">;
  readonly events: Pick<Events, "record">;
  readonly trace: Trace;
  readonly windowRows: number;
}

type Side = "input" | "output";
const keptSchema = z.strictObject({ graph: z.string(), windowRows: z.int(), drifting: z.boolean(), rows: z.int(), width: z.int(), columns: z.array(z.int()), sorted: packedSchema });
const encoder = new TextEncoder();

const columnsTold = 8;

/** The same decider, watched. What it answers does not wait for the watch. */
export function watchDrift(decider: Decider, options: DriftWatchOptions): Decider {
  const sides = { input: createSide("input", options), output: createSide("output", options) };
  return {
    async decide(x, of) {
      const decided = await decider.decide(x, of);
      const rows = x.shape[0] ?? 0;
      sides.input(x.values, x.values.length / Math.max(1, rows));
      for (const { scores } of decided) sides.output(scores, scores.length);
      return decided;
    },
  };
}

function createSide(side: Side, options: DriftWatchOptions): (values: Float32Array, width: number) => void {
  const { model, windowRows } = options;
  const kept = loadKept(side, options);
  let reference = kept?.reference;
  let drifting = kept?.drifting ?? false;
  let window: Float32Array | undefined;
  let filled = 0;

  function close(full: Float32Array, width: number): void {
    if (reference === undefined) {
      reference = driftReference(full, width);
      return store(side, options, { reference, drifting }, []);
    }
    const measured = measureDrift(reference, full);
    const drifted = measured.filter((column) => column.drifted);
    if (drifted.length > 0 === drifting) return;
    drifting = drifted.length > 0;
    const data = { model, side, state: drifting ? "began" : "ended", rows: windowRows, referenceRows: reference.rows, columns: drifted.length, worst: worstOf(drifting ? drifted : measured) };
    store(side, options, { reference, drifting }, [options.events.record({ stream: "telemetry", type: "holon.model.drift", class: "aggregate", producer: "model", subject: model, data })]);
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

interface Kept {
  readonly reference: DriftReference;
  readonly drifting: boolean;
}

const cellOf = (side: Side, { model }: DriftWatchOptions): string => `drift/${model}/${side}`;

function loadKept(side: Side, options: DriftWatchOptions): Kept | undefined {
  const bytes = options.log.cell(cellOf(side, options));
  if (bytes === undefined) return undefined;
  const { graph, windowRows, drifting, sorted, ...rest } = keptSchema.parse(parseJson(bytes));
  return graph === options.graph && windowRows === options.windowRows ? { reference: referenceOfKept({ ...rest, sorted: unpackTensor(sorted) }), drifting } : undefined;
}

function store(side: Side, options: DriftWatchOptions, { reference, drifting }: Kept, records: readonly NewRecord[]): void {
  const { sorted, ...rest } = keptOfReference(reference);
  const { graph, windowRows, log, trace, model } = options;
  const value = encoder.encode(canonicalJson({ graph, windowRows, drifting, ...rest, sorted: packTensor(sorted) }));
  log.append({ records, cells: [{ key: cellOf(side, options), value }] }).catch((error: unknown) => {
    const { code, message } = toHolonError(error);
    trace.note("warn", `model ${model}: its drift could not be told: ${message}`, { code });
  });
}

const worstOf = (columns: readonly ColumnDrift[]) =>
  columns
    .toSorted((a, b) => b.ks - a.ks)
    .slice(0, columnsTold)
    .map(({ column, psi, ks }) => ({ column, psi: Number(psi.toPrecision(4)), ks: Number(ks.toPrecision(4)) }));
