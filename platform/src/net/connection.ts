import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { assert } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Connection } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { WebSocket } from "ws";
import { tierOf, type Proven } from "../identity/certificate.ts";
import { plainBytes } from "../plain-bytes.ts";

/** Time for a peer to take what was queued before a close and to close its side too. */
const closeMs = 1_000;

/** No close frame was seen (RFC 6455, section 7.4.1). */
const abnormal = 1006;

type Handlers = Parameters<Connection["receive"]>[0];

/** The three layers of one open connection. */
export interface Sockets {
  readonly webSocket: WebSocket;
  readonly secure: TLSSocket;
  /** Under TLS: its counters are what the network carried; those of `secure` count plaintext. */
  readonly raw: Socket;
}

/** A connection over an open WebSocket. It is paused until `receive` is called, so that early frames wait in the socket's own bounds. */
export class WebSocketConnection implements Connection {
  readonly peer: NodeName;
  readonly site: string;
  readonly tier: string;
  readonly #sockets: Sockets;
  #handlers: Handlers | undefined;
  #reason: string | undefined;
  #isCorked = false;

  constructor({ node, site, certificate }: Pick<Proven, "node" | "site" | "certificate">, sockets: Sockets) {
    this.peer = node;
    this.site = site;
    this.tier = tierOf(certificate);
    this.#sockets = sockets;
    const { webSocket } = sockets;
    webSocket.pause();
    webSocket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) this.#refuse(1003, "a text frame");
      else if (this.#reason === undefined) this.#handlers?.frame(plainBytes(data));
    });
    // A broken socket or frame: the error says why, and "close" follows it.
    webSocket.on("error", (error) => {
      this.#reason ??= error.message;
      this.#endSoon();
    });
    webSocket.on("close", (code, reason) => {
      this.#reason ??= reason.length > 0 ? reason.toString() : code === abnormal ? "the connection broke" : `the peer closed it (${code})`;
      this.#handlers?.closed(this.#reason);
      this.#handlers = undefined;
    });
  }

  send(frame: Uint8Array): void {
    assert(frame.length <= limits.frameBytesMax, `a frame of ${frame.length} bytes is over the limit`);
    const { webSocket, secure } = this.#sockets;
    // Frames sent after the end share the fate of those on the wire: lost, and sent again by the protocol above.
    if (webSocket.readyState !== webSocket.OPEN) return;
    if (!this.#isCorked) {
      // The frames of one tick leave in one write: fewer TLS records and system calls.
      this.#isCorked = true;
      secure.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        secure.uncork();
      });
    }
    webSocket.send(frame, { binary: true });
  }

  queuedBytes(): number {
    return this.#sockets.webSocket.bufferedAmount;
  }

  traffic(): { readonly sentBytes: number; readonly receivedBytes: number } {
    const { raw } = this.#sockets;
    return { sentBytes: raw.bytesWritten, receivedBytes: raw.bytesRead };
  }

  receive(handlers: Handlers): void {
    assert(this.#handlers === undefined, "the handlers of a connection are set once");
    const { webSocket } = this.#sockets;
    if (webSocket.readyState === webSocket.CLOSED) {
      queueMicrotask(() => handlers.closed(this.#reason ?? "the connection is closed"));
      return;
    }
    this.#handlers = handlers;
    webSocket.resume();
  }

  close(reason: string): void {
    this.#refuse(1000, reason);
  }

  /** What was sent before still arrives; nothing more is handed up. */
  #refuse(code: number, reason: string): void {
    const { webSocket } = this.#sockets;
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    webSocket.resume();
    webSocket.close(code, shortened(reason));
    this.#endSoon();
  }

  /** A peer that does not close its side does not keep the connection. */
  #endSoon(): void {
    const { webSocket, raw } = this.#sockets;
    const timer = setTimeout(() => {
      webSocket.terminate();
      raw.destroy();
    }, closeMs);
    webSocket.once("close", () => clearTimeout(timer));
  }
}

/** A close frame carries at most 123 bytes of reason (RFC 6455, section 5.5). */
function shortened(reason: string): string {
  let text = reason.slice(0, 123);
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}
