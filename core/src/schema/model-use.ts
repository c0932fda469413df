/** What an app says of a model beside its graph: where it answers others, what it passes up, how it is watched. */
import { z } from "zod";
import { canonicalJson } from "../json.ts";
import { limits } from "../limits.ts";
import { gateSchema } from "../model/gate.ts";
import { nameSchema } from "./name.ts";
import { tierSchema } from "./tier.ts";

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

const figures = (count: number) => z.array(z.number().min(0).max(limits.amountMax)).min(2).max(count);
/** By tier, how much longer everything takes there than on the publisher's machine, as far as its author knows; what is measured goes before. */
const pace = z.partialRecord(tierSchema, z.number().positive().max(limits.amountMax)).optional();

/** What it is not sure of goes up. */
export const cascadeSchema = z.strictObject({
  ...asking,
  /** Control says, node by node, whether the small one is asked first, the large one alone, or a copy of that here where its needs let it stand. For one row each: of the small one and the large; of a row and an answer. What is measured goes before. */
  auto: z.strictObject({ ms: figures(2).optional(), bytes: figures(2).optional(), pace }).optional(),
  /** From where on it is sure: fitted on rows with labels. */
  gate: gateSchema,
});
/** It is the head of a model, whose tail is `above`: what it makes of each row goes up in place of the row. */
export const splitSchema = z.strictObject({
  ...asking,
  /** Why it is cut there, for people. */
  because: z.string().min(1).max(512).optional(),
  /** Of the head: control says, node by node, after which part it is cut, or not at all. Of one row, part by part to the end: time on its publisher's machine, and bytes that leave it. */
  auto: z.strictObject({ ms: figures(limits.modelPartsMax), bytes: figures(limits.modelPartsMax), pace, /** As its author expects, on each node where it is asked; without it what was measured counts. */ rowsPerMonth: z.number().min(0).max(limits.amountMax).optional() }).optional(),
});
export type CascadeUse = z.infer<typeof cascadeSchema>;

export const driftSchema = z.strictObject({
  /** Rows of one window; the first since the model was loaded is what the others are compared with. */
  windowRows: z.int().min(limits.driftWindowRowsMin).max(limits.driftWindowRowsMax).default(1_000),
});

interface Cascading {
  readonly name: string;
  readonly answers?: object | undefined;
  readonly cascade?: { readonly above: string; readonly auto?: object | undefined } | undefined;
  readonly split?: { readonly above: string; readonly auto?: { readonly ms: readonly number[]; readonly bytes: readonly number[] } | undefined } | undefined;
  readonly drift?: object | undefined;
  readonly needs?: object | undefined;
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
  return autoProblem(models, byName);
}

/** Control cuts what it places: the end is placed, and the other parts stand where it does, so they say the same needs. */
function autoProblem(models: readonly Cascading[], byName: ReadonlyMap<string, Cascading>): string | undefined {
  for (const { name, cascade, split } of models) {
    if (cascade?.auto !== undefined) {
      const large = byName.get(cascade.above);
      if (large?.needs === undefined || aboveOf(large) !== undefined) return `control is to say whether the cascade of model ${name} pays, so ${cascade.above} has needs, and asks nobody`;
    }
    if (split?.auto === undefined) continue;
    const { ms, bytes } = split.auto;
    const parts = [...withTails(models, [name])];
    const end = parts.at(-1) ?? name;
    if (parts.length !== ms.length || parts.length !== bytes.length) return `model ${name} has ${parts.length} parts to its end, and \`auto\` has ${ms.length} times and ${bytes.length} sizes`;
    if (models.some((model) => aboveOf(model) === name)) return `control is to cut model ${name}, which is asked by another: \`auto\` stands with the head`;
    if (byName.get(end)?.needs === undefined) return `control is to cut model ${name}, so its end ${end} has needs`;
    const other = parts.slice(1).find((part) => byName.get(part)?.split?.auto !== undefined || byName.get(part)?.cascade !== undefined || canonicalJson(byName.get(part)?.needs ?? null) !== canonicalJson(byName.get(end)?.needs ?? null));
    if (other !== undefined) return `control is to cut model ${name}, of which ${other} is a part: parts behind the head have the needs of the end, and only the head has \`auto\``;
  }
  return undefined;
}

/** Of parts of a model that control cuts, behind the head, the end: they stand where that stands. */
export function endsOfParts(models: readonly Pick<Cascading, "name" | "split">[]): ReadonlyMap<string, string> {
  const ends = new Map<string, string>();
  for (const { name, split } of models) {
    if (split?.auto === undefined) continue;
    const parts = [...withTails(models, [name])];
    for (const part of parts.slice(1)) ends.set(part, parts.at(-1) ?? name);
  }
  return ends;
}

/** Of models in parts, all that belong to these: the heads, and what is behind them, to the end. */
export function withTails<Part extends Pick<Cascading, "name" | "split">>(models: readonly Part[], names: Iterable<string>): ReadonlySet<string> {
  const all = new Set<string>();
  for (const name of names) for (let at: string | undefined = name; at !== undefined && !all.has(at); at = models.find((model) => model.name === at)?.split?.above) all.add(at);
  return all;
}

/** The last part of a model, which gives what the whole gives. */
export const endOf = <Part extends Pick<Cascading, "name" | "split">>(models: readonly Part[], name: string): string => [...withTails(models, [name])].at(-1) ?? name;
