// long file: the one loop of a unit; what it reads, keeps and tells stands apart.
/**
 * One function (or reduction) on one node: reads its events from the log from its own position, runs them in a sandbox, and appends outputs, state,
 * fitted parameters and position as one. Whatever fails is started again from what is on disk, so effects happen once.
 */
import { decodeStoredEvent, startsWith } from "@holon/core/event/stored.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import { laneName, type CellChange, type Lane, type LogRecord, type NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Crypto, Random, Runner, Seals, Secrets, Timer, Trace, UnitEvent, UnitInstance, UnitOutput, UnitResult } from "@holon/core/ports.ts";
import { makerOf, moreSensitive, withheldBy } from "@holon/core/policy/lowering.ts";
import type { Keyed } from "@holon/core/reduce/keyed.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { HeldState } from "@holon/core/run/held-state.ts";
import { fits, followedStates, requestType, stateType, typePrefix } from "@holon/core/run/trigger-events.ts";
import { spentUntil, withSpent } from "@holon/core/run/spent.ts";
import { isWindowTrigger } from "@holon/core/schema/trigger.ts";
import { hopSpanId, originOfEvent } from "@holon/core/telemetry/hop.ts";
import { createSketch } from "@holon/core/telemetry/sketch.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { BlobStore } from "../blob/store.ts";
import type { EventInput, Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";
import { keyedFor } from "../reduce/node-key.ts";
import type { ServedModels } from "../model/served-models.ts";
import type { ReductionStatus } from "../reduce/saved.ts";
import type { SharedStore } from "../shared/store.ts";
import type { Meter } from "../meter/meter.ts";
import { asideOf, type Aside } from "./aside.ts";
import type { ElasticStatus } from "../elastic/elastic-unit.ts";
import { heldBorn, openHandedClass, type HandedClass } from "./handed-class.ts";
import { createFailedEvents, type FailedEvents } from "./failed-events.ts";
import { forgetReplaced, keepFitted, requireGranted } from "./fitted.ts";
import type { Moments } from "@holon/core/run/moments.ts";
import { declaredOutput, placeOf, subjectOf } from "./output-place.ts";
import { positionCell, stateCell, storedUnit } from "./program.ts";
import { createRate, type Rate } from "./rate.ts";
import { createTracer, type Traced, type Tracer } from "./tracer.ts";
import { triggerLanes, type TriggerLanes } from "./trigger-lanes.ts";
import { entryUnder, type UnitTenure } from "./tenure.ts";
import { toUnitEvent } from "./unit-event.ts";
import type { JobGate, JobStatus } from "../energy/job-gate.ts";
import type { UnitDocument, UnitKind } from "./unit-kind.ts";
import type { Found } from "./scout.ts";
import { createEarlyRuns, type EarlyRuns, type Staged } from "./staged.ts";
import { createStoring, type Storing } from "./storing.ts";
import type { WarmSet } from "./warm-set.ts";
import { openWindowInput, type Came, type WindowInput } from "./window-input.ts";

export interface UnitStatus {
  readonly name: string;
  readonly app: string;
  /** `held`: it does not start by itself, since its node ended too often while it ran. */
  readonly state: "starting" | "running" | "waiting" | "stopped" | "held";
  /** The function's own word, for example `learning 212/400`. */
  readonly status: string | undefined;
  readonly handled: number;
  readonly emitted: number;
  readonly inferences: number;
  readonly inferenceMs: { readonly p50: number | undefined; readonly p99: number | undefined };
  readonly restarts: number;
  /** Events set aside because it could not handle them, and not yet replayed. */
  readonly failed: number;
  /** Of a function over windows: what became of its events since it was first started, and how many wait. */
  readonly windows: ReturnType<WindowInput["status"]> | undefined;
  /** What one event took, half of the time; undefined before the first. */
  readonly callMs?: number | undefined;
  /** Bytes that it was handed since it was started, by the node that made them; of what is handed what other nodes made. */
  readonly handedBytes?: Readonly<Record<string, number>>;
  /** Of a job: what its next run waits for, or that it runs. */
  readonly job?: JobStatus;
  /** Records between its position and the head of its lanes. */
  readonly lag: number;
  /** What siblings do of it, if it is elastic. */
  readonly elastic?: ElasticStatus;
  readonly problem: { readonly code: string; readonly message: string; readonly next: string } | undefined;
  /** What it saved, if it is a reduction. */
  readonly reduction?: ReductionStatus;
}

export interface RunningUnit {
  /** Type of the events that trigger it, or a pattern of types. */
  readonly wants: string;
  status(): UnitStatus;
  /** Something was; with the first that it wants, if somebody has looked. */
  committed(found?: Found): void;
  /** Something stands in line for the disk: it may begin with that. */
  staged(run: Staged): void;
  /** Whether it is handed what other nodes made. */
  readonly readsOthers: boolean;
  /** Whether it has handled all that its lanes held when they ended so, windows that are due included. */
  hasReached(heads: ReadonlyMap<string, number>): boolean;
  /** How far it has read a lane, as far as what was made of it is on the disk; after it was stopped too. */
  reached(lane: Lane): number;
  /** Hands over again what it could not handle: one event, or all. Returns how many will be. */
  replay(event: string | undefined): number;
  /** The lease under which it runs may be over: then what it is in the midst of is ended, not waited for. */
  tenureChanged(): void;
  stop(): Promise<void>;
}

export interface UnitContext {
  readonly app: AppDocument;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly blobs: BlobStore;
  readonly guard: Guard;
  readonly shared: SharedStore;
  readonly served: Pick<ServedModels, "decide" | "decideNow">;
  readonly ports: { readonly clock: Clock; readonly crypto: Crypto; readonly random: Random; readonly runner: Runner; readonly secrets: Secrets; readonly seals?: Seals | undefined; readonly trace: Trace };
  /** Brings a blob here, from the parent if need be. */
  fetch(hash: BlobHash): Promise<void>;
  readonly warm: WarmSet;
  readonly moments: Moments;
  readonly meter: Meter;
  /** Of a job: whether it may work now. */
  readonly gate?: Pick<JobGate, "isOpen" | "look" | "status"> | undefined;
  /** Of what may run in one place only. */
  readonly tenure?: UnitTenure | undefined;
  /** Whether it is handed what that other node made; without it only what its own did. */
  readonly handed?: ((origin: string) => boolean) | undefined;
  /** Whether a trace is not to be followed, since a long outage is thinned. */
  readonly isThinned?: ((traceId: string) => boolean) | undefined;
  /** What the unit made, as it will be recorded, before it is on the disk. */
  made(events: readonly EventInput[]): void;
}

interface Input {
  /** What the function is handed: events, or windows as such. */
  readonly events: readonly UnitEvent[];
  /** Events of the trigger's type that were taken, and the bytes of their records. */
  readonly handled: number;
  readonly bytes: number;
  /** Position of each lane after the input. */
  readonly positions: ReadonlyMap<string, number>;
  /** To be stored with what the function gives. */
  readonly records: readonly NewRecord[];
  cells(): readonly CellChange[];
  /** What went wrong with the input without stopping it. */
  readonly problem?: HolonError | undefined;
  /** The event that is handled again, if it is one. */
  readonly replayed?: string | undefined;
  /** Ids of those of the events that others led to, where that matters. */
  readonly caused?: ReadonlySet<string>;
  /** Whether what it is made of came to be on the disk; undefined where it was read from there. */
  readonly settled?: Promise<boolean>;
}

/** What is being handled. */
interface Handed extends Input {
  readonly traced: Traced;
}

const nothing: UnitResult = { outputs: [], state: [], fitted: [], status: undefined, inferenceMs: [] };

export const startUnit = (fn: UnitDocument, context: UnitContext, kind: UnitKind): RunningUnit => new Unit(fn, context, kind);

/** A class, since a node may run a thousand: methods are shared by all of them, where closures would be each one's own. */
class Unit implements RunningUnit {
  readonly #fn: UnitDocument;
  readonly #context: UnitContext;
  readonly #kind: UnitKind;
  /** It answers requests. */
  readonly #isAsked: boolean;
  readonly #name: string;
  readonly #lanes: TriggerLanes;
  readonly #born: HandedClass;
  readonly #prefix: Uint8Array;
  readonly #isFollowed: boolean;
  readonly #latency = createSketch();
  readonly #calls = createSketch();
  /** Where it is handed what other nodes made. */
  readonly #handedBytes: Map<string, number> | undefined;
  readonly #counts = { handled: 0, emitted: 0, inferences: 0, restarts: 0 };
  #state: UnitStatus["state"] = "starting";
  #word: string | undefined;
  #problem: HolonError | undefined;
  /** Why what it makes is not lowered, whatever the guard says. */
  #withheld: HolonError | undefined;
  #positions = new Map<string, number>();
  /** As far as what was made of it is on the disk, while something is on its way there. */
  #safe: ReadonlyMap<string, number> = this.#positions;
  #wake: (() => void) | undefined;
  #timer: Timer | undefined;
  #instance: UnitInstance | undefined;
  #held: HeldState | undefined;
  #keyed: Keyed | undefined;
  #windows: WindowInput | undefined;
  /** The lease under which it began from what is on disk. */
  #tenure: string | undefined;
  #isAsleep = false;
  /** What was read last held nothing of its own. */
  #isPassing = false;
  #stopping = false;
  #attempt = 0;
  #interruptions = 0;
  #handed: Handed | undefined;
  #ungrantedTold: Set<string> | undefined;
  readonly #early: EarlyRuns;
  #storing: Storing;
  readonly #rate: Rate;
  #tracer: Tracer | undefined;
  readonly #failures: FailedEvents;
  readonly #finished: Promise<void>;

  constructor(fn: UnitDocument, context: UnitContext, kind: UnitKind) {
    const { app, log, guard, ports } = context;
    this.#fn = fn;
    this.#context = context;
    this.#kind = kind;
    this.#name = `${app.name}/${fn.name}`;
    this.#lanes = triggerLanes(fn, context);
    this.#born = openHandedClass({ app, maker: makerOf(app, fn), type: fn.on.type, log, guard });
    this.#prefix = encoder.encode(typePrefix(fn.on.type));
    this.#isFollowed = followedStates(app.functions).has(fn.name);
    this.#handedBytes = context.handed === undefined ? undefined : new Map();
    this.#early = createEarlyRuns(({ bytes }) => startsWith(bytes, this.#prefix));
    this.#storing = this.#newStoring();
    this.#rate = createRate(fn.eventsPerSecondMax, ports.clock);
    this.#isAsked = fn.on.type === requestType(app.name, fn.name);
    this.#failures = createFailedEvents(this.#name, { retriesMax: fn.retriesMax ?? (this.#isAsked ? 0 : limits.unitRetriesMax), isAsked: this.#isAsked }, context);
    this.#finished = this.#live();
  }

  get wants(): string {
    return this.#fn.on.type;
  }

  get readsOthers(): boolean {
    return this.#context.handed !== undefined;
  }

  status(): UnitStatus {
    const { app, gate } = this.#context;
    const { elastic, reduction } = this.#kind;
    return {
      name: this.#fn.name,
      app: app.name,
      state: this.#state,
      status: this.#word,
      ...this.#counts,
      failed: this.#failures.count(),
      callMs: this.#calls.quantile(0.5),
      ...(gate === undefined ? {} : { job: gate.status() }),
      ...(this.#handedBytes === undefined ? {} : { handedBytes: Object.fromEntries(this.#handedBytes) }),
      windows: this.#windows?.status(),
      inferenceMs: { p50: this.#latency.quantile(0.5), p99: this.#latency.quantile(0.99) },
      lag: this.#lag(),
      ...(elastic === undefined ? {} : { elastic: elastic() }),
      problem: this.#problem?.toJSON(),
      ...(reduction === undefined ? {} : { reduction: reduction() }),
    };
  }

  hasReached(heads: ReadonlyMap<string, number>): boolean {
    return this.#state === "running" && this.#windows?.isDue() !== true && this.#lanes.now().every((lane) => this.#storedTo(lane) >= (heads.get(laneName(lane)) ?? 0));
  }

  reached(lane: Lane): number {
    return this.#storing.hasFailed() ? (this.#safe.get(laneName(lane)) ?? 0) : this.#storedTo(lane);
  }

  committed(found?: Found): void {
    if (this.#state !== "running") return;
    if (this.#isAsleep && found !== undefined) this.#passOver(found);
    this.#isAsleep = false;
    this.#wake?.();
  }

  staged(next: Staged): void {
    const lane = laneName(next.lane);
    if (this.#state !== "running" || this.#kind.fromDisk === true || !this.#lanes.isOwn(lane) || !this.#early.offer(next, this.#positions.get(lane) ?? 0)) return;
    this.#isAsleep = false;
    this.#wake?.();
  }

  replay(event: string | undefined): number {
    const count = this.#failures.replay(event);
    if (this.#state === "running") this.#wake?.();
    return count;
  }

  tenureChanged(): void {
    this.#endWhatIsOver();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#timer?.cancel();
    this.#kind.interrupt?.();
    this.#endWhatIsOver();
    this.#wake?.();
    const late = this.#context.ports.clock.after(limits.unitStopMs, () => void this.#instance?.stop().catch(() => undefined)); // its end is not news
    await this.#finished;
    late.cancel();
  }

  /** Names of others are the function's own words. */
  #ofOwnModels(told: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
    const { models } = this.#kind;
    return models === undefined ? told : Object.fromEntries(Object.entries(told).filter(([model]) => models.has(model)));
  }

  async #live(): Promise<void> {
    while (!this.#stopping) {
      try {
        if (await this.#mayBegin()) await this.#runOnce();
      } catch (error) {
        if (this.#stopping) break;
        const failed = toHolonError(error);
        await this.#instance?.stop().catch(() => undefined); // it has failed already; its end is not news
        if (failed.code === "HOLON_LEASE_OVER" || this.#isOver()) continue;
        this.#counts.restarts += 1;
        if (failed.code === "HOLON_UNIT_INTERRUPTED" && ++this.#interruptions < interruptionsMax) continue; // not its own doing
        this.#interruptions = 0;
        this.#problem = failed;
        this.#context.ports.trace.note("warn", `function ${this.#name}: ${this.#problem.message}`, { code: this.#problem.code });
        this.#state = "waiting";
        this.#context.meter.failed(this.#context.app.name, this.#fn.name, spentUntil(failed));
        if (this.#handed !== undefined && this.#handed.replayed === undefined) this.#failures.failed(this.#handed.events, this.#problem);
        if (this.#isAsked && this.#goesOn()) continue; // others wait for their answers
        await this.#pause(backoffMs(this.#attempt++, { firstMs: limits.unitRestartFirstMs, maxMs: limits.unitRestartMaxMs }, 0.5 + this.#context.ports.random.uniform() / 2));
      }
    }
    await this.#instance?.stop();
    this.#state = "stopped";
  }

  /** What failed is not tried again as it was: it is set aside, or the rest of its batch goes on without it. */
  #goesOn(): boolean {
    const [first, second] = this.#handed?.events ?? [];
    return first !== undefined && this.#handed?.replayed === undefined && (second === undefined ? this.#failures.isGivenUp(first) : this.#failures.batchMax() === 1);
  }

  /** Whether it may run here now. Whoever ended that ends the unit as well, or gives it another lease. */
  async #mayBegin(): Promise<boolean> {
    this.#tenure = this.#context.tenure?.();
    if (this.#context.tenure === undefined || this.#tenure !== undefined) return true;
    this.#state = "waiting";
    await this.#pause(limits.unitTenureLookMs);
    return false;
  }

  #isOver(): boolean {
    return this.#context.tenure !== undefined && this.#context.tenure() !== this.#tenure;
  }

  /** What began elsewhere meanwhile is nobody's to go on with here. */
  #requireTenure(): void {
    if (this.#isOver()) throw new HolonError("HOLON_LEASE_OVER", `function ${this.#name} may not run here now, or began elsewhere meanwhile`);
  }

  #endWhatIsOver(): void {
    if (this.#isOver() && this.#state === "running") void this.#instance?.stop().catch(() => undefined); // its end is not news
  }

  async #runOnce(): Promise<void> {
    const { log, events, ports } = this.#context;
    this.#handed = undefined;
    this.#held = undefined;
    this.#failures.begin();
    this.#early.clear();
    const stored = (this.#storing = this.#newStoring());
    this.#born.take(heldBorn(this.#name, log)); // it may have gone on elsewhere, and come back with what it was handed there
    const opened = await this.#kind.open(() => stored.all(), this.#born);
    this.#safe = this.#positions = new Map(opened.positions);
    this.#windows = isWindowTrigger(this.#fn.on) ? openWindowInput({ unit: this.#name, trigger: this.#fn.on, log, events, monotonicMs: () => ports.clock.monotonicMs() }) : undefined;
    this.#instance = opened.instance;
    this.#state = "running";
    try {
      while (!this.#stopping) {
        const input = await this.#nextInput();
        if (input === undefined) {
          if (stored.hasFailed()) await stored.all();
          await this.#waitForMore();
          continue;
        }
        const traced = this.#trace(input);
        this.#handed = { ...input, events: traced.events, traced };
        this.#requireTenure();
        const result = await this.#run(this.#instance, this.#handed);
        this.#requireTenure();
        const made = this.#eventsOf(this.#handed, result ?? nothing);
        if (made.length > 0) this.#context.made(made); // who waits for it does not wait until it is printed
        const outputs = this.#recordsOf(made, result ?? nothing);
        if (result !== undefined) this.#failures.passed();
        await this.#store(this.#handed, result, outputs);
      }
      await stored.all();
      await this.#keepPassed();
    } finally {
      await stored.all().catch(() => undefined); // what failed is thrown where it is waited for; the next start is from what is stored
    }
  }

  /** While the disk is at work the next input is handled; what was made of one that the disk does not take is not stored, nor is anything behind it. */
  async #store(input: Handed, result: UnitResult | undefined, outputs: readonly NewRecord[]): Promise<void> {
    const waiting = input.cells();
    const isEmpty = result === undefined && waiting.length + input.records.length === 0;
    if (isEmpty && input.settled === undefined) return void (this.#positions = new Map(input.positions));
    const bytes = bytesOf(outputs) + (result?.state ?? []).reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    const account = isEmpty ? [] : (this.#kind.account?.(input.bytes, outputs) ?? []);
    await this.#storing.room(bytes);
    if (this.#storing.isEmpty()) this.#safe = this.#positions;
    this.#positions = new Map(input.positions);
    const under = this.#tenure;
    this.#storing.add(bytes, async () => {
      if ((await input.settled) === false) throw new HolonError("HOLON_UNIT_INTERRUPTED", `function ${this.#name} was handed what the disk did not take`);
      if (!isEmpty) await this.#append(under, input, result ?? nothing, outputs, { waiting, account });
      this.#safe = input.positions;
    });
  }

  /** What held nothing for it was passed by without a word on the disk: when it stops in order it says how far, so that neither the next start nor another node counts all that as waiting. */
  async #keepPassed(): Promise<void> {
    const cell = this.#positionCell(this.#positions);
    const known = this.#context.log.cell(cell.key);
    if (this.#positions.size === 0 || this.#isOver() || (known !== undefined && decoder.decode(known) === decoder.decode(cell.value ?? undefined))) return;
    await this.#context.log.append(entryUnder({ cells: [cell] }, this.#context.tenure, this.#tenure));
  }

  #positionCell(positions: ReadonlyMap<string, number>): CellChange {
    return { key: positionCell(this.#name), value: encoder.encode(JSON.stringify(Object.fromEntries(positions))) };
  }

  async #run(running: UnitInstance, input: Input): Promise<UnitResult | undefined> {
    const [first] = input.events;
    if (first === undefined) return undefined;
    if (input.replayed === undefined && this.#failures.isGivenUp(first)) {
      const { records, cells, error } = this.#failures.setAside(input.events, this.#windows !== undefined);
      const without: UnitResult & Aside = { ...nothing, aside: { records, cells, error } };
      return without;
    }
    const { app, log, ports } = this.#context;
    const startedMs = ports.clock.monotonicMs();
    const result = await running.handle(input.events).catch((cause: unknown) => {
      throw cause instanceof HolonError ? cause : new HolonError("HOLON_EVENT_BAD", `function ${this.#name} cannot be handed event ${first.id}`, { cause }); // else it would be tried for ever
    });
    this.#calls.add((ports.clock.monotonicMs() - startedMs) / input.events.length);
    if (result.state.length > 0) this.#boundState(result);
    if (this.#born.maker().from === "personal") this.#keyed ??= await keyedFor(app.name, { log, ...ports });
    if (result.fitted.length > 0) await requireGranted(result.fitted, this.#fn, this.#context, (this.#ungrantedTold ??= new Set()));
    this.#rate.took(input.events.length);
    return result;
  }

  /** The next events of the trigger's type; empty if what was read holds none; `undefined` if there is nothing to read. */
  async #nextInput(): Promise<Input | undefined> {
    const again = this.#failures.hasReplay() ? await this.#failures.nextReplay() : undefined;
    if (again !== undefined) this.#born.take([decodeStoredEvent(again.record.bytes).class]);
    if (again !== undefined) {
      const { records, cells } = this.#failures.replayed(again.event);
      return { events: [toUnitEvent(again.record)], handled: 0, bytes: again.record.bytes.length, positions: this.#positions, records, cells: () => cells, replayed: again.event };
    }
    if (this.#rate.isBounded) await this.#rate.wait((ms) => this.#pause(ms), () => this.#stopping);
    if (this.#stopping || this.#context.gate?.isOpen() === false) return undefined;
    if (this.#windows?.isDue() === true) return { ...this.#windowed(this.#windows, { events: [], stored: [] }, []), positions: this.#positions };
    const staged = this.#early.next(this.#positions, this.#batchMax());
    if (staged !== undefined) return { ...this.#taken(staged.lane, staged.records, staged.last, true), settled: staged.settled };
    for (const lane of this.#lanes.now()) {
      const key = laneName(lane);
      const head = this.#context.log.head(lane)?.sequence ?? 0;
      const position = this.#positions.get(key) ?? 0;
      const passed = this.#early.pass(key, position, head);
      if (passed > position) this.#positions.set(key, passed);
      const from = passed + 1;
      if (head < from) continue;
      const { records, whole } = this.#withFirst(this.#batchMax(), await this.#context.log.read(lane, from, { maxRecords: this.#isPassing ? limits.unitBatchMax : this.#batchMax(), maxBytes: limits.linkBatchBytesMax }));
      return this.#taken(lane, records, whole ?? this.#context.log.head(lane)?.sequence ?? from);
    }
    return undefined;
  }

  #batchMax(): number {
    return Math.min(this.#failures.batchMax() ?? limits.unitBatchMax, this.#kind.batchMax ?? limits.unitBatchMax, this.#rate.batchMax);
  }

  /** Up to so many of its own, with all before the next one: a bound on what is handed over is none on what is passed by. */
  #withFirst(most: number, read: readonly LogRecord[]): { readonly records: readonly LogRecord[]; readonly whole: number | undefined } {
    let count = 0;
    // The subject stands within the event: it is looked for only where what is read at once is more than what is handed over.
    const isCounted = most < limits.unitBatchMax && this.#hasSubject() ? (record: LogRecord): boolean => this.#isMine(toUnitEvent(record)) : (): boolean => true;
    const end = read.findIndex((record) => startsWith(record.bytes, this.#prefix) && isCounted(record) && ++count > most);
    this.#isPassing = count === 0;
    const next = end === -1 ? undefined : read[end];
    return next === undefined ? { records: read, whole: read.at(-1)?.sequence } : { records: read.slice(0, end), whole: next.sequence - 1 };
  }

  /** `isStaged`: of all that came only what is of its type, so that it says nothing of what part of the rest is. */
  #taken(lane: Lane, records: readonly LogRecord[], whole: number, isStaged = false): Input {
    const through = (sequence: number): ReadonlyMap<string, number> => new Map(this.#positions).set(laneName(lane), sequence);
    const mine = records.filter((record) => startsWith(record.bytes, this.#prefix));
    this.#countHanded(lane.origin, mine);
    const stored = mine.map(({ bytes }) => decodeStoredEvent(bytes));
    const classes = this.#born.take(new Set(stored.map((event) => event.class)));
    const came = mine.map((record, index) => toUnitEvent(record, stored[index]));
    const events = this.#hasSubject() ? came.filter((event) => this.#isMine(event)) : came;
    this.#kind.next?.({ events: events.length, records: isStaged ? 0 : records.length, lag: () => this.#lag(), classes });
    const caused = (this.#context.app.tracing?.share ?? 0) === 0 ? {} : { caused: new Set(mine.flatMap((record, index) => (stored[index]?.causedby === undefined ? [] : [printRecordName(record)]))) };
    if (this.#windows === undefined) return { events, ...caused, handled: mine.length, bytes: bytesOf(mine), positions: through(whole), records: [], cells: noCells };
    const step = this.#windowed(this.#windows, { events: came, stored }, mine);
    const left = mine[step.handled];
    return { ...step, positions: through(left === undefined ? whole : left.sequence - 1) };
  }

  #countHanded(origin: string, records: readonly LogRecord[]): void {
    const counted = this.#handedBytes;
    if (counted !== undefined && (counted.has(origin) || counted.size < limits.handedOriginsMax)) counted.set(origin, (counted.get(origin) ?? 0) + bytesOf(records));
  }

  /** At the first change of a start all changes before it are in the log. */
  #boundState({ state, usage }: UnitResult): void {
    this.#held ??= new HeldState(this.#name, storedUnit(this.#name, this.#context.log).state);
    try {
      this.#held.take(state);
    } catch (error) {
      throw withSpent(toHolonError(error), usage);
    }
  }

  #hasSubject(): boolean {
    return "subject" in this.#fn.on && this.#fn.on.subject !== undefined;
  }

  #isMine({ subject }: UnitEvent): boolean {
    return !("subject" in this.#fn.on) || this.#fn.on.subject === undefined || fits(this.#fn.on.subject, subject);
  }

  #windowed(input: WindowInput, came: Came, from: readonly LogRecord[]): Omit<Input, "positions"> {
    const { events, consumed, records, cells, full } = input.step(came);
    const overBound = full === 0 ? undefined : new HolonError("HOLON_WINDOW_FULL", `function ${this.#name}: ${full} events found no room in its windows`);
    return { events, handled: consumed, bytes: bytesOf(from.slice(0, consumed)), records, cells, problem: overBound };
  }

  #eventsOf(input: Handed, { outputs, usage }: UnitResult): readonly EventInput[] {
    try {
      if (outputs.length > 0) input.traced.alarmed(outputs.filter(({ type }) => declaredOutput(this.#context.app, this.#fn, type)?.stream === "alarm"));
      return outputs.map((output) => this.#recordable(() => this.#toEvent(output, input)));
    } catch (error) {
      throw withSpent(toHolonError(error), usage);
    }
  }

  #recordsOf(events: readonly EventInput[], { usage }: UnitResult): readonly NewRecord[] {
    try {
      return events.map((event) => {
        const record = this.#recordable(() => this.#context.events.record(event));
        if (record.bytes.length > limits.recordBytesMax) throw new HolonError("HOLON_RECORD_TOO_LARGE", `function ${this.#name} emitted ${event.type} of ${record.bytes.length} bytes; the limit is ${limits.recordBytesMax}`);
        return record;
      });
    } catch (error) {
      throw withSpent(toHolonError(error), usage);
    }
  }

  /** What cannot be recorded is its own doing, and would fail for ever; a function that has taken over its sandbox says what is in it, so that its words are told nowhere. */
  #recordable<Result>(make: () => Result): Result {
    try {
      return make();
    } catch (cause) {
      throw new HolonError("HOLON_UNIT_THREW", `function ${this.#name} emitted what cannot be recorded`, { cause });
    }
  }

  async #append(under: string | undefined, input: Handed, result: UnitResult, outputs: readonly NewRecord[], also: { readonly waiting: readonly CellChange[]; readonly account: readonly CellChange[] }): Promise<void> {
    const fitted = await keepFitted(result.fitted, input.events, { fn: this.#fn, born: this.#born, ...this.#context });
    const isHeld = result.state.length + fitted.cells.length + also.waiting.length > 0;
    const cells: CellChange[] = [
      ...result.state.map(({ key, value }) => ({ key: stateCell(this.#name, key), value: value === null ? null : encoder.encode(value) })),
      ...fitted.cells,
      ...also.waiting,
      ...(isHeld ? this.#born.cells() : []),
      ...also.account,
      this.#positionCell(input.positions),
    ];
    const changes = this.#isFollowed ? result.state.map(({ key, value }) => this.#stateChanged(key, value, input.events.at(-1)?.id)) : [];
    const aside = asideOf(result);
    const records = [...outputs, ...fitted.records, ...input.records, ...changes, ...aside.records, ...input.traced.spans(aside.error, result.calls ?? [])];
    const write = (own: readonly CellChange[]): Promise<unknown> => this.#context.log.append(entryUnder({ records, cells: [...cells, ...aside.cells, ...own] }, this.#context.tenure, under));
    await (result.shared === undefined ? write([]) : this.#context.shared.apply(this.#context.app, result.shared, write, (own) => this.#born.told(own)));
    await forgetReplaced(fitted.replaced, this.#context).catch((error: unknown) => this.#context.ports.trace.note("warn", `what ${this.#name} had fitted before: ${toHolonError(error).message}`));
    this.#context.meter.handled(this.#context.app.name, this.#fn.name, { events: input.handled, bytesIn: input.bytes, recordedMs: input.events[0]?.arrivedMs, records: outputs, result: { ...result, inferences: this.#ofOwnModels(result.inferences) } });
    this.#attempt = 0;
    this.#interruptions = 0;
    this.#problem = input.problem ?? this.#withheld;
    this.#counts.handled += input.handled;
    this.#counts.emitted += outputs.length;
    this.#counts.inferences += result.inferenceMs.length;
    for (const value of result.inferenceMs) this.#latency.add(value);
    if (result.status !== undefined) this.#word = result.status;
  }

  #toEvent(output: UnitOutput, { events, traced }: Handed): EventInput {
    const declared = declaredOutput(this.#context.app, this.#fn, output.type);
    if (declared === undefined) throw new HolonError("HOLON_UNIT_BAD", `function ${this.#name} emitted ${output.type}, which it does not declare`);
    const maker = this.#born.maker();
    const { stream, ...label } = placeOf(declared, maker, this.#context);
    if (stream !== declared.stream) this.#context.guard.stays(label.class, declared.stream, label.through);
    const [why] = withheldBy(maker, declared.class);
    if (why !== undefined) this.#withheld = new HolonError("HOLON_REDUCTION_TELLS", `reduction ${this.#name} is handed what is ${maker.from}, and ${why}`);
    return {
      stream,
      type: output.type,
      ...label,
      producer: this.#name,
      subject: subjectOf(output.subject, { maker, class: label.class, events, keyed: this.#keyed }),
      timeMs: output.timeMs,
      causedBy: events[output.cause]?.id,
      traceparent: traced.carried(output.cause),
      data: output.data,
    };
  }

  /** For functions that are triggered by it. It stays here: nobody says what a state holds, but what it was made of. */
  #stateChanged(key: string, value: string | null, causedBy: string | undefined): NewRecord {
    return this.#context.events.record({ stream: "local", type: stateType(this.#context.app.name, this.#fn.name), class: moreSensitive("raw", this.#born.maker().from), producer: this.#name, subject: key, causedBy, data: { function: this.#fn.name, key, value: value === null ? null : JSON.parse(value) } });
  }

  async #waitForMore(): Promise<void> {
    if (this.#stopping || this.#hasMore() || (this.#early.isDue() && this.#context.gate?.isOpen() !== false) || this.#storing.hasFailed()) return;
    this.#context.gate?.look();
    const idleInMs = this.#context.gate?.isOpen() === false ? undefined : this.#windows?.idleInMs(); // the gate wakes it
    this.#isAsleep = true;
    await (idleInMs === undefined ? new Promise<void>((resolve) => (this.#wake = resolve)) : this.#pause(idleInMs));
    this.#isAsleep = false;
  }

  /** It fell asleep at the head, and who has looked at all that came since has found nothing for it before this. */
  #passOver({ lane, sequence, behind }: Found): void {
    const position = this.#positions.get(lane) ?? 0;
    if (position >= behind && sequence - 1 > position) this.#positions.set(lane, sequence - 1);
  }

  #hasMore(): boolean {
    return this.#context.gate?.isOpen() !== false && (this.#failures.hasReplay() || this.#lanes.now().some((lane) => (this.#context.log.head(lane)?.sequence ?? 0) > (this.#positions.get(laneName(lane)) ?? 0)));
  }

  #storedTo(lane: Lane): number {
    return (this.#storing.isEmpty() ? this.#positions : this.#safe).get(laneName(lane)) ?? 0;
  }

  /** Who sleeps is woken by what is for it: nothing that came since is. */
  #lag(): number {
    if (this.#isAsleep && this.#storing.isEmpty() && this.#context.gate?.isOpen() !== false) return 0;
    return this.#lanes.now().reduce((sum, lane) => sum + Math.max(0, (this.#context.log.head(lane)?.sequence ?? 0) - this.#storedTo(lane)), 0);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer?.cancel();
      this.#timer = this.#context.ports.clock.after(ms, resolve);
    });
  }

  #newStoring(): Storing {
    return createStoring(() => this.#wake?.());
  }

  /** Made when the first event comes whose way is followed: mostly none is. */
  #trace({ events, caused }: Input): Traced {
    const { app, log, isThinned, events: made, ports } = this.#context;
    const { trigger, models = noNames, answerers = noNames, asking } = this.#kind;
    if (trigger === undefined) return untraced(events);
    if (this.#tracer === undefined && app.tracing === undefined && events.every(({ traceparent }) => traceparent === undefined)) return untraced(events);
    this.#tracer ??= createTracer({ app, fn: this.#fn.name, node: log.origin, trigger, models, answerers, asking, isThinned, hopOf: ({ id }) => (originOfEvent(id) === log.origin ? undefined : hopSpanId(ports.crypto.sha256, id, log.origin)), events: made, clock: ports.clock, random: ports.random });
    return this.#tracer.begin(events, caused);
  }
}

const untraced = (events: readonly UnitEvent[]): Traced => ({ events, alarmed: () => undefined, carried: () => undefined, spans: () => [] });

/** Ends of shared processes in a row that are not held against a function. */
const interruptionsMax = 3;

const noCells = (): readonly CellChange[] => [];
const noNames: ReadonlySet<string> = new Set();
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (records: readonly Pick<LogRecord, "bytes">[]): number => records.reduce((sum, record) => sum + record.bytes.length, 0);
