/**
 * Makes what runs equal to the desired document: fetches blobs, then starts, stops or leaves alone. What is the same is not touched,
 * whatever the link does. Each outcome is an event.
 */
// long file: the one place that starts and ends what a document names.
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { Clock, Crypto, Door, Random, Runner, Seals, Secrets, Timer, Trace } from "@holon/core/ports.ts";
import type { AppDocument, FunctionDocument } from "@holon/core/schema/app.ts";
import type { EnergyCurve, EnergyKind } from "@holon/core/schema/energy.ts";
import type { Returned } from "@holon/core/schema/delegation.ts";
import { documentMark, type Desired } from "@holon/core/schema/desired.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { onlyOf } from "@holon/core/measure/held.ts";
import { needsOfFunction, needsOfReduction, needsOfSource, type Need } from "@holon/core/policy/needs.ts";
import type { Principal } from "@holon/core/policy/principal.ts";
import type { Lane } from "@holon/core/log/log.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import { openSource, type RunningSource, type SourceStatus } from "../door/sources.ts";
import type { BlobStore } from "../blob/store.ts";
import type { Events } from "../event/events.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import type { LinedListener } from "../log/lined.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";
import type { Hold } from "../measure/hold.ts";
import type { Meter } from "../meter/meter.ts";
import type { ServedModels } from "../model/served-models.ts";
import { startReduction } from "../reduce/start-reduction.ts";
import { functionKind } from "../run/program.ts";
import { inputOf } from "@holon/core/run/trigger-events.ts";
import { openSchedule, type Schedule } from "../trigger/schedule.ts";
import type { Requests } from "../trigger/requests.ts";
import { createScout } from "../run/scout.ts";
import { createJobGate, type JobGate } from "../energy/job-gate.ts";
import { createMoments } from "@holon/core/run/moments.ts";
import { logUnder, type UnitTenure } from "../run/tenure.ts";
import { createWarmSet, type WarmSet } from "../run/warm-set.ts";
import { stagedRuns } from "../run/staged.ts";
import type { ElasticRules, ElasticUnit } from "../elastic/elastic-unit.ts";
import type { Lending } from "../elastic/lending.ts";
import { alone, elasticFunction, elasticUnitOf, keepsSomething, standInOf, type StandIn } from "../elastic/stand-in.ts";
import { startUnit, type RunningUnit, type UnitContext, type UnitStatus } from "../run/unit.ts";
import type { SharedStore } from "../shared/store.ts";
import type { Verifier } from "../trust/verifier.ts";
import { createMoves, type MoveRow, type MoveRules, type Moves, type MovesContext } from "../moving/moves.ts";
import { desiredOf } from "./documents.ts";
import { openEnds } from "./ends.ts";
import { heldStatus } from "./held-status.ts";
import { letBy } from "./named.ts";

export interface AgentContext {
  readonly log: SegmentLog;
  readonly events: Events;
  readonly blobs: BlobStore;
  readonly guard: Guard;
  readonly ports: { readonly clock: Clock; readonly crypto: Crypto; readonly random: Random; readonly runner: Runner; readonly door: Door; readonly secrets: Secrets; readonly seals?: Seals | undefined; readonly trace: Trace; readonly life?: string | undefined };
  readonly requests: Pick<Requests, "setApps">;
  readonly served: Pick<ServedModels, "setDesired" | "decide" | "decideNow">;
  readonly shared: SharedStore;
  readonly verifier: Verifier;
  /** What is held back while the program of the node is not what was adopted. */
  readonly hold: Pick<Hold, "admit">;
  /** The lease under which what stops on islands may run now; undefined while it may not. */
  tenureByControl(): string | undefined;
  /** Whether control is on this node. */
  readonly carriesControl: boolean;
  /** What this node's electricity emits or costs, as known last. */
  curve(kind: EnergyKind): EnergyCurve | undefined;
  readCurves(): Promise<void>;
  /** The grant under which the lead of the site lets this node run a unit that control has left to the site. */
  tenureOnSite(unit: string): string | undefined;
  /** This document is reached. Resolves to what is here of units that are left to the site no more. */
  reachOnSite(document: Desired): Promise<readonly Returned[]>;
  /** The guard decides by another document from now on: what was denied a link is asked for again. */
  decidesAnew?(): void;
  readonly integrity: Integrity;
  /** The way to siblings; undefined where there are none. */
  lending?(): Lending | undefined;
  readonly elasticRules?: ElasticRules | undefined;
  /** Whether a trace is not to be followed, since a long outage is thinned. */
  isThinned?(traceId: string): boolean;
  /** Brings a blob here, from the parent if need be. */
  fetch(hash: BlobHash): Promise<void>;
  readonly meter: Meter;
  readonly moves: Pick<MovesContext, "above" | "askTake" | "askState" | "askMoved"> & { readonly rules?: MoveRules | undefined };
}

export type AgentState = "idle" | "fetching" | "switching" | "settled" | "refused";

export interface AgentStatus {
  readonly state: AgentState;
  /** Version that runs; 0 if none does. */
  readonly version: number;
  /** Units that were started since the node was. */
  readonly starts?: number;
  readonly sources: readonly SourceStatus[];
  readonly units: readonly UnitStatus[];
  /** Sandboxes of functions. */
  readonly sandboxes?: ReturnType<WarmSet["status"]>;
  /** Units on their way to another node, or from one. */
  readonly moving?: readonly MoveRow[];
  readonly problem: { readonly code: string; readonly message: string; readonly next: string } | undefined;
}

export interface Agent {
  /** The document may have changed. */
  reconcile(): void;
  /** The document whose parts run; undefined while none was reached. */
  ran(): Desired | undefined;
  /** What was refused may be reached now. */
  reconcileAnew(): void;
  /** What stops on islands may run now and might not before, or the other way round. */
  stoppingChanged(): void;
  /** Whether anything of the unit runs, or is being ended still. */
  isRunning(unit: string): boolean;
  /** A second instance of an elastic function that this node is to run; undefined where it is not, or the guard denies it. */
  standIn(unit: string): Promise<StandIn | undefined>;
  committed(lanes: readonly Lane[]): void;
  /** To devices behind doors of the app, what roams. Returns to how many. */
  give(app: string, type: string, subject: string, payload: Uint8Array): number;
  /** These stand in line for the disk. */
  lined(...lined: Parameters<LinedListener>): void;
  status(): AgentStatus;
  /** Hands over again what functions could not handle. Returns how many events will be. */
  replay(choice: { readonly app?: string | undefined; readonly function?: string | undefined; readonly event?: string | undefined }): number;
  /** Lets what is held back start again. Returns how many units that are. */
  release(choice: { readonly app?: string | undefined; readonly function?: string | undefined }): Promise<number>;
  close(): Promise<void>;
}

interface Running {
  readonly key: string;
  readonly unit?: RunningUnit;
  readonly source?: RunningSource;
  readonly schedule?: Schedule;
  readonly gate?: JobGate;
  readonly elastic?: ElasticUnit;
}

export function createAgent(context: AgentContext): Agent {
  const { log, ports } = context;
  const node: Principal = { kind: "node", name: log.origin };
  const running = new Map<string, Running>();
  /** What is being ended still works on what it has. */
  const stopping = new Map<string, Running>();
  /** What the functions of an app have in common, by a number: it is long, and they may be a thousand. Of the document that runs, no older. */
  let numbers: ReadonlyMap<string, number> = new Map();
  let numbersGiven = 0;
  const warm = createWarmSet(ports.clock);
  const contexts = new WeakMap<AppDocument, UnitContext>();
  const ends = openEnds({ log, events: context.events, ports });
  let heldBack: readonly UnitStatus[] = [];
  const moments = createMoments(ports.clock);
  const scout = createScout(log, () => [...running.values()].flatMap(({ unit }) => unit ?? []));
  let sources: readonly RunningSource[] = [];
  const moves: Moves = createMoves({ log, events: context.events, blobs: context.blobs, guard: context.guard, integrity: context.integrity, ports, ...context.moves, running: (unit) => running.get(`function ${unit}`)?.unit, changed: reachAnew }, context.moves.rules);
  const changed = (): void => {
    sources = [...running.values()].flatMap(({ source }) => source ?? []);
    scout.changed();
  };
  let state: AgentState = "idle";
  let version = 0;
  let problem: HolonError | undefined;
  /** Of which document, and when it was noted last. */
  let refused = { version: 0, notedMs: 0 };
  let busy: Promise<void> | undefined;
  let again = false;
  /** The same document is to be reached once more. */
  let anew = false;
  let closed = false;
  /** Document that runs, but for what the guard denies; its units that come are asked for. */
  let adopted = 0;
  /** Units that it leaves to the site. */
  let left: ReadonlySet<string> = new Set();
  /** The document whose parts run. */
  let ran: Desired | undefined;
  let attempt = 0;
  let starts = 0;
  let timer: Timer | undefined;

  function reachAnew(): void {
    anew = true;
    reconcile();
  }

  function reconcile(): void {
    if (closed) return;
    again = true;
    busy ??= work().finally(() => (busy = undefined));
  }

  async function work(): Promise<void> {
    while (again && !closed) {
      again = false;
      const desired = desiredOf(log, log.origin)?.document;
      if (desired === undefined || (desired.version === version && state === "settled" && !anew)) continue;
      anew = false;
      moves.follow(desired);
      for (const { gate } of running.values()) gate?.look();
      try {
        if (version === 0) await runVerified(desired);
        await reach(desired);
        attempt = 0;
      } catch (error) {
        await refuse(desired, toHolonError(error));
      }
      await departEnded();
      for (const unit of moves.leaving()) if (running.has(`schedule ${unit}`)) await stop(`schedule ${unit}`); // where the document was refused
      moves.begin(adopted === desired.version ? await takeable(desired) : []);
    }
  }

  /** Once granted, a unit is nobody else's: only what could start here is asked for. */
  async function takeable(desired: Desired): Promise<readonly string[]> {
    const units: string[] = [];
    for (const app of desired.apps) {
      for (const fn of app.functions) {
        const unit = `${app.name}/${fn.name}`;
        if (desired.moving?.takes?.some((take) => take.unit === unit) === true && (await refusalOf(needsOfFunction(node, app, fn))) === undefined) units.push(unit);
      }
    }
    return units;
  }

  async function departEnded(): Promise<void> {
    for (const unit of moves.ended()) {
      await stop(`schedule ${unit}`);
      await stop(`function ${unit}`);
      await moves.depart(unit);
    }
  }

  async function reach(desired: Desired): Promise<void> {
    state = "fetching";
    await context.verifier.admitPolicy(desired);
    context.guard.follow(context.verifier.followable(desired)); // a policy that cannot be read is no policy to run under
    const { document, refusal } = await admitted(desired);
    if (refusal === undefined) await context.verifier.admit(desired);
    for (const hash of blobsOf(document)) {
      if (!(await context.blobs.has(hash))) await context.fetch(hash);
      if (closed) return;
    }
    state = "switching";
    const denied = await switchTo(document);
    if (refusal !== undefined) {
      if (version === 0 && document.apps.length > 0) version = document.version;
      throw refusal;
    }
    adopted = desired.version;
    await moves.beganAnew();
    if (denied !== undefined) throw denied; // the rest runs
    const first = version !== desired.version;
    const returned = await context.reachOnSite(desired);
    version = desired.version;
    state = "settled";
    problem = undefined;
    if (first) await report("settled", version, { returned });
  }

  /** What is held back is not looked at further: what goes on in its place was verified when it came, where that is wanted. */
  async function admitted(desired: Desired): ReturnType<Hold["admit"]> {
    const { document, refusal } = await context.hold.admit(desired);
    if (refusal === undefined) return { document };
    return { document: context.verifier.status().required ? onlyOf(context.verifier.verified(), document) : document, refusal };
  }

  /** After a start the newest document may be one that will be refused, or whose blobs have not come: what was verified before it runs, under the policy of now. */
  async function runVerified(newest: Desired): Promise<void> {
    const verified = context.verifier.verified();
    if (verified === undefined || canonicalJson(verified) === canonicalJson(newest)) return;
    const policy = context.verifier.followable(newest)?.policy;
    const { policy: _, ...rest } = verified;
    try {
      const denied = await switchTo({ ...rest, apps: moves.ownOf(verified), ...(policy === undefined ? {} : { policy }) });
      if (denied !== undefined) throw denied;
    } catch (failure) {
      ports.trace.note("error", `desired document ${verified.version}: ${toHolonError(failure).message}`, { code: toHolonError(failure).code }); // its other parts run
    }
    version = verified.version;
  }

  async function refuse(desired: Desired, error: HolonError): Promise<void> {
    if (closed) return;
    const nowMs = ports.clock.monotonicMs();
    const news = problem?.message !== error.message || refused.version !== desired.version;
    state = "refused";
    problem = error;
    // It is tried every minute, for as long as nobody does anything about it.
    if (news || nowMs - refused.notedMs >= limits.refusedTellMs) {
      refused = { version: desired.version, notedMs: nowMs };
      ports.trace.note("error", `desired document ${desired.version}: ${error.message}`, { code: error.code });
    }
    timer?.cancel();
    timer = ports.clock.after(backoffMs(attempt++, { firstMs: limits.unitRestartFirstMs, maxMs: limits.unitRestartMaxMs }, 0.5 + ports.random.uniform() / 2), reconcile);
    if (news) await report("refused", desired.version, { error }).catch((failure: unknown) => ports.trace.note("warn", `report: ${toHolonError(failure).message}`)); // a full disk: the next try says it again
  }

  /** Which document of that version it is: a control plane that was put back from a backup gives a number twice. */
  function markOf(about: number): { readonly document?: string } {
    const held = desiredOf(log, log.origin);
    return held?.document.version === about ? { document: documentMark(ports.crypto.sha256(held.bytes)) } : {};
  }

  const report = (outcome: "settled" | "refused", about: number, { error, returned = [] }: { readonly error?: HolonError; readonly returned?: readonly Returned[] }): Promise<unknown> =>
    log.append({
      records: [
        context.events.record({
          stream: "audit",
          type: "holon.node.reported",
          class: "public",
          producer: "agent",
          data: { version: about, outcome, ...markOf(about), ...(returned.length === 0 ? {} : { returned: returned.slice(0, limits.appFunctionsMax) }), ...(error === undefined ? {} : { code: error.code, message: error.message }) },
        }),
      ],
    });

  /** What is left to the site runs where its lead lets it, whether control can be asked or not. Undefined of what may run anywhere at any time. */
  function tenureOf(app: AppDocument, fn: FunctionDocument): UnitTenure | undefined {
    const unit = `${app.name}/${fn.name}`;
    // Beside control even what goes on waits for its word: control and what runs beside it are put back from one backup, by which the unit may be another's.
    const isControls = fn.needs?.onIsolation === "stop" || (fn.needs !== undefined && context.carriesControl);
    if (!isControls && !left.has(unit)) return undefined;
    return () => {
      const by = letBy(log, unit);
      // What the document that is held leaves to the site is the lead's to grant once that document is reached.
      if (by === undefined || (by === "site" && !left.has(unit))) return undefined;
      return left.has(unit) ? context.tenureOnSite(unit) : context.tenureByControl();
    };
  }

  /** What the guard denies is left out; the first of it is given. */
  async function switchTo(desired: Desired): Promise<HolonError | undefined> {
    left = new Set(desired.delegation?.units.map(({ unit }) => unit));
    const wanted = new Map<string, { readonly key: string; readonly needs: readonly Need[]; start(): Promise<Omit<Running, "key">> }>();
    const named = new Map<string, number>();
    for (const app of desired.apps) {
      const common = JSON.stringify([desired.policy?.hash ?? null, app.models, app.egress, app.sources.map(({ type, stream }) => [type, stream]), app.functions.map(({ on, emits }) => [on, emits]), ...(app.reductions ?? []), ...(app.shared ?? []), app.tracing]);
      const surroundings = named.get(common) ?? numbers.get(common) ?? numbersGiven++;
      named.set(common, surroundings);
      for (const fn of app.functions) {
        const tenure = tenureOf(app, fn);
        if ((tenure !== undefined && tenure() === undefined) || !moves.mayRun(`${app.name}/${fn.name}`)) continue;
        const reads = desired.moving?.reads?.[`${app.name}/${fn.name}`];
        const key = JSON.stringify([fn, surroundings, tenure?.() ?? null, ...(reads === undefined ? [] : [reads])]);
        wanted.set(`function ${app.name}/${fn.name}`, { key, needs: needsOfFunction(node, app, fn), start: () => Promise.resolve(startFunction(app, fn, handedTo(fn, reads))) });
        if ("schedule" in fn.on && !moves.leaving().includes(`${app.name}/${fn.name}`)) {
          const { schedule } = fn.on;
          wanted.set(`schedule ${app.name}/${fn.name}`, { key: JSON.stringify([schedule, tenure?.() ?? null]), needs: needsOfFunction(node, app, fn), start: () => Promise.resolve({ schedule: openSchedule(fn.name, schedule, { app: app.name, log: logUnder(log, tenure), events: context.events, clock: ports.clock, trace: ports.trace }) }) });
        }
      }
      for (const reduction of app.reductions ?? []) {
        const key = JSON.stringify([reduction, desired.policy?.hash ?? null, app.egress, app.sources.map((source) => [source.type, source.class, source.stream]), app.functions.map(({ emits }) => emits)]);
        wanted.set(`reduction ${app.name}/${reduction.name}`, { key, needs: needsOfReduction(node, app, reduction), start: () => Promise.resolve({ unit: startReduction(reduction, unitContext(app)) }) });
      }
      for (const source of app.sources) {
        wanted.set(`source ${app.name}/${source.name}`, { key: JSON.stringify(app.tracing === undefined ? source : [source, app.tracing]), needs: needsOfSource(node, app, source), start: async () => ({ source: await openSource(source, sourceContext(app)) }) });
      }
    }
    numbers = named;
    ran = desired;
    await keepBack(wanted, desired);
    await Promise.all([...running].map(([name, entry]) => (wanted.get(name)?.key === entry.key ? undefined : stop(name))));
    context.guard.setPolicy(desired);
    context.decidesAnew?.();
    await context.served.setDesired(desired);
    context.requests.setApps(desired.apps);
    let denied: HolonError | undefined;
    for (const [name, entry] of wanted) {
      if (closed) continue;
      const refusal = await refusalOf(entry.needs);
      denied ??= refusal;
      if (refusal !== undefined) await stop(name);
      else if (!running.has(name)) {
        starts += 1;
        running.set(name, { key: entry.key, ...(await entry.start()) });
      }
      changed();
    }
    return denied;
  }

  /** What the node ended with too often is not wanted, also where it waits for its lease. */
  async function keepBack(wanted: Map<string, unknown>, desired: Desired): Promise<void> {
    const units = desired.apps.flatMap(unitsAs);
    const held: UnitStatus[] = [];
    for (const { place, app, name, as } of units) {
      const count = ends.heldBack(`${app}/${name}`, as);
      if (count === undefined) continue;
      for (const one of [place, `schedule ${app}/${name}`]) wanted.delete(one);
      held.push(heldStatus(app, name, log.origin, count));
    }
    heldBack = held;
    const about = new Set(units.flatMap(({ place, app, name }) => (wanted.has(place) ? [`${app}/${name}`] : [])));
    // What only watches holds nothing up: a full disk is told of where it matters.
    await ends.running(new Map(units.map(({ app, name, as }) => [`${app}/${name}`, as])), (unit) => about.has(unit)).catch((error: unknown) => ports.trace.note("warn", `what runs here is not noted: ${toHolonError(error).message}`, { code: toHolonError(error).code }));
  }

  /** Undefined where the guard allows all of it. */
  async function refusalOf(needs: readonly Need[]): Promise<HolonError | undefined> {
    for (const { principal, action, resource } of needs) {
      const decision = await context.guard.decide(principal, action, resource);
      if (!decision.allow) return new HolonError("HOLON_POLICY_DENIED", decision.reason);
    }
    return undefined;
  }

  function startFunction(app: AppDocument, fn: FunctionDocument, handed: UnitContext["handed"]): Omit<Running, "key"> {
    const tenure = tenureOf(app, fn);
    const gate = fn.needs?.job === undefined ? undefined : createJobGate({ app: app.name, fn, log: logUnder(log, tenure), events: context.events, clock: ports.clock, trace: ports.trace, planned: (unit) => desiredOf(log, log.origin)?.document.shifts?.[unit], curve: context.curve, readCurves: context.readCurves, isLeaving: (unit) => moves.leaving().includes(unit) });
    const elastic = elasticUnitOf(app, fn, { log, events: context.events, ports, lending: context.lending?.(), rules: context.elasticRules });
    const kind = functionKind(fn, unitContext(app));
    const own = handed === undefined && gate === undefined && tenure === undefined ? unitContext(app) : { ...unitContext(app), handed, gate, tenure };
    const unit = startUnit({ ...fn, on: inputOf(app.name, fn) }, own, elastic?.kind(kind) ?? (fn.elastic === undefined ? kind : alone(`${app.name}/${fn.name}`, kind)));
    gate?.follow(unit);
    return { unit, ...(gate === undefined ? {} : { gate }), ...(elastic === undefined ? {} : { elastic }) };
  }

  const standIn = async (unit: string): Promise<StandIn | undefined> => {
    const found = closed || heldBack.some(({ app, name }) => `${app}/${name}` === unit) ? undefined : elasticFunction(ran?.apps ?? [], unit); // what ended this node does so for siblings too
    if (found === undefined || keepsSomething(unit, log) || (await refusalOf(needsOfFunction(node, found.app, found.fn))) !== undefined) return undefined;
    return standInOf(found, { crypto: ports.crypto, context: unitContext, isBehind: () => running.get(`function ${unit}`)?.elastic?.isBehind() === true });
  };

  /** One for all units of an app: they may be a thousand. */
  function unitContext(app: AppDocument): UnitContext {
    const known = contexts.get(app);
    if (known !== undefined) return known;
    const made: UnitContext = { app, warm, moments, ...context, made: madeIn(app) };
    contexts.set(app, made);
    return made;
  }

  /** Hands on what the app's units made to those of its doors that give it at once. */
  function madeIn(app: AppDocument): UnitContext["made"] {
    const names = app.sources.flatMap((source) => (source.kind === "mqtt" && source.gives?.some(({ atOnce }) => atOnce) === true ? [`source ${app.name}/${source.name}`] : []));
    return (made) => {
      let devices = 0;
      for (const name of names) devices += running.get(name)?.source?.made(made) ?? 0;
      if (devices > 0) log.standBack();
    };
  }

  const sourceContext = (app: AppDocument) => ({ app: app.name, log, events: context.events, guard: context.guard, door: ports.door, clock: ports.clock, random: ports.random, trace: ports.trace, tracing: app.tracing, isThinned: context.isThinned });

  async function stop(name: string): Promise<void> {
    const entry = running.get(name);
    if (entry === undefined) return;
    running.delete(name);
    stopping.set(name, entry);
    changed();
    await entry.schedule?.close();
    await entry.gate?.close();
    await entry.source?.close();
    await entry.unit?.stop();
    stopping.delete(name);
  }

  return {
    reconcile,
    ran: () => ran,
    reconcileAnew: reachAnew,
    stoppingChanged() {
      for (const { unit } of [...running.values(), ...stopping.values()]) unit?.tenureChanged(); // at once, whatever is being reached
      reachAnew();
    },
    standIn,
    isRunning: (unit) => running.has(`function ${unit}`) || stopping.has(`function ${unit}`),
    committed(lanes) {
      for (const source of sources) source.committed(lanes);
      if (running.size > scoutFrom) {
        // The scout looks at what this node made.
        if (lanes.some(({ origin }) => origin !== log.origin)) for (const { unit } of running.values()) if (unit?.readsOthers === true) unit.committed();
        return scout.committed(lanes);
      }
      for (const { unit } of running.values()) unit?.committed();
    },
    give: (app, ...order) => [...running].reduce((sum, [name, { source }]) => sum + (name.startsWith(`source ${app}/`) ? (source?.roaming(...order) ?? 0) : 0), 0),
    lined(records, sequences, settled) {
      if (running.size > scoutFrom) return; // what is read once for all is read from the disk
      for (const run of stagedRuns(records, sequences, settled, log)) for (const { unit } of running.values()) unit?.staged(run);
    },
    status: () => ({
      state,
      version,
      sources: [...running.values()].flatMap(({ source }) => source?.status() ?? []),
      units: [...[...running.values(), ...stopping.values()].flatMap(({ unit }) => unit?.status() ?? []), ...heldBack],
      sandboxes: warm.status(),
      moving: moves.status(),
      starts,
      problem: problem?.toJSON(),
    }),
    replay({ app, function: fn, event }) {
      let count = 0;
      for (const [name, { unit }] of running) {
        const [kind, path = ""] = name.split(" ");
        const [ofApp, ofFunction] = path.split("/");
        if (kind === "function" && (app === undefined || app === ofApp) && (fn === undefined || fn === ofFunction)) count += unit?.replay(event) ?? 0;
      }
      return count;
    },
    async release({ app, function: fn }) {
      const count = await ends.release((unit) => (app === undefined || unit.startsWith(`${app}/`)) && (fn === undefined || unit.endsWith(`/${fn}`)));
      if (count > 0) reachAnew();
      return count;
    },
    async close() {
      closed = true;
      timer?.cancel();
      moves.close();
      for (const [name, entry] of running) if (entry.source !== undefined) await stop(name);
      await Promise.all([...running.keys()].map((name) => stop(name)));
      await ends.close().catch((error: unknown) => ports.trace.note("warn", `ends of the node: ${toHolonError(error).message}`)); // then this end counts as one
    },
  };
}

/** Functions and reductions of an app, by the names under which they run, and what is deployed under each. */
const unitsAs = (app: AppDocument): readonly { readonly place: string; readonly app: string; readonly name: string; readonly as: string }[] => [
  ...app.functions.map(({ name, code }) => ({ place: `function ${app.name}/${name}`, app: app.name, name, as: `${app.version} ${code.slice(0, 16)}` })),
  ...(app.reductions ?? []).map(({ name }) => ({ place: `reduction ${app.name}/${name}`, app: app.name, name, as: app.version })),
];

/** So few look for themselves sooner than one looks for them. */
const scoutFrom = 8;

/** What is placed by its needs is handed what is in the log of its node, or of that what comes from its sources. */
const handedTo = ({ needs }: FunctionDocument, reads: readonly string[] | undefined): UnitContext["handed"] => (needs === undefined ? undefined : (origin) => reads === undefined || reads.includes(origin));

const blobsOf = (desired: Desired): readonly BlobHash[] =>
  desired.apps.flatMap((app) => [...app.functions.map((fn) => fn.code), ...app.models.map((model) => model.graph)]);
