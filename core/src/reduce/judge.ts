/** Readings as a model's input, and its scores as an event: what a reflex needs, without anybody's code. */
import type { Tensor, UnitEvent, UnitOutput } from "../ports.ts";
import type { UnitWindow } from "../run/definition.ts";
import type { JudgeReduction } from "../schema/reduction.ts";

/** An event, or a window, from which a whole input could be made. */
export interface JudgeInput {
  readonly event: UnitEvent;
  /** Position among the events that were handed over. */
  readonly cause: number;
  readonly features: readonly number[];
}

/** Those of which `rows` readings with all fields are there: the last ones, the oldest first. */
export function judgeInputs({ fields, rows, window }: JudgeReduction, events: readonly UnitEvent[]): readonly JudgeInput[] {
  return events.flatMap((event, cause) => {
    const readings = window === undefined ? [event.data] : (event.data as UnitWindow).events.map(({ data }) => data);
    const whole = readings.flatMap((data) => {
      const row = rowOf(data, fields);
      return row === undefined ? [] : [row];
    });
    return whole.length < rows ? [] : [{ event, cause, features: whole.slice(-rows).flat() }];
  });
}

export const judgeTensor = (inputs: readonly JudgeInput[]): Tensor => {
  const width = inputs[0]?.features.length ?? 0;
  const values = new Float32Array(inputs.length * width);
  for (const [row, { features }] of inputs.entries()) values.set(features, row * width);
  return { shape: [inputs.length, width], values };
};

/** What is said of an input; `undefined` where the reduction asks for a score that this one does not reach. */
export function judged({ emits, when }: JudgeReduction, { event, cause }: JudgeInput, scores: Float32Array): UnitOutput | undefined {
  if (when !== undefined && !((scores[when.score] ?? Number.NaN) > when.above)) return undefined;
  return { type: emits, subject: event.subject, timeMs: event.timeMs, data: { scores: [...scores], best: scores.indexOf(Math.max(...scores)) }, cause };
}

function rowOf(data: unknown, fields: readonly string[]): readonly number[] | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const row: number[] = [];
  for (const field of fields) {
    const value: unknown = Object.hasOwn(data, field) ? Reflect.get(data, field) : undefined;
    if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
    row.push(value);
  }
  return row;
}
