/** The link to the parent: tries for ever with backoff and jitter, offers what this node has, sends, takes documents and blobs. */
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { HolonError, toHolonError, type ErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import { createLinkBudget, type BudgetStatus } from "@holon/core/link/budget.ts";
import type { Frame, FrameInput } from "@holon/core/link/frame.ts";
import { nextUplinkState, type UplinkEvent, type UplinkState } from "@holon/core/link/uplink-state.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { laneName } from "@holon/core/log/log.ts";
import type { Clock, Codec, Connection, Crypto, Net, Random, Timer, Trace, TurnedAway } from "@holon/core/ports.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { isNodeName } from "@holon/core/units.ts";
import { heldVersions, keepDesired } from "../desired/documents.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { BlobExchange } from "./blob-exchange.ts";
import type { Calls } from "./calls.ts";
import { forkSays } from "./history-reports.ts";
import type { BatchRun } from "../log/scan.ts";
import { misplacedAbove } from "./misplaced.ts";
import { createOutgoing } from "./outgoing.ts";
import { openPeer, type Peer } from "./peer.ts";
import { createStanding, type Fork, type Rewound, type Standing } from "./standing.ts";
import { createStreamSender, type LaneMarks, type StreamSender } from "./stream-sender.ts";

export interface UplinkOptions {
  readonly config: NodeConfig;
  readonly parent: string;
  readonly log: SegmentLog;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly net: Net; readonly codec: Codec; readonly crypto: Crypto; readonly trace: Trace };
  readonly calls: Calls;
  readonly blobs: BlobExchange;
  mayLeave(run: BatchRun): Promise<boolean>;
  /** A lane is held back: its two histories did not come to rest beside each other. */
  refused(lane: string, message: string): void;
  /** The parent holds another history of a lane; this one goes to a branch. Says whether that is new. */
  forked(fork: Fork): boolean;
  /** The parent holds less than it had acknowledged. */
  rewound(lanes: readonly Rewound[]): void;
  /** Somebody answered in the parent's place whom this end did not take. */
  turnedAway?(who: TurnedAway): void;
  /** The state may have changed. */
  changed?(): void;
  /** What talk about it begins with, where it is not the uplink. */
  readonly label?: string;
  /** The link to a sibling: it offers nothing, and takes neither documents nor blobs, until it is told to relay. */
  readonly quiet?: boolean;
}

export interface Uplink {
  start(): void;
  peer(): Peer | undefined;
  status(): UplinkStatus;
  /** Milliseconds until so much that is no record may go to the parent: within the budget, and behind what waits. 0 for now. */
  roomMs(bytes: number): number;
  /** Last sequence of each lane that the parent has on its disk, as far as it has said since the start. */
  received(): ReadonlyMap<string, number>;
  /** Last sequence of each lane that is durable beyond the parent's own loss, as far as it has said. */
  safe(): ReadonlyMap<string, number>;
  /** Tells the sender that records were committed. */
  committed(lanes: readonly string[]): void;
  /** Whether a link to a sibling offers this node's lanes. */
  relay(on: boolean): void;
  /** From now on nothing waits for company on its way: the node is about to stop. */
  hurry(): void;
  /** Other rules hold for what leaves. */
  reconsider(): void;
  cut(): void;
  heal(): void;
  close(): void;
}

export interface UplinkStatus {
  readonly state: UplinkState;
  readonly parent: string;
  /** Records that the parent has not acknowledged, held lanes apart; unknown until the parent was heard once since the start. */
  readonly backlog: number | undefined;
  /** Lanes that are not sent on until a person has looked at them. */
  readonly held: readonly { readonly lane: string; readonly code: "HOLON_LINK_FORK" | "HOLON_LOG_DAMAGED"; readonly message: string }[];
  /** Lanes that the parent keeps as a branch, or as another lane than their own: behind which record; and what was found since this start for the first time. */
  readonly branches: readonly { readonly lane: string; readonly branch: string; readonly after: number; readonly news?: { readonly code: ErrorCode; readonly message: string } }[];
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly budget: BudgetStatus;
  /** How often the parent said that too many wait, since the start. */
  readonly toldLater: number;
  readonly problem: { readonly code: string; readonly message: string } | undefined;
  /** Milliseconds since the state last changed. */
  readonly sinceMs: number;
}

export function createUplink(options: UplinkOptions): Uplink {
  const { log, ports, blobs, calls } = options;
  let state: UplinkState = "waiting";
  let changedMs = ports.clock.monotonicMs();
  let attempt = 0;
  /** Whether the last try did not reach the parent. */
  let unreached = false;
  let timer: Timer | undefined;
  let peer: Peer | undefined;
  let sender: StreamSender | undefined;
  let standing: Standing | undefined;
  const integrity = { sha256: ports.crypto.sha256, crc32: ports.codec.crc32 };
  let outgoing = createOutgoing(log, integrity);
  let problem: UplinkStatus["problem"];
  let past = { sentBytes: 0, receivedBytes: 0 };
  const label = options.label ?? "uplink";
  let quiet = options.quiet === true;
  const offered = new Set<string>();
  const marks = new Map<string, LaneMarks>();
  const held = new Map<string, UplinkStatus["held"][number]>();
  /** By branch. */
  const news = new Map<string, ReturnType<typeof forkSays>>();
  let tries = 0;
  const patience: { sinceMs: number | undefined } = { sinceMs: undefined };
  const { priceClass, budgetBytesPerHour, node: wanted } = options.config.uplink ?? {};
  const expected = wanted !== undefined && isNodeName(wanted) ? wanted : undefined;
  const budget = createLinkBudget(priceClass ?? "free", budgetBytesPerHour, ports.clock.monotonicMs());
  let retryAfterMs: number | undefined;
  /** When a link was lost that was not told to come back later. */
  let lostMs: number | undefined;
  let toldLater = 0;

  function step(event: UplinkEvent): UplinkState {
    const next = nextUplinkState(state, event);
    if (next !== state) changedMs = ports.clock.monotonicMs();
    state = next;
    options.changed?.();
    return next;
  }

  function tryLater(): void {
    const maxMs = options.quiet === undefined ? limits.reconnectMaxMs : limits.siblingReconnectMaxMs;
    const wait = retryAfterMs ?? backoffMs(attempt++, { firstMs: limits.reconnectFirstMs, maxMs }, ports.random.uniform());
    retryAfterMs = undefined;
    timer?.cancel();
    timer = ports.clock.after(wait, () => void connect());
  }

  async function connect(): Promise<void> {
    if (state !== "waiting") return;
    step("try");
    const mine = ++tries;
    try {
      const connection = await ports.net.connect(options.parent, expected, options.turnedAway);
      requirePlace(connection);
      // Cut and healed meanwhile: a later try is under way, and the parent would end one of two connections, perhaps the wrong one.
      if (mine !== tries || step("connected") !== "offered") return connection.close("HOLON_LINK_CUT");
      problem = undefined;
      // The outage is over: a loss from now on is another matter, and not to be waited out as long.
      if (unreached) attempt = 0;
      unreached = false;
      peer = openPeer(connection, ports, { pingMs: limits.linkPingMs, frame: take, closed: lost, carried: (bytes) => budget.charge(bytes, ports.clock.monotonicMs()) });
      openStreams();
      offered.clear();
      offer(quiet ? [] : allLanes());
    } catch (error) {
      if (mine === tries) failedToConnect(toHolonError(error));
    }
  }

  /** A sibling may be of any tier. `HOLON_LINK_UPSIDE_DOWN`. */
  function requirePlace(connection: Connection): void {
    const why = options.quiet === undefined ? misplacedAbove(options.config, connection.peer, connection.tier) : undefined;
    if (why === undefined) return;
    connection.close("HOLON_LINK_UPSIDE_DOWN");
    const error = new HolonError("HOLON_LINK_UPSIDE_DOWN", `${options.parent} is no parent of ${options.config.name}: ${why}`, { next: "Name the parent's address in `parent`, and under `uplink.node` a parent of the node's own tier; if it is neither, somebody else answers there: revoke the node that proves to." });
    options.turnedAway?.({ code: error.code, message: error.message, proved: connection.peer, claimed: undefined });
    throw error;
  }

  function openStreams(): void {
    outgoing = createOutgoing(log, integrity);
    const sent = outgoing;
    const logLane = (wire: string): string => {
      const lane = parseLaneName(wire);
      return lane === undefined ? wire : laneName(sent.source(lane).lane);
    };
    const startOf = (wire: string): number => {
      const lane = parseLaneName(wire);
      return lane === undefined ? 0 : (sent.source(lane).start?.sequence ?? 0);
    };
    // The parent marks its own lanes; what is kept is how far this log's are safe.
    const marksOfWire = {
      get: (wire: string) => marks.get(logLane(wire)),
      set: (wire: string, { received, safe }: LaneMarks) => marks.set(logLane(wire), { received: Math.max(received, startOf(wire)), safe }),
    };
    sender = createStreamSender({ log: sent, marks: marksOfWire, patience, budget, clock: ports.clock, integrity, send: (frame) => peer?.send(frame), mayLeave: options.mayLeave, damaged, failed });
    standing = createStanding({
      log,
      clock: ports.clock,
      outgoing: sent,
      sender,
      marks,
      offer: (lanes) => offer(lanes),
      ask: (lane, points) => peer?.send({ kind: "stream", header: { op: "history", lane, points } }),
      forked: (fork) => {
        const says = forkSays(fork);
        ports.trace.note("warn", `${label}: ${says.message}`, { code: says.code });
        if (options.forked(fork)) news.set(fork.branch, says);
      },
      rewound: options.rewound,
      held: refused,
      released: (lane) => void held.delete(lane),
      failed,
    });
  }

  function failedToConnect(error: HolonError): void {
    // No wait mends who one is: said once, to whoever looks at this node, since who refuses it tells it nothing else.
    if (error.code.startsWith("HOLON_IDENTITY_") && problem?.code !== error.code) ports.trace.note("error", `${label}: ${error.message}. ${error.next}`, { code: error.code });
    problem = { code: error.code, message: error.message };
    unreached = true;
    if (step("lost") === "waiting") tryLater();
  }

  /** Own exportable lanes, also those with nothing in them yet, and the children's. */
  function allLanes(): readonly string[] {
    const own = exportableStreams.map((stream) => `${log.origin}/${stream}`);
    const present = [...log.heads().values()].filter(({ lane }) => (exportableStreams as readonly string[]).includes(lane.stream));
    return [...new Set([...own, ...present.map(({ lane }) => laneName(lane))])];
  }

  function offer(lanes: readonly string[]): void {
    for (const lane of lanes) offered.add(lane);
    const heads = log.heads();
    const rows = lanes.map((name): [string, number] => [name, heads.get(name)?.mark.sequence ?? 0]); // of a branch that the log itself has under another name, none
    const { name, site, tier } = options.config;
    const desired = quiet ? [] : heldVersions(log).map(([node, version]): [string, number] => [node, version]);
    const role = options.quiet === undefined ? {} : { sibling: quiet ? ("quiet" as const) : ("relayed" as const) };
    peer?.send({ kind: "stream", header: { op: "offer", protocol: 1, node: name, site, tier, ...role, lanes: rows, desired } });
  }

  function take(frame: Frame): void {
    if (frame.kind === "stream") return takeStream(frame.header);
    if (peer === undefined) return;
    if (frame.kind === "call") return calls.receive(frame, peer);
    if (quiet) return; // a sibling that does not relay has no say in what runs here
    if (frame.kind === "blob") return blobs.receive(frame, peer, true);
    const { header } = frame;
    if (header.op !== "document" || !isNodeName(header.node)) return;
    const node = header.node;
    const answer = (version: number): FrameInput => ({ kind: "desired", header: { op: "have", node, version } });
    keepDesired(log, node, frame.payload).then((version) => peer?.send(answer(version)), failed);
  }

  function takeStream(header: Extract<Frame, { kind: "stream" }>["header"]): void {
    if (header.op === "subscribe") {
      if (state === "offered") opened();
      standing?.subscribed(quiet ? [] : header.lanes, header.credit);
    } else if (header.op === "common") standing?.answered(header);
    else if (header.op === "mark") sender?.marked(header.lanes, header.credit);
    else if (header.op === "later") comeBackLater(header.retryAfterMs);
    else if (header.op === "refuse") standing?.refused(header.lane, header.message);
  }

  /** The time is the parent's, the jitter ours: those that were told the same do not come together. */
  function comeBackLater(afterMs: number): void {
    retryAfterMs = Math.min(afterMs, limits.linkLaterMaxMs) * (1 + laterJitter * ports.random.uniform());
    toldLater += 1;
    peer?.close("the parent is busy");
  }

  function refused(lane: string, message: string): void {
    held.set(lane, { lane, code: "HOLON_LINK_FORK", message });
    options.refused(lane, message);
  }

  function damaged(lane: string, message: string): void {
    held.set(lane, { lane, code: "HOLON_LOG_DAMAGED", message });
    ports.trace.note("error", `${lane} is held back: ${message}`, { code: "HOLON_LOG_DAMAGED" });
  }

  function opened(): void {
    step("subscribed");
    ports.trace.note("info", `${label} open to ${peer?.name ?? "nobody"}`);
    attempt = 0;
    // Time in which nobody could be served earns no place before those who come; a link that broke for a moment costs none.
    if (lostMs !== undefined && ports.clock.monotonicMs() - lostMs > limits.linkSilenceMs) patience.sinceMs = undefined;
    lostMs = undefined;
    if (peer !== undefined && !quiet) blobs.uplinkOpened(peer);
  }

  function failed(error: unknown): void {
    const coded = toHolonError(error);
    ports.trace.note("warn", `${label}: ${coded.message}`, { code: coded.code });
    problem = { code: coded.code, message: coded.message };
    peer?.close(coded.code);
  }

  /** What was sent last may have shown that the link is gone. */
  function wake(): void {
    sender?.notify();
  }

  function lost(reason: string): void {
    const gone = peer;
    if (gone === undefined) return;
    const traffic = gone.traffic();
    past = { sentBytes: past.sentBytes + traffic.sentBytes, receivedBytes: past.receivedBytes + traffic.receivedBytes };
    peer = undefined;
    if (retryAfterMs === undefined) lostMs ??= ports.clock.monotonicMs();
    sender?.stop();
    standing?.stop();
    sender = undefined;
    standing = undefined;
    blobs.uplinkLost(gone);
    calls.lost(gone);
    ports.trace.note("info", `${label} lost: ${reason}`);
    if (step("lost") === "waiting") tryLater();
  }

  return {
    start: () => void connect(),
    peer: () => (state === "open" ? peer : undefined),
    status() {
      const traffic = peer?.traffic() ?? { sentBytes: 0, receivedBytes: 0 };
      return {
        state,
        parent: options.parent,
        backlog: marks.size === 0 && held.size === 0 ? undefined : backlog(log, marks, held),
        held: [...held.values()],
        branches: outgoing.renamed().map(({ lane, wire, start }) => {
          const said = news.get(laneName(wire));
          return { lane: laneName(lane), branch: laneName(wire), after: start?.sequence ?? 0, ...(said === undefined ? {} : { news: said }) };
        }),
        sentBytes: past.sentBytes + traffic.sentBytes,
        receivedBytes: past.receivedBytes + traffic.receivedBytes,
        budget: budget.status(ports.clock.monotonicMs()),
        toldLater,
        problem,
        sinceMs: ports.clock.monotonicMs() - changedMs,
      };
    },
    roomMs(bytes) {
      if (peer !== undefined && peer.queuedBytes() > diagnosisBounds.queuedBytesMax) return diagnosisBounds.paceLookMs;
      return budget.waitMs(bytes, false, ports.clock.monotonicMs());
    },
    received: () => new Map([...marks].map(([lane, { received }]) => [lane, received])),
    safe: () => new Map([...marks].map(([lane, { safe }]) => [lane, safe])),
    relay(on) {
      if (quiet === !on) return;
      quiet = !on;
      if (peer === undefined) return;
      if (on) {
        blobs.uplinkOpened(peer);
        return offer(allLanes());
      }
      blobs.uplinkLost(peer);
      for (const lane of offered) sender?.refuse(lane);
      for (const { wire } of outgoing.renamed()) sender?.refuse(laneName(wire));
      offered.clear();
      offer([]); // it sends this way no more: the sibling has no node below it to miss
    },
    committed(lanes) {
      if (sender === undefined || quiet) return;
      const fresh = [...new Set(lanes)].filter((name) => !offered.has(name)); // a commit names a lane for each run
      if (fresh.length > 0) offer(fresh);
      standing?.committed(lanes);
      wake();
    },
    hurry: () => sender?.hurry(),
    reconsider: () => sender?.reconsider(),
    cut() {
      step("cut");
      tries += 1;
      timer?.cancel();
      problem = { code: "HOLON_LINK_CUT", message: "the link was cut on purpose" };
      peer?.close("HOLON_LINK_CUT");
    },
    heal() {
      if (state !== "cut") return;
      step("heal");
      problem = undefined;
      attempt = 0;
      void connect();
    },
    close() {
      step("close");
      timer?.cancel();
      peer?.close("the node is stopping");
    },
  };
}

const laterJitter = 0.1;

function backlog(log: SegmentLog, marks: ReadonlyMap<string, LaneMarks>, held: ReadonlyMap<string, unknown>): number {
  let records = 0;
  for (const [name, { lane, mark }] of log.heads()) {
    if (!held.has(name) && (exportableStreams as readonly string[]).includes(lane.stream)) records += Math.max(0, mark.sequence - (marks.get(name)?.received ?? 0));
  }
  return records;
}
