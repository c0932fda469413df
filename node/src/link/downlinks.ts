/** The links from children: takes their streams, sends documents down, serves blobs and forwards calls. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Admission, AdmissionStatus, AdmissionWord } from "@holon/core/link/admission.ts";
import type { Frame } from "@holon/core/link/frame.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import type { Lane } from "@holon/core/log/log.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import type { Clock, Codec, Connection, Listener, Lobby, Net, Timer, Trace } from "@holon/core/ports.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { desiredOf } from "../desired/documents.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { BlobExchange } from "./blob-exchange.ts";
import type { Calls } from "./calls.ts";
import { createIntake } from "./intake.ts";
import { openPeer, type Peer } from "./peer.ts";
import { createStreamReceiver, type ReceivedRun, type StreamReceiver, type StreamReceiverOptions } from "./stream-receiver.ts";

export interface DownlinksOptions {
  readonly log: SegmentLog;
  readonly integrity: Integrity;
  readonly ports: { readonly clock: Clock; readonly net: Net; readonly codec: Codec; readonly trace: Trace };
  readonly calls: Calls;
  readonly blobs: BlobExchange;
  /** `relayed`: it came from a sibling, whose own parent knows nothing of this node's mark. */
  safe(lane: Lane, received: number, relayed: boolean): number;
  /** Whether a sibling's lanes are taken at present. */
  takesRelayed(): boolean;
  readonly admission: Admission;
  /** Why who has proved that name and tier is nobody who could be below; undefined where it may be. */
  misplaced(peer: NodeName, tier: string | undefined): string | undefined;
  branched(lane: Lane, after: number): void;
  /** What is done for those who may not come in. */
  readonly lobby: Lobby | undefined;
  /** Who is connected may have changed. */
  changed?(): void;
  /** What came over a link is on the disk now; the link was opened then, monotonic. */
  readonly arrived?: ((from: NodeName, openedMs: number, runs: readonly ReceivedRun[]) => void) | undefined;
}

export interface DownlinkStatus {
  readonly node: NodeName;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** How long it has been connected. */
  readonly sinceMs: number;
}

export interface Downlinks {
  listen(address: string): Promise<string>;
  /** The peer that leads to a node: itself, if it is connected here. */
  towards(node: NodeName): Peer | undefined;
  /** The node itself, if it is connected here. */
  direct(node: NodeName): Peer | undefined;
  /** Those of them that have something to send. */
  senders(): readonly NodeName[];
  /** Siblings that are connected and send nothing: they hang on a parent of their own. */
  beside(): readonly NodeName[];
  /** Everybody who is connected here. */
  peers(): readonly Peer[];
  /** When anything was heard last, monotonic, of who is connected here, or was given up for silence; undefined of everybody else. */
  heardMs(node: NodeName): number | undefined;
  /** Whether a child leads to a node. */
  isBelow(node: NodeName): boolean;
  /** Whether who is connected here leads to a node, as far as it says so itself and the node is not connected here. */
  leadsTo(peer: NodeName, node: NodeName): boolean;
  /** Who stands above is known now: nobody who came as a child is that. */
  look(): void;
  /** The document of this node changed. */
  documentChanged(node: NodeName): void;
  status(): readonly DownlinkStatus[];
  admission(): AdmissionStatus;
  close(): Promise<void>;
}

interface Session {
  readonly number: number;
  readonly peer: Peer;
  /** As its certificate says. */
  readonly site: string | undefined;
  readonly receiver: StreamReceiver;
  readonly acceptedMs: number;
  /** The child and the nodes below it, with the version of the document that each is known to have. */
  readonly below: Map<NodeName, number>;
  /** What its last offer made it: a child, a sibling that goes around its own uplink, or a sibling that offers nothing. */
  role: "child" | "relayed" | "quiet" | "new";
}

/** A sibling that is connected and sends nothing hangs on a parent of its own; of one that has not said yet nobody knows. */
const isBelowHere = ({ role }: Session): boolean => role === "child" || role === "relayed";

export function createDownlinks(options: DownlinksOptions): Downlinks {
  const { log, ports, calls, blobs } = options;
  /** By name, the newest last: more than one where a clone is connected beside its like, or while an earlier end has not been missed. */
  const sessions = new Map<NodeName, Session[]>();
  const byNumber = new Map<number, Session>();
  /** The session that said last that it leads to a node. */
  const ways = new Map<NodeName, Session>();
  /** Of those who were given up for silence and are not back, when they were heard last. */
  const silentSince = new Map<NodeName, number>();
  const admission = options.admission;
  const intake = createIntake(log);
  const now = (): number => ports.clock.monotonicMs();
  let lapse: Timer | undefined;
  let nextNumber = 1;
  let listener: Listener | undefined;

  function turnAway(connection: Connection, message: string): void {
    options.lobby?.turnedAway({ code: "HOLON_LINK_UPSIDE_DOWN", message, proved: connection.peer, claimed: undefined });
    connection.receive({ frame: () => undefined, closed: () => undefined });
    connection.close("HOLON_LINK_UPSIDE_DOWN");
  }

  function accept(connection: Connection): void {
    const why = options.misplaced(connection.peer, connection.tier);
    if (why !== undefined) return turnAway(connection, why);
    const before = sessions.get(connection.peer) ?? [];
    for (const twin of before.slice(0, Math.max(0, before.length + 1 - limits.linkTwinsMax))) twin.peer.close("the same node connected again");
    for (const twin of before) twin.peer.probe(limits.linkTwinProbeMs);
    const number = nextNumber++;
    const failed = (error: unknown): void => {
      const coded = toHolonError(error);
      ports.trace.note("warn", `link of ${connection.peer}: ${coded.message}`, { code: coded.code });
      peer.close(coded.code);
    };
    const peer = openPeer(connection, ports, {
      pingMs: limits.linkParentPingMs,
      frame: (frame) => take(session, frame),
      closed: (reason, error, heardMs) => {
        if (heardMs !== undefined) silentSince.set(connection.peer, heardMs);
        forget(session);
        calls.lost(peer);
        // Who said another name than its own is told of with that name.
        if (error !== undefined && error.code !== "HOLON_IDENTITY_FALSE") options.lobby?.turnedAway({ code: error.code, message: `${peer.name}: ${error.message}`, proved: peer.name, claimed: undefined });
        ports.trace.note(error === undefined ? "info" : "warn", `link of ${peer.name} closed: ${reason}`);
      },
    });
    const safe = (lane: Lane, received: number): number => options.safe(lane, received, session.role === "relayed");
    const receiver = createStreamReceiver({ log, integrity: options.integrity, send: peer.send, safe, branched: options.branched, arrived: (runs) => options.arrived?.(peer.name, session.acceptedMs, runs), hasTwin: () => hasTwin(session), failed, ...creditOf(number) });
    const session: Session = { number, peer, site: connection.site, receiver, acceptedMs: now(), below: new Map(), role: "new" };
    sessions.set(peer.name, [...(sessions.get(peer.name) ?? []), session]);
    byNumber.set(number, session);
    silentSince.delete(peer.name);
    leadTo(session, peer.name, 0);
    tell(admission.arrived(number).filter((word) => word.session !== number)); // its own credit goes with the subscription
  }

  /** One that has not answered yet may be the child's own earlier end, which nobody has missed: it is waited for. */
  function hasTwin({ peer, acceptedMs }: Session): Promise<boolean> {
    const isTwice = (): boolean => (sessions.get(peer.name)?.length ?? 0) > 1;
    const waitMs = acceptedMs + limits.linkTwinProbeMs + 1 - now();
    if (!isTwice() || waitMs <= 0) return Promise.resolve(isTwice());
    return new Promise((resolve) => void ports.clock.after(waitMs, () => resolve(isTwice())));
  }

  function creditOf(number: number): Pick<StreamReceiverOptions, "append" | "credit" | "received" | "settled"> {
    return {
      append: (runs, urgency) => intake.append(number, runs, urgency),
      credit: () => {
        const { data, alarm } = admission.credit(number);
        return [data, alarm];
      },
      received: (dataBytes, alarmBytes) => admission.received(number, dataBytes, alarmBytes),
      settled(dataBytes, alarmBytes) {
        if (alarmBytes > 0) tell(admission.settled(number, "alarm", alarmBytes, now()));
        if (dataBytes > 0) tell(admission.settled(number, "data", dataBytes, now()));
      },
    };
  }

  function tell(words: readonly AdmissionWord[]): void {
    for (const word of words) {
      const session = byNumber.get(word.session);
      if (word.word === "credit") session?.receiver.grant();
      else session?.peer.send({ kind: "stream", header: { op: "later", retryAfterMs: word.retryAfterMs } });
    }
    lapseLater();
  }

  /** Where nothing else happens here any more, nobody but the clock serves who waits. */
  function lapseLater(): void {
    const inMs = lapse === undefined ? admission.lapsesIn(now()) : undefined;
    if (inMs === undefined) return;
    lapse = ports.clock.after(inMs, () => {
      lapse = undefined;
      tell(admission.lapsed(now()));
    });
  }

  function forget(session: Session): void {
    const left = (sessions.get(session.peer.name) ?? []).filter((other) => other !== session);
    if (left.length === 0) sessions.delete(session.peer.name);
    else sessions.set(session.peer.name, left);
    for (const node of session.below.keys()) {
      if (ways.get(node) !== session) continue;
      const other = left.findLast(({ below }) => below.has(node));
      if (other === undefined) ways.delete(node);
      else ways.set(node, other);
    }
    byNumber.delete(session.number);
    blobs.childLost(session.peer);
    tell(admission.left(session.number, now()));
    options.changed?.();
  }

  function leadTo(session: Session, node: NodeName, version: number): void {
    if (options.misplaced(node, undefined) !== undefined) return; // nobody below leads upwards
    session.below.set(node, version);
    ways.set(node, session);
  }

  function take(session: Session, frame: Frame): void {
    if (frame.kind === "blob") return blobs.receive(frame, session.peer, false);
    if (frame.kind === "call") return calls.receive(frame, session.peer);
    if (frame.kind === "desired") {
      if (frame.header.op === "have" && isNodeName(frame.header.node)) leadTo(session, frame.header.node, frame.header.version);
      return;
    }
    if (frame.header.op === "records") return session.receiver.records(frame.payload, frame.header.alarmBytes ?? 0);
    if (frame.header.op === "return") {
      const words = admission.returned(session.number, frame.header.bytes, frame.header.alarmBytes, now());
      if (words === undefined) throw new HolonError("HOLON_FRAME_BAD", `${session.peer.name} returns more credit than it has`);
      return tell(words);
    }
    if (frame.header.op === "history") return session.receiver.history(frame.header.lane, frame.header.points);
    if (frame.header.op === "ask") {
      const { bytes, alarm, waitedMs } = frame.header;
      return tell(admission.asked(session.number, { kind: alarm ? "alarm" : "data", bytes, waitedMs }, now()));
    }
    if (frame.header.op !== "offer") throw new HolonError("HOLON_FRAME_BAD", `a child sent ${frame.header.op}, which only parents send`);
    session.role = frame.header.sibling === undefined ? "child" : frame.header.sibling;
    learn(session, frame.header);
    options.changed?.();
    session.receiver.offered(session.role === "relayed" && !options.takesRelayed() ? [] : frame.header.lanes.map(([name]) => name));
  }

  function learn(session: Session, header: Extract<Frame["header"], { op: "offer" }>): void {
    requireProved(session, header);
    for (const [name] of header.lanes) {
      const origin = parseLaneName(name)?.origin;
      if (origin !== undefined && !session.below.has(origin)) leadTo(session, origin, 0);
    }
    for (const [node, version] of header.desired) if (isNodeName(node)) leadTo(session, node, version);
    for (const node of session.below.keys()) sendDocument(session, node);
  }

  /** What a peer says of itself is what its certificate says. */
  function requireProved({ peer, site }: Session, header: { readonly node: string; readonly site: string }): void {
    const isOther = header.node !== peer.name;
    if (!isOther && (site === undefined || site === header.site)) return;
    const message = `${peer.name} of ${site ?? "a site that nothing proves"} says that it is ${header.node} of ${header.site}`;
    options.lobby?.turnedAway({ code: "HOLON_IDENTITY_FALSE", message, proved: peer.name, claimed: header.node });
    throw new HolonError("HOLON_IDENTITY_FALSE", message);
  }

  function sendDocument(session: Session, node: NodeName): void {
    if (!isBelowHere(session)) return; // it has a parent that sends it
    if (node === log.origin || sessions.get(node)?.includes(session) === false) return; // nobody else gets it, whoever says that it is below
    const held = desiredOf(log, node);
    const known = session.below.get(node);
    if (held === undefined || known === undefined || held.document.version <= known) return;
    session.peer.send({ kind: "desired", header: { op: "document", node, version: held.document.version }, payload: held.bytes });
  }

  return {
    async listen(address) {
      listener = await ports.net.listen(address, accept, options.lobby);
      return listener.address;
    },
    direct: (node) => sessions.get(node)?.at(-1)?.peer,
    senders: () => [...byNumber.values()].filter(isBelowHere).map(({ peer }) => peer.name),
    beside: () => [...byNumber.values()].filter(({ role }) => role === "quiet").map(({ peer }) => peer.name),
    peers: () => [...byNumber.values()].map(({ peer }) => peer),
    heardMs: (node) => sessions.get(node)?.reduce((last, { peer }) => Math.max(last, peer.aliveMs()), -Infinity) ?? silentSince.get(node),
    isBelow: (node) => [...byNumber.values()].some((session) => session.role === "child" && session.below.has(node)),
    leadsTo: (peer, node) => peer === node || (!sessions.has(node) && (sessions.get(peer) ?? []).some(({ below }) => below.has(node))),
    towards: (node) => sessions.get(node)?.at(-1)?.peer ?? ways.get(node)?.peer,
    look() {
      for (const { peer } of [...byNumber.values()]) if (options.misplaced(peer.name, undefined) !== undefined) peer.close("HOLON_LINK_UPSIDE_DOWN");
    },
    documentChanged(node) {
      // To all who say that they lead there: who says so last, and does not, keeps nothing from it.
      for (const session of sessions.get(node) ?? [...byNumber.values()].filter(({ below }) => below.has(node))) sendDocument(session, node);
    },
    status: () => [...byNumber.values()].filter(isBelowHere).map(({ peer, acceptedMs }) => ({ node: peer.name, ...peer.traffic(), sinceMs: now() - acceptedMs })),
    admission: admission.status,
    async close() {
      for (const session of [...byNumber.values()]) session.peer.close("the node is stopping");
      lapse?.cancel();
      await listener?.close();
    },
  };
}
