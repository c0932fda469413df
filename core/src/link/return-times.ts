/**
 * When those who are sent away should come back: as near before their turn as can be told. Too early costs a connection, too late
 * leaves the parent idle; half of the waiting room is there for the error in between.
 *
 *     turn of one who waits since S = (those in the waiting room + those away who wait longer) / turns a millisecond
 *
 * Who is away is known by the second since which it waits and the second in which it is due, so what is kept is small however many
 * they are. One that does not come in time is no longer counted.
 */
import { limits } from "../limits.ts";

export interface ReturnTimes {
  /** A turn was given. */
  served(nowMs: number): void;
  /** One who waits since then came back. */
  returned(sinceMs: number, nowMs: number): void;
  /** One who waits since then is sent away, and `waiting` stay: after how long it is to come back. */
  sentAway(sinceMs: number, waiting: number, nowMs: number): number;
}

/** Before turns are seen, so many are taken to be given in so much time: too hopeful costs a connection, too gloomy a wait. */
const hopedTurns = 50;
const hopedMs = 1_000;
/** Of the time until its turn: the rate may have been judged too low. */
const patienceShare = 0.75;
const slotMs = 1_000;
/** The rate of turns is that of one to two such stretches. */
const rateMs = 10_000;
/** Jitter and a slow connection. */
const lateShare = 0.2;
const lateMs = 5_000;

export function createReturnTimes(waitingMax: number): ReturnTimes {
  /** Turns in the present stretch of time; and in the one before, if it was just before. */
  let present: Stretch | undefined;
  let before: Stretch | undefined;
  /** How many are away, by the second since which they wait; in all, and by the second after which they are not counted. */
  const away = new Map<number, number>();
  const due = new Map<number, Map<number, number>>();

  function note(turns: number, nowMs: number): void {
    const ageMs = present === undefined ? Infinity : nowMs - present.sinceMs;
    if (ageMs > rateMs) {
      before = ageMs > 2 * rateMs ? undefined : present;
      present = { sinceMs: nowMs, turns: 0 };
    }
    if (present !== undefined) present.turns += turns;
  }

  function perTurnMs(nowMs: number): number {
    note(0, nowMs);
    const sinceMs = before?.sinceMs ?? present?.sinceMs ?? nowMs;
    return (nowMs - sinceMs + hopedMs) / ((before?.turns ?? 0) + (present?.turns ?? 0) + hopedTurns);
  }

  function forgetLate(nowMs: number): void {
    for (const [second, slots] of due) {
      if (second * slotMs > nowMs) continue;
      for (const [slot, sent] of slots) subtract(away, slot, sent);
      due.delete(second);
    }
  }

  return {
    served: (nowMs) => note(1, nowMs),
    returned(sinceMs, nowMs) {
      forgetLate(nowMs);
      const slot = slotOf(sinceMs);
      // Clocks drift, and what is said takes time.
      for (const near of [slot, slot - 1, slot + 1]) {
        const slots = [...due.values()].find((candidate) => candidate.has(near));
        if (slots === undefined) continue;
        subtract(slots, near, 1);
        return subtract(away, near, 1);
      }
    },
    sentAway(sinceMs, waiting, nowMs) {
      forgetLate(nowMs);
      const slot = slotOf(sinceMs);
      let ahead = waiting - waitingMax / 2;
      for (const [other, sent] of away) if (other <= slot) ahead += sent;
      const afterMs = Math.round(Math.min(limits.linkLaterMaxMs, Math.max(limits.linkLaterFirstMs, ahead * perTurnMs(nowMs) * patienceShare)));
      const second = slotOf(nowMs + afterMs * (1 + lateShare) + lateMs);
      const slots = due.get(second) ?? new Map<number, number>();
      due.set(second, slots);
      add(slots, slot);
      add(away, slot);
      return afterMs;
    },
  };
}

interface Stretch {
  readonly sinceMs: number;
  turns: number;
}

const slotOf = (timeMs: number): number => Math.floor(timeMs / slotMs);

function add(counts: Map<number, number>, slot: number): void {
  counts.set(slot, (counts.get(slot) ?? 0) + 1);
}

function subtract(counts: Map<number, number>, slot: number, count: number): void {
  const left = (counts.get(slot) ?? 0) - count;
  if (left > 0) counts.set(slot, left);
  else counts.delete(slot);
}
