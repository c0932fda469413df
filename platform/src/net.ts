/**
 * The network between nodes: one TLS 1.3 connection a link, both ends with their certificates, WebSocket (RFC 6455) binary messages as frames.
 *
 *     child                                               parent
 *       │ TLS: the parent's certificate, the child's         │
 *       │ GET /v1/link  Holon-Node: gateway-1                │
 *       │ 101  Holon-Node: edge-1   |   403 Holon-Refusal: … │
 *       │◀─────────────── frames ───────────────────────────▶│
 *       │ POST /v1/enroll, /v1/renew                         │   for who may not come in yet
 *
 * A peer's name is that of its certificate; the header says what it takes itself for, and must say the same.
 */
import type { Net } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { NodeIdentity } from "./identity.ts";
import { createConnector } from "./net/connect.ts";
import { listenForPeers } from "./net/listen.ts";

export interface NetOptions {
  /** This node's name, as it says it to its peers. */
  readonly name: NodeName;
  /** What proves it; without a certificate in it both ways are refused with `HOLON_IDENTITY_MISSING`. */
  readonly identity: NodeIdentity;
}

/** The net port over TLS WebSockets. */
export function createNet({ name, identity }: NetOptions): Net {
  const connect = createConnector(name, identity);
  return {
    listen: (address, accepted, lobby) => listenForPeers({ name, identity, address, accepted, lobby }),
    connect,
  };
}
