/**
 * Events in, windows out: what stands before a function that is triggered by windows.
 *
 *     event -> whose windows? -> late? -> wait, sorted by event time -> its clock moves on -> windows that are over -> run
 *
 * One event after the other, so that where a batch was cut changes nothing. A window is *closed* when the watermark (the slowest of the
 * clocks that it depends on, less what lateness is allowed) has passed its end. Silence moves no watermark: a window that waits for a
 * silent source is run with what is known (`idle`), and again if more comes. So what windows hold in the end depends on the
 * events' own times and the late rule, and on no clock of this machine.
 *
 * State is text by key, for cells; `takeChanges` gives what to store beside what `step` gave, in one append.
 */
import { z } from "zod";
import { limits } from "../limits.ts";
import type { UnitEvent } from "../ports.ts";
import type { UnitWindow } from "../run/definition.ts";
import type { WindowTrigger } from "../schema/trigger.ts";
import { judgeLateness, keptAfterMs } from "./lateness.ts";
import { Watermarks } from "./watermark.ts";
import { Chunks, parseEvents, toWaiting } from "./window-cells.ts";
import { WindowKey, type Materialised, type Waiting } from "./window-key.ts";
import { isRepeat } from "./once.ts";
import { alignedAt, firstFrom, passesEnd, sessionAt, windowsEnding } from "./window.ts";

/** A window as it is handed to a function. */
export interface RanWindow extends Materialised {
  readonly key: string;
  readonly reason: UnitWindow["reason"];
}

/** An event that went into no window. */
export interface LeftOut {
  readonly event: UnitEvent;
  /** `late` by rule, `ahead` of any clock, or over a bound (`full`). */
  readonly why: "late" | "ahead" | "full";
  /** Whether the rule sets it aside. */
  readonly aside: boolean;
}

export interface StageInput {
  readonly event: UnitEvent;
  /** Whether its arrival time can be trusted at all. */
  readonly isArrivalKnown: boolean;
}

export interface StageStep {
  /** Of the input, so many were taken; the rest is to be offered again. */
  readonly consumed: number;
  readonly windows: readonly RanWindow[];
  readonly leftOut: readonly LeftOut[];
}

const countsSchema = z.strictObject({
  /** Events that went into windows. */
  taken: z.int(),
  /** Of these, events for which one of their windows had been closed. */
  late: z.int(),
  dropped: z.int(),
  aside: z.int(),
  ahead: z.int(),
  full: z.int(),
  /** Heard before, by another gateway: in no window a second time. */
  repeats: z.int().default(0),
  /** Subjects forgotten to make room for others. */
  forgotten: z.int(),
  /** Windows run, each revision. */
  windows: z.int(),
  revised: z.int(),
});
export type WindowCounts = z.infer<typeof countsSchema>;

const dueSchema = z.strictObject({ key: z.string(), startMs: z.int(), reason: z.enum(["watermark", "idle", "late"]) });
type Due = z.infer<typeof dueSchema>;
const headSchema = z.strictObject({ trigger: z.string(), counts: countsSchema, due: z.array(dueSchema) });

const noCounts: WindowCounts = { taken: 0, late: 0, dropped: 0, aside: 0, ahead: 0, full: 0, repeats: 0, forgotten: 0, windows: 0, revised: 0 };

/** Text by name below the stage's own prefix; `null` removes. */
export type StageChange = readonly [name: string, text: string | null];

interface Kept {
  readonly state: WindowKey;
  readonly chunks: Chunks;
}

export class WindowStage {
  readonly #trigger: WindowTrigger;
  readonly #kept = new Map<string, Kept>();
  readonly #watermarks: Watermarks;
  /** Windows to be run, in order. While there are any, no event is taken: so what they hold stays what it was. */
  #due: Due[] = [];
  /** Windows to be run again at the end of the step: once for all events that it brings. */
  readonly #revised = new Map<string, Due>();
  /** When each clock was last heard, by the monotonic clock: of this start, never stored. */
  readonly #heardMs = new Map<string, number>();
  /** Clocks whose silence has been answered. */
  readonly #silent = new Set<string>();
  readonly #changed = new Set<string>();
  #orphans: StageChange[] = [];
  #headChanged = false;
  #counts = { ...noCounts };
  #waiting = 0;
  #bytes = 0;

  /** `saved` is what `takeChanges` gave over time. Where the trigger is another than it was, windows are formed anew from what waits. */
  constructor(trigger: WindowTrigger, saved: ReadonlyMap<string, string>, nowMs: number) {
    this.#trigger = trigger;
    const text = saved.get("head");
    const head = text === undefined ? undefined : headSchema.parse(JSON.parse(text));
    const isSame = head?.trigger === JSON.stringify(trigger);
    if (head !== undefined) this.#counts = { ...head.counts };
    if (head !== undefined && isSame) this.#due = head.due;
    this.#watermarks = new Watermarks(below(saved, "clock/").map(([clock, latest]) => [clock, Number(latest)] as const));
    for (const clock of this.#watermarks.clocks()) this.#heardMs.set(clock, nowMs);
    for (const [name, state] of below(saved, "key/")) this.#kept.set(name, { state: WindowKey.parse(name, state, isSame), chunks: new Chunks() });
    for (const [name, events] of below(saved, "events/")) this.#restore(name, events);
  }

  get counts(): WindowCounts {
    return { ...this.#counts };
  }

  /** Events that wait for their windows to be over, or are kept for a revision. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes as many events as fill one batch with windows. With none it goes on with what is due. */
  step(input: readonly StageInput[], nowMs: number): StageStep {
    const windows: RanWindow[] = [];
    const leftOut: LeftOut[] = [];
    const room = { bytes: limits.windowBatchBytesMax };
    let consumed = 0;
    this.#run(windows, room);
    for (const one of input) {
      if (this.#due.length > 0 || windows.length >= limits.windowBatchMax || room.bytes <= 0) break;
      const out = this.#accept(one, nowMs);
      if (out !== undefined) leftOut.push(out);
      this.#run(windows, room);
      consumed += 1;
    }
    if (this.#due.length === 0) {
      this.#due.push(...this.#revised.values(), ...this.#idleDue(nowMs));
      this.#revised.clear();
      this.#run(windows, room);
    }
    return { consumed, windows, leftOut };
  }

  /** Whether `step` has windows to give without any input. */
  get hasDue(): boolean {
    return this.#due.length > 0 || this.#revised.size > 0;
  }

  /** When, by the monotonic clock, a source that windows may wait for will have been silent for too long. */
  idleAtMs(): number | undefined {
    if (this.#waiting === 0) return undefined;
    let firstMs = Number.POSITIVE_INFINITY;
    for (const [clock, heardMs] of this.#heardMs) if (!this.#silent.has(clock)) firstMs = Math.min(firstMs, heardMs + this.#trigger.watermark.idleMs);
    return Number.isFinite(firstMs) ? firstMs : undefined;
  }

  /** What changed since the last call: to be stored in one append with what the steps since then gave. */
  takeChanges(): readonly StageChange[] {
    const changes: StageChange[] = this.#orphans;
    this.#orphans = [];
    changes.push(...this.#watermarks.takeChanges().map(([clock, latestMs]) => [`clock/${clock}`, latestMs === undefined ? null : String(latestMs)] as const));
    for (const name of this.#changed) {
      const kept = this.#kept.get(name);
      changes.push([`key/${name}`, kept?.state.print() ?? null]);
      if (kept !== undefined) changes.push(...kept.chunks.takeChanges(kept.state));
    }
    if (changes.length > 0 || this.#headChanged) {
      const due = [...this.#due, ...this.#revised.values()];
      changes.push(["head", JSON.stringify({ trigger: JSON.stringify(this.#trigger), counts: this.#counts, due })]);
    }
    this.#changed.clear();
    this.#headChanged = false;
    return changes;
  }

  #accept({ event, isArrivalKnown }: StageInput, nowMs: number): LeftOut | undefined {
    const { window, late, watermark, by } = this.#trigger;
    if (isArrivalKnown && event.timeMs > event.arrivedMs + watermark.aheadMs) return this.#leaveOut(event, "ahead");
    const clock = watermark.per === "source" ? event.source : `${event.source} ${event.subject ?? ""}`;
    const name = by === "all" ? "" : (event.subject ?? "");
    const waiting = toWaiting(event);
    const kept = this.#room(name, clock, waiting);
    if (kept === undefined) return this.#leaveOut(event, "full");
    this.#heardMs.set(clock, nowMs);
    this.#silent.delete(clock);
    const { state } = kept;
    this.#changed.add(name);
    this.#close(kept, this.#watermarkOf(state));
    state.clocks.add(clock);
    const lateness = judgeLateness(window, late, event.timeMs, state.closedMs);
    if (lateness === "drop" || lateness === "aside") return this.#leaveOut(event, "late", lateness === "aside");
    if (isRepeat(state, waiting, this.#trigger.once)) {
      this.#count("repeats");
      return void this.#observe(kept, clock, event.timeMs);
    }
    state.insert(waiting);
    this.#waiting += 1;
    this.#bytes += waiting.text.length;
    if (late.rule === "update") this.#markRevised(state, event.timeMs);
    this.#count("taken");
    if (lateness !== "timely") this.#count("late");
    return void this.#observe(kept, clock, event.timeMs);
  }

  /** What was heard moves its clock, whether it counts or not: a gateway that hears only repeats is not silent. */
  #observe(kept: Kept, clock: string, timeMs: number): void {
    const { allowedMs } = this.#trigger.late;
    const beforeMs = this.#watermarks.latestMs(clock) - allowedMs;
    if (this.#watermarks.observe(clock, timeMs)) this.#advance(kept, beforeMs, timeMs - allowedMs);
  }

  /** Closed windows that hold this time and are run again. */
  #markRevised(state: WindowKey, timeMs: number): void {
    const { window, late } = this.#trigger;
    const spans = window.kind === "session" ? [sessionAt(state.events, firstFrom(state.events, timeMs), window.gapMs)] : alignedAt(window, timeMs);
    for (const { startMs, endMs } of spans) {
      if (endMs <= state.closedMs && endMs > keptAfterMs(late, state.closedMs)) this.#revised.set(`${startMs} ${state.key}`, { key: state.key, startMs, reason: "late" });
    }
  }

  /** A clock has moved: closes what its watermark has passed, of all subjects that share it. */
  #advance(kept: Kept, beforeMs: number, afterMs: number): void {
    const { window, watermark, by } = this.#trigger;
    const isShared = watermark.per === "source" && by === "subject";
    if (isShared && passesEnd(window, beforeMs, afterMs)) for (const other of this.#kept.values()) this.#close(other, this.#watermarkOf(other.state));
    else this.#close(kept, this.#watermarkOf(kept.state));
  }

  #watermarkOf(state: WindowKey): number {
    const clocks = this.#trigger.by === "all" ? this.#watermarks.clocks() : state.clocks;
    return this.#watermarks.slowest(clocks) - this.#trigger.late.allowedMs;
  }

  #close(kept: Kept, watermarkMs: number): void {
    const { state } = kept;
    if (watermarkMs <= state.closedMs || !Number.isFinite(watermarkMs)) return;
    const ending = windowsEnding(this.#trigger.window, state.events, state.closedMs, watermarkMs);
    state.closedMs = watermarkMs;
    this.#changed.add(state.key);
    for (const { startMs } of ending) this.#due.push({ key: state.key, startMs, reason: "watermark" });
    if (ending.length === 0) this.#prune(kept);
  }

  /** Windows that only a silent source keeps open: run with what is known. */
  #idleDue(nowMs: number): readonly Due[] {
    const silent = new Set<string>();
    for (const [clock, heardMs] of this.#heardMs) if (nowMs - heardMs >= this.#trigger.watermark.idleMs) silent.add(clock);
    if (silent.size === 0) return [];
    const fresh = [...silent].filter((clock) => !this.#silent.has(clock));
    for (const clock of fresh) this.#silent.add(clock);
    const isConcerned = ({ state }: Kept): boolean => {
      const clocks = this.#clocksOf(state);
      return fresh.some((clock) => clocks.has(clock)) || (clocks.size > 1 && this.#changed.has(state.key));
    };
    return [...this.#kept.values()].filter(isConcerned).flatMap(({ state }) => this.#idleOf(state, silent));
  }

  #idleOf(state: WindowKey, silent: ReadonlySet<string>): readonly Due[] {
    const { window, late } = this.#trigger;
    const clocks = this.#clocksOf(state);
    const heard = [...clocks].filter((clock) => !silent.has(clock));
    if (state.events.length === 0 || heard.length === clocks.size) return [];
    return windowsEnding(window, state.events, state.closedMs, this.#watermarks.slowest(heard) - late.allowedMs)
      .filter((span) => state.isNews(window, span))
      .map(({ startMs }) => ({ key: state.key, startMs, reason: "idle" }));
  }

  #clocksOf(state: WindowKey): ReadonlySet<string> {
    return this.#trigger.by === "all" ? new Set(this.#watermarks.clocks()) : state.clocks;
  }

  /** Runs what is due, as far as there is room. */
  #run(windows: RanWindow[], room: { bytes: number }): void {
    if (this.#due.length === 0) return; // as for most events
    let done = 0;
    const touched = new Set<Kept>();
    for (const due of this.#due) {
      if (windows.length >= limits.windowBatchMax || room.bytes <= 0) break;
      done += 1;
      const kept = this.#kept.get(due.key);
      const ran = kept?.state.materialise(this.#trigger.window, due.startMs);
      if (kept !== undefined) touched.add(kept);
      if (ran === undefined) continue;
      windows.push({ ...ran, key: due.key, reason: due.reason });
      room.bytes -= ran.events.reduce((sum, { text }) => sum + text.length, 1);
      this.#count("windows");
      if (ran.revision > 0) this.#count("revised");
    }
    if (done === 0) return;
    this.#due.splice(0, done);
    this.#headChanged = true;
    const stillDue = new Set(this.#due.map(({ key }) => key));
    for (const kept of touched) {
      this.#changed.add(kept.state.key);
      if (!stillDue.has(kept.state.key)) this.#prune(kept);
    }
  }

  #prune({ state, chunks }: Kept): void {
    const gone = state.prune(this.#trigger.window, this.#trigger.late);
    chunks.left(gone);
    this.#left(gone);
  }

  #left(gone: readonly Waiting[]): void {
    this.#waiting -= gone.length;
    for (const { text } of gone) this.#bytes -= text.length;
  }

  /** Where an event of this name may wait; undefined at a bound. A new subject takes the place of one that has nothing left to run. */
  #room(name: string, clock: string, { text }: Waiting): Kept | undefined {
    if (this.#waiting >= limits.windowWaitingEventsMax || this.#bytes + text.length > limits.windowWaitingBytesMax) return undefined;
    if (!this.#watermarks.has(clock) && this.#watermarks.size >= limits.windowClocksMax && !this.#forgetOne()) return undefined;
    const present = this.#kept.get(name);
    if (present !== undefined) return present.state.events.length >= limits.windowSubjectEventsMax ? undefined : present;
    if (this.#kept.size >= limits.windowKeysMax && !this.#forgetOne()) return undefined;
    const kept = { state: new WindowKey(name), chunks: new Chunks() };
    // What this source has told of others holds for a subject that is new.
    if (this.#watermarks.has(clock)) kept.state.clocks.add(clock);
    this.#kept.set(name, kept);
    return kept;
  }

  /** Of the subjects that wait for nothing, or whose silence has been answered, forgets the one furthest back in event time. */
  #forgetOne(): boolean {
    if (this.#trigger.by === "all") return false;
    let oldest: Kept | undefined;
    for (const kept of this.#kept.values()) {
      const { state } = kept;
      if (oldest !== undefined && state.closedMs >= oldest.state.closedMs) continue;
      if (state.isIdle || [...state.clocks].every((clock) => this.#silent.has(clock))) oldest = kept;
    }
    if (oldest !== undefined) this.#forget(oldest);
    return oldest !== undefined;
  }

  #forget({ state, chunks }: Kept): void {
    const gone = state.events.splice(0);
    chunks.left(gone);
    this.#left(gone);
    this.#orphans.push(...chunks.takeChanges(state));
    this.#kept.delete(state.key);
    this.#changed.add(state.key);
    this.#count("forgotten");
    if (this.#trigger.watermark.per === "source") return; // others go by its clocks too
    for (const clock of state.clocks) {
      this.#watermarks.forget(clock);
      this.#heardMs.delete(clock);
      this.#silent.delete(clock);
    }
  }

  #leaveOut(event: UnitEvent, why: LeftOut["why"], aside = false): LeftOut {
    this.#count(why !== "late" ? why : aside ? "aside" : "dropped");
    return { event, why, aside };
  }

  #count(what: keyof WindowCounts): void {
    this.#counts[what] += 1;
    this.#headChanged = true;
  }

  /** `name` is `<chunk>/<key>`. */
  #restore(name: string, text: string): void {
    const slash = name.indexOf("/");
    const chunk = Number(name.slice(0, slash));
    const kept = this.#kept.get(name.slice(slash + 1));
    if (kept === undefined) return;
    const restored = parseEvents(text, chunk).filter((waiting) => kept.state.restore(waiting));
    kept.chunks.restored(chunk, restored.length);
    this.#waiting += restored.length;
    for (const waiting of restored) this.#bytes += waiting.text.length;
  }
}

const below = (saved: ReadonlyMap<string, string>, prefix: string): readonly (readonly [name: string, text: string])[] =>
  [...saved].filter(([name]) => name.startsWith(prefix)).map(([name, text]) => [name.slice(prefix.length), text]);
