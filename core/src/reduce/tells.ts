/**
 * What a reduction tells of what it is handed. A transform lowers a class by what it says of itself: an aggregate that its figures give no reading back, k-anonymity that nobody
 * stands alone. Where a declaration would not keep that, nothing of what it makes is lowered, whatever a policy says; control takes no app in which that is so.
 *
 * It is asked twice: of the class that an app declares, before it runs, and of the class that data was born with, which no app can say away, when it does.
 */
import { limits } from "../limits.ts";
import type { DataClass } from "../schema/event.ts";
import type { AggregateReduction, Reduction } from "../schema/reduction.ts";

/** Why what it makes of data of that class may not be called anything less, each as a sentence that says what to write instead; empty where nothing speaks against it. */
export function tellsTooMuch(reduction: Reduction, from: DataClass, all: readonly Reduction[]): readonly string[] {
  if (from === "public") return [];
  if (reduction.kind === "k-anonymise") return Object.keys(reduction.quasi).length > 0 ? [] : ["without `quasi` every row counts as one of all, and is told as it came: name there what could identify somebody, and how coarsely it may be told"];
  if (reduction.kind === "aggregate" && from !== "aggregate") return [...(from === "personal" ? ofPersonal(reduction) : []), ...figuresProblems(reduction, all, from)];
  return from === "personal" && "release" in reduction && reduction.release !== undefined ? ["what is personal cannot be released: take `redact`, `pseudonymise`, `k-anonymise` or `noise`"] : [];
}

/** As many figures as readings give every reading back: a window is told by half as many at the most. */
const readingsPerFigure = 2;
const extremesOfPart = 2;

/** Of each field and window, each once, whoever tells it; how many readings there were is none of them. */
function figuresOf(aggregates: readonly AggregateReduction[]): number {
  const measures = new Set<string>(aggregates.flatMap((one) => one.measures));
  measures.delete("count");
  return measures.size + new Set(aggregates.flatMap(({ quantiles }) => quantiles)).size + extremesOfPart * new Set(aggregates.flatMap(({ envelope }) => envelope ?? [])).size;
}

function figuresProblems(reduction: AggregateReduction, all: readonly Reduction[], from: DataClass): readonly string[] {
  const others = all.filter((other): other is AggregateReduction => other.kind === "aggregate" && other.name !== reduction.name && other.on === reduction.on && shareFields(other, reduction));
  if (from === "personal" && others.length > 0) return [`${others[0]?.name ?? ""} aggregates the same fields, and what lies between two aggregates of a person is a reading: have one of them tell all, or leave it to \`noise\``];
  const askew = others.find(({ everyMs }) => everyMs % reduction.everyMs !== 0 && reduction.everyMs % everyMs !== 0);
  if (askew !== undefined) return [`${askew.name} aggregates the same fields by windows that end elsewhere, and what lies between two ends is a reading: let \`everyMs\` of one be a multiple of the other's`];
  const figures = figuresOf([reduction, ...others.filter(({ everyMs }) => everyMs === reduction.everyMs)]);
  const least = readingsPerFigure * figures;
  return reduction.countMin >= least ? [] : [`${figures} figures give ${reduction.countMin} readings back: let \`countMin\` be ${least} at least, or ask for fewer figures`];
}

const shareFields = (one: AggregateReduction, other: AggregateReduction): boolean => one.fields === undefined || other.fields === undefined || one.fields.some((field) => other.fields?.includes(field) === true);

function ofPersonal({ fields, measures, quantiles, envelope, countMin }: AggregateReduction): readonly string[] {
  const least = limits.personalReadingsMin;
  const problems: string[] = [];
  if (envelope !== undefined || measures.includes("min") || measures.includes("max")) problems.push("a least or greatest value is a reading: take `quantiles` in the place of `min`, `max` and `envelope`");
  if (fields === undefined) problems.push("without `fields` it tells the names of all fields, in which a device may write what it likes: name those that may be told");
  if (countMin < least) problems.push(`fewer than ${least} readings are told of nobody: let \`countMin\` be ${least} at least`);
  const outer = quantiles.filter((part) => Math.min(part, 1 - part) * countMin < least - rounding);
  if (outer.length > 0) problems.push(`with \`countMin\` ${countMin} the quantile ${outer.join(", ")} has fewer than ${least} readings beyond it, and comes to a reading: let \`countMin\` be ${Math.max(...outer.map((part) => Math.ceil(least / Math.min(part, 1 - part) - rounding)))} at least, or ask for one farther inside`);
  return problems;
}

/** A tenth of fifty is five, also where it is written in binary. */
const rounding = 1e-6;
