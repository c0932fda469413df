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
import type { Clock, Crypto, Random, Runner, Seals, Secrets, Timer, Trace, UnitEvent, UnitInstance, UnitResult } from "@holon/core/ports.ts";
import { makerOf, moreSensitive, withheldBy } from "@holon/core/policy/lowering.ts";
import type { Keyed } from "@holon/core/reduce/keyed.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { fits, followedStates, stateType, typePrefix } from "@holon/core/run/trigger-events.ts";
import { isWindowTrigger } from "@holon/core/schema/trigger.ts";
import { hopSpanId, originOfEvent } from "@holon/core/telemetry/hop.ts";
import { createSketch } from "@holon/core/telemetry/sketch.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { BlobStore } from "../blob/store.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";
import { keyedFor } from "../reduce/node-key.ts";
import type { ServedModels } from "../model/served-models.ts";
import type { ReductionStatus } from "../reduce/saved.ts";
import type { SharedStore } from "../shared/store.ts";
import type { Meter } from "../meter/meter.ts";
import { asideOf, type Aside } from "./aside.ts";
import type { ElasticStatus } from "../elastic/elastic-unit.ts";
import { heldBorn, openHandedClass } from "./handed-class.ts";
import { createFailedEvents } from "./failed-events.ts";
import { keepFitted, requireGranted } from "./fitted.ts";
import type { Moments } from "@holon/core/run/moments.ts";
import { declaredOutput, placeOf, subjectOf } from "./output-place.ts";
import { positionCell, stateCell } from "./program.ts";
import { createRate } from "./rate.ts";
import { createTracer, type Traced } from "./tracer.ts";
import { triggerLanes } from "./trigger-lanes.ts";
import { entryUnder, type UnitTenure } from "./tenure.ts";
import { toUnitEvent } from "./unit-event.ts";
import type { JobGate, JobStatus } from "../energy/job-gate.ts";
import type { UnitDocument, UnitKind } from "./unit-kind.ts";
import type { Found } from "./scout.ts";
import { createEarlyRuns, type Staged } from "./staged.ts";
import { createStoring } from "./storing.ts";
import type { WarmSet } from "./warm-set.ts";
import { openWindowInput, type WindowInput } from "./window-input.ts";

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
  readonly served: Pick<ServedModels, "decide">;
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
  /** What the unit made, before it is on the disk. */
  made(records: readonly NewRecord[]): void;
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
  readonly cells: readonly CellChange[];
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

export function startUnit(fn: UnitDocument, context: UnitContext, kind: UnitKind): RunningUnit {
  const { app, log, ports } = context;
  const name = `${app.name}/${fn.name}`;
  const lanes = triggerLanes(fn, context);
  const born = openHandedClass({ app, maker: makerOf(app, fn), type: fn.on.type, log, guard: context.guard });
  const prefix = encoder.encode(typePrefix(fn.on.type));
  const isFollowed = followedStates(app.functions).has(fn.name);
  const latency = createSketch();
  const calls = createSketch();
  const handedBytes = new Map<string, number>();
  const counts = { handled: 0, emitted: 0, inferences: 0, restarts: 0 };
  let state: UnitStatus["state"] = "starting";
  let word: string | undefined;
  let problem: HolonError | undefined;
  /** Why what it makes is not lowered, whatever the guard says. */
  let withheld: HolonError | undefined;
  let positions = new Map<string, number>();
  /** As far as what was made of it is on the disk, while something is on its way there. */
  let safe: ReadonlyMap<string, number> = positions;
  let wake: (() => void) | undefined;
  let timer: Timer | undefined;
  let instance: UnitInstance | undefined;
  let keyed: Keyed | undefined;
  let windows: WindowInput | undefined;
  /** The lease under which it began from what is on disk. */
  let tenure: string | undefined;
  let isAsleep = false;
  /** What was read last held nothing of its type. */
  let isPassing = false;
  let stopping = false;
  let attempt = 0;
  let interruptions = 0;
  let handed: Handed | undefined;
  const ungrantedTold = new Set<string>();
  const early = createEarlyRuns(({ bytes }) => startsWith(bytes, prefix));
  let storing = createStoring(() => wake?.());
  const rate = createRate(fn.eventsPerSecondMax, ports.clock);
  const tracer = kind.trigger === undefined ? undefined : createTracer({ app, fn: fn.name, node: log.origin, trigger: kind.trigger, models: kind.models ?? new Set(), answerers: kind.answerers ?? new Set(), asking: kind.asking, isThinned: context.isThinned, hopOf: ({ id }) => (originOfEvent(id) === log.origin ? undefined : hopSpanId(ports.crypto.sha256, id, log.origin)), events: context.events, clock: ports.clock, random: ports.random });
  const failures = createFailedEvents(name, fn.retriesMax ?? limits.unitRetriesMax, context);

  /** Names of others are the function's own words. */
  const ofOwnModels = (told: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> => (kind.models === undefined ? told : Object.fromEntries(Object.entries(told).filter(([model]) => kind.models?.has(model) === true)));

  async function live(): Promise<void> {
    while (!stopping) {
      try {
        if (await mayBegin()) await runOnce();
      } catch (error) {
        if (stopping) break;
        const failed = toHolonError(error);
        await instance?.stop().catch(() => undefined); // it has failed already; its end is not news
        if (failed.code === "HOLON_LEASE_OVER" || isOver()) continue;
        counts.restarts += 1;
        if (failed.code === "HOLON_UNIT_INTERRUPTED" && ++interruptions < interruptionsMax) continue; // not its own doing
        interruptions = 0;
        problem = failed;
        ports.trace.note("warn", `function ${name}: ${problem.message}`, { code: problem.code });
        state = "waiting";
        context.meter.failed(app.name, fn.name);
        if (handed !== undefined && handed.replayed === undefined) failures.failed(handed.events, problem);
        await pause(backoffMs(attempt++, { firstMs: limits.unitRestartFirstMs, maxMs: limits.unitRestartMaxMs }, 0.5 + ports.random.uniform() / 2));
      }
    }
    await instance?.stop();
    state = "stopped";
  }

  /** Whether it may run here now. Whoever ended that ends the unit as well, or gives it another lease. */
  async function mayBegin(): Promise<boolean> {
    tenure = context.tenure?.();
    if (context.tenure === undefined || tenure !== undefined) return true;
    state = "waiting";
    await pause(limits.unitTenureLookMs);
    return false;
  }

  const isOver = (): boolean => context.tenure !== undefined && context.tenure() !== tenure;

  /** What began elsewhere meanwhile is nobody's to go on with here. */
  function requireTenure(): void {
    if (isOver()) throw new HolonError("HOLON_LEASE_OVER", `function ${name} may not run here now, or began elsewhere meanwhile`);
  }

  function endWhatIsOver(): void {
    if (isOver() && state === "running") void instance?.stop().catch(() => undefined); // its end is not news
  }

  async function runOnce(): Promise<void> {
    handed = undefined;
    early.clear();
    const stored = (storing = createStoring(() => wake?.()));
    born.take(heldBorn(name, log)); // it may have gone on elsewhere, and come back with what it was handed there
    const opened = await kind.open(() => stored.all(), born);
    safe = positions = new Map(opened.positions);
    windows = isWindowTrigger(fn.on) ? openWindowInput({ unit: name, trigger: fn.on, log, events: context.events, monotonicMs: () => ports.clock.monotonicMs() }) : undefined;
    instance = opened.instance;
    state = "running";
    try {
      while (!stopping) {
        const input = await nextInput();
        if (input === undefined) {
          if (stored.hasFailed()) await stored.all();
          await waitForMore();
          continue;
        }
        const traced = tracer?.begin(input.events, input.caused) ?? untraced(input.events);
        handed = { ...input, events: traced.events, traced };
        requireTenure();
        const result = await run(instance, handed);
        requireTenure();
        const outputs = outputsOf(handed, result ?? nothing);
        context.made(outputs);
        await store(handed, result, outputs);
      }
    } finally {
      await stored.all().catch(() => undefined); // what failed is thrown where it is waited for; the next start is from what is stored
    }
  }

  /** While the disk is at work the next input is handled; what was made of one that the disk does not take is not stored, nor is anything behind it. */
  async function store(input: Handed, result: UnitResult | undefined, outputs: readonly NewRecord[]): Promise<void> {
    const isEmpty = result === undefined && input.cells.length + input.records.length === 0;
    if (isEmpty && input.settled === undefined) return void (positions = new Map(input.positions));
    const bytes = bytesOf(outputs) + (result?.state ?? []).reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    const account = isEmpty ? [] : (kind.account?.(input.bytes, outputs) ?? []);
    await storing.room(bytes);
    if (storing.isEmpty()) safe = positions;
    positions = new Map(input.positions);
    const under = tenure;
    storing.add(bytes, async () => {
      if ((await input.settled) === false) throw new HolonError("HOLON_UNIT_INTERRUPTED", `function ${name} was handed what the disk did not take`);
      if (!isEmpty) await append(under, input, result ?? nothing, outputs, account);
      safe = input.positions;
    });
  }

  async function run(running: UnitInstance, input: Input): Promise<UnitResult | undefined> {
    const [first] = input.events;
    if (first === undefined) return undefined;
    if (input.replayed === undefined && failures.isGivenUp(first)) {
      const { records, cells, error } = failures.setAside(input.events, windows !== undefined);
      const without: UnitResult & Aside = { ...nothing, aside: { records, cells, error } };
      return without;
    }
    const startedMs = ports.clock.monotonicMs();
    const result = await running.handle(input.events);
    calls.add((ports.clock.monotonicMs() - startedMs) / input.events.length);
    if (born.maker().from === "personal") keyed ??= await keyedFor(app.name, { log, ...ports });
    await requireGranted(result.fitted, fn, context, ungrantedTold);
    failures.passed();
    rate.took(input.events.length);
    return result;
  }

  /** The next events of the trigger's type; empty if what was read holds none; `undefined` if there is nothing to read. */
  async function nextInput(): Promise<Input | undefined> {
    const again = failures.hasReplay() ? await failures.nextReplay() : undefined;
    if (again !== undefined) born.take([decodeStoredEvent(again.record.bytes).class]);
    if (again !== undefined) return { events: [toUnitEvent(again.record)], handled: 0, bytes: again.record.bytes.length, positions, ...failures.replayed(again.event), replayed: again.event };
    await rate.wait(pause, () => stopping);
    if (stopping || context.gate?.isOpen() === false) return undefined;
    if (windows?.isDue() === true) return { ...windowed(windows, []), positions };
    const staged = early.next(positions, batchMax());
    if (staged !== undefined) return { ...taken(staged.lane, staged.records, staged.last, true), settled: staged.settled };
    for (const lane of lanes.now()) {
      const key = laneName(lane);
      const head = log.head(lane)?.sequence ?? 0;
      const position = positions.get(key) ?? 0;
      const passed = early.pass(key, position, head);
      if (passed > position) positions.set(key, passed);
      const from = passed + 1;
      if (head < from) continue;
      const { records, whole } = withFirst(batchMax(), await log.read(lane, from, { maxRecords: isPassing ? limits.unitBatchMax : batchMax(), maxBytes: limits.linkBatchBytesMax }));
      return taken(lane, records, whole ?? log.head(lane)?.sequence ?? from);
    }
    return undefined;
  }

  const batchMax = (): number => Math.min(failures.batchMax() ?? limits.unitBatchMax, kind.batchMax ?? limits.unitBatchMax, rate.batchMax);

  /** Up to so many of its type, with all before the next one: a bound on what is handed over is none on what is passed by. */
  function withFirst(most: number, read: readonly LogRecord[]): { readonly records: readonly LogRecord[]; readonly whole: number | undefined } {
    let count = 0;
    const end = read.findIndex((record) => startsWith(record.bytes, prefix) && ++count > most);
    isPassing = count === 0;
    const next = end === -1 ? undefined : read[end];
    return next === undefined ? { records: read, whole: read.at(-1)?.sequence } : { records: read.slice(0, end), whole: next.sequence - 1 };
  }

  /** `isStaged`: of all that came only what is of its type, so that it says nothing of what part of the rest is. */
  function taken(lane: Lane, records: readonly LogRecord[], whole: number, isStaged = false): Input {
    const through = (sequence: number): ReadonlyMap<string, number> => new Map(positions).set(laneName(lane), sequence);
    const mine = records.filter((record) => startsWith(record.bytes, prefix));
    countHanded(lane.origin, mine);
    const stored = mine.map(({ bytes }) => decodeStoredEvent(bytes));
    const classes = born.take(new Set(stored.map((event) => event.class)));
    const events = mine.map((record, index) => toUnitEvent(record, stored[index])).filter(isMine);
    kind.next?.({ events: events.length, records: isStaged ? 0 : records.length, lag, classes });
    const caused = (app.tracing?.share ?? 0) === 0 ? {} : { caused: new Set(mine.flatMap((record, index) => (stored[index]?.causedby === undefined ? [] : [printRecordName(record)]))) };
    if (windows === undefined) return { events, ...caused, handled: mine.length, bytes: bytesOf(mine), positions: through(whole), records: [], cells: [] };
    const step = windowed(windows, mine);
    const left = mine[step.handled];
    return { ...step, positions: through(left === undefined ? whole : left.sequence - 1) };
  }

  function countHanded(origin: string, records: readonly LogRecord[]): void {
    if (context.handed !== undefined && (handedBytes.has(origin) || handedBytes.size < limits.handedOriginsMax)) handedBytes.set(origin, (handedBytes.get(origin) ?? 0) + bytesOf(records));
  }

  const isMine = ({ subject }: UnitEvent): boolean => !("subject" in fn.on) || fn.on.subject === undefined || fits(fn.on.subject, subject);

  function windowed(input: WindowInput, from: readonly LogRecord[]): Omit<Input, "positions"> {
    const { events, consumed, records, cells, full } = input.step(from);
    const overBound = full === 0 ? undefined : new HolonError("HOLON_WINDOW_FULL", `function ${name}: ${full} events found no room in its windows`);
    return { events, handled: consumed, bytes: bytesOf(from.slice(0, consumed)), records, cells, problem: overBound };
  }

  function outputsOf(input: Handed, { outputs }: UnitResult): readonly NewRecord[] {
    input.traced.alarmed(outputs.filter(({ type }) => declaredOutput(app, fn, type)?.stream === "alarm"));
    return outputs.map((output) => toRecord(output, input));
  }

  async function append(under: string | undefined, input: Handed, result: UnitResult, outputs: readonly NewRecord[], account: readonly CellChange[]): Promise<void> {
    const fitted = await keepFitted(result.fitted, input.events, { fn, born, ...context });
    const isHeld = result.state.length + fitted.cells.length + input.cells.length > 0;
    const cells: CellChange[] = [
      ...result.state.map(({ key, value }) => ({ key: stateCell(name, key), value: value === null ? null : encoder.encode(value) })),
      ...fitted.cells,
      ...input.cells,
      ...(isHeld ? born.cells() : []),
      ...account,
      { key: positionCell(name), value: encoder.encode(JSON.stringify(Object.fromEntries(input.positions))) },
    ];
    const changes = isFollowed ? result.state.map(({ key, value }) => stateChanged(key, value, input.events.at(-1)?.id)) : [];
    const aside = asideOf(result);
    const records = [...outputs, ...fitted.records, ...input.records, ...changes, ...aside.records, ...input.traced.spans(aside.error, result.calls ?? [])];
    const write = (own: readonly CellChange[]): Promise<unknown> => log.append(entryUnder({ records, cells: [...cells, ...aside.cells, ...own] }, context.tenure, under));
    await (result.shared === undefined ? write([]) : context.shared.apply(app, result.shared, write, (own) => born.told(own)));
    context.meter.handled(app.name, fn.name, { events: input.handled, bytesIn: input.bytes, recordedMs: input.events[0]?.arrivedMs, records: outputs, result: { ...result, inferences: ofOwnModels(result.inferences) } });
    attempt = 0;
    interruptions = 0;
    problem = input.problem ?? withheld;
    counts.handled += input.handled;
    counts.emitted += outputs.length;
    counts.inferences += result.inferenceMs.length;
    for (const value of result.inferenceMs) latency.add(value);
    if (result.status !== undefined) word = result.status;
  }

  function toRecord(output: UnitResult["outputs"][number], { events, traced }: Handed): NewRecord {
    const declared = declaredOutput(app, fn, output.type);
    if (declared === undefined) throw new HolonError("HOLON_UNIT_BAD", `function ${name} emitted ${output.type}, which it does not declare`);
    const maker = born.maker();
    const { stream, ...label } = placeOf(declared, maker, context);
    const [why] = withheldBy(maker, declared.class);
    if (why !== undefined) withheld = new HolonError("HOLON_REDUCTION_TELLS", `reduction ${name} is handed what is ${maker.from}, and ${why}`);
    return context.events.record({
      stream,
      type: output.type,
      ...label,
      producer: name,
      subject: subjectOf(output.subject, { maker, class: label.class, events, keyed }),
      timeMs: output.timeMs,
      causedBy: events[output.cause]?.id,
      traceparent: traced.carried(output.cause),
      data: output.data,
    });
  }

  /** For functions that are triggered by it. It stays here: nobody says what a state holds, but what it was made of. */
  const stateChanged = (key: string, value: string | null, causedBy: string | undefined): NewRecord =>
    context.events.record({ stream: "local", type: stateType(app.name, fn.name), class: moreSensitive("raw", born.maker().from), producer: name, subject: key, causedBy, data: { function: fn.name, key, value: value === null ? null : JSON.parse(value) } });

  async function waitForMore(): Promise<void> {
    if (stopping || hasMore() || (early.isDue() && context.gate?.isOpen() !== false) || storing.hasFailed()) return;
    context.gate?.look();
    const idleInMs = context.gate?.isOpen() === false ? undefined : windows?.idleInMs(); // the gate wakes it
    isAsleep = true;
    await (idleInMs === undefined ? new Promise<void>((resolve) => (wake = resolve)) : pause(idleInMs));
    isAsleep = false;
  }

  /** It fell asleep at the head, and who has looked at all that came since has found nothing for it before this. */
  function passOver({ lane, sequence, behind }: Found): void {
    const position = positions.get(lane) ?? 0;
    if (position >= behind && sequence - 1 > position) positions.set(lane, sequence - 1);
  }

  const hasMore = (): boolean => context.gate?.isOpen() !== false && (failures.hasReplay() || lanes.now().some((lane) => (log.head(lane)?.sequence ?? 0) > (positions.get(laneName(lane)) ?? 0)));

  const storedTo = (lane: Lane): number => (storing.isEmpty() ? positions : safe).get(laneName(lane)) ?? 0;

  const lag = (): number => lanes.now().reduce((sum, lane) => sum + Math.max(0, (log.head(lane)?.sequence ?? 0) - storedTo(lane)), 0);

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      timer?.cancel();
      timer = ports.clock.after(ms, resolve);
    });

  const finished = live();
  return {
    status: () => ({
      name: fn.name,
      app: app.name,
      state,
      status: word,
      ...counts,
      failed: failures.count(),
      callMs: calls.quantile(0.5),
      ...(context.gate === undefined ? {} : { job: context.gate.status() }),
      ...(context.handed === undefined ? {} : { handedBytes: Object.fromEntries(handedBytes) }),
      windows: windows?.status(),
      inferenceMs: { p50: latency.quantile(0.5), p99: latency.quantile(0.99) },
      lag: lag(),
      ...(kind.elastic === undefined ? {} : { elastic: kind.elastic() }),
      problem: problem?.toJSON(),
      ...(kind.reduction === undefined ? {} : { reduction: kind.reduction() }),
    }),
    wants: fn.on.type,
    readsOthers: context.handed !== undefined,
    hasReached: (heads) => state === "running" && windows?.isDue() !== true && lanes.now().every((lane) => storedTo(lane) >= (heads.get(laneName(lane)) ?? 0)),
    reached: (lane) => (storing.hasFailed() ? (safe.get(laneName(lane)) ?? 0) : storedTo(lane)),
    committed(found) {
      if (state !== "running") return;
      if (isAsleep && found !== undefined) passOver(found);
      isAsleep = false;
      wake?.();
    },
    staged(next) {
      const lane = laneName(next.lane);
      if (state !== "running" || kind.fromDisk === true || !lanes.own.has(lane) || !early.offer(next, positions.get(lane) ?? 0)) return;
      isAsleep = false;
      wake?.();
    },
    replay(event) {
      const count = failures.replay(event);
      if (state === "running") wake?.();
      return count;
    },
    tenureChanged: endWhatIsOver,
    async stop() {
      stopping = true;
      timer?.cancel();
      kind.interrupt?.();
      endWhatIsOver();
      wake?.();
      await finished;
    },
  };
}

const untraced = (events: readonly UnitEvent[]): Traced => ({ events, alarmed: () => undefined, carried: () => undefined, spans: () => [] });

/** Ends of shared processes in a row that are not held against a function. */
const interruptionsMax = 3;

const encoder = new TextEncoder();
const bytesOf = (records: readonly Pick<LogRecord, "bytes">[]): number => records.reduce((sum, record) => sum + record.bytes.length, 0);
