/** One end of an open link: frames in and out, and signs of life. Half-open connections are found by silence. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { decodeFrame, encodeFrame, type Frame, type FrameInput } from "@holon/core/link/frame.ts";
import type { Clock, Codec, Connection, Timer } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";

export interface Peer {
  readonly name: NodeName;
  send(frame: FrameInput): void;
  queuedBytes(): number;
  traffic(): ReturnType<Connection["traffic"]>;
  /** Whether a frame has begun to come in and is not whole yet, as on a slow line. */
  isReceiving(): boolean;
  /** When anything of it was heard last, monotonic. */
  aliveMs(): number;
  close(reason: string): void;
  /** Closes it unless the other end is heard within that time. */
  probe(withinMs: number): void;
}

export interface PeerHandlers {
  /** Throws to close the link: a frame that does not fit ends the connection, not the node. */
  frame(frame: Frame): void;
  /** `heardMs`: where it was given up for silence, when anything was heard last, monotonic. */
  closed(reason: string, error?: HolonError, heardMs?: number): void;
  /** A frame of so many bytes went out or came in. */
  carried?(bytes: number): void;
  /** Silence after which the peer is asked for a sign of life: longer at one end, so that not both ask. */
  readonly pingMs: number;
}

export function openPeer(connection: Connection, ports: { readonly clock: Clock; readonly codec: Codec }, handlers: PeerHandlers): Peer {
  /** When a whole frame was last heard, and when anything was. */
  let heardMs = ports.clock.monotonicMs();
  let aliveMs = heardMs;
  /** On the socket so far: at the last whole frame, and when last looked at. */
  let wholeBytes = connection.traffic().receivedBytes;
  let seenBytes = wholeBytes;
  let timer: Timer | undefined;
  let open = true;

  const end = (reason: string, error?: HolonError, heardLastMs?: number): void => {
    if (!open) return;
    open = false;
    timer?.cancel();
    handlers.closed(reason, error, heardLastMs);
  };
  const peer: Peer = {
    name: connection.peer,
    send: (frame) => {
      if (!open) return;
      const bytes = encodeFrame(frame, ports.codec);
      handlers.carried?.(bytes.length);
      connection.send(bytes);
    },
    queuedBytes: () => connection.queuedBytes(),
    traffic: () => connection.traffic(),
    isReceiving: () => connection.traffic().receivedBytes > wholeBytes,
    aliveMs: () => aliveMs,
    close: (reason) => {
      connection.close(reason);
      end(reason);
    },
    probe(withinMs) {
      const askedMs = ports.clock.monotonicMs();
      peer.send({ kind: "call", header: { op: "ping" } });
      ports.clock.after(withinMs, () => {
        if (open && heardMs <= askedMs) peer.close("the same node connected again");
      });
    },
  };
  const watch = (): void => {
    const nowMs = ports.clock.monotonicMs();
    const { receivedBytes } = connection.traffic();
    // On a line of a kilobyte a second a frame takes minutes: bytes of it are a sign of life too. Its sender is asked all the same, since
    // while it sends it hears nothing else.
    if (receivedBytes > seenBytes) aliveMs = nowMs;
    seenBytes = receivedBytes;
    const silentMs = nowMs - aliveMs;
    if (silentMs >= limits.linkSilenceMs) {
      const reason = `no sign of life for ${Math.round(silentMs)} ms`;
      connection.close(reason);
      return end(reason, undefined, aliveMs);
    }
    if (nowMs - heardMs >= handlers.pingMs) peer.send({ kind: "call", header: { op: "ping" } });
    timer = ports.clock.after(limits.linkPingMs, watch);
  };
  timer = ports.clock.after(limits.linkPingMs, watch);
  connection.receive({
    frame(bytes) {
      heardMs = ports.clock.monotonicMs();
      aliveMs = heardMs;
      wholeBytes = connection.traffic().receivedBytes;
      seenBytes = wholeBytes;
      handlers.carried?.(bytes.length);
      try {
        const frame = decodeFrame(bytes, ports.codec);
        if (frame.kind === "call" && frame.header.op === "ping") peer.send({ kind: "call", header: { op: "alive" } });
        else if (frame.kind !== "call" || frame.header.op !== "alive") handlers.frame(frame);
      } catch (error) {
        const problem = toHolonError(error);
        connection.close(problem.code);
        end(problem.message, problem);
      }
    },
    closed: (reason) => end(reason),
  });
  return peer;
}
