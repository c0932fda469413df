/** State that sites share, of any kind: merged, printed and parsed. Equal states have equal texts. */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { isCanonicalJson } from "../json.ts";
import { limits } from "../limits.ts";
import { dataClasses, type DataClass } from "../schema/event.ts";
import type { SharedKind } from "../schema/shared.ts";
import { mergeCounters, type CounterState } from "./counter.ts";
import { isSlot } from "./key.ts";
import { mergeRegisters, type RegisterState } from "./register.ts";
import { mergeSets, type Dots, type SetState } from "./set.ts";
import { compareText } from "./stamp.ts";

export type SharedState = RegisterState | CounterState | SetState;

/** Commutative, associative, idempotent, and never below either. A bug where the kinds differ: the key names the kind. */
export function mergeShared(one: SharedState, other: SharedState): SharedState {
  if (one.kind === "register" && other.kind === "register") return mergeRegisters(one, other);
  if (one.kind === "counter" && other.kind === "counter") return mergeCounters(one, other);
  if (one.kind === "set" && other.kind === "set") return mergeSets(one, other);
  throw new HolonError("HOLON_INTERNAL", `a ${one.kind} cannot be merged with a ${other.kind}`);
}

/** Where two versions of an app differ about it, the stricter class counts. */
export const stricterClass = (one: DataClass, other: DataClass): DataClass => (dataClasses.indexOf(one) <= dataClasses.indexOf(other) ? one : other);

/** Compact JSON without the kind, which the key tells. */
export function printShared(state: SharedState): string {
  if (state.kind === "register") return JSON.stringify([state.stamp.era, state.stamp.ms, state.stamp.count, state.stamp.writer, state.text]);
  if (state.kind === "counter") return JSON.stringify(sorted(state.slots).map(([slot, { up, down }]) => [slot, up, down]));
  return JSON.stringify([sorted(state.context), sorted(state.elements).map(([text, dots]) => [text, sorted(dots)])]);
}

/** `HOLON_SHARED_BAD` for a text that is no state of that kind. */
export function parseShared(kind: SharedKind, text: string): SharedState {
  const parsed = schemas[kind].safeParse(toJson(text));
  if (!parsed.success) throw new HolonError("HOLON_SHARED_BAD", `a shared ${kind} does not fit at ${parsed.error.issues[0]?.path.join(".") || "the top"}`);
  return parsed.data;
}

const sorted = <Value>(map: ReadonlyMap<string, Value>): [string, Value][] => [...map].sort(([one], [other]) => compareText(one, other));

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const slotSchema = z.string().max(80).refine(isSlot, "no slot");
const amountSchema = z.int().min(0);
/** Elements are told apart by their text, so it has one form. */
const valueSchema = z.string().max(limits.sharedValueBytesMax).refine(isCanonicalJson, "no canonical JSON");

const dotsSchema = z.array(z.tuple([slotSchema, z.int().min(1)])).transform((dots): Dots => new Map(dots));
const schemas = {
  register: z
    .tuple([z.int().min(0).max(limits.sharedErasMax), z.int().min(0), z.int().min(0).max(limits.sharedCountMax), slotSchema, valueSchema])
    .transform(([era, ms, count, writer, text]): SharedState => ({ kind: "register", stamp: { era, ms, count, writer }, text })),
  counter: z.array(z.tuple([slotSchema, amountSchema, amountSchema])).transform((slots): SharedState => ({ kind: "counter", slots: new Map(slots.map(([slot, up, down]) => [slot, { up, down }])) })),
  set: z
    .tuple([dotsSchema, z.array(z.tuple([valueSchema, dotsSchema]))])
    .refine(([context, elements]) => elements.every(([, dots]) => dots.size > 0 && [...dots].every(([slot, number]) => number <= (context.get(slot) ?? 0))), "an element that nobody added")
    .transform(([context, elements]): SharedState => ({ kind: "set", context, elements: new Map(elements) })),
} as const;
