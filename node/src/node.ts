/**
 * One node: a log, a runtime, a guard, and a link to its parent and from its children, over ports. It opens from its own disk and
 * needs nothing else to work.
 */
// long file: the one place where the parts of a node are put together.
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { Binding } from "@holon/core/identity/chip.ts";
import type { SeriesHeard } from "@holon/core/identity/series.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane, type NewRecord } from "@holon/core/log/log.ts";
import { defaultRetention } from "@holon/core/log/retention.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import type { Lobby, Ports, Tensor } from "@holon/core/ports.ts";
import { mergeShared } from "@holon/core/shared/state.ts";
import { knownValues, type KnownValue } from "@holon/core/placement/known.ts";
import { notFound } from "@holon/core/placement/not-found.ts";
import type { WithheldRow } from "@holon/core/policy/withheld.ts";
import type { Condition } from "@holon/core/schema/condition.ts";
import type { LinksReport } from "@holon/core/schema/links-report.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { ElectionMachine } from "@holon/core/site/election.ts";
import { isNodeName, type BlobHash, type NodeName } from "@holon/core/units.ts";
import { openBlobStore, type BlobStore } from "./blob/store.ts";
import { keepNamed } from "./run/fitted.ts";
import { desiredCell, desiredOf } from "./desired/documents.ts";
import { createRequests, type FunctionAnswer, type FunctionRequest, type Requests } from "./trigger/requests.ts";
import { createOrderIndex, type OrderIndex } from "./door/order-index.ts";
import { createOrders } from "./door/orders.ts";
import type { OwnRecords } from "./door/own-records.ts";
import { createReplicaIndex, type ReplicaIndex } from "./trigger/replicas.ts";
import { createWays, type Ways } from "./trigger/ways.ts";
import { createAgent, type Agent, type AgentContext, type AgentStatus } from "./desired/agent.ts";
import { createDiagnosis, createRoom, type Diagnosis } from "./diagnosis/diagnosis.ts";
import type { createErrands } from "./diagnosis/errands.ts";
import { openOwnLines } from "./diagnosis/own-lines.ts";
import { createEvents, type Events } from "./event/events.ts";
import { openedRecord, startedRecord } from "./event/own-records.ts";
import { createAdmission, defaultAdmissionBounds, type Admission, type AdmissionBounds, type AdmissionStatus } from "@holon/core/link/admission.ts";
import { createBlobExchange, type BlobExchange } from "./link/blob-exchange.ts";
import { createHistoryReports } from "./link/history-reports.ts";
import { createCalls, type CallHandler, type Calls } from "./link/calls.ts";
import { createChipAlarm } from "./identity/chip-alarm.ts";
import { createIdentityKeeper, type IdentityKeeper } from "./identity/keeper.ts";
import { createCurves, type Curves } from "./energy/curves.ts";
import { answerHolding } from "./inventory/holding.ts";
import { createSelf, type Self } from "./inventory/self.ts";
import { createRefusals, type Refusals } from "./identity/refusals.ts";
import { createHops } from "./link/hops.ts";
import { createDownlinks, type DownlinkStatus, type Downlinks } from "./link/downlinks.ts";
import { misplacedBelow } from "./link/misplaced.ts";
import type { Peer } from "./link/peer.ts";
import { statusForAbove } from "./link/status-above.ts";
import { answerAbove, linksReport } from "./link/overview.ts";
import { createUplink, type Uplink, type UplinkStatus } from "./link/uplink.ts";
import type { Damage, LostRange, UnsettledLane } from "./log/progress.ts";
import { damageTold, hasNews, isTellable, untold } from "./log/damage-told.ts";
import { createEpilogue, type Epilogue } from "./log/epilogue.ts";
import { createKeeper, type Keeper } from "./log/keeper.ts";
import { appendSoon } from "./log/append-soon.ts";
import { openLog, type SegmentLog } from "./log/segment-log.ts";
import { createScrubber, type ScrubStatus, type Scrubber } from "./log/scrubber.ts";
import { createSurveyor, type Surveyor } from "./log/surveyor.ts";
import { createGuard, type Guard } from "./policy/guard.ts";
import { createWithheldAlarm } from "./policy/withheld-alarm.ts";
import { createSharedExchange, type Partner, type SharedExchange, type SharedStatus } from "./shared/exchange.ts";
import { openSharedStore, type SharedStore } from "./shared/store.ts";
import { answerQuotes, measuredCondition } from "./measure/quoting.ts";
import { createHold } from "./measure/hold.ts";
import { withHold } from "./measure/held-ports.ts";
import { createMeasureWatch, type MeasureStatus, type MeasureWatch } from "./measure/watch.ts";
import { createMeter, type Meter, type MeterRow } from "./meter/meter.ts";
import type { Decision } from "./model/decision.ts";
import { createServedModels, type ServedModels, type ServedStatus } from "./model/served-models.ts";
import { failedEventsOf, type FailedRow } from "./run/failed-rows.ts";
import type { AlertParts } from "./alert/alerts.ts";
import { createMoveAsks } from "./moving/asks.ts";
import type { MoveRules } from "./moving/moves.ts";
import { createStateKeeper, type StateKeeper } from "./moving/state-keeper.ts";
import { createTelemetry, type Telemetry } from "./telemetry/telemetry.ts";
import type { RouteStatus } from "@holon/core/alert/route-status.ts";
import type { ExportStatus } from "@holon/core/telemetry/export-status.ts";
import type { createHistory } from "@holon/core/telemetry/history.ts";
import type { createFleetView } from "@holon/core/telemetry/fleet-view.ts";
import type { thin } from "@holon/core/telemetry/thinning.ts";
import { createHandedTeller } from "./condition/handed.ts";
import { createTeller } from "./condition/teller.ts";
import { openVerifier, type SignatureStatus, type Verifier } from "./trust/verifier.ts";
import { createSite, type Site, type SiteStatus } from "./site/site.ts";
import type { TenantRow } from "./site/tenant.ts";
import { createElasticity, type Elasticity } from "./elastic/elasticity.ts";
import type { ElasticRules } from "./elastic/elastic-unit.ts";
import type { HelpRow } from "./elastic/helping.ts";
import { openStewardship, type Stewardship, type StewardshipRules } from "./site/stewardship.ts";

export interface NodeStatus {
  readonly node: NodeName;
  readonly site: string;
  readonly tier: NodeConfig["tier"];
  readonly jurisdiction: string;
  readonly upMs: number;
  /** Its own wall clock as it says this: what it tells of times is by that clock, right or not. */
  readonly wallMs: number;
  readonly agent: AgentStatus;
  /** What is verified of what runs; undefined before the first document has come. */
  readonly signatures: SignatureStatus | undefined;
  readonly uplink: UplinkStatus | undefined;
  /** The node among its siblings; undefined where it has none. */
  readonly election: SiteStatus | undefined;
  readonly children: readonly DownlinkStatus[];
  /** How much of its children it takes on; undefined where it takes none. */
  readonly admission: AdmissionStatus | undefined;
  /** Blobs that this node or one below it waits for. */
  readonly blobsWanted: number;
  /** What it shares with other sites, and how that stands. */
  readonly shared: SharedStatus | undefined;
  /** Models that the node itself answers for. */
  readonly models: readonly ServedStatus[];
  readonly lanes: readonly { readonly lane: string; readonly sequence: number }[];
  readonly log: {
    readonly disk: "ok" | "full" | "failed";
    readonly sizeBytes: number;
    /** Records that are damaged, exactly, as found when the log was opened. */
    readonly lost: readonly LostRange[];
    /** Lanes of which more may be lost than that, and behind which record: nothing that is left says how far they went. */
    readonly unsettled: readonly UnsettledLane[];
    /** Cells, among them positions and offsets of sources, that may have gone back with what was lost. */
    readonly staleCells: readonly string[];
    /** Batches in which flipped bits were mended. */
    readonly mended: number;
    /** What was looked at again in the background since the start. */
    readonly scrubbed: ScrubStatus | undefined;
  };
  /** What it knows of itself, with when and from where; and what it does not know. */
  readonly known: readonly KnownValue[];
  /** Whether the node is made of what was adopted; undefined where nothing measures it. */
  readonly measured?: MeasureStatus | undefined;
  /** Whether its certificate is bound to its TPM, and what is wrong with that; undefined where nothing proves who it is. */
  readonly binding?: Binding | undefined;
  /** Under which series of the authority its certificate stands, and the newest that it has heard of; undefined likewise. */
  readonly series?: SeriesHeard | undefined;
  /** Units that control has left to the site; undefined where there are none. */
  readonly delegated?: readonly TenantRow[] | undefined;
  /** What this node has done of what waited on siblings; undefined where it was nothing. */
  readonly helped?: readonly HelpRow[] | undefined;
  /** How its telemetry stands on its way to a collector; undefined where none was named. */
  readonly export?: ExportStatus | undefined;
  /** The ways on which it tells of alerts; undefined where it has none. */
  readonly alertRoutes?: readonly RouteStatus[] | undefined;
  /** What was made to leave and is kept here by the policy; undefined where nothing is. */
  readonly withheld?: readonly WithheldRow[] | undefined;
  /** Parts of the log that were found damaged at this start and at none before. */
  readonly damage: readonly Damage[];
}

export interface HolonNode {
  readonly config: NodeConfig;
  readonly log: SegmentLog;
  readonly blobs: BlobStore;
  readonly events: Events;
  readonly calls: Calls;
  /** State shared between sites, as far as this node has merged it. */
  readonly shared: SharedStore;
  /** Where children reach it, if it takes any. */
  readonly address: string | undefined;
  /** Tells the trail that the node has started, and where its local API is reached (`http://127.0.0.1:7402`) if it has one. */
  announce(api?: string): Promise<void>;
  status(): NodeStatus;
  /** Its links at this moment, as it tells them to whom stands above it. */
  links(): LinksReport;
  /** Asks a function that answers requests. `HOLON_ARGUMENT_BAD`, `HOLON_CALL_BUSY`, `HOLON_CALL_TIMEOUT`. */
  ask(app: string, request: FunctionRequest): Promise<FunctionAnswer>;
  /** Asks another node, or itself, as one that stands above it. */
  askNode(node: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** What one of its models with `cascade` or `drift` says of rows. */
  decide(app: string, model: string, rows: Tensor): Promise<readonly Decision[]>;
  cutUplink(): void;
  healUplink(): void;
  /** The term in which this node leads its site at this moment; undefined while it does not. */
  leads(): number | undefined;
  /** What each function has used since it was first started here. */
  metered(): readonly MeterRow[];
  /** Events that functions could not handle. */
  failedEvents(): readonly FailedRow[];
  /** Lets functions and reductions start again that are held back. Returns how many there were. */
  releaseHeld(choice: Parameters<Agent["release"]>[0]): Promise<number>;
  /** Hands them over again; returns how many will be. */
  replayFailed(choice: Parameters<Agent["replay"]>[0]): number;
  /** Decides what runs, is used, leaves or is called here. */
  readonly guard: Guard;
  /** A newer list of the revoked was put into its identity: neighbours are told. */
  revoked(): void;
  /** What units hold on their way, for who carries control. */
  readonly states: StateKeeper;
  /** Whether a peer may ask in the name of a node: it is that node, or leads to it. */
  speaksFor(peer: NodeName, node: string): boolean;
  /** What it says, as it keeps it. */
  readonly trace: Ports["trace"];
  /** Looks into this node, and into those below. */
  readonly diagnosis: Diagnosis;
  /** What it measures of itself, and knows of those below; undefined where its configuration wants none. */
  readonly telemetry: Telemetry | undefined;
  readonly clock: Ports["clock"];
  /** Methods of `call` that this node answers. */
  readonly handlers: Map<string, CallHandler>;
  close(): Promise<void>;
}

/** Parts that need each other through closures. */
interface Parts {
  uplink: Uplink | undefined;
  downlinks: Downlinks | undefined;
  agent: Agent | undefined;
  requests: Requests | undefined;
  replicas: ReplicaIndex | undefined;
  ways: Ways | undefined;
  orders: (OwnRecords & { readonly index: OrderIndex }) | undefined;
  keeper: Keeper | undefined;
  site: Site | undefined;
  exchange: BlobExchange | undefined;
  surveyor: Surveyor | undefined;
  epilogue: Epilogue | undefined;
  meter: Meter | undefined;
  scrubber: Scrubber | undefined;
  sharing: SharedExchange | undefined;
  served: ServedModels | undefined;
  identity: IdentityKeeper | undefined;
  refusals: Refusals | undefined;
  verifier: Verifier | undefined;
  self: Self | undefined;
  measure: MeasureWatch | undefined;
  telemetry: Telemetry | undefined;
  curves: Curves | undefined;
  diagnosis: Diagnosis | undefined;
  stewardship: Stewardship | undefined;
  elasticity: Elasticity | undefined;
}

/** Parts that a test may put in another's place. */
export interface NodeParts {
  readonly mergeShared?: typeof mergeShared;
  readonly election?: ElectionMachine;
  readonly admission?: (bounds: AdmissionBounds) => Admission;
  readonly moves?: MoveRules;
  readonly stewardship?: StewardshipRules;
  readonly thin?: typeof thin;
  readonly fleetView?: typeof createFleetView;
  readonly history?: typeof createHistory;
  readonly alerting?: AlertParts;
  readonly errands?: typeof createErrands;
  readonly elastic?: ElasticRules;
}

/** What only the machine knows. */
export interface NodeHost {
  /** Whether its configuration's file says otherwise than what it was started with. */
  readonly isConfigChanged?: (() => Promise<boolean>) | undefined;
}

export async function openNode(config: NodeConfig, given: Ports, { election, admission: ownAdmission, mergeShared: ownMerge, moves: rules, stewardship: stewardshipRules, thin: ownThin, fleetView, history, alerting, errands, elastic, isConfigChanged }: NodeParts & NodeHost = {}): Promise<HolonNode> {
  const name = config.name as NodeName; // the configuration's schema has checked it
  const { clock, disk, random } = given;
  const startedMs = clock.monotonicMs();
  const events = createEvents(config, clock);
  const integrity: Integrity = { sha256: given.crypto.sha256, crc32: given.codec.crc32, cipher: given.cipher };
  const parts: Parts = { uplink: undefined, downlinks: undefined, agent: undefined, requests: undefined, replicas: undefined, ways: undefined, orders: undefined, keeper: undefined, site: undefined, exchange: undefined, surveyor: undefined, epilogue: undefined, meter: undefined, scrubber: undefined, sharing: undefined, served: undefined, identity: undefined, refusals: undefined, verifier: undefined, self: undefined, telemetry: undefined, measure: undefined, diagnosis: undefined, stewardship: undefined, curves: undefined, elasticity: undefined };
  const log = await openLog({ origin: name, disk, clock, random, integrity, ...segmentSize(config), opened: (stream, predecessor) => openedRecord(events, stream, predecessor), full: () => parts.keeper?.full(), freed: () => parts.keeper?.freed() });
  const ownLines = await openOwnLines({ trace: given.trace, clock, keeper: given.lines, run: log.epoch });
  const told: Ports = { ...given, trace: ownLines.trace };
  const documentAtStart = desiredOf(log, name)?.document;
  const hold = createHold({ log, events, ports: told, ran: () => parts.agent?.ran() ?? documentAtStart, looked: () => parts.measure?.looked(), lifted: () => parts.agent?.reconcileAnew() });
  const ports: Ports = withHold(told, hold, config);
  ports.trace.note("info", `${name} of ${config.site} starts as ${config.tier}`, { clock: clock.wall().state });
  for (const damage of log.damage) ports.trace.note("error", `${damage.segment}: bytes ${damage.fromByte} to ${damage.toByte} are damaged (${damage.what})`, { code: "HOLON_LOG_DAMAGED" });
  const blobs = await openBlobStore(disk, integrity);
  await keepNamed({ blobs, log });
  const handlers = new Map<string, CallHandler>();
  const failed = (error: unknown): void => ports.trace.note("warn", error instanceof Error ? error.message : String(error));
  const route = (to: NodeName) => parts.site?.peer(to) ?? named(parts.uplink?.peer(), to) ?? parts.downlinks?.towards(to) ?? parts.uplink?.peer() ?? parts.site?.relayPeer();
  const calls = createCalls({ self: name, clock, handlers, route: (to, from) => withoutReturn(route(to), from), above: () => aboveOf(parts), room: createRoom(clock, () => parts.uplink), denied: (peer, { code, message }) => parts.refusals?.turnedAway({ code, message, proved: peer, claimed: undefined }) });
  const exchange = createBlobExchange({ store: blobs, isRoot: config.parent === undefined, clock, failed, denied: ({ name: peer }, { code, message }) => parts.refusals?.turnedAway({ code, message, proved: peer, claimed: undefined }) });
  parts.exchange = exchange;
  const guard = createGuard({ config, log, clock, events, integrity });
  const verifier = await openVerifier({ config, log, blobs, ports, fetch: exchange.fetch });
  parts.verifier = verifier;
  followPolicy(guard, log, verifier, ports);
  const histories = createHistoryReports(log, ports.clock, events, failed);
  parts.identity = keepIdentity(name, parts, { ports, calls, handlers, log, events });
  const refusals = (parts.refusals = createRefusals(log, events, clock, failed));

  if (config.parent !== undefined) {
    parts.uplink = createUplink({ config, parent: config.parent, log, ports, calls, blobs: exchange, mayLeave: guard.towards(config.uplink?.jurisdiction), ...histories, turnedAway: refusals.turnedAway, changed: () => uplinkChanged(parts) });
  }
  const shared = openSharedStore({ log, clock, merge: ownMerge ?? mergeShared, changed: () => parts.sharing?.wake() });
  const requests = createRequests({ log, events, guard, ports });
  parts.requests = requests;
  const meter = createMeter({ config, log, events, ports, inferred: (...of) => parts.telemetry?.inferred(...of), handled: (...of) => parts.telemetry?.handled(...of) });
  parts.meter = meter;
  const served = createServedModels({ tier: config.tier, jurisdiction: config.jurisdiction, isRoot: config.parent === undefined, log, events, blobs, guard, calls, handlers, ports, above: () => parts.uplink?.peer() ?? parts.site?.relayPeer(), siblings: () => config.siblings.flatMap((sibling) => (isNodeName(sibling.name) ? (parts.site?.peer(sibling.name) ?? []) : [])) });
  parts.served = served;
  parts.curves = createCurves({ sources: config.inventory?.energy ?? {}, feeds: ports.feeds, log, events, ports });
  const siblings = config.siblings.flatMap((sibling) => (isNodeName(sibling.name) ? [sibling.name] : []));
  if (siblings.length > 0) parts.elasticity = createElasticity({ self: name, config, siblings, ports, calls, handlers, guard, site: () => parts.site, agent: () => parts.agent, inventory: () => parts.self?.inventory() });
  parts.agent = createAgent({ isThinned: (traceId) => parts.telemetry?.isThinned(traceId) === true, lending: () => parts.elasticity?.lending, elasticRules: elastic, log, integrity, events, blobs, guard, shared, served, verifier, hold, ports, requests, meter, fetch: exchange.fetch, moves: movesOf(config, parts, { identity: ports.identity, calls, handlers, rules }), carriesControl: config.control, tenureByControl: () => parts.self?.tenure(), tenureOnSite: (unit) => parts.stewardship?.tenure(unit), reachOnSite: (document) => parts.stewardship?.reach(document) ?? Promise.resolve([]), decidesAnew: () => reconsider(parts), curve: (kind) => parts.curves?.of(kind), readCurves: () => parts.curves?.read() ?? Promise.resolve() });
  const states = createStateKeeper({ self: name, log, blobs, disk, integrity, calls, handlers, above: () => aboveOf(parts)?.name });
  const speeds = (): Readonly<Record<string, number>> => ({ ...served.speeds(), ...Object.fromEntries((parts.agent?.status().units ?? []).flatMap(({ app, name: fn, callMs }) => (callMs === undefined ? [] : [[`${app}/${fn}`, callMs] as const]))) });
  const ofSelf = { speeds, version: () => desiredOf(log, name)?.document.version ?? 0, changed: () => parts.agent?.stoppingChanged(), append: (record: NewRecord) => appendSoon(log, clock, { records: [record] }) };
  parts.self = createSelf({ self: name, config, events, calls, handlers, ports, host: ports.host, above: () => parts.uplink?.peer() ?? parts.site?.relayPeer(), beside: () => siblings.flatMap((sibling) => parts.site?.peer(sibling) ?? []), speaksFor: speaksFor(parts, name), ...ofSelf });
  answerHolding({ self: name, log, crypto: ports.crypto, handlers, above: () => aboveOf(parts)?.name, isLeased: () => parts.self?.holds() === true });
  if (config.listen !== undefined) {
    // What a sibling sent is safe when this node's own parent says so: a sibling's disk is no nearer to the root.
    const safe = (lane: Lane, received: number): number => (parts.uplink === undefined ? received : Math.min(received, parts.uplink.safe().get(laneName(lane)) ?? 0));
    const { creditBytes, waitingMax } = config.downlink ?? {};
    const bounds = { ...defaultAdmissionBounds, ...(creditBytes === undefined ? {} : { creditBytesMax: creditBytes }), ...(waitingMax === undefined ? {} : { waitingMax }) };
    const admission = (ownAdmission ?? createAdmission)(bounds);
    const hops = config.telemetry === undefined ? undefined : createHops({ self: name, integrity, events, clock, here: (node, atMs) => parts.telemetry?.view.here(node, atMs) ?? atMs, append: (records) => void log.append({ records }).catch(failed) });
    parts.downlinks = createDownlinks({
      admission, log, integrity, ports, calls, blobs: exchange, safe, takesRelayed: () => parts.site?.takesRelayed() ?? false, branched: histories.branched,
      misplaced: (peer, tier) => misplacedBelow(config, peer, tier, parts.uplink?.peer()?.name),
      lobby: lobbyOf(parts),
      arrived: hops?.arrived,
      changed: () => {
        parts.telemetry?.childrenChanged(parts.downlinks?.senders() ?? [], parts.downlinks?.beside() ?? []);
        parts.diagnosis?.desk.look();
      },
    });
    if (config.siblings.length > 0) {
      const { uplink, downlinks } = parts;
      parts.site = createSite({ config, log, events, ports, calls, handlers, blobs: exchange, uplink, downlinks, machine: election, mayLeave: guard.towards(config.jurisdiction), reports: histories, turnedAway: refusals.turnedAway, linksChanged: () => parts.identity?.linksChanged() });
      parts.stewardship = openStewardship({ config, log, events, guard, ports, calls, handlers, site: parts.site, agent: parts.agent, isConnected: () => parts.self?.holds() ?? false, rules: stewardshipRules });
    }
  }
  parts.sharing = createSharedExchange({ store: shared, epoch: log.epoch, calls, handlers, guard, ports, partners: () => partnersOf(config, parts), desired: () => desiredOf(log, name)?.document });
  const status = (): NodeStatus => ({ ...statusOf(config, log, parts, damage, { upMs: clock.monotonicMs() - startedMs, wallMs: clock.wall().ms }, () => knownOf(parts, clock)), binding: ports.identity?.binding(), series: ports.identity?.seriesHeard(), withheld: withheldOf(guard) });
  parts.telemetry = createTelemetry({ config, log, events, ports, guard, handlers, ask: calls.call, askAbove: (method, parameters, deadlineMs) => { const peer = aboveOf(parts); return peer && calls.callPeer(peer, method, parameters, deadlineMs); }, thin: ownThin, fleetView, history, alerting, status, metered: () => meter.totals(), received: () => parts.uplink?.received(), heardMs: (node) => (isNodeName(node) ? parts.downlinks?.heardMs(node) : undefined) });
  const damage = untold(log, log.damage, log.lost);
  if (damage.length > 0 || hasNews(log, log.lost)) await appendSoon(log, clock, damageTold(log, events, log.damage, log.lost, log));
  parts.scrubber = createScrubber({ log, ports, told: (found, lost) => (untold(log, found, lost).length > 0 || hasNews(log, lost) ? damageTold(log, events, found, lost) : undefined) });
  if (ports.measurer !== undefined) parts.measure = createMeasureWatch({ measurer: ports.measurer, log, events, blobs, hold, sha256: ports.crypto.sha256, ports, artifacts: () => artifactsOf(log) });
  if (ports.attestor !== undefined) answerQuotes({ self: name, handlers, attestor: ports.attestor, identity: ports.identity, above: () => aboveOf(parts)?.name, status: () => parts.measure?.status() });
  const keeper = createKeeper({ log, policy: config.retention ?? defaultRetention, events, ports, safe: () => parts.uplink?.safe() ?? new Map(), readers: () => readersOf(log).filter((unit) => parts.stewardship?.isDelegated(unit) !== true || parts.stewardship.tenure(unit) !== undefined) });
  parts.keeper = keeper;
  await keeper.start();
  parts.epilogue = createEpilogue(log, ports);
  const surveyor = createSurveyor(log, ports);
  parts.surveyor = surveyor;
  surveyor.wake();
  log.onLined((...lined) => parts.agent?.lined(...lined));
  const unsubscribe = log.onCommit(({ lanes, cells }) => {
    if (cells.includes(desiredCell(name))) {
      followPolicy(guard, log, verifier, ports);
      reconsider(parts);
    }
    committed(parts, name, lanes, cells);
  });
  // All that is answered over links is there before the first opens: a start may take its time behind it.
  const replicas = createReplicaIndex(log, ports.trace);
  parts.replicas = replicas;
  parts.ways = createWays({
    self: name, jurisdiction: config.jurisdiction, parentJurisdiction: config.uplink?.jurisdiction, ports, calls, handlers, guard, requests, below: replicas,
    isRunning: (unit) => parts.agent?.isRunning(unit) ?? false, holderOf: (unit) => parts.stewardship?.holderOf(unit), isSibling: (node) => config.siblings.some((sibling) => sibling.name === node),
    towards: (node) => (parts.site?.peer(node) ?? parts.downlinks?.towards(node))?.name, above: () => aboveOf(parts),
  });

  const index = createOrderIndex(log, ports.trace);
  const orders = createOrders({
    self: name, parentJurisdiction: config.uplink?.jurisdiction, log, events, ports, calls, handlers, guard, index, append: ofSelf.append,
    give: (...order) => parts.agent?.give(...order) ?? 0, towards: (node) => parts.downlinks?.towards(node)?.name, speaksFor: speaksFor(parts, name), above: () => parts.uplink?.peer()?.name,
  });
  parts.orders = { ...orders, index };

  const diagnosis = createDiagnosis({ config, log, events, guard, ports, ownLines, telemetry: parts.telemetry, handlers, calls, status, errands, adopt: (...what) => adoptIn(parts, name, what), above: () => aboveOf(parts)?.name });
  parts.diagnosis = diagnosis;
  const links = (): LinksReport => linksReport(parts.downlinks?.status() ?? [], parts.uplink?.status());
  answerAbove({ self: name, handlers, links, above: () => (parts.uplink?.peer() ?? parts.site?.relayPeer())?.name, status: () => ({ status: statusForAbove(status()), meter: meter.totals() }), clock: () => { const { ms, state } = clock.wall(); return { wallMs: ms, state, epoch: log.epoch }; } });

  const address = await listen(config, parts).catch(async (error: unknown) => {
    await closeNode(parts, { log, guard, clock, unsubscribe });
    throw error;
  });
  parts.agent.reconcile();
  await parts.telemetry?.start();
  parts.identity?.start();
  parts.self?.start();
  parts.curves.start();
  const teller = createTeller({ events, ports, now: () => conditionOf(parts, { log, guard, clock, attestor: ports.attestor, isConfigChanged }), append: ofSelf.append });
  teller.start();
  const handedTeller = createHandedTeller({ events, ports, units: () => parts.agent?.status().units ?? [], models: () => parts.served?.status() ?? [], append: ofSelf.append });
  const withheldAlarm = createWithheldAlarm({ events, ports, rows: guard.withheld, append: ofSelf.append });
  parts.uplink?.start();
  if (address !== undefined) await parts.site?.start(address);
  parts.stewardship?.start();

  return {
    config,
    log,
    blobs,
    events,
    calls,
    shared,
    handlers,
    guard,
    revoked: () => parts.identity?.spread(),
    states,
    speaksFor: speaksFor(parts, name),
    address,
    announce: (api) => appendSoon(log, clock, { records: [startedRecord(events, config, api)] }),
    status,
    links,
    trace: ownLines.trace,
    diagnosis,
    telemetry: parts.telemetry,
    clock,
    ask: parts.ways.ask,
    askNode: (to, method, parameters, deadlineMs) => (to === name ? (handlers.get(method)?.(parameters, name) ?? Promise.reject(new HolonError("HOLON_CALL_UNKNOWN", `${name} has no method ${method}`))) : calls.call(to, method, parameters, deadlineMs)),
    decide: (app, model, rows) => served.decide(app, model, rows, { told: (own) => own }), // nobody was handed them here
    cutUplink: () => parts.uplink?.cut(),
    healUplink: () => parts.uplink?.heal(),
    leads: () => parts.site?.leads(),
    metered: () => meter.totals(),
    failedEvents: () => failedEventsOf(log),
    releaseHeld: (choice) => parts.agent?.release(choice) ?? Promise.resolve(0),
    replayFailed: (choice) => parts.agent?.replay(choice) ?? 0,
    close: () => {
      teller.close();
      handedTeller.close();
      withheldAlarm.close();
      return closeNode(parts, { log, guard, clock, unsubscribe });
    },
  };
}

function withheldOf(guard: Guard): NodeStatus["withheld"] {
  const rows = guard.withheld();
  return rows.length === 0 ? undefined : rows;
}

/** `HOLON_COMMAND_UNKNOWN` where nothing measures it. */
function adoptIn({ measure }: Parts, self: NodeName, [by, because, found]: Parameters<MeasureWatch["adopt"]>): ReturnType<MeasureWatch["adopt"]> {
  return measure?.adopt(by, because, found) ?? Promise.reject(new HolonError("HOLON_COMMAND_UNKNOWN", `nothing measures what ${self} is made of`));
}

/** That it was enrolled its certificate says. */
function knownOf({ self, curves, agent, identity }: Parts, clock: Ports["clock"]): readonly KnownValue[] {
  const inferences = Object.fromEntries((agent?.status().units ?? []).flatMap(({ app, name, inferenceMs: { p50 } }) => (p50 === undefined ? [] : [[`${app}/${name}`, p50] as const])));
  const nowMs = clock.wall().ms;
  return knownValues({ report: self?.inventory(), curve: (kind) => curves?.of(kind), inferences, trust: identity === undefined ? undefined : { level: "enrolled", asOfMs: nowMs }, nowMs });
}

async function conditionOf({ agent, measure, self }: Parts, { log, guard, clock, attestor, isConfigChanged }: NodeHost & Pick<Ports, "attestor"> & { readonly log: SegmentLog; readonly guard: Guard; readonly clock: Ports["clock"] }): Promise<Condition> {
  const changed = await isConfigChanged?.();
  const report = self?.inventory();
  const missing = report === undefined ? "" : notFound(report).join("; ").slice(0, 1_000);
  return { version: agent?.status().version ?? 0, policy: guard.inForce().hash ?? null, config: changed === undefined ? null : changed ? "changed" : "as started", clock: clock.wall().state, disk: log.diskState, ...(missing === "" ? {} : { inventory: missing }), ...measuredCondition(measure?.status(), attestor) };
}

/** What leaves is decided by the newest document from the moment it is on disk, whatever keeps the rest of it from being reached; where signatures are required, by what control signed. */
function followPolicy(guard: Guard, log: SegmentLog, verifier: Pick<Verifier, "followable">, { trace }: Pick<Ports, "trace">): void {
  try {
    guard.follow(verifier.followable(desiredOf(log, log.origin)?.document));
  } catch (error) {
    const coded = toHolonError(error);
    trace.note("error", `policy: ${coded.message}`, { code: coded.code }); // the agent refuses the document and says so
  }
}

/** What was denied a link before. */
function reconsider({ uplink, site }: Pick<Parts, "uplink" | "site">): void {
  uplink?.reconsider();
  site?.reconsider();
}

const listen = async (config: NodeConfig, parts: Parts): Promise<string | undefined> =>
  config.listen === undefined ? undefined : parts.downlinks?.listen(config.listen);

function segmentSize({ retention }: NodeConfig): { readonly segmentBytesMax?: number } {
  return retention?.segmentBytesMax === undefined ? {} : { segmentBytesMax: retention.segmentBytesMax };
}

const withoutReturn = <T>(peer: T | undefined, from: T | undefined): T | undefined => (peer === from ? undefined : peer);

function committed(parts: Parts, self: NodeName, lanes: readonly Lane[], cells: readonly string[]): void {
  parts.agent?.committed(lanes);
  parts.requests?.committed();
  parts.orders?.committed(lanes);
  parts.surveyor?.wake();
  const leaving = lanes.filter((lane) => lane.stream !== "local").map(laneName);
  parts.uplink?.committed(leaving);
  parts.telemetry?.committed(lanes, cells);
  parts.curves?.committed(lanes);
  parts.site?.committed(leaving);
  for (const cell of cells) {
    if (!cell.startsWith("desired/")) continue;
    parts.replicas?.changed();
    parts.orders?.index.changed();
    const node = cell.slice("desired/".length);
    if (node === self) {
      parts.agent?.reconcile();
      parts.self?.askSoon();
      parts.sharing?.documentChanged();
    } else if (isNodeName(node)) parts.downlinks?.documentChanged(node);
  }
}

const aboveOf = ({ uplink, site }: Parts): Peer | undefined => uplink?.peer() ?? site?.relayPeer();

/** Who asks for a unit that is to come asks control, by way of those above. */
function movesOf(config: NodeConfig, parts: Parts, { identity, calls, handlers, rules }: { readonly identity: Ports["identity"]; readonly calls: Calls; readonly handlers: Map<string, CallHandler>; readonly rules: MoveRules | undefined }): AgentContext["moves"] {
  const self = config.name as NodeName; // the configuration's schema has checked it
  const asks = createMoveAsks({ self, identity, calls, handlers, above: () => aboveOf(parts), speaksFor: speaksFor(parts, self) });
  return { above: config.parent === undefined ? undefined : { jurisdiction: config.uplink?.jurisdiction }, ...asks, rules };
}

const speaksFor = (parts: Parts, self: NodeName) => (peer: NodeName, node: string): boolean => peer === node || (isNodeName(node) && node !== self && parts.downlinks?.leadsTo(peer, node) === true);

/** Nodes whose world proves nothing keep no identity. */
function keepIdentity(self: NodeName, parts: Parts, { ports, calls, handlers, log, events }: { readonly ports: Ports; readonly calls: Calls; readonly handlers: Map<string, CallHandler>; readonly log: SegmentLog; readonly events: Events }): IdentityKeeper | undefined {
  const { identity, authority } = ports;
  if (identity === undefined) return undefined;
  const above = (): Peer | undefined => parts.uplink?.peer() ?? parts.site?.relayPeer();
  return createIdentityKeeper({
    self, identity, hasAuthority: authority !== undefined, calls, handlers, ports, above,
    dialled: () => [parts.uplink?.peer(), ...(parts.site?.dialled() ?? [])].filter((peer) => peer !== undefined),
    accepted: () => parts.downlinks?.peers() ?? [],
    looked: createChipAlarm(log, events, () => identity.binding(), ports.trace),
  });
}

/** Who is turned away is told in any case; certificates are had only where there is an identity. */
const lobbyOf = (parts: Parts): Lobby => ({
  turnedAway: (who) => parts.refusals?.turnedAway(who),
  reachesAuthority: () => parts.identity?.reachesAuthority() ?? false,
  ask: (method, request) => parts.identity?.ask(method, request) ?? Promise.reject(new HolonError("HOLON_CALL_UNKNOWN", "this node has no way to an authority")),
});

const named = (peer: Peer | undefined, name: NodeName): Peer | undefined => (peer?.name === name ? peer : undefined);

function uplinkChanged({ site, uplink, downlinks, sharing, identity, self, telemetry }: Parts): void {
  downlinks?.look();
  telemetry?.uplinkChanged();
  site?.uplinkChanged();
  self?.linksChanged();
  identity?.linksChanged();
  if (uplink?.peer() !== undefined) sharing?.wake();
}

/** The way up, through a sibling if need be; and the siblings, so that an island agrees by itself. */
function partnersOf({ siblings, jurisdiction, uplink: way }: NodeConfig, { uplink, site }: Parts): readonly Partner[] {
  const above = uplink?.peer() ?? site?.relayPeer();
  const beside = siblings.flatMap(({ name }) => (isNodeName(name) ? (site?.peer(name) ?? []) : [])).filter((peer) => peer.name !== above?.name);
  return [...(above === undefined ? [] : [{ peer: above, isAbove: true, jurisdiction: above === uplink?.peer() ? way?.jurisdiction : jurisdiction }]), ...beside.map((peer) => ({ peer, isAbove: false, jurisdiction }))];
}

/** What a node that is stopped in order still has to say, its decisions last of all, goes out while its link is open: for a moment, not longer. */
async function lastWords({ uplink }: Parts, clock: Ports["clock"]): Promise<void> {
  const untilMs = clock.monotonicMs() + limits.lastWordsMs;
  uplink?.hurry();
  while (uplink?.status().state === "open" && (uplink.status().backlog ?? 0) > 0 && clock.monotonicMs() < untilMs) {
    await new Promise<void>((resolve) => clock.after(limits.lastWordsLookMs, resolve));
  }
}

async function closeNode(parts: Parts, { log, guard, clock, unsubscribe }: { readonly log: SegmentLog; readonly guard: Guard; readonly clock: Ports["clock"]; readonly unsubscribe: () => void }): Promise<void> {
  parts.diagnosis?.close();
  parts.stewardship?.close();
  parts.sharing?.close();
  parts.self?.close();
  parts.curves?.close();
  parts.identity?.close();
  parts.refusals?.close();
  parts.ways?.close();
  parts.orders?.close();
  parts.requests?.close();
  await parts.elasticity?.close();
  await parts.agent?.close();
  await parts.served?.close();
  await parts.meter?.close();
  await parts.telemetry?.close();
  await parts.keeper?.close();
  await parts.surveyor?.close();
  await parts.scrubber?.close();
  await parts.measure?.close();
  await lastWords(parts, clock);
  await guard.closeDecisions().catch(() => undefined); // a log that takes no more is being closed anyway
  await lastWords(parts, clock);
  await parts.site?.close();
  parts.uplink?.close();
  await parts.downlinks?.close();
  parts.exchange?.close();
  unsubscribe();
  await parts.epilogue?.close();
  await log.close();
}

function statusOf(config: NodeConfig, log: SegmentLog, parts: Parts, damage: readonly Damage[], times: Pick<NodeStatus, "upMs" | "wallMs">, known: () => readonly KnownValue[]): NodeStatus {
  return {
    node: log.origin,
    site: config.site,
    tier: config.tier,
    jurisdiction: config.jurisdiction,
    ...times,
    agent: agentOf(parts),
    signatures: parts.verifier?.status(),
    uplink: parts.uplink?.status(),
    election: parts.site?.status(),
    children: parts.downlinks?.status() ?? [],
    admission: parts.downlinks?.admission(),
    blobsWanted: parts.exchange?.wanted() ?? 0,
    shared: parts.sharing?.status(),
    models: parts.served?.status() ?? [],
    lanes: [...log.heads()].map(([lane, { mark }]) => ({ lane, sequence: mark.sequence })).sort((a, b) => (a.lane < b.lane ? -1 : 1)),
    log: { disk: log.diskState, sizeBytes: log.sizeBytes(), lost: log.lost, unsettled: log.unsettled, staleCells: log.staleCells.filter(isTellable), mended: log.mended, scrubbed: parts.scrubber?.status() },
    known: known(),
    measured: parts.measure?.status(),
    delegated: parts.stewardship?.status(),
    helped: parts.elasticity?.status(),
    export: parts.telemetry?.exporting(),
    alertRoutes: routesOf(parts),
    damage,
  };
}

/** A node that tells nobody says nothing of it. */
function routesOf({ telemetry }: Parts): readonly RouteStatus[] | undefined {
  const routes = telemetry?.alerting.routes() ?? [];
  return routes.length === 0 ? undefined : routes;
}

/** What keeps blobs from coming is what keeps this node, or one below it, from what it should run. */
function agentOf({ agent, exchange }: Parts): AgentStatus {
  const status = agent?.status() ?? { state: "idle", version: 0, sources: [], units: [], problem: undefined };
  return { ...status, problem: status.problem ?? exchange?.problem()?.toJSON() };
}

/** Code and models of everything this node is to run. */
const artifactsOf = (log: SegmentLog): readonly BlobHash[] => (desiredOf(log, log.origin)?.document.apps ?? []).flatMap((app) => [...app.functions.map(({ code }) => code), ...app.models.map(({ graph }) => graph)]);

/** `app/function` of everything this node is to run. */
const readersOf = (log: SegmentLog): readonly string[] =>
  (desiredOf(log, log.origin)?.document.apps ?? []).flatMap((app) => [...app.functions, ...(app.reductions ?? [])].map(({ name }) => `${app.name}/${name}`));
