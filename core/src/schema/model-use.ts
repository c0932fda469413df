/** What an app says of a model beside its graph: where it answers others, what it passes up, how it is watched. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { gateSchema } from "../model/gate.ts";
import { nameSchema } from "./name.ts";

export const cascadeSchema = z.strictObject({
  /** The model of the app that is asked about what this one is not sure of. It says itself, by `answers`, where it stands. */
  above: nameSchema,
  /** From where on it is sure: fitted on rows with labels. */
  gate: gateSchema,
  /** Bytes of questions an hour, over any hour; without it no bound but the link's own. */
  bytesPerHour: z.int().min(limits.cascadeBytesPerHourMin).optional(),
  /** An answer that takes longer is not waited for. */
  deadlineMs: z.int().min(1).max(limits.callDeadlineMsMax).default(1_000),
  /** Rows go up, and rows are made of readings: who writes this takes it upon himself to call them `derived`, and says why. It goes into the audit trail. */
  release: z.strictObject({ class: z.literal("derived"), because: z.string().min(1).max(256) }),
});
export type CascadeUse = z.infer<typeof cascadeSchema>;

export const driftSchema = z.strictObject({
  /** Rows of one window; the first since the model was loaded is what the others are compared with. */
  windowRows: z.int().min(limits.driftWindowRowsMin).max(limits.driftWindowRowsMax).default(1_000),
});

interface Cascading {
  readonly name: string;
  readonly answers?: object | undefined;
  readonly cascade?: { readonly above: string } | undefined;
}

/** What keeps the cascades of an app from working, for people. */
export function cascadeProblem(models: readonly Cascading[]): string | undefined {
  const byName = new Map(models.map((model) => [model.name, model]));
  for (const { name } of models) {
    const passed = new Set<string>();
    for (let at = byName.get(name); at?.cascade !== undefined; at = byName.get(at.cascade.above)) {
      if (passed.has(at.name)) return `the cascade of model ${name} comes back to ${at.name}`;
      passed.add(at.name);
      const { above } = at.cascade;
      if (byName.get(above)?.answers === undefined) return `model ${at.name} passes up to ${above}, which ${byName.has(above) ? "does not say where it answers" : "the app does not have"}`;
    }
  }
  return undefined;
}
