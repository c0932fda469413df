/** An HTTP API as a table: `control` and `node` write tables, `platform` serves them, the OpenAPI document is made from them. */
import type { z } from "zod";
import type { Caller } from "./caller.ts";

export interface RouteRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON, or bytes where `bytes` is set in the route. */
  readonly body: unknown;
  /** The `traceparent` header (W3C Trace Context), if there is one that reads. */
  readonly traceparent?: string | undefined;
  /** Who calls, where the server knows. */
  readonly caller?: Caller;
  /** Where the call came from: an IP address. */
  readonly address?: string | undefined;
  /** The request's `Content-Type`. */
  readonly contentType?: string;
}

export interface RouteAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Where it is not JSON. */
  readonly contentType?: string;
}

/** Tells a follower that nobody listens any more. */
export interface StopSignal {
  readonly aborted: boolean;
  /** Calls back once; at once if it has stopped already. */
  onAbort(callback: () => void): void;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `/v1/nodes/{node}`; `{rest*}` takes all segments that are left. */
  readonly path: string;
  readonly summary: string;
  /** Without a token. Only for what tells nothing (health, OpenAPI). */
  readonly open?: boolean;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Fields of the body that nobody but the route itself is to see. */
  readonly secretFields?: readonly string[];
  /** The request body is bytes, not JSON. */
  readonly bytes?: boolean;
  /** Of such a body, unpacked where it came as gzip. Without it that of a blob, as it is. */
  readonly bytesMax?: number;
  /** The answer is text of this type, not JSON. */
  readonly contentType?: string;
  readonly answer: z.ZodType;
  handle(request: RouteRequest): Promise<RouteAnswer>;
  /**
   * The same, without end: used instead of `handle` where the caller accepts `application/x-ndjson`. Each value is one line of
   * JSON. The next value is asked for when the caller has taken the last; the iterable ends soon after `signal` aborts.
   */
  follow?(request: RouteRequest, signal: StopSignal): AsyncIterable<unknown>;
}
