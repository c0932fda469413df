/** Who may come in: whoever shows a certificate of the fleet that is not revoked, says no other name than that, and is not beyond its date where a new one is to be had. */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { HolonError, toHolonError, type ErrorCode } from "@holon/core/errors.ts";
import type { Lobby } from "@holon/core/ports.ts";
import { isNodeName } from "@holon/core/units.ts";
import type { Proven } from "../identity/certificate.ts";
import type { NodeIdentity } from "../identity.ts";
import { linkPath, nameHeader } from "./wire.ts";

export interface TurnedAwayWith {
  readonly status: number;
  readonly code?: ErrorCode;
}

export interface Gate {
  readonly identity: NodeIdentity;
  readonly lobby: Lobby | undefined;
}

/** The peer that a request for a link proves, or the answer to it. What looks like an attempt is told to the lobby. */
export function admit(request: IncomingMessage, socket: TLSSocket, { identity, lobby }: Gate): Proven | TurnedAwayWith {
  const said = request.headers[nameHeader];
  const claimed = typeof said === "string" && isNodeName(said) ? said : undefined;
  let proven: Proven | undefined;
  try {
    proven = peerOf(socket, identity);
    identity.requireValid(proven);
    if (request.url !== linkPath) return { status: 404 };
    if (claimed === undefined) return { status: 400 };
    if (claimed !== proven.node) throw new HolonError("HOLON_IDENTITY_FALSE", `${proven.node} says that it is ${claimed}`);
  } catch (error) {
    const { code, message } = toHolonError(error);
    // Under a key that was stolen no name is proved.
    lobby?.turnedAway({ code, message: `${message} (from ${socket.remoteAddress ?? "an end that is gone"})`, proved: code === "HOLON_IDENTITY_SERIES" ? undefined : proven?.node, claimed });
    return { status: code === "HOLON_IDENTITY_MISSING" ? 401 : 403, code };
  }
  const isOver = identity.isExpired(proven.validity) && lobby?.reachesAuthority() === true;
  return isOver ? { status: 403, code: "HOLON_IDENTITY_EXPIRED" } : proven;
}

/** Dates and revocation apart. `HOLON_IDENTITY_MISSING`, `HOLON_IDENTITY_UNTRUSTED`. */
export function peerOf(socket: TLSSocket, identity: NodeIdentity): Proven {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) throw new HolonError("HOLON_IDENTITY_MISSING", "somebody without a certificate asks for a link");
  return identity.prove(leaf);
}
