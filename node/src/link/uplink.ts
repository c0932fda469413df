/** The link to the parent: tries for ever with backoff and jitter, offers what this node has, sends, takes documents and blobs. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import type { Frame, FrameInput } from "@holon/core/link/frame.ts";
import { nextUplinkState, type UplinkEvent, type UplinkState } from "@holon/core/link/uplink-state.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { laneName } from "@holon/core/log/log.ts";
import type { RunHeader } from "@holon/core/log/run.ts";
import type { Clock, Codec, Net, Random, Timer, Trace } from "@holon/core/ports.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { isNodeName } from "@holon/core/units.ts";
import { heldVersions, keepDesired } from "../desired/documents.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { BlobExchange } from "./blob-exchange.ts";
import type { Calls } from "./calls.ts";
import { openPeer, type Peer } from "./peer.ts";
import { createStreamSender, type LaneMarks, type StreamSender } from "./stream-sender.ts";

export interface UplinkOptions {
  readonly config: NodeConfig;
  readonly parent: string;
  readonly log: SegmentLog;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly net: Net; readonly codec: Codec; readonly trace: Trace };
  readonly calls: Calls;
  readonly blobs: BlobExchange;
  mayLeave(run: RunHeader): Promise<boolean>;
  /** A lane was refused by the parent, or the parent holds a history that this node does not know. */
  refused(lane: string, message: string): void;
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
  /** Tells the sender that records were committed. */
  committed(lanes: readonly string[]): void;
  /** Last sequence of a lane that the parent has said is safe. */
  safe(lane: string): number;
  /** Whether a link to a sibling offers this node's lanes. */
  relay(on: boolean): void;
  cut(): void;
  heal(): void;
  close(): void;
}

export interface UplinkStatus {
  readonly state: UplinkState;
  readonly parent: string;
  /** Records that the parent has not acknowledged; unknown until the parent was heard once since the start. */
  readonly backlog: number | undefined;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly problem: { readonly code: string; readonly message: string } | undefined;
  /** Milliseconds since the state last changed. */
  readonly sinceMs: number;
}

export function createUplink(options: UplinkOptions): Uplink {
  const { log, ports, blobs, calls } = options;
  let state: UplinkState = "waiting";
  let changedMs = ports.clock.monotonicMs();
  let attempt = 0;
  let timer: Timer | undefined;
  let peer: Peer | undefined;
  let sender: StreamSender | undefined;
  let problem: UplinkStatus["problem"];
  let past = { sentBytes: 0, receivedBytes: 0 };
  const label = options.label ?? "uplink";
  let quiet = options.quiet === true;
  const offered = new Set<string>();
  const marks = new Map<string, LaneMarks>();

  function step(event: UplinkEvent): UplinkState {
    const next = nextUplinkState(state, event);
    if (next !== state) changedMs = ports.clock.monotonicMs();
    state = next;
    options.changed?.();
    return next;
  }

  function tryLater(): void {
    const wait = backoffMs(attempt++, { firstMs: limits.reconnectFirstMs, maxMs: options.quiet === undefined ? limits.reconnectMaxMs : limits.siblingReconnectMaxMs }, ports.random.uniform());
    timer?.cancel();
    timer = ports.clock.after(wait, () => void connect());
  }

  async function connect(): Promise<void> {
    if (state !== "waiting") return;
    step("try");
    try {
      const connection = await ports.net.connect(options.parent);
      if (step("connected") !== "offered") return connection.close("HOLON_LINK_CUT");
      problem = undefined;
      peer = openPeer(connection, ports, { frame: take, closed: lost });
      sender = createStreamSender({ log, marks, clock: ports.clock, send: (frame) => peer?.send(frame), mayLeave: options.mayLeave, failed });
      offered.clear();
      offer(quiet ? [] : allLanes());
    } catch (error) {
      failedToConnect(toHolonError(error));
    }
  }

  function failedToConnect(error: HolonError): void {
    problem = { code: error.code, message: error.message };
    if (step("lost") === "waiting") tryLater();
  }

  /** Own exportable lanes, also those with nothing in them yet, and the children's. */
  function allLanes(): readonly string[] {
    const own = exportableStreams.map((stream) => `${log.origin}/${stream}`);
    const held = [...log.heads().values()].filter(({ lane }) => (exportableStreams as readonly string[]).includes(lane.stream));
    return [...new Set([...own, ...held.map(({ lane }) => laneName(lane))])];
  }

  function offer(lanes: readonly string[]): void {
    for (const lane of lanes) offered.add(lane);
    const heads = log.heads();
    const rows = lanes.map((name): [string, number] => [name, heads.get(name)?.mark.sequence ?? 0]);
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
    if (frame.kind === "blob") return blobs.receive(frame, peer);
    const { header } = frame;
    if (header.op !== "document" || !isNodeName(header.node)) return;
    const node = header.node;
    const answer = (version: number): FrameInput => ({ kind: "desired", header: { op: "have", node, version } });
    keepDesired(log, node, frame.payload).then((version) => peer?.send(answer(version)), failed);
  }

  function takeStream(header: Extract<Frame, { kind: "stream" }>["header"]): void {
    if (header.op === "subscribe") {
      const known = (quiet ? [] : header.lanes).filter(([name, sequence]) => knowsMark(name, sequence));
      if (state === "offered") opened();
      sender?.subscribe(known.map(([name, sequence]) => [name, sequence] as const));
    } else if (header.op === "mark") sender?.marked(header.lanes);
    else if (header.op === "refuse") {
      sender?.refuse(header.lane);
      options.refused(header.lane, header.message);
    }
  }

  /** A parent that holds more of a lane than this node ever wrote: this log was restored from a backup, or cloned. */
  function knowsMark(name: string, sequence: number): boolean {
    const held = log.heads().get(name)?.mark.sequence ?? 0;
    if (sequence <= held) return true;
    // Others' records may have gone another way round, through a sibling or directly: there is nothing to add, and nothing wrong.
    if (parseLaneName(name)?.origin !== log.origin && options.config.siblings.length > 0) return true;
    options.refused(name, `the parent holds records up to ${sequence}, this log ends at ${held}`);
    return false;
  }

  function opened(): void {
    step("subscribed");
    attempt = 0;
    if (peer !== undefined && !quiet) blobs.uplinkOpened(peer);
  }

  function failed(error: unknown): void {
    const coded = toHolonError(error);
    ports.trace.note("warn", `${label}: ${coded.message}`, { code: coded.code });
    problem = { code: coded.code, message: coded.message };
    peer?.close(coded.code);
  }

  function lost(reason: string): void {
    const gone = peer;
    if (gone === undefined) return;
    const traffic = gone.traffic();
    past = { sentBytes: past.sentBytes + traffic.sentBytes, receivedBytes: past.receivedBytes + traffic.receivedBytes };
    peer = undefined;
    sender?.stop();
    sender = undefined;
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
        backlog: marks.size === 0 ? undefined : backlog(log, marks),
        sentBytes: past.sentBytes + traffic.sentBytes,
        receivedBytes: past.receivedBytes + traffic.receivedBytes,
        problem,
        sinceMs: ports.clock.monotonicMs() - changedMs,
      };
    },
    safe: (lane) => marks.get(lane)?.safe ?? 0,
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
      offered.clear();
    },
    committed(lanes) {
      if (sender === undefined || quiet) return;
      const fresh = lanes.filter((name) => !offered.has(name));
      if (fresh.length > 0) offer(fresh);
      sender.notify();
    },
    cut() {
      step("cut");
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

function backlog(log: SegmentLog, marks: ReadonlyMap<string, LaneMarks>): number {
  let records = 0;
  for (const [name, { lane, mark }] of log.heads()) {
    if ((exportableStreams as readonly string[]).includes(lane.stream)) records += Math.max(0, mark.sequence - (marks.get(name)?.received ?? 0));
  }
  return records;
}
