/**
 * Tells a device's frames from repeats by the device's own counter.
 *
 * A *life* is one run of the counter: from a beginning (join, restart) to the next. Each life remembers which of the last `remember`
 * counters were heard, with a digest of their content where the rule names content. A frame is judged against the lives of its session:
 *
 *     heard in any of them, same content  -> duplicate          ahead of the newest             -> new, what lies between is a gap
 *     heard in the newest, other content  -> restart            behind, within what is remembered, not heard -> late, it fills a gap
 *     no life of that session             -> restart            behind what is remembered       -> restart
 *
 * State is plain and bounded; judging changes only the lives that are handed in.
 */
import { limits } from "../limits.ts";
import type { CounterRule } from "../schema/trigger.ts";
import { between, type CounterRange } from "./gaps.ts";

/** Counters here are extended: counted on where the device's own wraps. */
export interface Life {
  readonly session: string;
  /** Which life of the device it is, from 1. */
  readonly number: number;
  lowest: number;
  highest: number;
  /** Digest by counter, of those heard and remembered; 1 where the rule names no content. */
  readonly heard: Map<number, number>;
}

/** Newest first. */
export interface DeviceState {
  lives: Life[];
  /** Lives so far. */
  begun: number;
}

export interface Frame {
  readonly counter: number;
  readonly session: string;
  readonly digest: number;
}

export type Verdict =
  | { readonly kind: "duplicate"; readonly life: number }
  /** `gap`: counters that were skipped. */
  | { readonly kind: "new"; readonly life: number; readonly gap: CounterRange | undefined }
  /** It came after a higher one. `filled`: the gap that it fills; below the lowest heard it opens a `gap` instead. */
  | { readonly kind: "late"; readonly life: number; readonly filled: CounterRange | undefined; readonly gap: CounterRange | undefined }
  | { readonly kind: "restart"; readonly life: number };

export const newDevice = (): DeviceState => ({ lives: [], begun: 0 });

export function judgeFrame(device: DeviceState, frame: Frame, rule: Pick<CounterRule, "bits" | "remember" | "content">): Verdict {
  const lives = device.lives.filter((life) => life.session === frame.session);
  const [newest] = lives;
  if (newest === undefined) return begin(device, frame);
  // Without content, an older life of the session cannot be told from the newest.
  for (const life of rule.content.length === 0 ? [newest] : lives) {
    if (life.heard.get(extend(life, frame.counter, rule.bits)) === frame.digest) return { kind: "duplicate", life: life.number };
  }
  const counter = extend(newest, frame.counter, rule.bits);
  if (counter <= newest.highest - rule.remember || newest.heard.has(counter)) return begin(device, frame);
  newest.heard.set(counter, frame.digest);
  if (counter < newest.highest) return late(newest, counter);
  const gap = between(newest.highest, counter);
  forget(newest, counter, rule.remember);
  newest.highest = counter;
  return { kind: "new", life: newest.number, gap };
}

/** The extended counter nearest to the life's highest. */
function extend({ highest }: Life, counter: number, bits: number): number {
  const span = 2 ** bits;
  const ahead = (((counter - highest) % span) + span) % span;
  return ahead < span / 2 ? highest + ahead : highest + ahead - span;
}

function begin(device: DeviceState, { counter, session, digest }: Frame): Verdict {
  device.begun += 1;
  const life = { session, number: device.begun, lowest: counter, highest: counter, heard: new Map([[counter, digest]]) };
  device.lives = [life, ...device.lives].slice(0, limits.counterLivesMax);
  return { kind: "restart", life: life.number };
}

function late(life: Life, counter: number): Verdict {
  if (counter > life.lowest) return { kind: "late", life: life.number, filled: { first: counter, last: counter }, gap: undefined };
  const gap = between(counter, life.lowest);
  life.lowest = counter;
  return { kind: "late", life: life.number, filled: undefined, gap };
}

/** What a new highest counter leaves behind what is remembered. */
function forget(life: Life, highest: number, remember: number): void {
  const floor = highest - remember;
  if (floor - (life.highest - remember) > life.heard.size) {
    for (const counter of life.heard.keys()) if (counter <= floor) life.heard.delete(counter);
  } else {
    for (let counter = life.highest - remember + 1; counter <= floor; counter++) life.heard.delete(counter);
  }
}

/** 32 bits of a text (FNV-1a over its UTF-16 units), never 0. */
export function digestOf(text: string): number {
  let digest = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) digest = Math.imul(digest ^ text.charCodeAt(index), 0x01000193);
  return digest >>> 0 || 1;
}
