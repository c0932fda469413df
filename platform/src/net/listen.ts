import type { Server as HttpServer } from "node:http";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { limits } from "@holon/core/limits.ts";
import type { Connection, Listener, Lobby } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import { WebSocketServer } from "ws";
import type { NodeIdentity } from "../identity.ts";
import { parseAddress, printAddress } from "./address.ts";
import { admit } from "./admit.ts";
import { serveAsks } from "./asks.ts";
import { bindServer } from "./bind.ts";
import { WebSocketConnection } from "./connection.ts";
import { linkProtocol, nameHeader, refusalHeader, socketOptions } from "./wire.ts";

interface ListenOptions {
  readonly name: NodeName;
  readonly identity: NodeIdentity;
  readonly address: string;
  accepted(connection: Connection): void;
  readonly lobby: Lobby | undefined;
}

/**
 * Listens for children and siblings; port 0 lets the system choose. `HOLON_PORT_TAKEN`, `HOLON_CONFIG_BAD`, `HOLON_IDENTITY_MISSING`. Closing it takes no more peers and
 * drops those that have not proved themselves; connections that were accepted stay.
 */
export async function listenForPeers({ name, identity, address: text, accepted, lobby }: ListenOptions): Promise<Listener> {
  const address = parseAddress(text, "wss");
  // Certificates are looked at here: what Node would do first is to judge their dates.
  const server = createServer({ ...shown(identity), requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.3", noDelay: true });
  const unwatch = identity.onChange(() => server.setSecureContext(shown(identity)));
  const newcomers = watchNewcomers(server);
  const webSockets = new WebSocketServer({
    ...socketOptions,
    noServer: true,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(linkProtocol) ? linkProtocol : false),
  });
  webSockets.on("headers", (headers) => headers.push(`${nameHeader}: ${name}`));
  server.on("request", serveAsks(identity, lobby));
  server.on("upgrade", (request, socket: Duplex, head) => {
    const raw = socket instanceof TLSSocket ? newcomers.rawUnder(socket) : undefined;
    // The TCP connection broke while the request was read.
    if (raw === undefined || !(socket instanceof TLSSocket)) return turnAway(socket, 503);
    const peer = admit(request, socket, { identity, lobby });
    if ("status" in peer) return turnAway(socket, peer.status, peer.code);
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      newcomers.welcome(raw);
      const connection = new WebSocketConnection(peer, { webSocket, secure: socket, raw });
      const letGo = identity.hold(peer, (code) => connection.close(code));
      webSocket.once("close", letGo);
      accepted(connection);
    });
  });
  const port = await bindServer(server, address);
  return {
    address: printAddress("wss", { host: address.host, port }),
    close: () => {
      unwatch();
      server.close();
      newcomers.drop();
      return Promise.resolve();
    },
  };
}

/** With the root, so that a node that is to join can hold it against its token. */
function shown(identity: NodeIdentity): { readonly key: string; readonly cert: string; readonly ca: string } {
  const { keyPem, chainPem, rootPem } = identity.credentials();
  return { key: keyPem, cert: `${chainPem}\n${rootPem}`, ca: rootPem };
}

function turnAway(socket: Duplex, status: number, code?: string): void {
  socket.on("error", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} Refused\r\n${code === undefined ? "" : `${refusalHeader}: ${code}\r\n`}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}

interface Newcomers {
  /** The TCP socket under a TLS socket of this server. */
  rawUnder(secure: TLSSocket): Socket | undefined;
  /** It has proved itself: no deadline any more. */
  welcome(raw: Socket): void;
  drop(): void;
}

/** Whoever opens a connection has until the deadline to prove itself, and only so many may try at a time. */
function watchNewcomers(server: HttpServer): Newcomers {
  const deadlines = new Map<Socket, NodeJS.Timeout>();
  const rawByEnd = new Map<string, Socket>();
  const endOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
  server.maxConnections = limits.connectionsMax;
  // One deadline of our own covers TLS and HTTP alike.
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.on("connection", (raw: Socket) => {
    if (deadlines.size >= limits.handshakesPendingMax) {
      raw.destroy();
      return;
    }
    const end = endOf(raw);
    rawByEnd.set(end, raw);
    deadlines.set(raw, setTimeout(() => raw.destroy(), limits.handshakeMs));
    raw.once("close", () => {
      clearTimeout(deadlines.get(raw));
      deadlines.delete(raw);
      rawByEnd.delete(end);
    });
  });
  return {
    rawUnder: (secure) => rawByEnd.get(endOf(secure)),
    welcome: (raw) => {
      clearTimeout(deadlines.get(raw));
      deadlines.delete(raw);
    },
    drop: () => {
      for (const raw of deadlines.keys()) raw.destroy();
    },
  };
}
