/**
 * The network between nodes: one TLS 1.3 connection a link, WebSocket (RFC 6455) binary messages as frames.
 *
 *     child                                            parent
 *       │ TLS: the parent's certificate, pinned authority │
 *       │ GET /v1/link  Authorization: Bearer …, Holon-Node: gateway-1
 *       │ 101  Holon-Node: edge-1   |   401                │
 *       │◀─────────────── frames ─────────────────────────▶│
 *
 * Until enrolment brings mutual TLS, whoever has the join token may say any name, so listeners stay on loopback.
 */
import type { Net } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import { connectToPeer } from "./net-connect.ts";
import { listenForChildren } from "./net-listen.ts";
import type { Trust } from "./trust.ts";
import type { JoinInfo } from "./trust-join.ts";

export interface NetOptions {
  /** This node's name, as its peers will see it. */
  readonly name: NodeName;
  /** How a listener proves itself; without it `listen` is refused with `HOLON_CONFIG_BAD`. */
  readonly listen?: Trust | undefined;
  /** What proves this node to its parent; without it `connect` is refused with `HOLON_LINK_REFUSED`. */
  readonly join?: JoinInfo | undefined;
  /** The same for siblings, by name. */
  readonly siblingJoins?: ReadonlyMap<string, JoinInfo>;
}

/** The net port over TLS WebSockets. */
export const createNet = ({ name, listen, join, siblingJoins }: NetOptions): Net => ({
  listen: (address, accepted) => listenForChildren({ name, trust: listen, address, accepted }),
  connect: (address, expected) => connectToPeer({ name, join: (expected === undefined ? undefined : siblingJoins?.get(expected)) ?? join, address, expected }),
});
