/** What follows from a declared reduction and the app it stands in: classes, and what does not go together. */
import { limits } from "../limits.ts";
import type { AppDocument, Emits } from "../schema/app.ts";
import { dataClasses, type DataClass } from "../schema/event.ts";
import type { AggregateReduction, AnonymiseReduction, PseudonymiseReduction, RedactReduction, Reduction } from "../schema/reduction.ts";
import { tellsTooMuch } from "./tells.ts";

export type AppParts = Pick<AppDocument, "sources" | "functions" | "reductions"> & { readonly models?: readonly Pick<AppDocument["models"][number], "name">[] };

/** The most sensitive class that events of the type have in this app; `raw` where nobody says. */
export const classOf = (app: AppParts, type: string): DataClass => declaredClass(app, type) ?? "raw";

/** The same, and `undefined` where nobody says. */
export function declaredClass(app: AppParts, type: string): DataClass | undefined {
  const declared = [
    ...app.sources.filter((source) => source.type === type).map((source) => source.class),
    ...app.functions.flatMap((fn) => fn.emits[type]?.class ?? []),
  ];
  if (declared.includes("personal")) return "personal";
  return dataClasses.find((name) => declared.includes(name));
}

/** Of what the reduction makes; `undefined` if it makes nothing. */
export function outputClass(app: AppParts, reduction: Reduction): DataClass | undefined {
  if (reduction.kind === "discard") return undefined;
  if (reduction.kind === "aggregate" || reduction.kind === "noise") return "aggregate";
  if (isDisguise(reduction) || reduction.kind === "judge") return "derived";
  return reduction.release?.class ?? classOf(app, reduction.on);
}

/** Those that tell single readings, and less of them. */
export const isDisguise = (reduction: Reduction): reduction is RedactReduction | PseudonymiseReduction | AnonymiseReduction => reduction.kind === "redact" || reduction.kind === "pseudonymise" || reduction.kind === "k-anonymise";

/** What the reduction emits, as a function would say it. */
export function reductionEmits(app: AppParts, reduction: Reduction): Emits {
  const held = outputClass(app, reduction);
  return reduction.kind === "discard" || held === undefined ? {} : { [reduction.emits]: { stream: reduction.stream, class: held } };
}

/** What is wrong with the app's reductions, as text; empty if nothing is. */
export function reductionProblems(app: AppParts): readonly string[] {
  const reductions = app.reductions ?? [];
  const names = [...app.functions, ...reductions].map(({ name }) => name);
  const made = new Set(reductions.flatMap((reduction) => (reduction.kind === "discard" ? [] : [reduction.emits])));
  return reductions.flatMap((reduction) => {
    const problems: string[] = [];
    const about = `reduction ${reduction.name}`;
    if (names.filter((name) => name === reduction.name).length > 1) problems.push(`${about}: another function or reduction has this name`);
    if (made.has(reduction.on)) problems.push(`${about}: ${reduction.on} is itself made by a reduction`);
    if (reduction.kind === "frames" && made.has(reduction.around)) problems.push(`${about}: ${reduction.around} is itself made by a reduction`);
    const held = outputClass(app, reduction);
    if (reduction.kind !== "discard" && reduction.stream !== "local" && (held === "raw" || held === "personal")) {
      problems.push(`${about}: ${reduction.emits} would be ${held}, which never leaves; put it into local${held === "raw" ? ", or release it" : ""}`);
    }
    if (reduction.kind === "judge" && app.models?.some(({ name }) => name === reduction.model) === false) problems.push(`${about}: the app has no model ${reduction.model}`);
    if (reduction.kind === "aggregate" && reduction.rows !== undefined && columnsMax(reduction) > limits.reductionColumnsMax) {
      problems.push(`${about}: windows of up to ${columnsMax(reduction)} figures do not fit a block of ${limits.reductionColumnsMax} columns; name the fields, or ask for less`);
    }
    return classOf(app, reduction.on) === "personal" ? [...problems, ...personalProblems(reduction)] : problems;
  });
}

/** Reductions that would tell more than their transform says, as text. No app is taken with one; what stands on a node since before that is known lowers nothing. */
export function tellingProblems(app: AppParts): readonly string[] {
  const reductions = app.reductions ?? [];
  return reductions.flatMap((reduction) => {
    const from = classOf(app, reduction.on);
    return tellsTooMuch(reduction, from, reductions).map((why) => `reduction ${reduction.name}: ${reduction.on} is ${from}, and ${why}`);
  });
}

/** Figures of one window, and how many readings were late. */
const columnsMax = ({ fields, measures, quantiles, envelope = 0 }: AggregateReduction): number =>
  1 + (fields?.length ?? limits.reductionFieldsMax) * (measures.length + quantiles.length + 2 * envelope);

function personalProblems(reduction: Reduction): readonly string[] {
  const about = `reduction ${reduction.name}: ${reduction.on} is personal`;
  if (reduction.kind === "discard" || reduction.kind === "noise" || reduction.kind === "judge" || isDisguise(reduction)) return [];
  if (reduction.kind !== "aggregate") return reduction.release === undefined ? [] : [`${about} and cannot be released`];
  const tellsReadings = reduction.envelope !== undefined || reduction.measures.includes("min") || reduction.measures.includes("max");
  return tellsReadings ? [`${about}, and a least or greatest value is a reading`] : [];
}
