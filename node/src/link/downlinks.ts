/** The links from children: takes their streams, sends documents down, serves blobs and forwards calls. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { Frame } from "@holon/core/link/frame.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import type { Lane } from "@holon/core/log/log.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import type { Clock, Codec, Connection, Listener, Net, Trace } from "@holon/core/ports.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { desiredOf } from "../desired/documents.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { BlobExchange } from "./blob-exchange.ts";
import type { Calls } from "./calls.ts";
import { openPeer, type Peer } from "./peer.ts";
import { createStreamReceiver, type StreamReceiver } from "./stream-receiver.ts";

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
  forked(lane: Lane, reason: string): void;
}

export interface DownlinkStatus {
  readonly node: NodeName;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface Downlinks {
  listen(address: string): Promise<string>;
  /** The peer that leads to a node: itself, if it is connected here. */
  towards(node: NodeName): Peer | undefined;
  /** The node itself, if it is connected here. */
  direct(node: NodeName): Peer | undefined;
  /** Whether a child leads to a node. */
  isBelow(node: NodeName): boolean;
  /** The document of this node changed. */
  documentChanged(node: NodeName): void;
  status(): readonly DownlinkStatus[];
  close(): Promise<void>;
}

interface Session {
  readonly peer: Peer;
  readonly receiver: StreamReceiver;
  /** The child and the nodes below it, with the version of the document that each is known to have. */
  readonly below: Map<NodeName, number>;
  /** What its last offer made it: a child, a sibling that goes around its own uplink, or a sibling that offers nothing. */
  role: "child" | "relayed" | "quiet";
}

export function createDownlinks(options: DownlinksOptions): Downlinks {
  const { log, ports, calls, blobs } = options;
  const sessions = new Map<NodeName, Session>();
  let listener: Listener | undefined;

  function accept(connection: Connection): void {
    sessions.get(connection.peer)?.peer.close("the same node connected again");
    const failed = (error: unknown): void => {
      const coded = toHolonError(error);
      ports.trace.note("warn", `link of ${connection.peer}: ${coded.message}`, { code: coded.code });
      peer.close(coded.code);
    };
    const peer = openPeer(connection, ports, {
      frame: (frame) => take(session, frame),
      closed: (reason, error) => {
        if (sessions.get(peer.name) === session) sessions.delete(peer.name);
        calls.lost(peer);
        ports.trace.note(error === undefined ? "info" : "warn", `link of ${peer.name} closed: ${reason}`);
      },
    });
    const receiver = createStreamReceiver({ log, integrity: options.integrity, send: peer.send, safe: (lane, received) => options.safe(lane, received, session.role === "relayed"), forked: options.forked, failed });
    const session: Session = { peer, receiver, below: new Map([[peer.name, 0]]), role: "quiet" };
    sessions.set(peer.name, session);
  }

  function take(session: Session, frame: Frame): void {
    if (frame.kind === "blob") return blobs.receive(frame, session.peer);
    if (frame.kind === "call") return calls.receive(frame, session.peer);
    if (frame.kind === "desired") {
      if (frame.header.op === "have" && isNodeName(frame.header.node)) session.below.set(frame.header.node, frame.header.version);
      return;
    }
    if (frame.header.op === "records") return session.receiver.records(frame.payload);
    if (frame.header.op !== "offer") throw new HolonError("HOLON_FRAME_BAD", `a child sent ${frame.header.op}, which only parents send`);
    session.role = frame.header.sibling === undefined ? "child" : frame.header.sibling;
    learn(session, frame.header);
    session.receiver.offered(session.role === "relayed" && !options.takesRelayed() ? [] : frame.header.lanes.map(([name]) => name));
  }

  function learn(session: Session, header: Extract<Frame["header"], { op: "offer" }>): void {
    if (header.node !== session.peer.name) throw new HolonError("HOLON_FRAME_BAD", `${session.peer.name} offers as ${header.node}`);
    for (const [name] of header.lanes) {
      const origin = parseLaneName(name)?.origin;
      if (origin !== undefined && !session.below.has(origin)) session.below.set(origin, 0);
    }
    for (const [node, version] of header.desired) if (isNodeName(node)) session.below.set(node, version);
    for (const node of session.below.keys()) sendDocument(session, node);
  }

  function sendDocument(session: Session, node: NodeName): void {
    if (session.role === "quiet") return; // it has a parent that sends it
    const held = desiredOf(log, node);
    const known = session.below.get(node);
    if (held === undefined || known === undefined || held.document.version <= known) return;
    session.peer.send({ kind: "desired", header: { op: "document", node, version: held.document.version }, payload: held.bytes });
  }

  return {
    async listen(address) {
      listener = await ports.net.listen(address, accept);
      return listener.address;
    },
    direct: (node) => sessions.get(node)?.peer,
    isBelow: (node) => [...sessions.values()].some((session) => session.role === "child" && session.below.has(node)),
    towards: (node) => sessions.get(node)?.peer ?? [...sessions.values()].find((session) => session.below.has(node))?.peer,
    documentChanged(node) {
      for (const session of sessions.values()) sendDocument(session, node);
    },
    status: () => [...sessions.values()].map(({ peer }) => ({ node: peer.name, ...peer.traffic() })),
    async close() {
      for (const session of [...sessions.values()]) session.peer.close("the node is stopping");
      await listener?.close();
    },
  };
}
