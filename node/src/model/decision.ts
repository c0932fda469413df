/** Who decides what a row is: one model, or a cascade of them. */
import { confidenceOf, type Gate } from "@holon/core/model/gate.ts";
import type { ModelDecision, ModelSession, Tensor, Tensors } from "@holon/core/ports.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { HandedClass } from "../run/handed-class.ts";
import type { ModelRequest } from "./answer.ts";

export type Decision = ModelDecision;

/** Decides rows: a model by itself, or a cascade. `x`: [rows, …]. */
export interface Decider {
  decide(x: Tensor, of: RowsOf): Promise<readonly Decision[]>;
  /** The same before it returns; undefined where `decide` has to be asked. */
  decideNow?(x: Tensor): readonly Decision[] | undefined;
}

/**
 * Whose rows they are, which says what may become of them further on: of a unit of this node, by the class that it may tell them as; or of a neighbour's, as it says; undefined where it
 * says nothing.
 */
export type RowsOf = ({ readonly told: HandedClass["told"] } | { readonly label: ModelRequest["label"] }) & {
  /** The step that asks, where its trace is followed: it goes along with the question. */
  readonly traceparent?: string | undefined;
};

export interface ModelDeciderOptions {
  readonly session: ModelSession;
  readonly self: string;
  readonly gate?: Gate | undefined;
}

/** One model that answers everything. `HOLON_MODEL_INPUT_BAD`. */
export function createModelDecider({ session, self, gate = { temperature: 1, threshold: 0 } }: ModelDeciderOptions): Decider {
  const [input] = session.inputs;
  const [output] = session.outputs;
  if (input === undefined || output === undefined || session.inputs.length !== 1) throw new HolonError("HOLON_MODEL_INPUT_BAD", `a model that decides takes one input, not ${session.inputs.length}`);
  function decisionsOf(x: Tensor, outputs: Tensors): readonly Decision[] {
    const rows = x.shape[0] ?? 0;
    const scores = outputs[output ?? ""]?.values ?? new Float32Array(0);
    const classes = rows === 0 ? 0 : scores.length / rows;
    if (!Number.isInteger(classes)) throw new HolonError("HOLON_MODEL_INPUT_BAD", `the model gives ${scores.length} scores for ${rows} rows`);
    const confidence = confidenceOf(scores, Math.max(1, classes), gate);
    return Array.from({ length: rows }, (_, row) => ({ scores: scores.slice(row * classes, (row + 1) * classes), confidence: confidence[row] ?? 0, answeredBy: self, sure: (confidence[row] ?? 0) >= gate.threshold }));
  }
  return {
    decide: async (x) => decisionsOf(x, await session.run({ [input]: x })),
    decideNow(x) {
      const outputs = session.runNow?.({ [input]: x });
      return outputs === undefined ? undefined : decisionsOf(x, outputs);
    },
  };
}
