/** The client's end of TLS between nodes: who answers is proved before a byte of what comes above it is sent. */
import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { TurnedAway } from "@holon/core/ports.ts";
import { untrusted, type Proven } from "../identity/certificate.ts";
import type { NodeIdentity } from "../identity.ts";
import { type Address, bindHost, printAddress } from "./address.ts";

export interface SecureSocket {
  readonly secure: TLSSocket;
  /** Under TLS: its counters are what the network carried. */
  readonly raw: Socket;
  readonly peer: Proven;
}

/** Sessions that can be taken up again, by address: a handshake without certificates and without their arithmetic. */
export type Sessions = Map<string, { readonly ticket: Buffer; readonly peer: Proven; readonly own: string }>;
const sessionsMax = 64;

/** Who answers and is not taken is told to `turnedAway`. `HOLON_LINK_UNREACHABLE`, `HOLON_IDENTITY_UNTRUSTED`, `HOLON_IDENTITY_SERIES`, `HOLON_IDENTITY_REVOKED`, `HOLON_IDENTITY_MISSING`. */
export function connectSecurely(identity: NodeIdentity, address: Address, sessions: Sessions, turnedAway?: (who: TurnedAway) => void): Promise<SecureSocket> {
  const { keyPem, chainPem, rootPem } = identity.credentials();
  const place = printAddress("wss", address);
  const kept = sessions.get(place);
  const session = kept?.own === chainPem ? kept : undefined;
  return handshake(address, { key: keyPem, cert: chainPem, ca: rootPem, ...(session === undefined ? {} : { session: session.ticket }) }, (secure) => {
    let shown: Proven | undefined;
    try {
      shown = secure.isSessionReused() ? session?.peer : provenPeer(identity, secure);
      if (shown === undefined) throw untrusted("it takes up a session that is not ours");
      identity.requireValid(shown);
    } catch (error) {
      const { code, message } = toHolonError(error);
      // Under a key that was stolen no name is proved.
      turnedAway?.({ code, message: `${place}: ${message}`, proved: code === "HOLON_IDENTITY_SERIES" ? undefined : shown?.node, claimed: shown?.node });
      throw error;
    }
    const peer = shown;
    secure.on("session", (ticket: Buffer) => {
      const [oldest] = sessions.keys();
      if (oldest !== undefined && sessions.size >= sessionsMax) sessions.delete(oldest);
      sessions.set(place, { ticket, peer, own: chainPem });
    });
    return peer;
  }).catch((error: unknown) => {
    sessions.delete(place);
    throw error;
  });
}

function provenPeer(identity: NodeIdentity, secure: TLSSocket): Proven {
  const leaf = secure.getPeerX509Certificate();
  if (leaf === undefined) throw untrusted("it shows no certificate");
  return identity.prove(leaf);
}

/** One TLS 1.3 connection, once `prove` says who is at its other end. */
export function handshake(address: Address, options: { readonly key?: string; readonly cert?: string; readonly ca?: string; readonly session?: Buffer }, prove: (secure: TLSSocket) => Proven): Promise<SecureSocket> {
  const at = printAddress("wss", address);
  return new Promise((resolve, reject) => {
    const raw = connectSocket({ host: bindHost(address.host), port: address.port, noDelay: true });
    // Certificates are looked at by `prove`: what Node would do first is to judge their dates.
    const secure = connectTls({ socket: raw, minVersion: "TLSv1.3", rejectUnauthorized: false, ...options });
    let settled = false;
    const fail = (error: HolonError): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      reject(error);
      secure.destroy();
      raw.destroy();
    };
    const timer = setTimeout(() => fail(unreachable(at, `no answer in ${limits.handshakeMs} ms`)), limits.handshakeMs);
    // What fails once may fail again while it is torn down, and an open socket has listeners of its own: the first reason is the one that counts.
    for (const socket of [raw, secure]) socket.on("error", (error) => fail(unreachable(at, error.message, error)));
    secure.once("close", () => fail(unreachable(at, "it closed the connection")));
    secure.once("secureConnect", () => {
      try {
        const peer = prove(secure);
        clearTimeout(timer);
        settled = true;
        resolve({ secure, raw, peer });
      } catch (error) {
        const { code, message } = toHolonError(error);
        fail(new HolonError(code, `${at}: ${message}`, { cause: error }));
      }
    });
  });
}

export const unreachable = (at: string, why: string, cause?: unknown): HolonError => new HolonError("HOLON_LINK_UNREACHABLE", `cannot reach ${at}: ${why}`, { cause });
