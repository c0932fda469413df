import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectSecure, type TLSSocket } from "node:tls";
import type { IncomingMessage } from "node:http";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Connection } from "@holon/core/ports.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { WebSocket } from "ws";
import { type Address, bindHost, parseAddress, printAddress } from "./net-address.ts";
import { WebSocketConnection } from "./net-connection.ts";
import { linkPath, linkProtocol, nameHeader, socketOptions } from "./net-wire.ts";
import type { JoinInfo } from "./trust-join.ts";

interface ConnectOptions {
  readonly name: NodeName;
  readonly join: JoinInfo | undefined;
  readonly address: string;
  /** The name that the peer must say, where it is known. */
  readonly expected?: NodeName | undefined;
}

/** Connects to a parent or a sibling, which must show a certificate of the pinned authority. `HOLON_LINK_UNREACHABLE`, `HOLON_LINK_REFUSED`. */
export async function connectToPeer({ name, join, address: text, expected }: ConnectOptions): Promise<Connection> {
  const address = parseAddress(text, "wss");
  if (join === undefined) throw new HolonError("HOLON_LINK_REFUSED", `this node has no join information for ${text}`);
  const raw = connectSocket({ host: bindHost(address.host), port: address.port, noDelay: true });
  const secure = connectSecure({ socket: raw, host: address.host, ca: join.caPem, minVersion: "TLSv1.3" });
  const webSocket = new WebSocket(printAddress("wss", address) + linkPath, linkProtocol, {
    ...socketOptions,
    createConnection: () => secure,
    headers: { authorization: `Bearer ${join.token}`, [nameHeader]: name },
    generateMask: leaveUnmasked,
  });
  return await opened({ webSocket, secure, raw }, address, expected);
}

interface Sockets {
  readonly webSocket: WebSocket;
  readonly secure: TLSSocket;
  readonly raw: Socket;
}

/**
 * The mask guards proxies that read plaintext against scripts in browsers (RFC 6455, section 10.3). Neither is here, and a mask
 * of zeros saves both ends a pass over every byte.
 */
function leaveUnmasked(mask: Buffer): void {
  mask.fill(0);
}

function opened({ webSocket, secure, raw }: Sockets, address: Address, expected: NodeName | undefined): Promise<Connection> {
  const at = printAddress("wss", address);
  return new Promise((resolve, reject) => {
    let peer: string | undefined;
    const fail = (error: HolonError): void => {
      clearTimeout(timer);
      reject(error);
      // An attempt that failed once may fail again while it is torn down; the first reason is the one that counts.
      webSocket.on("error", () => undefined);
      webSocket.terminate();
      secure.destroy();
      raw.destroy();
    };
    const timer = setTimeout(() => fail(unreachable(at, `no answer in ${limits.handshakeMs} ms`)), limits.handshakeMs);
    raw.once("error", (error) => fail(unreachable(at, error.message, error)));
    webSocket.once("error", (error) => fail(isCertificateError(error) ? untrusted(at, error) : unreachable(at, error.message, error)));
    webSocket.once("upgrade", (response: IncomingMessage) => (peer = String(response.headers[nameHeader] ?? "")));
    webSocket.once("unexpected-response", (_request, response: IncomingMessage) => fail(refusal(at, response.statusCode ?? 0)));
    webSocket.once("open", () => {
      if (peer === undefined || !isNodeName(peer)) return fail(unreachable(at, "what answers is no Holon node"));
      if (expected !== undefined && peer !== expected) return fail(new HolonError("HOLON_LINK_REFUSED", `${at} says that it is ${peer}, not ${expected}`));
      clearTimeout(timer);
      webSocket.removeAllListeners("error");
      resolve(new WebSocketConnection(peer, { webSocket, secure, raw }));
    });
  });
}

const unreachable = (at: string, why: string, cause?: unknown): HolonError =>
  new HolonError("HOLON_LINK_UNREACHABLE", `cannot reach the parent at ${at}: ${why}`, { cause });

const untrusted = (at: string, cause: Error): HolonError =>
  new HolonError("HOLON_LINK_REFUSED", `${at} does not show a certificate of the parent's authority: ${cause.message}`, { cause });

const refusal = (at: string, status: number): HolonError =>
  status === 401
    ? new HolonError("HOLON_LINK_REFUSED", `${at} does not take this node's join token`)
    : unreachable(at, `it answers with HTTP ${status}`);

/** OpenSSL's verification results (`X509_V_ERR_…` without the prefix) and Node's name check. */
const certificateCodes = /^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/;
const isCertificateError = (error: Error): boolean => "code" in error && certificateCodes.test(String(error.code));
