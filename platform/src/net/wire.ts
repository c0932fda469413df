import { limits } from "@holon/core/limits.ts";

/** What both ends of a link agree on before the first frame. */
export const linkPath = "/v1/link";
export const linkProtocol = "holon.v1";
/** Where certificates are asked for. */
export const askPaths = { "identity.enroll": "/v1/enroll", "identity.renew": "/v1/renew", "identity.challenge": "/v1/challenge" } as const;
/** Header in which each end says its name. */
export const nameHeader = "holon-node";
/** Header with the code of a refusal. */
export const refusalHeader = "holon-refusal";

/** Settings of `ws` at both ends. Compression stays off: frames are compressed already, each by itself. */
export const socketOptions = {
  perMessageDeflate: false,
  maxPayload: limits.frameBytesMax,
  maxFragments: limits.frameFragmentsMax,
  // The link asks for signs of life in frames of its own; answering a flood of pings would queue without bound.
  autoPong: false,
} as const;
