/** An HTTP API as a table: `control` and `node` write tables, `platform` serves them, the OpenAPI document is made from them. */
import type { z } from "zod";
import type { Caller } from "./caller.ts";
import type { Spent } from "./spent.ts";
import type { VersionDemand } from "./version.ts";

export interface RouteRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON, or bytes where `bytes` is set in the route. */
  readonly body: unknown;
  /** The `traceparent` header (W3C Trace Context), if there is one that reads. */
  readonly traceparent?: string | undefined;
  /** Who calls, where the server knows. */
  readonly caller?: Caller;
  /** The same caller by now, for what goes on for long; undefined where its session ended or its token holds no more. */
  readonly callerNow?: (() => Caller | undefined) | undefined;
  /** Where the call came from: an IP address. */
  readonly address?: string | undefined;
  /** Where the call came in: this end of its connection. */
  readonly here?: string | undefined;
  /** What the caller knows of the resource that it changes. */
  readonly demand?: VersionDemand | undefined;
  /** `Idempotency-Key`: the same call with the same key is made once. */
  readonly idempotencyKey?: string | undefined;
  /** `Last-Event-ID`: what the caller of a watch had last. */
  readonly lastEventId?: string | undefined;
  /** The request's `Content-Type`. */
  readonly contentType?: string;
  /** Told of each approval that the handler itself uses up for this call. */
  readonly spends?: ((spent: Spent | undefined) => void) | undefined;
  /** Stops where the caller leaves before it was answered: what changes nothing may end then. */
  readonly gone?: StopSignal | undefined;
}

export interface RouteAnswer {
  readonly status: number;
  /** What is told as JSON; a `JsonText` as it is. */
  readonly body: unknown;
  /** Of what is answered: the `ETag`. It differs whenever the resource does. */
  readonly version?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where it is not JSON. */
  readonly contentType?: string;
}

/** What a watch tells (server-sent events). */
export interface ServerEvent {
  /** To go on behind it after a break; empty: there is nothing to go on behind. Without one what was told before still counts. */
  readonly id?: string;
  readonly event: string;
  readonly data: unknown;
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
  /** Further routes that its answer to this request tells of, as policies call them: who calls it must be let call each of them. */
  tellsOf?(request: RouteRequest): readonly string[];
  /** It takes `If-Match` and `If-None-Match: *`, and changes nothing where the resource is another than the caller knows. */
  readonly versioned?: boolean;
  /** Its answer is shown once and kept nowhere, also not for an idempotency key. */
  readonly answeredOnce?: boolean;
  /** What is done is another's, a function's: that it fails does not say that it did nothing. */
  readonly handsOn?: boolean;
  /** Asked before anything of the body is read, with what is known by then: rejects where the caller may not call it, whatever the body says. `HOLON_POLICY_DENIED`. */
  admit?(request: Pick<RouteRequest, "params" | "caller">): Promise<void>;
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
   * JSON; an empty line is a sign of life. The next value is asked for when the caller has taken the last; the iterable ends soon
   * after `signal` aborts.
   */
  follow?(request: RouteRequest, signal: StopSignal): AsyncIterable<unknown>;
  /** The same as server-sent events, where the caller accepts `text/event-stream`. */
  watch?(request: RouteRequest, signal: StopSignal): AsyncIterable<ServerEvent>;
}
