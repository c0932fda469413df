/** What an app says of a model beside its graph: where it answers others, what it passes up, how it is watched. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { gateSchema } from "../model/gate.ts";
import { nameSchema } from "./name.ts";

const asking = {
  /** The model of the app that is asked. It says itself, by `answers`, where it stands. */
  above: nameSchema,
  /** Bytes of questions an hour, over any hour; without it no bound but the link's own. */
  bytesPerHour: z.int().min(limits.cascadeBytesPerHourMin).optional(),
  /** An answer that takes longer is not waited for. */
  deadlineMs: z.int().min(1).max(limits.callDeadlineMsMax).default(1_000),
  /** Rows go up, and rows are made of readings: who writes this takes it upon himself to call them `derived`, and says why. It goes into the audit trail. */
  release: z.strictObject({ class: z.literal("derived"), because: z.string().min(1).max(256) }),
};

/** What it is not sure of goes up. */
export const cascadeSchema = z.strictObject({
  ...asking,
  /** From where on it is sure: fitted on rows with labels. */
  gate: gateSchema,
});
/** It is the head of a model, whose tail is `above`: what it makes of each row goes up in place of the row. */
export const splitSchema = z.strictObject({
  ...asking,
  /** Why it is cut there, for people. */
  because: z.string().min(1).max(512).optional(),
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
  readonly split?: { readonly above: string } | undefined;
  readonly drift?: object | undefined;
}

/** The model that this one asks. */
export const aboveOf = ({ cascade, split }: Pick<Cascading, "cascade" | "split">): string | undefined => (cascade ?? split)?.above;

/** What keeps the cascades and splits of an app from working, for people. */
export function cascadeProblem(models: readonly Cascading[]): string | undefined {
  const byName = new Map(models.map((model) => [model.name, model]));
  for (const { name, cascade, split, drift } of models) {
    if (split !== undefined && (cascade !== undefined || drift !== undefined)) return `model ${name} is the head of a split, which decides nothing: \`cascade\` and \`drift\` are of whole models`;
    const passed = new Set<string>();
    for (let at = byName.get(name); at !== undefined; at = byName.get(aboveOf(at) ?? "")) {
      const above = aboveOf(at);
      if (above === undefined) break;
      if (passed.has(at.name)) return `the ${at.split === undefined ? "cascade" : "split"} of model ${name} comes back to ${at.name}`;
      passed.add(at.name);
      if (byName.get(above)?.answers === undefined) return `model ${at.name} passes up to ${above}, which ${byName.has(above) ? "does not say where it answers" : "the app does not have"}`;
    }
  }
  return undefined;
}

/** Of models in parts, all that belong to these: the heads, and what is behind them, to the end. */
export function withTails<Part extends Pick<Cascading, "name" | "split">>(models: readonly Part[], names: Iterable<string>): ReadonlySet<string> {
  const all = new Set<string>();
  for (const name of names) for (let at: string | undefined = name; at !== undefined && !all.has(at); at = models.find((model) => model.name === at)?.split?.above) all.add(at);
  return all;
}

/** The last part of a model, which gives what the whole gives. */
export const endOf = <Part extends Pick<Cascading, "name" | "split">>(models: readonly Part[], name: string): string => [...withTails(models, [name])].at(-1) ?? name;
