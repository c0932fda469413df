/** A model's word on readings, in the loop of functions and without a sandbox: no code but the node's own is run, and a model is no code. */
import { limits } from "@holon/core/limits.ts";
import type { UnitInstance } from "@holon/core/ports.ts";
import { judged, judgeInputs, judgeTensor } from "@holon/core/reduce/judge.ts";
import type { JudgeReduction } from "@holon/core/schema/reduction.ts";
import type { RowsOf } from "../model/decision.ts";
import type { UnitContext } from "../run/unit.ts";

export const createJudgeInstance = (reduction: JudgeReduction, { app, served, ports }: Pick<UnitContext, "app" | "served" | "ports">, born: RowsOf): UnitInstance => ({
  async handle(events) {
    const inputs = judgeInputs(reduction, events);
    if (inputs.length === 0) return { outputs: [], state: [], fitted: [], status: undefined, inferenceMs: [] };
    const startMs = ports.clock.monotonicMs();
    const rows = judgeTensor(inputs);
    const decisions = served.decideNow(app.name, reduction.model, rows) ?? (await served.decide(app.name, reduction.model, rows, born));
    const outputs = inputs.flatMap((input, row) => judged(reduction, input, decisions[row]?.scores ?? new Float32Array(0)) ?? []);
    const tookMs = ports.clock.monotonicMs() - startMs;
    const followed = inputs.filter(({ event }) => event.span?.sampled === true).slice(0, limits.traceCallsMax);
    const calls = followed.map(({ cause }) => ({ model: reduction.model, cause, atMs: 0, tookMs }));
    return { outputs, state: [], fitted: [], status: undefined, inferenceMs: [tookMs], ...(calls.length === 0 ? {} : { calls }) };
  },
  stop: () => Promise.resolve(),
});
