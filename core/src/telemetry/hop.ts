/**
 * The way of an event over one link, as a span: its id follows from the event's name and the node where it arrived, so that whoever knows both knows the span, and nothing is sent along for it.
 */
import { toHex } from "../log/hex.ts";

const encoder = new TextEncoder();
const spanIdBytes = 8;

export const hopSpanId = (sha256: (bytes: Uint8Array) => Uint8Array, event: string, node: string): string => toHex(sha256(encoder.encode(`holon hop\n${event}\n${node}`)).subarray(0, spanIdBytes));

/** The node that wrote it: names are `origin/epoch/stream/sequence`, of a branch `origin~branch/…`. */
export const originOfEvent = (event: string): string => /^[^/~]*/.exec(event)?.[0] ?? "";
