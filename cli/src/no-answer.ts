/** Why nothing came of a call: nobody is there, or somebody who does not answer in time. The second may have done what was asked. */
import { HolonError } from "@holon/core/errors.ts";

export interface Asked {
  readonly api: string;
  /** `POST /v1/links/gateway-1/cut`; undefined where nothing was asked yet. */
  readonly what?: string;
  readonly waitedMs: number;
}

/** `HOLON_API_TIMEOUT`, `HOLON_API_UNREACHABLE`. */
export function noAnswer({ api, what, waitedMs }: Asked, cause: unknown): HolonError {
  if (!isTimeout(cause)) return new HolonError("HOLON_API_UNREACHABLE", `no API answers at ${api}`, { cause });
  const seconds = `${waitedMs / 1_000} s`;
  if (what === undefined) return new HolonError("HOLON_API_TIMEOUT", `the API at ${api} did not answer within ${seconds}; nothing was asked of it yet`, { cause });
  const says = `the API at ${api} did not answer ${what} within ${seconds}`;
  if (what.startsWith("GET ")) return new HolonError("HOLON_API_TIMEOUT", says, { cause });
  return new HolonError("HOLON_API_TIMEOUT", `${says}; what was asked may have been done`, { cause, next: "See whether it was done before you ask again: what it changes shows it, and what was changed stands in the trail (`holon event tail --stream audit`). If the API stays slow, see on its machine whether the node is stopped or has too little processor time or memory." });
}

/** A signal that ends a request is the error itself, or its cause. */
const isTimeout = (cause: unknown): boolean => cause instanceof Error && (cause.name === "TimeoutError" || isTimeout(cause.cause));
