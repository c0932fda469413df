/** The control plane over the log of the node it lives on: deploys apps, plans, and issues one desired document per node. */
// long file: the one place where the parts of control are put together.
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import type { Route, StopSignal } from "@holon/core/api/route.ts";
import { demandVersion, type VersionDemand } from "@holon/core/api/version.ts";
import { driftOf } from "@holon/core/drift.ts";
import { loopProblem } from "@holon/core/run/loops.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { identityMethods } from "@holon/core/identity/messages.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Log, NewRecord } from "@holon/core/log/log.ts";
import type { Explanation } from "@holon/core/placement/explain.ts";
import { needsProblem } from "@holon/core/placement/needs-of-app.ts";
import { twinProblem } from "@holon/core/schema/twins.ts";
import type { Plan } from "@holon/core/placement/planner.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import { tellingProblems } from "@holon/core/reduce/declared.ts";
import { tellingTogether } from "@holon/core/reduce/together.ts";
import type { Authority, Clock, Credentials, Crypto, Director, Identity, IdentityProvider, Timer, Trace } from "@holon/core/ports.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { cascadeProblem } from "@holon/core/schema/model-use.ts";
import type { ModelDocument } from "@holon/core/schema/model.ts";
import { planMethods, renewSchema } from "@holon/core/schema/node-report.ts";
import type { Drift } from "@holon/core/schema/condition.ts";
import type { ProviderConfig } from "@holon/core/schema/provider.ts";
import { createSlices } from "@holon/core/slice.ts";
import type { SignatureFiles } from "@holon/core/schema/signatures.ts";
import type { WhatIfAsk, WhatIfReport } from "@holon/core/schema/what-if.ts";
import { createTurns } from "@holon/core/turns.ts";
import { idempotentRoutes } from "./api/idempotency.ts";
import { createWatching, type WatchedRow, type Watching } from "./watch.ts";
import type { BlobHash, NodeName } from "@holon/core/units.ts";
import { createClaims } from "./store/claims.ts";
import { openAttestation, type KnownTrust } from "./identity/attestation.ts";
import { openRegistrar, type Registrar } from "./identity/registrar.ts";
import { issuedFor } from "./fleet/issued.ts";
import { createNodesHere, type NodesHere } from "./fleet/nodes-here.ts";
import { createTimesHere, type TimesHere } from "./fleet/times-here.ts";
import { openFleetTime, type FleetTime } from "./fleet-time.ts";
import { openConcealed } from "./people/concealed.ts";
import { openPeople, type People } from "./people/people.ts";
import { documentsFor, heldDesired } from "./plan/documents.ts";
import { createHearing, readReturning, returningCell, type Hearing } from "./plan/hearing.ts";
import { readHolders, withHolders, withMove } from "./plan/holders.ts";
import { readLeaving } from "./plan/leaving.ts";
import { tellLeft, tellLeftAtMs, unplacedEvent, type Left } from "./plan/left.ts";
import { answerAskers } from "./plan/askers.ts";
import { createMovers, type StatesHere } from "./plan/movers.ts";
import { readMoves, type Move, type MoveBook } from "./plan/moving.ts";
import { plannedUntilMs } from "./plan/next-run.ts";
import { createRecall, type Recall, type Remembered } from "./plan/recall.ts";
import { watchRewound } from "./plan/rewound.ts";
import { knownStanding } from "./plan/standing.ts";
import { withOverlay } from "./plan/overlays.ts";
import type { PlacementWeights } from "@holon/core/schema/needs.ts";
import { createPlanner, whyNowhere, type InForce } from "./plan/planner.ts";
import { warningsOf } from "./plan/warnings.ts";
import { previewOf, type Preview } from "./plan/preview.ts";
import { type KnownPlan, createFold, eventTypes, type ControlState, type KnownApp, type KnownNode } from "./store/fold.ts";
import type { DoneRun, EnergyState } from "./store/energy.ts";
import { checkServed } from "./served.ts";
import { checkPolicy, createMayCall, type KnownPolicy } from "./store/policy.ts";
import { checkModel, versionOf, type KnownModel } from "./store/models.ts";

/** What control needs of the node it lives on. */
export interface ControlHost {
  readonly log: Log;
  readonly blobs: { has(hash: BlobHash): Promise<boolean>; put(content: Uint8Array): Promise<BlobHash>; read(hash: BlobHash): Promise<Uint8Array> };
  readonly events: { record(input: { stream: "audit" | "alarm"; type: string; class: "public"; producer: string; subject?: string; data: unknown }): NewRecord };
  readonly ports: { readonly clock: Clock; readonly crypto: Crypto; readonly director?: Director; readonly trace: Trace; readonly identity?: Identity | undefined; readonly authority?: Authority | undefined; readonly credentials?: Credentials | undefined; readonly provider?: IdentityProvider | undefined };
  /** Where new nodes reach the fleet. */
  readonly address?: string | undefined;
  /** What the claims of `ports.provider` stand for. */
  readonly provider?: ProviderConfig | undefined;
  /** How long certificates hold; without it `limits.certificateMs`. */
  readonly certificateMs?: number | undefined;
  /** What weighs how much in a plan; without it the defaults. */
  readonly placement?: PlacementWeights | undefined;
  /** Methods of `call` that its node answers. */
  readonly handlers?: { set(method: string, handler: (parameters: unknown, from: NodeName) => Promise<unknown>): unknown };
  /** A newer list of the revoked is in force at its node. */
  revoked?(): void;
  /** What units hold on their way from node to node. */
  readonly states?: StatesHere | undefined;
  /** Asks a node below, by way of those between. */
  ask?(node: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** By how much a node's clock is ahead of what it should be, where it differs. */
  clockOff?(node: string): number | undefined;
  /** A time of a node's clock, in the newest run of it or in that one, as it was by the clock here. */
  timeHere?(node: string, atMs: number, epoch?: string): number;
  /** Whether a peer may ask in the name of a node, where nothing is signed. */
  speaksFor?(peer: NodeName, node: string): boolean;
  /** Lives through hours on a copy of the fleet, beside this thread; `kept` is a plan as it was stored. `HOLON_SIM_BUSY`, `HOLON_SIM_TOO_LARGE`, `HOLON_NODE_UNKNOWN`. */
  readonly whatIf?: ((kept: Uint8Array, ask: WhatIfAsk, gone?: StopSignal) => Promise<WhatIfReport>) | undefined;
  /** How units go from node to node, where a test puts another in its place. */
  readonly moveBook?: MoveBook | undefined;
}

export interface NodeRow extends KnownNode {
  /** Whether it led its site by the last news of that site. */
  readonly leads: boolean;
  /** Version of the document issued for it; 0 if none. */
  readonly desiredVersion: number;
  /** Where it differs from what it is to be, by what it told last. */
  readonly drift: readonly Drift[];
  /** How far it is trusted, by what its TPM last signed; undefined where none was ever asked. */
  readonly trust: KnownTrust | undefined;
  /** Milliseconds since a record of it last arrived here; unknown since this control started if none did. */
  readonly heardMs: number | undefined;
  /** It is no node of the fleet any more. */
  readonly isRevoked: boolean;
}

/** A node, and when a record of it arrived last, in monotonic milliseconds. */
export interface NodeLook {
  readonly node: KnownNode;
  readonly leads: boolean;
  readonly heardAtMs: number | undefined;
  /** It is no node of the fleet any more. */
  readonly isRevoked: boolean;
}

/** Of a node what is at hand. */
export type NodeBrief = KnownNode & Pick<NodeRow, "leads" | "heardMs">;

/** What changes something is told of who did it; without a caller it was a program of this machine. */
export interface Control {
  readonly log: Log;
  readonly blobs: ControlHost["blobs"];
  nodes(): readonly NodeRow[];
  /** What nodes say of when something was, by the clock here. */
  readonly times: TimesHere;
  /** All nodes as they told of themselves: without what has to be found out of each. */
  known(): readonly KnownNode[];
  node(name: string): NodeRow | undefined;
  /** The same without what costs to be found out. */
  brief(name: string): NodeBrief | undefined;
  /** All nodes, and of each what changes most often. */
  looks(): Iterable<NodeLook>;
  apps(): readonly KnownApp[];
  /** Apps of which the node is to run something. */
  appsOn(node: string): readonly string[];
  /** Resolves when the app and the documents that follow from it are on disk, with what was taken and hardly is what its author means, or does not run now: one line each. `HOLON_BLOB_MISSING`, `HOLON_POLICY_DENIED`, `HOLON_APP_BAD`. */
  deploy(document: AppDocument, by?: Caller, demand?: VersionDemand): Promise<readonly string[]>;
  /** Serves what a publisher signed from now on, and deploys an app with it, both or none; answers as `deploy`, and with where versions fall. `HOLON_BLOB_MISSING`, `HOLON_SIGNATURE_AHEAD`, `HOLON_SIGNATURE_BAD`, and what `deploy` refuses. */
  publish(files: SignatureFiles, document?: AppDocument, by?: Caller, demand?: VersionDemand): Promise<readonly string[]>;
  /** Metadata of the publisher that are served now. */
  images(): SignatureFiles | undefined;
  /** The plan in force, with all that it was made from; undefined where nothing that is deployed has needs. */
  plan(): Promise<InForce | undefined>;
  /** Plans that were adopted, the newest first, so many at the most. */
  plansAdopted(count: number): Promise<readonly KnownPlan[]>;
  /** One of them, by its hash or how that begins. `HOLON_PLAN_MISSING`. */
  planNamed(hash: string): Promise<InForce>;
  /** Replicas that the plan in force leaves out: they stand nowhere. */
  unplaced(): Plan["unplaced"];
  /** The first of those that a plan leaves out, and why. */
  left(held: InForce): Promise<readonly Left[]>;
  /** Units on their way from one node to another. */
  moves(): readonly Move[];
  /** Runs of jobs that were done, the newest last. */
  runs(): readonly DoneRun[];
  /** Carbon and price of electricity, by node, as told last. */
  curves(): EnergyState["curves"];
  /** Why a unit (`app/function`) is on a node, or not; or was by the plan of this hash. `HOLON_PLAN_MISSING`. */
  explain(unit: string, node: string, hash?: string): Promise<Explanation>;
  /** Hours with failures on a copy of the fleet, by the plan in force or one that was; only where there is a simulator. `HOLON_PLAN_MISSING`, `HOLON_SIM_…`. */
  readonly simulate: ((ask: WhatIfAsk, gone?: StopSignal) => Promise<WhatIfReport>) | undefined;
  /** What would come of deploying this, and why; changes nothing. */
  preview(document: AppDocument): Promise<Preview>;
  /** `HOLON_APP_MISSING` if there is none of that name. */
  remove(app: string, by?: Caller, demand?: VersionDemand): Promise<void>;
  /** Every version of every model, in the order of registration. */
  models(): readonly KnownModel[];
  /** Registers a version; the same again is the same version. `HOLON_BLOB_MISSING`, `HOLON_MODEL_…`. */
  registerModel(document: ModelDocument, by?: Caller): Promise<KnownModel>;
  /** Why nodes have not been told what they are to run; it is tried again. Undefined where they have. */
  problem(): HolonError | undefined;
  /** The policy that the fleet is told to decide by. */
  policy(): KnownPolicy | undefined;
  /** Resolves when it and the documents that bring it are on disk. `HOLON_POLICY_BAD`, `HOLON_POLICY_UNMET`, `HOLON_POLICY_DENIED`. */
  adoptPolicy(text: string, by?: Caller, demand?: VersionDemand): Promise<KnownPolicy>;
  /** What changes, in order: server-sent events. */
  readonly watch: Watching["watch"];
  /** Makes calls of these routes with an idempotency key once. */
  once(routes: readonly Route[]): readonly Route[];
  /** Who belongs to the fleet; only where there is an authority. */
  readonly registrar: Registrar | undefined;
  /** Who may do what here; only where there are credentials. */
  readonly people: People | undefined;
  close(): Promise<void>;
}

const encoder = new TextEncoder();

export async function openControl(host: ControlHost): Promise<Control> {
  const { log, ports } = host;
  const claims = createClaims(host);
  const { credentials } = ports;
  const concealed = credentials && openConcealed({ log, crypto: ports.crypto, credentials });
  const fold = createFold(log, { ignored: claims.ignored, slices: createSlices(ports.clock), reveal: concealed?.reveal });
  const heard = new Map<string, number>();
  const sizes = new Map<BlobHash, number>();
  let closed = false;
  let timer: Timer | undefined;
  /** By which states of nodes the last plan was made, and whether it waits for its adoption. */
  const planned = { states: "", isLater: false, isWaiting: false, untilMs: Number.POSITIVE_INFINITY };
  /** Why what the last plan wants is not issued yet: it is owed until a try succeeds. */
  let owed: HolonError | undefined;
  let unplaced: Plan["unplaced"] = [];
  await fold.catchUp();
  await claims.tell();
  const times = createTimesHere({ clock: ports.clock, here: host.timeHere });
  const here = createNodesHere(fold.state, times);
  const planner = createPlanner({ ...host, here });
  const hearing = openHearing(host, (await planner.inForce(fold.state))?.inputs.inventory.nodes ?? []);
  const recall = createRecall({
    self: log.origin, clock: ports.clock, hearing, ask: host.ask,
    nodes: fold.state.nodes.keys(),
    isAwaited: (node) => fold.state.nodes.get(node)?.inventory !== undefined && !fold.state.revoked.has(node),
    remembered: (node) => rememberedOf(fold.state, log, node),
  });
  const movers = createMovers(host, () => void inTurn(replan).catch(failed), host.moveBook);

  /** Everything that reads or changes the state goes through here. */
  const inTurn = createTurns();

  const isUnderWay = (): boolean => planned.isWaiting || readLeaving(log).length > 0 || movers.areUnderWay();
  const states = (): string => [...fold.state.nodes.keys()].map((node) => hearing.stateOf(node)).join();

  async function replan(): Promise<void> {
    try {
      await planAnew();
      owed = undefined;
    } catch (error) {
      owed = toHolonError(error);
      throw error;
    }
  }

  async function planAnew(): Promise<void> {
    const { state } = fold;
    planned.states = states();
    const proposal = await planner.propose(state, hearing);
    const adopted = proposal?.because === undefined ? undefined : await planner.keep(proposal);
    const plan = adopted === undefined ? (await planner.inForce(state))?.plan : proposal?.planned.plan;
    const { records, cells, isWaiting, isSure, isLeaving } = await documentsFor({ state, hearing, plan, movers, recall, apps: (adopted === undefined ? (await planner.inForce(state))?.inputs : proposal?.planned.inputs)?.apps ?? [] }, { ...host, sizes });
    const adopting = adopted === undefined ? [] : [record(eventTypes.planned, "fleet", adopted)];
    const left = tellLeft(log, plan, ports.clock.wall().ms, (subject, data) => host.events.record({ stream: "alarm", type: unplacedEvent, class: "public", producer: "control", subject, data }));
    records.push(...left.records);
    cells.push(...left.cells);
    if (adopting.length + records.length + cells.length > 0) await log.append({ records: [...adopting, ...records], cells });
    if (!isWaiting) recall.placed(isSure);
    unplaced = plan?.unplaced ?? [];
    if (adopting.length > 0) await fold.catchUp();
    planned.isLater = proposal?.isLater ?? false;
    planned.isWaiting = isWaiting || isLeaving;
    planned.untilMs = Math.min(tellLeftAtMs(log), plannedUntilMs((proposal?.planned.inputs.apps ?? []).flatMap(({ units }) => units)));
    lookLater(proposal !== undefined || isWaiting);
  }

  async function follow(): Promise<void> {
    if (closed) return;
    if ((await fold.catchUp()) || owed !== undefined || isUnderWay()) await replan();
    watching.look();
    await claims.tell();
  }

  /** Silence is no event. Where nothing is placed, nobody looks for it. */
  function lookLater(isPlanning: boolean): void {
    timer?.cancel();
    timer = isPlanning && !closed ? ports.clock.after(limits.planLookMs, () => void inTurn(look).catch(failed)) : undefined;
  }

  async function look(): Promise<void> {
    if (closed) return;
    const returning = returningCell(log, hearing.returning());
    if (returning !== undefined) await log.append({ cells: [returning] });
    if (owed === undefined && states() === planned.states && ports.clock.wall().ms < planned.untilMs && !planned.isLater && !isUnderWay()) return lookLater(true);
    await replan();
    watching.look();
  }

  const failed = (error: unknown): void => {
    const coded = toHolonError(error);
    ports.trace.note("error", `control: ${coded.message}`, { code: coded.code });
    lookLater(true);
  };
  const record = (type: string, subject: string | undefined, data: unknown): NewRecord => host.events.record({ stream: "audit", type, class: "public", producer: "control", ...(subject === undefined ? {} : { subject }), data });

  const demandApp = (app: string, demand: VersionDemand | undefined): void => demandVersion(`app ${app}`, fold.state.apps.get(app)?.revision, demand);

  /** What no node may run is not deployed; answers what is to be said all the same. To be called in turn, so that nothing comes between this and the deployment. */
  async function demandPlace(document: AppDocument, demand: VersionDemand | undefined): Promise<readonly string[]> {
    await fold.catchUp();
    demandApp(document.name, demand);
    refuseBeside(document, fold.state);
    const proposal = await planner.propose(fold.state, hearing, withDocument(fold.state, document));
    const why = proposal === undefined ? undefined : whyNowhere(proposal, document, fold.state.apps.get(document.name)?.document);
    if (why !== undefined) throw new HolonError("HOLON_PLACEMENT_UNMET", why);
    return warningsOf(document, fold.state, proposal);
  }

  const watched = new Map<string, WatchedRow>();
  const watching = createWatching(log.epoch, () => watchedRows(fold.state, log, watched, here));

  const rewound = watchRewound(log);
  const unsubscribe = log.onCommit(({ lanes }) => {
    for (const lane of lanes) heard.set(lane.origin, ports.clock.monotonicMs());
    if (recall.mayDoubt()) rewound.look(lanes).then((isTold) => isTold && recall.doubt(), failed);
    if (!lanes.some((lane) => lane.stream === "audit")) return;
    inTurn(follow).catch(failed);
  });
  await inTurn(replan).catch((error: unknown) => {
    if (toHolonError(error).code !== "HOLON_DISK_FULL") throw error;
    failed(error); // it opens all the same: what a node is to run waits for room, what it is told does not
  });

  host.handlers?.set(planMethods.renew, async (parameters, from) => {
    const { node, version } = renewSchema.parse(parameters);
    const isKnown = fold.state.nodes.has(node);
    const isSpokenFor = host.speaksFor?.(from, node) !== false;
    // One that joins may ask before its own word, and that of who it hangs on, is here: that is no attempt.
    if (isKnown && !isSpokenFor) throw new HolonError("HOLON_CALL_DENIED", `${from} asks ${planMethods.renew} in the name of ${node}, which is not below it`);
    if (!isKnown && isSpokenFor && version > 0) recall.doubt();
    if (!isKnown || fold.state.revoked.has(node)) throw new HolonError("HOLON_NODE_UNKNOWN", `${node} is no node of this fleet, or is no more`);
    hearing.heard(node);
    const isFree = await recall.asked(node, version, () => inTurn(replan).catch(failed));
    const issued = issuedFor(log, node)?.version ?? 0;
    // Who holds what is another's has to hold the next one first.
    if (version >= issued && !(isFree && !isContested(fold.state, log, recall, node))) return { version: version + 1 };
    if (version >= issued) hearing.granted(node);
    return { version: issued };
  });

  const time = await openFleetTime({ log, clock: ports.clock });
  const registrar = await registrarOf(host, time, record);
  answerAskers({ host, registrar, movers, inTurn });
  const attestation = openAttestation(host, registrar, () => fold.state);
  attestation?.start();
  const provider = ports.provider && host.provider && { port: ports.provider, config: host.provider };
  const people = credentials && concealed && openPeople({ log, clock: ports.clock, crypto: ports.crypto, credentials, concealed, provider, time, state: fold.state.people, mayCall: createMayCall(() => fold.state.policy), record, follow: () => inTurn(follow), failed });

  let timeTimer: Timer | undefined;
  const keepTime = (): void => {
    timeTimer = ports.clock.after(limits.fleetTimeKeptMs, () => {
      keepTime();
      log.append({ cells: [time.cell()] }).catch(failed);
    });
  };
  keepTime();

  const heardAtMs = (node: string): number | undefined => (node === log.origin ? ports.clock.monotonicMs() : heard.get(node));
  const sinceHeardMs = (node: string): number | undefined => {
    const atMs = heardAtMs(node);
    return atMs === undefined ? undefined : ports.clock.monotonicMs() - atMs;
  };
  const rowOf = (node: KnownNode): NodeRow => ({ ...here.node(node), ...whatItIsTo(node, fold.state, log, host.clockOff?.(node.name), here), trust: attestation?.trustOf(node.name), leads: isLead(fold.state, node), heardMs: sinceHeardMs(node.name), isRevoked: fold.state.revoked.has(node.name) });

  return {
    registrar,
    people,
    log,
    blobs: host.blobs,
    nodes: () => [...fold.state.nodes.values()].map(rowOf),
    times,
    known: () => [...fold.state.nodes.values()],
    node: (name) => {
      const node = fold.state.nodes.get(name);
      return node && rowOf(node);
    },
    brief(name) {
      const node = fold.state.nodes.get(name);
      return node && { ...here.node(node), leads: isLead(fold.state, node), heardMs: sinceHeardMs(node.name) };
    },
    *looks() {
      for (const node of fold.state.nodes.values()) yield { node: here.node(node), leads: isLead(fold.state, node), heardAtMs: heardAtMs(node.name), isRevoked: fold.state.revoked.has(node.name) };
    },
    apps: () => [...fold.state.apps.values()],
    appsOn: (node) => [...(issuedFor(log, node)?.unitsByApp.keys() ?? [])],
    watch: watching.watch,
    once: (routes) => idempotentRoutes(routes, host),
    async deploy(document, by, demand) {
      await checkDocument(document, host);
      return inTurn(async () => {
        const warnings = await demandPlace(document, demand);
        await log.append({ records: [record(eventTypes.deployed, document.name, { ...document, by: nameOf(by) })] });
        await follow();
        return warnings;
      });
    },
    async publish(files, document, by, demand) {
      if (document !== undefined) await checkDocument(document, host);
      for (const [file, hash] of Object.entries(files)) {
        if (!(await host.blobs.has(hash))) throw new HolonError("HOLON_BLOB_MISSING", `metadata ${file} are to be blob ${hash}, which is not here`, { next: "Upload it with PUT /v1/blobs/{hash} first." });
      }
      const app = document === undefined ? [] : [record(eventTypes.deployed, document.name, { ...document, by: nameOf(by) })];
      return inTurn(async () => {
        const apps = document === undefined ? [...fold.state.apps.values()].map((one) => one.document) : withDocument(fold.state, document);
        const served = await checkServed(files, fold.state.images, host.blobs, apps);
        const warnings = [...served, ...(document === undefined ? [] : await demandPlace(document, demand))];
        await log.append({ records: [record(eventTypes.published, "images", { files, by: nameOf(by) }), ...app] });
        await follow();
        return warnings;
      });
    },
    images: () => fold.state.images,
    problem: () => owed,
    plan: () => inTurn(() => planner.inForce(fold.state)),
    unplaced: () => unplaced,
    left: (held) => inTurn(() => Promise.resolve(planner.left(held))),
    moves: () => readMoves(log),
    runs: () => fold.state.energy.runs,
    curves: () => fold.state.energy.curves,
    plansAdopted: (count) => planner.adopted(count),
    planNamed: (hash) => planner.named(hash),
    explain: (unit, node, hash) => inTurn(async () => (hash === undefined ? withMove(withHolders(withOverlay(await planner.explain(fold.state, hearing, unit, node), fold.state, unit, node), readHolders(log), unit, node), readMoves(log), unit, node) : planner.explain(fold.state, hearing, unit, node, hash))),
    simulate: simulateBy(host, (hash) => (hash === undefined ? inTurn(() => planner.inForce(fold.state)) : planner.named(hash))),
    preview: (document) =>
      inTurn(async () => {
        refuseBad(document);
        await fold.catchUp();
        refuseBeside(document, fold.state);
        const documents = withDocument(fold.state, document);
        return previewOf({ state: fold.state, document, documents, proposal: await planner.propose(fold.state, hearing, documents), current: (await planner.inForce(fold.state))?.plan });
      }),
    remove: (app, by, demand) =>
      inTurn(async () => {
        if (!fold.state.apps.has(app)) throw new HolonError("HOLON_APP_MISSING", `no app ${app} is deployed`, { next: "See `holon app list`." });
        demandApp(app, demand);
        await log.append({ records: [record(eventTypes.removed, app, { app, by: nameOf(by) })] });
        await follow();
      }),
    models: () => [...fold.state.models.values()],
    async registerModel(document, by) {
      const version = versionOf(document, ports.crypto);
      const known = fold.state.models.get(version);
      if (known !== undefined) return known;
      await checkModel(document, { known: fold.state.models, blobs: host.blobs });
      await log.append({ records: [record(eventTypes.registered, document.name, { version, document, by: nameOf(by) })] });
      await inTurn(follow);
      const registered = fold.state.models.get(version);
      if (registered === undefined) throw new HolonError("HOLON_INTERNAL", `model ${document.name}: version ${version} was written and is not read`);
      return registered;
    },
    policy: () => fold.state.policy,
    // In turn, so that of two that come at once the second is held against the first.
    adoptPolicy: (text, by, demand) =>
      inTurn(async () => {
        demandVersion("the policy", fold.state.policy === undefined ? undefined : String(fold.state.policy.version), demand);
        const { name, version } = checkPolicy(text, fold.state.policy, [...fold.state.people.users.values()]);
        const hash = toHex(ports.crypto.sha256(encoder.encode(text)));
        await log.append({ records: [record(eventTypes.adopted, name, { name, version, text, hash, by: nameOf(by) })] });
        await follow();
        if (fold.state.policy?.hash !== hash) throw new HolonError("HOLON_INTERNAL", `policy ${name} ${version} was written and is not read`);
        return fold.state.policy;
      }),
    async close() {
      closed = true;
      people?.close();
      timer?.cancel();
      timeTimer?.cancel();
      recall.close();
      attestation?.close();
      watching.close();
      unsubscribe();
      fold.close();
      await inTurn(() => Promise.resolve());
    },
  };
}

function simulateBy({ whatIf, blobs }: ControlHost, planOf: (hash: string | undefined) => Promise<InForce | undefined>): Control["simulate"] {
  if (whatIf === undefined) return undefined;
  return async (ask, gone) => {
    const held = await planOf(ask.plan);
    if (held === undefined) throw new HolonError("HOLON_PLAN_MISSING", "no plan was adopted: nothing that is deployed has needs");
    return whatIf(await blobs.read(held.known.blob), ask, gone);
  };
}

const nameOf = ({ principal }: Caller = machineCaller): string => printPrincipal(principal);

async function registrarOf(host: ControlHost, time: FleetTime, record: (type: string, subject: string, data: unknown) => NewRecord): Promise<Registrar | undefined> {
  const { log, address, handlers, ports, certificateMs = limits.certificateMs } = host;
  const { authority, identity, clock } = ports;
  if (authority === undefined || identity === undefined) return undefined;
  const registrar = await openRegistrar({ log, clock, time, crypto: ports.crypto, authority, identity, certificateMs, address, director: ports.director, record, spread: () => host.revoked?.() });
  handlers?.set(identityMethods.enroll, registrar.enroll);
  handlers?.set(identityMethods.renew, registrar.renew);
  handlers?.set(identityMethods.challenge, registrar.challenge);
  return registrar;
}

const isLead = (state: ControlState, node: KnownNode): boolean => state.leads.get(node.site)?.lead === node.name;

function whatItIsTo(node: KnownNode, state: ControlState, log: Log, clockOffMs: number | undefined, here: NodesHere): Pick<NodeRow, "drift" | "desiredVersion"> {
  const desired = issuedFor(log, node.name);
  const condition = here.condition(node.name);
  // What it settled on it told at once; how it stands, only now and then.
  const reached = node.reported?.outcome === "settled" ? node.reported.version : 0;
  const now = condition && { ...condition.now, version: Math.max(condition.now.version, reached) };
  const drift = state.revoked.has(node.name) ? [] : driftOf({ desired: { version: desired?.version ?? 0, behindSince: state.behindSince.get(node.name)?.at, policy: desired?.policy ?? null, policySince: state.policy?.hash === desired?.policy ? state.policy?.adoptedAt : undefined }, condition: now, policyTold: condition?.now.version, since: condition?.since ?? {}, clockOffMs });
  return { drift, desiredVersion: desired?.version ?? 0 };
}

/** `before`: rows of nodes, which stay the same as long as what they are made of does. */
function watchedRows({ nodes, apps, leads, policy, plan }: ControlState, log: Log, before: Map<string, WatchedRow>, here: NodesHere): readonly WatchedRow[] {
  return [
    ...[...nodes.values()].map((told): WatchedRow => {
      const node = here.node(told);
      const lead = leads.get(node.site)?.lead;
      const desired = log.cell(`desired/${node.name}`);
      const known = before.get(node.name);
      if (known?.of[0] === node && known.of[1] === lead && known.of[2] === desired) return known;
      const row: WatchedRow = { kind: "node", name: node.name, of: [node, lead, desired], value: () => ({ ...node, leads: lead === node.name, desiredVersion: issuedFor(log, node.name)?.version ?? 0 }) };
      before.set(node.name, row);
      return row;
    }),
    ...[...apps.values()].map((app): WatchedRow => ({ kind: "app", name: app.document.name, of: [app], value: () => ({ document: app.document, deployedAt: app.deployedAt, revision: app.revision }) })),
    ...(policy === undefined ? [] : [{ kind: "policy" as const, name: "fleet", of: [policy], value: () => policy }]),
    ...(plan === undefined ? [] : [{ kind: "plan" as const, name: "fleet", of: [plan], value: () => plan }]),
  ];
}

/** The apps as they would be with this one. */
const withDocument = ({ apps }: ControlState, document: AppDocument): readonly AppDocument[] => [...[...apps.values()].map((app) => app.document).filter(({ name }) => name !== document.name), document];

/** Nodes that were silent by the plan in force still are. */
function openHearing({ log, ports }: ControlHost, nodes: readonly { readonly name: string; readonly state: string }[]): Hearing {
  return createHearing(ports.clock, log.origin, nodes.filter(({ state }) => state === "silent").map(({ name }) => name), readReturning(log));
}

function rememberedOf({ issued }: Pick<ControlState, "issued">, log: Log, node: string): Remembered {
  const own = issuedFor(log, node);
  return own === undefined ? { version: 0, document: undefined, stops: false } : { version: own.version, document: issued.get(node)?.document, stops: own.stops };
}

/** Whether what the node holds is said to be another's, too: only of a document that control does not remember. */
function isContested({ nodes }: Pick<ControlState, "nodes">, log: Log, recall: Recall, node: string): boolean {
  if (recall.told(node) === 0 || recall.told(node) < (issuedFor(log, node)?.version ?? 0)) return false;
  const held = new Map([...nodes.keys()].map((name) => [name, heldDesired(log, name)] as const));
  return knownStanding(held, readMoves(log), recall).claims.get(node)?.isContested === true;
}

/** What a manifest may not ask for, and blobs that are not here. */
async function checkDocument(document: AppDocument, host: ControlHost): Promise<void> {
  refuseBad(document);
  for (const hash of [...document.functions.map((fn) => fn.code), ...document.models.map((model) => model.graph)]) {
    if (!(await host.blobs.has(hash))) throw new HolonError("HOLON_BLOB_MISSING", `app ${document.name} names blob ${hash}, which is not here`, { next: "Upload it with PUT /v1/blobs/{hash} first." });
  }
}

/** What it would tell together with those that are deployed. */
function refuseBeside(document: AppDocument, { apps }: Pick<ControlState, "apps">): void {
  const [problem] = tellingTogether(document, [...apps.values()].map((app) => app.document));
  if (problem !== undefined) throw new HolonError("HOLON_APP_BAD", `app ${document.name}, beside what is deployed: ${problem}`);
}

function refuseBad(document: AppDocument): void {
  for (const fn of document.functions) {
    for (const [type, target] of Object.entries(fn.emits)) {
      const leaves = (exportableStreams as readonly string[]).includes(target.stream);
      if (leaves && (target.class === "raw" || target.class === "personal")) {
        throw new HolonError("HOLON_POLICY_DENIED", `function ${fn.name} emits ${type} of class ${target.class} into ${target.stream}: ${target.class} never leaves`, {
          next: "Emit it into `local`, or as derived or aggregate.",
        });
      }
    }
    const { on } = fn;
    if ("state" in on && !document.functions.some(({ name }) => name === on.state.function)) throw new HolonError("HOLON_APP_BAD", `function ${fn.name} follows the state of ${on.state.function}, and ${document.name} has no such function`);
    for (const model of fn.models) {
      if (!document.models.some((candidate) => candidate.name === model)) throw new HolonError("HOLON_APP_BAD", `function ${fn.name} uses model ${model}, which ${document.name} does not list`);
    }
  }
  const problem = twinProblem(document) ?? cascadeProblem(document.models) ?? needsProblem(document) ?? loopProblem(document) ?? tellingProblems(document)[0];
  if (problem !== undefined) throw new HolonError("HOLON_APP_BAD", `app ${document.name}: ${problem}`);
}
