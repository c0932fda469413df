/** A counter that goes up and down: each slot keeps what was added in it and what was taken away, and only its owner writes in it. */
import { HolonError } from "../errors.ts";

export interface CounterState {
  readonly kind: "counter";
  readonly slots: ReadonlyMap<string, Amounts>;
}

interface Amounts {
  readonly up: number;
  readonly down: number;
}

const nothing: Amounts = { up: 0, down: 0 };
export const emptyCounter: CounterState = { kind: "counter", slots: new Map() };

export function mergeCounters(one: CounterState, other: CounterState): CounterState {
  const slots = new Map(one.slots);
  for (const [slot, { up, down }] of other.slots) {
    const held = slots.get(slot) ?? nothing;
    slots.set(slot, { up: Math.max(held.up, up), down: Math.max(held.down, down) });
  }
  return { kind: "counter", slots };
}

/** `HOLON_SHARED_BAD` for what is no whole number, or leads beyond what can be counted. */
export function addToCounter({ slots }: CounterState, amount: number, slot: string): CounterState {
  const held = slots.get(slot) ?? nothing;
  const next = amount >= 0 ? { up: held.up + amount, down: held.down } : { up: held.up, down: held.down - amount };
  if (!Number.isSafeInteger(amount) || !Number.isSafeInteger(next.up) || !Number.isSafeInteger(next.down)) {
    throw new HolonError("HOLON_SHARED_BAD", `${amount} cannot be added to a counter: whole numbers only, up to ${Number.MAX_SAFE_INTEGER} in all`);
  }
  return amount === 0 ? { kind: "counter", slots } : { kind: "counter", slots: new Map(slots).set(slot, next) };
}

export function counterValue({ slots }: CounterState): number {
  let value = 0;
  for (const { up, down } of slots.values()) value += up - down;
  return value;
}
