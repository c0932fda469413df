/**
 * The sandboxes of a node that are warm: from none to a bounded number, as calls come and wait.
 *
 *     cold ──call──▶ (waits for a place, first come first served) ──▶ busy ──▶ idle ──its time is over, or its place is needed──▶ cold
 *       └────────────────── forecast says it is called soon, and there is room ──────────────────────────────┘
 *
 * Of idle ones as many stand as it is worth: few at first, one more each time a call finds one gone that stood among the last to go, and fewer
 * again when many go and none of them is asked for soon. A thousand functions that are called now and then would fill every place for nothing.
 *
 * A function whose last call took long, or whose call takes long by now, is slow. Slow ones have all the places at most, and for each of them at work there is one more for who is quick, up to a few: functions that
 * hang do so for as long as they may, and nobody else waits for that.
 */
import { createIdleTimes, type IdleTimes } from "@holon/core/run/keep-alive.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";

export interface WarmSet {
  /** `name`: of the function, whose sandboxes come and go. */
  join(name: string, member: WarmMember): WarmPlace;
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
  readonly name: string;
  readonly member: WarmMember;
  readonly idle: IdleTimes;
  state: "cold" | "waiting" | "warming" | "busy" | "idle";
  leftMs: number | undefined;
  /** When the call that is at work began. */
  enteredMs: number;
  /** When the forecast has it called next; undefined while nothing is known of its calls. */
  dueMs: number | undefined;
  timer: Timer | undefined;
}

interface Waiting {
  readonly place: Place;
  readonly admitted: () => void;
}

/** Idle ones that stand while nothing is known, and where none that goes is ever asked for again. */
const idleFirst = 4;
const idleMin = 1;
/** So many that go one after the other, none of which is asked for soon, are a reason to let one fewer stand. */
const goneForNothingMax = 64;
/** Functions of one node that are known as slow. At the bound: the first is forgotten. */
const slowNamesMax = 1_024;

export function createWarmSet(clock: Pick<Clock, "monotonicMs" | "after">, places: number = limits.unitsWarmMax): WarmSet {
  const held = new Set<Place>();
  let idleMax = Math.min(idleFirst, places);
  /** The last that had to go while idle, as many as there are places: one more that had stood would have met the call of one of these. */
  const gone = new Set<Place>();
  let goneForNothing = 0;
  const queues = { quick: [] as Waiting[], slow: [] as Waiting[] };
  /** Whose last call took long. */
  const slow = new Set<string>();
  let watching: Timer | undefined;
  const counts = { coldStarts: 0, warmStarts: 0 };

  function take(place: Place): void {
    held.add(place);
    place.state = "busy";
    place.enteredMs = clock.monotonicMs();
    place.timer?.cancel();
  }

  /** A call is over, in whatever way. */
  function noteTime(place: Place): void {
    if (place.state !== "busy") return;
    if (clock.monotonicMs() - place.enteredMs < limits.unitSlowMs) return void slow.delete(place.name);
    slow.add(place.name);
    for (const first of slow) if (slow.size > slowNamesMax) slow.delete(first);
  }

  const isSlowNow = ({ name, state, enteredMs }: Place): boolean => state === "busy" && (slow.has(name) || clock.monotonicMs() - enteredMs >= limits.unitSlowMs);
  const slowCount = (): number => {
    let count = 0;
    for (const place of held) if (isSlowNow(place)) count += 1;
    return count;
  };
  const roomNow = (slowOnes: number): number => places + Math.min(slowOnes, Math.floor(places / 2));

  /** Room for one more, if need be by letting go of what is called last. */
  function makeRoom(isSlow: boolean): boolean {
    if (held.size < places && !isSlow) return true;
    const slowOnes = slowCount();
    if (isSlow && slowOnes >= places) return false;
    return held.size < roomNow(isSlow ? slowOnes + 1 : slowOnes) || letLastGo();
  }

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
    for (const [kind, queue] of [["quick", queues.quick], ["slow", queues.slow]] as const) {
      while (queue.length > 0 && makeRoom(kind === "slow")) {
        const next = queue.shift();
        if (next === undefined) break;
        take(next.place);
        next.admitted();
      }
    }
    watch();
  }

  /** While somebody waits: who is at work may be slow by now, and then there is one place more. */
  function watch(): void {
    watching?.cancel();
    watching = queues.quick.length === 0 ? undefined : clock.after(limits.unitSlowMs / 4, admitNext);
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
    noteTime(place);
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
    readonly name: string;
    readonly member: WarmMember;
    readonly idle = createIdleTimes();
    enteredMs = 0;
    state: Place["state"] = "cold";
    leftMs: number | undefined = undefined;
    dueMs: number | undefined = undefined;
    timer: Timer | undefined = undefined;

    constructor(name: string, member: WarmMember) {
      this.name = name;
      this.member = member;
    }

    async enter(): Promise<void> {
      const now = clock.monotonicMs();
      if (this.leftMs !== undefined) this.idle.add(now - this.leftMs);
      if (this.state === "idle" || this.state === "warming") return take(this);
      this.timer?.cancel();
      noteMissed(this);
      counts.coldStarts += 1;
      const isSlow = slow.has(this.name);
      const queue = isSlow ? queues.slow : queues.quick;
      if (queue.length === 0 && makeRoom(isSlow)) return take(this);
      this.state = "waiting";
      const admitted = new Promise<void>((resolve) => queue.push({ place: this, admitted: resolve }));
      if (watching === undefined) watch();
      await admitted;
    }

    leave(): void {
      this.leftMs = clock.monotonicMs();
      noteTime(this);
      rest(this);
    }

    prepare(): Promise<void> {
      return warmUp(this);
    }

    give(): void {
      for (const queue of [queues.quick, queues.slow]) {
        const index = queue.findIndex((waiting) => waiting.place === this);
        if (index >= 0) queue.splice(index, 1)[0]?.admitted();
      }
      gone.delete(this);
      release(this);
    }
  }

  return {
    join: (name, member) => new Joined(name, member),
    status: () => ({ warm: held.size, busy: [...held].filter(({ state }) => state === "busy").length, waiting: queues.quick.length + queues.slow.length, places: roomNow(slowCount()), ...counts }),
  };
}
