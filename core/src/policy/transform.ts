/** What was done to data before it got its class. It stands on the event from there on, so that every border on the way can ask for it. */
export type Transform =
  /** A summary of at least so many readings. */
  | { readonly kind: "aggregate"; readonly count: number }
  /** Only named fields were left. */
  | { readonly kind: "redact" }
  /** Names were replaced by a keyed hash whose key stays on the node. */
  | { readonly kind: "pseudonymise" }
  /** Rows are told only where at least so many subjects share what could identify them. */
  | { readonly kind: "k-anonymise"; readonly k: number }
  /** Noise calibrated to so much of a privacy budget for each output. `budget`: of all outputs together, which is known where it is made and stands on no event. */
  | { readonly kind: "noise"; readonly epsilon: number; readonly budget?: number }
  /** The author of an app called readings `derived`, and said why. */
  | { readonly kind: "release" }
  /** A function of the app judged. */
  | { readonly kind: "function" };

export type TransformKind = Transform["kind"];

/** A transform as a rule asks for it: without a figure, whatever figure it has. */
export interface WantedTransform {
  readonly kind: TransformKind;
  readonly figure: number | undefined;
  /** Of noise: the most that all outputs together may cost. */
  readonly budget?: number;
}

/** The word before the figure, where there is one, and whether a larger figure is stricter. */
export const transformFigures = {
  aggregate: { word: "count", isStricterAbove: true },
  redact: undefined,
  pseudonymise: undefined,
  "k-anonymise": { word: "k", isStricterAbove: true },
  noise: { word: "epsilon", isStricterAbove: false },
  release: undefined,
  function: undefined,
} as const satisfies Readonly<Record<TransformKind, { readonly word: string; readonly isStricterAbove: boolean } | undefined>>;

export const isTransformKind = (word: string): word is TransformKind => Object.hasOwn(transformFigures, word);

/** `aggregate count 10`, as it stands in policies. */
export function printTransform(transform: Transform): string {
  const budget = transform.kind === "noise" && transform.budget !== undefined ? ` budget ${transform.budget}` : "";
  return `${printOnEvent(transform)}${budget}`;
}

/** As it stands on events: what is known of each of them. */
export function printOnEvent(transform: Transform): string {
  const word = transformFigures[transform.kind]?.word;
  return word === undefined ? transform.kind : `${transform.kind} ${word} ${figureOf(transform)}`;
}

/** `undefined` if the text is none: unknown is never taken for a transform. */
export function parseTransform(text: string): Transform | undefined {
  const wanted = parseWanted(text.split(" "));
  if (wanted === undefined) return undefined;
  const { kind, figure, budget } = wanted;
  if (kind === "aggregate") return figure === undefined ? undefined : { kind, count: figure };
  if (kind === "k-anonymise") return figure === undefined ? undefined : { kind, k: figure };
  if (kind === "noise") return figure === undefined ? undefined : { kind, epsilon: figure, ...(budget === undefined ? {} : { budget }) };
  return { kind };
}

/** Words of a rule: `aggregate count 10`, `aggregate`, `redact`, `noise epsilon 0.5 budget 4`. */
export function parseWanted([kind = "", ...words]: readonly string[]): WantedTransform | undefined {
  if (!isTransformKind(kind)) return undefined;
  let wanted: WantedTransform = { kind, figure: undefined };
  for (let at = 0; at < words.length; at += 2) {
    const [word = "", text = ""] = words.slice(at);
    const value = text === "" ? Number.NaN : Number(text);
    if (!Number.isFinite(value) || value <= 0) return undefined;
    if (word === transformFigures[kind]?.word && wanted.figure === undefined && wanted.budget === undefined) wanted = { ...wanted, figure: value };
    else if (word === "budget" && kind === "noise" && wanted.budget === undefined) wanted = { ...wanted, budget: value };
    else return undefined;
  }
  return wanted;
}

/** Whether data that went through `given` is at least as guarded as a rule wants. */
export function satisfies(given: Transform, { kind, figure, budget }: WantedTransform): boolean {
  if (given.kind !== kind) return false;
  if (budget !== undefined && !(given.kind === "noise" && given.budget !== undefined && given.budget <= budget)) return false;
  const rule = transformFigures[kind];
  const own = figureOf(given);
  if (figure === undefined || rule === undefined || own === undefined) return true;
  return rule.isStricterAbove ? own >= figure : own <= figure;
}

function figureOf(transform: Transform): number | undefined {
  if (transform.kind === "aggregate") return transform.count;
  if (transform.kind === "k-anonymise") return transform.k;
  return transform.kind === "noise" ? transform.epsilon : undefined;
}
