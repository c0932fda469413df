/** What a function does to shared state, as it leaves the sandbox: the change, not the state, so that nothing done beside it is undone. */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import { nameSchema } from "../schema/name.ts";
import { addToCounter, emptyCounter } from "./counter.ts";
import { isSharedKey } from "./key.ts";
import { writeRegister } from "./register.ts";
import { addToSet, emptySet, removeFromSet } from "./set.ts";
import type { SharedState } from "./state.ts";

const at = { name: nameSchema, key: z.string().refine(isSharedKey, "no key") };
const textSchema = z.string().max(limits.sharedValueBytesMax);

export const sharedOperationSchema = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("write"), ...at, text: textSchema }),
  z.strictObject({ op: z.literal("count"), ...at, amount: z.int() }),
  z.strictObject({ op: z.literal("include"), ...at, text: textSchema }),
  /** `seen`: the additions that the function saw, so that one that it did not see stays. */
  z.strictObject({ op: z.literal("exclude"), ...at, text: textSchema, seen: z.array(z.tuple([z.string(), z.int().min(1)])) }),
]);
export type SharedOperation = z.infer<typeof sharedOperationSchema>;

export const kindOfOperation = { write: "register", count: "counter", include: "set", exclude: "set" } as const;

export interface Writer {
  readonly slot: string;
  /** Undefined where the time is not known. */
  readonly nowMs: number | undefined;
}

/** `HOLON_SHARED_BAD` where the operation is not for what stands there, or cannot be done. */
export function applyOperation(state: SharedState | undefined, operation: SharedOperation, { slot, nowMs }: Writer): SharedState {
  const kind = kindOfOperation[operation.op];
  if (operation.op === "write" && (state === undefined || state.kind === "register")) return writeRegister(state, operation.text, slot, nowMs);
  if (operation.op === "count" && (state === undefined || state.kind === "counter")) return addToCounter(state ?? emptyCounter, operation.amount, slot);
  if (operation.op === "include" && (state === undefined || state.kind === "set")) return addToSet(state ?? emptySet, operation.text, slot);
  if (operation.op === "exclude" && (state === undefined || state.kind === "set")) return removeFromSet(state ?? emptySet, operation.text, new Map(operation.seen));
  throw new HolonError("HOLON_SHARED_BAD", `${operation.name} is no ${kind}`);
}
