import type { IncomingMessage, Server as HttpServer } from "node:http";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Connection, Listener } from "@holon/core/ports.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { WebSocketServer } from "ws";
import { parseAddress, printAddress, requireLoopback } from "./net-address.ts";
import { bindServer } from "./net-bind.ts";
import { WebSocketConnection } from "./net-connection.ts";
import { linkPath, linkProtocol, nameHeader, socketOptions } from "./net-wire.ts";
import type { Trust } from "./trust.ts";

interface ListenOptions {
  readonly name: NodeName;
  readonly trust: Trust | undefined;
  readonly address: string;
  accepted(connection: Connection): void;
}

/**
 * Listens for children; port 0 lets the system choose. `HOLON_PORT_TAKEN`, `HOLON_CONFIG_BAD`. Closing it takes no more peers and
 * drops those that have not proved themselves; connections that were accepted stay.
 */
export async function listenForChildren({ name, trust, address: text, accepted }: ListenOptions): Promise<Listener> {
  const address = requireLoopback(parseAddress(text, "wss"));
  if (trust === undefined) throw new HolonError("HOLON_CONFIG_BAD", `${name} has no certificate to listen with on ${text}`);
  const server = createServer({ key: trust.server.keyPem, cert: trust.server.certificatePem, minVersion: "TLSv1.3", noDelay: true });
  const newcomers = watchNewcomers(server);
  const webSockets = new WebSocketServer({
    ...socketOptions,
    noServer: true,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(linkProtocol) ? linkProtocol : false),
  });
  webSockets.on("headers", (headers) => headers.push(`${nameHeader}: ${name}`));
  server.on("request", (_request, response) => response.writeHead(404, { connection: "close" }).end());
  server.on("upgrade", (request, socket: Duplex, head) => {
    const raw = socket instanceof TLSSocket ? newcomers.rawUnder(socket) : undefined;
    const peer = provenName(request, trust);
    if (typeof peer === "number") return turnAway(socket, peer);
    // The TCP connection broke while the request was read.
    if (raw === undefined || !(socket instanceof TLSSocket)) return turnAway(socket, 503);
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      newcomers.welcome(raw);
      accepted(new WebSocketConnection(peer, { webSocket, secure: socket, raw }));
    });
  });
  const port = await bindServer(server, address);
  return {
    address: printAddress("wss", { host: address.host, port }),
    close: () => {
      server.close();
      newcomers.drop();
      return Promise.resolve();
    },
  };
}

/** The name that a request proves, or the HTTP status of its refusal. */
function provenName(request: IncomingMessage, trust: Trust): NodeName | number {
  if (!trust.admits(request.headers.authorization)) return 401;
  const name = request.headers[nameHeader];
  if (request.url !== linkPath) return 404;
  return typeof name === "string" && isNodeName(name) ? name : 400;
}

function turnAway(socket: Duplex, status: number): void {
  socket.on("error", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
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
