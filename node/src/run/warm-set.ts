/**
 * The sandboxes of a node that are warm: from none to a bounded number, as calls come and wait.
 *
 *     cold ──call──▶ (waits for a place, first come first served) ──▶ busy ──▶ idle ──its time is over, or its place is needed──▶ cold
 *       └────────────────── forecast says it is called soon, and there is room ──────────────────────────────┘
 *
 * Of idle ones as many stand as it is worth: few at first, one more each time a call finds one gone that stood among the last to go, and fewer
 * again when many go and none of them is asked for soon. A thousand functions that are called now and then would fill every place for nothing.
 */
import { createIdleTimes, type IdleTimes } from "@holon/core/run/keep-alive.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";

export interface WarmSet {
  join(member: WarmMember): WarmPlace;
  status(): { readonly warm: number; readonly busy: number; readonly waiting: number; readonly places: number; readonly coldStarts: number; readonly warmStarts: number };
}

/** What one function does for the set. */
export interface WarmMember {
  warm(): Promise<void>;
  /** Only called while it is idle. */
  letGo(): void;
}

/** What one function asks of the set. */
export interface WarmPlace {
  /** Before a call; waits while every place is busy. */
  enter(): Promise<void>;
  /** After it. */
  leave(): void;
  /** Makes it warm now if there is room; fails as the start does. */
  prepare(): Promise<void>;
  /** It has no sandbox any more, or wants none. */
  give(): void;
}

interface Place {
  readonly member: WarmMember;
  readonly idle: IdleTimes;
  state: "cold" | "waiting" | "warming" | "busy" | "idle";
  leftMs: number | undefined;
  /** When the forecast has it called next; undefined while nothing is known of its calls. */
  dueMs: number | undefined;
  timer: Timer | undefined;
}

/** Idle ones that stand while nothing is known, and where none that goes is ever asked for again. */
const idleFirst = 4;
const idleMin = 1;
/** So many that go one after the other, none of which is asked for soon, are a reason to let one fewer stand. */
const goneForNothingMax = 64;

export function createWarmSet(clock: Pick<Clock, "monotonicMs" | "after">, places: number = limits.unitsWarmMax): WarmSet {
  const held = new Set<Place>();
  let idleMax = Math.min(idleFirst, places);
  /** The last that had to go while idle, as many as there are places: one more that had stood would have met the call of one of these. */
  const gone = new Set<Place>();
  let goneForNothing = 0;
  const queue: { readonly place: Place; readonly admitted: () => void }[] = [];
  const counts = { coldStarts: 0, warmStarts: 0 };

  function take(place: Place): void {
    held.add(place);
    place.state = "busy";
    place.timer?.cancel();
  }

  /** Room for one more, if need be by letting go of what is called last. */
  const makeRoom = (): boolean => held.size < places || letLastGo();

  /** One of which nothing is known is thought to be away as long again as it has been. */
  function letLastGo(): boolean {
    const now = clock.monotonicMs();
    const dueIn = ({ dueMs, leftMs = now }: Place): number => (dueMs === undefined ? now - leftMs : dueMs - now);
    let last: Place | undefined;
    for (const place of held) if (place.state === "idle" && (last === undefined || dueIn(place) > dueIn(last))) last = place;
    if (last === undefined) return false;
    cool(last);
    noteGone(last);
    return true;
  }

  function noteGone(place: Place): void {
    gone.delete(place);
    gone.add(place);
    for (const first of gone) if (gone.size > places) gone.delete(first);
    if (++goneForNothing < goneForNothingMax) return;
    goneForNothing = 0;
    idleMax = Math.max(Math.min(idleMin, places), idleMax - 1);
  }

  function noteMissed(place: Place): void {
    if (!gone.delete(place)) return;
    goneForNothing = 0;
    idleMax = Math.min(places, idleMax + 1);
  }

  const idleCount = (): number => {
    let count = 0;
    for (const { state } of held) if (state === "idle") count += 1;
    return count;
  };

  function cool(place: Place): void {
    place.timer?.cancel();
    if (place.state === "idle") place.member.letGo();
    place.state = "cold";
    held.delete(place);
  }

  function admitNext(): void {
    while (queue.length > 0 && makeRoom()) {
      const next = queue.shift();
      if (next === undefined) return;
      take(next.place);
      next.admitted();
    }
  }

  async function warmUp(place: Place): Promise<void> {
    if (place.state !== "cold" || held.size >= places / 2 || idleCount() >= idleMax) return; // a forecast takes no place that a call may need
    take(place);
    place.state = "warming";
    counts.warmStarts += 1;
    try {
      await place.member.warm();
    } catch (error) {
      if (place.state === "warming") release(place);
      throw error;
    }
    if (place.state === "warming") rest(place); // otherwise a call came meanwhile and has it
  }

  function release(place: Place): void {
    place.timer?.cancel();
    place.state = "cold";
    held.delete(place);
    admitNext();
  }

  /** Idle, for as long as the forecast says. */
  function rest(place: Place): void {
    const now = clock.monotonicMs();
    place.state = "idle";
    const { warmAfterMs, letGoAfterMs, isKnown } = place.idle.plan();
    const since = now - (place.leftMs ?? now);
    place.dueMs = isKnown ? now - since + (warmAfterMs > 0 ? warmAfterMs : letGoAfterMs / 2) : undefined;
    place.timer?.cancel();
    if (warmAfterMs > since + 1) {
      cool(place);
      place.timer = clock.after(warmAfterMs - since, () => void warmUp(place).catch(() => undefined)); // the call itself will meet the same, and tells it
    } else place.timer = clock.after(Math.max(1, letGoAfterMs - since), () => cool(place));
    admitNext();
    while (idleCount() > idleMax) letLastGo();
  }

  /** A class, since each function has one: methods are shared. */
  class Joined implements Place, WarmPlace {
    readonly member: WarmMember;
    readonly idle = createIdleTimes();
    state: Place["state"] = "cold";
    leftMs: number | undefined = undefined;
    dueMs: number | undefined = undefined;
    timer: Timer | undefined = undefined;

    constructor(member: WarmMember) {
      this.member = member;
    }

    async enter(): Promise<void> {
      const now = clock.monotonicMs();
      if (this.leftMs !== undefined) this.idle.add(now - this.leftMs);
      if (this.state === "idle" || this.state === "warming") return take(this);
      this.timer?.cancel();
      noteMissed(this);
      counts.coldStarts += 1;
      if (queue.length === 0 && makeRoom()) return take(this);
      this.state = "waiting";
      await new Promise<void>((admitted) => queue.push({ place: this, admitted }));
    }

    leave(): void {
      this.leftMs = clock.monotonicMs();
      rest(this);
    }

    prepare(): Promise<void> {
      return warmUp(this);
    }

    give(): void {
      const index = queue.findIndex((waiting) => waiting.place === this);
      if (index >= 0) queue.splice(index, 1)[0]?.admitted();
      gone.delete(this);
      release(this);
    }
  }

  return {
    join: (member) => new Joined(member),
    status: () => ({ warm: held.size, busy: [...held].filter(({ state }) => state === "busy").length, waiting: queue.length, places, ...counts }),
  };
}
