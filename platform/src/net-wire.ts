import { limits } from "@holon/core/limits.ts";

/** What both ends of a link agree on before the first frame. */
export const linkPath = "/v1/link";
export const linkProtocol = "holon.v1";
/** Header in which each end says its name. */
export const nameHeader = "holon-node";

/** Settings of `ws` at both ends. Compression stays off: frames are compressed already, each by itself. */
export const socketOptions = {
  perMessageDeflate: false,
  maxPayload: limits.frameBytesMax,
  maxFragments: limits.frameFragmentsMax,
  // The link asks for signs of life in frames of its own; answering a flood of pings would queue without bound.
  autoPong: false,
} as const;
