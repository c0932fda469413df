/** A register: the last writer wins, by the hybrid clock. */
import { compareStamps, compareText, nextStamp, type Stamp } from "./stamp.ts";

export interface RegisterState {
  readonly kind: "register";
  readonly stamp: Stamp;
  /** Canonical JSON. */
  readonly text: string;
}

/** Equal stamps come from one write, unless a machine runs twice in one epoch: then the text decides, the same everywhere. */
export function mergeRegisters(one: RegisterState, other: RegisterState): RegisterState {
  return (compareStamps(one.stamp, other.stamp) || compareText(one.text, other.text)) >= 0 ? one : other;
}

export const writeRegister = (seen: RegisterState | undefined, text: string, slot: string, nowMs: number | undefined): RegisterState => ({ kind: "register", stamp: nextStamp(seen?.stamp, nowMs, slot), text });
