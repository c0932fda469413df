import type { IncomingMessage } from "node:http";
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Connection, Net, TurnedAway } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import { WebSocket } from "ws";
import { renewAt } from "../identity/ask.ts";
import type { NodeIdentity } from "../identity.ts";
import { type Address, parseAddress, printAddress } from "./address.ts";
import { WebSocketConnection } from "./connection.ts";
import { connectSecurely, unreachable, type SecureSocket, type Sessions } from "./secure.ts";
import { linkPath, linkProtocol, nameHeader, refusalHeader, socketOptions } from "./wire.ts";

/**
 * Connects to a parent or a sibling, which must show a certificate of the fleet. Refused for the date or the series of its own, a node asks for the next one there and then.
 * `HOLON_LINK_UNREACHABLE`, `HOLON_LINK_REFUSED`, `HOLON_IDENTITY_…`.
 */
export function createConnector(name: NodeName, identity: NodeIdentity): Net["connect"] {
  const sessions: Sessions = new Map();
  const connect = async (address: Address, expected: NodeName | undefined, turnedAway: TellTurnedAway, mayRenew: boolean): Promise<Connection> => {
    const sockets = await connectSecurely(identity, address, sessions, turnedAway);
    const { secure, raw, peer } = sockets;
    const at = printAddress("wss", address);
    if (expected !== undefined && peer.node !== expected) {
      secure.destroy();
      raw.destroy();
      const error = new HolonError("HOLON_LINK_REFUSED", `${at} proves to be ${peer.node}, not ${expected}`);
      turnedAway?.({ code: error.code, message: error.message, proved: peer.node, claimed: undefined });
      throw error;
    }
    const webSocket = await upgraded(sockets, name, at, turnedAway).catch(async (error: unknown) => {
      if (!mayRenew || !(error instanceof HolonError) || !renewable.has(error.code)) throw error;
      sessions.delete(at); // what is asked next shows all there is to show
      await renewAt(identity, () => connectSecurely(identity, address, sessions), at);
      return undefined;
    });
    if (webSocket === undefined) return connect(address, expected, turnedAway, false);
    const connection = new WebSocketConnection(peer, { webSocket, secure, raw });
    const letGo = identity.hold(peer, (code) => connection.close(code));
    webSocket.once("close", letGo);
    return connection;
  };
  return async (text, expected, turnedAway) => {
    const address = parseAddress(text, "wss");
    try {
      return await connect(address, expected, turnedAway, true);
    } catch (error) {
      sessions.delete(printAddress("wss", address)); // the next attempt shows all there is to show
      throw error;
    }
  };
}

type TellTurnedAway = ((who: TurnedAway) => void) | undefined;

/** What the other end says of this node's certificate where the next one would do. */
const renewable: ReadonlySet<string> = new Set(["HOLON_IDENTITY_EXPIRED", "HOLON_IDENTITY_SERIES"]);

function upgraded({ secure, raw, peer }: SecureSocket, name: NodeName, at: string, turnedAway: TellTurnedAway): Promise<WebSocket> {
  const webSocket = new WebSocket(at + linkPath, linkProtocol, {
    ...socketOptions,
    createConnection: () => secure,
    headers: { [nameHeader]: name },
    generateMask: leaveUnmasked,
  });
  return new Promise((resolve, reject) => {
    let says: string | undefined;
    const fail = (error: HolonError): void => {
      clearTimeout(timer);
      reject(error);
      for (const socket of [webSocket, secure, raw]) socket.on("error", () => undefined);
      webSocket.terminate();
      secure.destroy();
      raw.destroy();
    };
    const timer = setTimeout(() => fail(unreachable(at, `no answer in ${limits.handshakeMs} ms`)), limits.handshakeMs);
    webSocket.once("error", (error) => fail(unreachable(at, error.message, error)));
    webSocket.once("upgrade", (response: IncomingMessage) => (says = String(response.headers[nameHeader] ?? "")));
    webSocket.once("unexpected-response", (_request, response: IncomingMessage) => fail(refusal(at, response)));
    webSocket.once("open", () => {
      if (says !== peer.node) {
        const error = new HolonError("HOLON_IDENTITY_FALSE", `${at} says that it is ${JSON.stringify(says)}, and its certificate says ${peer.node}`);
        turnedAway?.({ code: error.code, message: error.message, proved: peer.node, claimed: says });
        return fail(error);
      }
      clearTimeout(timer);
      webSocket.removeAllListeners("error");
      resolve(webSocket);
    });
  });
}

/**
 * The mask guards proxies that read plaintext against scripts in browsers (RFC 6455, section 10.3). Neither is here, and a mask
 * of zeros saves both ends a pass over every byte.
 */
function leaveUnmasked(mask: Buffer): void {
  mask.fill(0);
}

/** Why the other end, whose certificate is good, does not take this node. */
function refusal(at: string, { statusCode, headers }: IncomingMessage): HolonError {
  const code = headers[refusalHeader];
  if (!isErrorCode(code) || !code.startsWith("HOLON_IDENTITY_")) return unreachable(at, `it answers with HTTP ${statusCode ?? 0}`);
  return new HolonError(code, `${at} does not take this node: ${wordsOf[code] ?? code}`);
}

const wordsOf: Readonly<Record<string, string>> = {
  HOLON_IDENTITY_EXPIRED: "its certificate is beyond its date",
  HOLON_IDENTITY_FALSE: "its configuration names it otherwise than its certificate",
  HOLON_IDENTITY_MISSING: "it shows no certificate",
  HOLON_IDENTITY_REVOKED: "its certificate was revoked",
  HOLON_IDENTITY_SERIES: "its certificate is of a series of the authority that is over",
  HOLON_IDENTITY_UNTRUSTED: "its certificate is of another fleet",
};
