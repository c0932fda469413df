/**
 * Serves a table of routes over HTTP on loopback. What may come in is decided here and nowhere else: host, path, method, token,
 * whether the caller may, size, JSON, schema, in this order.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import { createCallRate } from "@holon/core/api/call-rate.ts";
import { describedRoutes } from "@holon/core/api/description.ts";
import type { Route, RouteRequest, StopSignal } from "@holon/core/api/route.ts";
import { printEntityTag } from "@holon/core/api/version.ts";
import { assert, HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import { isRole } from "@holon/core/policy/roles.ts";
import { parseTraceparent, printTraceparent } from "@holon/core/telemetry/trace-context.ts";
import { answer, answerProblem } from "./http/answer.ts";
import { drained } from "./http/drain.ts";
import { BodyReader } from "./http/body.ts";
import { createFollowers, stopSignal, type Followers } from "./http/follow.ts";
import { conditionsOf, isKnown, requireNoCondition } from "./http/conditions.ts";
import { createMatcher, type Match } from "./http/match.ts";
import { answerPage } from "./http/page.ts";
import { refusal } from "./http/refusal.ts";
import { parseWith } from "./http/parse.ts";
import { hereOf, proofRoute } from "./http/proof.ts";
import { bindServer } from "./net/bind.ts";
import { loopbackNames, parseAddress, printAddress, requireLoopback } from "./net/address.ts";
import type { Pages } from "./pages.ts";
import { bearerToken, isSameSecret } from "./secret.ts";

/** Not by `import`: that reads everything the module can give, and with it loads an HTTP client that no node uses and that weighs 8 MB under load. */
const { createServer } = process.getBuiltinModule("node:http");

export interface RouteServerOptions {
  /** `127.0.0.1:7400`; port 0 lets the system choose. */
  readonly address: string;
  readonly routes: readonly Route[];
  /** What callers show in `Authorization: Bearer …`, except on open routes. */
  readonly token: string;
  /** Who else may call, by what they show; undefined where it stands for nobody. And who the token stands for. `refused` is told of what stands for nobody. Without it, the token alone is known. */
  readonly callers?: { readonly of: (token: string) => Caller | undefined; readonly machine: () => Caller; readonly refused?: (shown: string, address: string) => void };
  /** What a browser is shown at paths that are no route. */
  readonly pages?: Pages;
  /** How long who calls has to wait, 0 where not; without it by `core/src/api/call-rate.ts`. */
  readonly waitMsOf?: (who: string) => number;
  readonly title: string;
  readonly version: string;
  /** Checks every answer against its route's schema: for tests and development. A wrong one is `HOLON_INTERNAL`. */
  readonly checkAnswers?: boolean;
}

export interface RouteServer {
  /** Where it listens, for example `http://127.0.0.1:7400`. */
  readonly address: string;
  /** Takes no more requests, ends those that follow, lets the rest finish for a moment. */
  close(): Promise<void>;
}

/** Time for requests under way to finish when the server closes. */
const closeMs = 2_000;

/** Serves the routes and, at `/v1/openapi.json`, their description. `HOLON_PORT_TAKEN`, `HOLON_CONFIG_BAD`. */
export async function serveRoutes(options: RouteServerOptions): Promise<RouteServer> {
  const address = requireLoopback(parseAddress(options.address, "http"));
  assert(options.token.length > 0, "an API needs a token");
  const match = createMatcher(describedRoutes([...options.routes, proofRoute(options.token)], options));
  const bodies = new BodyReader();
  const followers = createFollowers();
  const waitMsOf = options.waitMsOf ?? createCallRate(() => performance.now());
  let isClosing = false;
  const server = createServer({ requestTimeout: limits.httpRequestMs, headersTimeout: limits.handshakeMs }, (request, response) => {
    response.on("error", () => response.destroy());
    response.on("close", () => isClosing && setImmediate(() => server.closeIdleConnections()));
    serve({ request, response, match, bodies, followers, waitMsOf, options }).catch(async (error: unknown) => {
      if (!request.complete && !response.headersSent) response.setHeader("connection", "close"); // nobody waits long for the rest of a body that is not wanted
      await drained(request);
      answerProblem(response, error);
    });
  });
  server.maxConnections = limits.connectionsMax;
  const port = await bindServer(server, address);
  return {
    address: printAddress("http", { host: address.host, port }),
    close: () =>
      new Promise((resolve) => {
        isClosing = true;
        const timer = setTimeout(() => server.closeAllConnections(), closeMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        followers.stop();
        server.closeIdleConnections();
      }),
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly match: Match;
  readonly bodies: BodyReader;
  readonly followers: Followers;
  readonly waitMsOf: (who: string) => number;
  readonly options: RouteServerOptions;
}

async function serve({ request, response, match, bodies, followers, waitMsOf, options }: Exchange): Promise<void> {
  requireOwnHost(request);
  const url = parseUrl(request);
  const page = request.method === "GET" || request.method === "HEAD" ? await options.pages?.find(url.pathname) : undefined;
  if (page !== undefined) return answerPage(request, response, page);
  const { route, params } = match(request.method ?? "", url.pathname);
  const caller = route.open === true ? undefined : callerOf(request, options);
  if (caller !== undefined) requireSeldom(caller, waitMsOf);
  if (caller === undefined) requireOwnPage(request, route);
  await route.admit?.({ params, ...(caller === undefined ? {} : { caller }) });
  const query = parseQuery(route, url);
  const body = await bodies.read(request, route);
  const parsed: RouteRequest = { params, query, body, traceparent: traceOf(request), address: request.socket.remoteAddress, here: hereOf(request.socket), ...(request.headers["content-type"] === undefined ? {} : { contentType: request.headers["content-type"] }), ...conditionsOf(request, route), ...(caller === undefined ? {} : { caller, callerNow: () => callerShown(request, options) }), gone: goneFrom(response) };
  if (route.watch !== undefined && /\btext\/event-stream\b/i.test(request.headers.accept ?? "")) {
    return followers.serveEvents((signal) => route.watch?.(parsed, signal) ?? [], response);
  }
  if (route.follow !== undefined && /\bapplication\/x-ndjson\b/i.test(request.headers.accept ?? "")) {
    return followers.serve((signal) => route.follow?.(parsed, signal) ?? [], response);
  }
  const given = await route.handle(parsed);
  if (options.checkAnswers === true) requireFittingAnswer(route, given.body);
  const tag = given.version === undefined ? undefined : printEntityTag(given.version);
  const headers = { ...given.headers, ...(tag === undefined ? {} : { etag: tag }) };
  if (tag === undefined) requireNoCondition(request);
  if (tag !== undefined && isKnown(request, tag)) return answer(response, 304, undefined, headers);
  const type = given.contentType ?? route.contentType;
  if (type === undefined) answer(response, given.status, given.body, headers);
  else answer(response, given.status, typeof given.body === "string" ? new TextEncoder().encode(given.body) : given.body, { ...headers, "content-type": type });
}

/** Of a caller that waits for its answer no more. */
function goneFrom(response: ServerResponse): StopSignal {
  const left = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) left.abort();
  });
  return stopSignal(left.signal);
}

function callerShown({ headers }: IncomingMessage, { token, callers }: RouteServerOptions): Caller | undefined {
  const shown = bearerToken(headers.authorization);
  return shown === undefined ? undefined : isSameSecret(shown, token) ? (callers?.machine() ?? machineCaller) : callers?.of(shown);
}

function callerOf(request: IncomingMessage, options: RouteServerOptions): Caller {
  const caller = callerShown(request, options);
  if (caller !== undefined) return caller;
  const shown = bearerToken(request.headers.authorization);
  if (shown !== undefined) options.callers?.refused?.(shown, request.socket.remoteAddress ?? "");
  const message = shown === undefined ? "the request shows no token" : "the token that the request shows is none, or holds no more: sessions and tokens end, and are revoked";
  throw refusal(401, "HOLON_API_UNAUTHORISED", message, { "www-authenticate": "Bearer" });
}

/** The machine's token is for what runs on this machine, which could do worse. `HOLON_API_BUSY`. */
function requireSeldom({ principal, role }: Caller, waitMsOf: (who: string) => number): void {
  if (!isRole(role)) return;
  const waitMs = waitMsOf(printPrincipal(principal));
  if (waitMs > 0) throw new HolonError("HOLON_API_BUSY", `${printPrincipal(principal)} calls more than ${limits.apiCallsPerSecond} times a second`, { retryAfterMs: waitMs });
}

/** A header that is no trace context is as none (W3C Trace Context, section 3.3). */
function traceOf({ headers }: IncomingMessage): string | undefined {
  const { traceparent } = headers;
  const span = typeof traceparent === "string" ? parseTraceparent(traceparent) : undefined;
  return span === undefined ? undefined : printTraceparent(span);
}

/** A page that a browser loaded from elsewhere may have its name point here (DNS rebinding): only this machine's names are served. */
function requireOwnHost(request: IncomingMessage): void {
  const host = (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (!loopbackNames.some((name) => name === host)) {
    throw refusal(403, "HOLON_API_UNAUTHORISED", "the request was made out to another host", {}, "Call the API as 127.0.0.1 or localhost.");
  }
}

/**
 * What changes something without a token (logging in) is for pages that came from here, and for what is no browser. A page from elsewhere can send its visitor's browser here, without a
 * question beforehand as long as what it sends is no JSON.
 */
function requireOwnPage({ method, headers }: IncomingMessage, route: Route): void {
  if (method === "GET" || method === "HEAD") return;
  const site = headers["sec-fetch-site"];
  const isOther = site === undefined ? headers.origin !== undefined && URL.parse(headers.origin)?.host !== headers.host : site !== "same-origin" && site !== "none";
  if (isOther) throw refusal(403, "HOLON_API_UNAUTHORISED", "the request comes from a page of another site", {}, "Open the console at the address of this API.");
  if (route.body !== undefined && !/^application\/json\s*(?:;|$)/i.test(headers["content-type"] ?? "")) throw refusal(415, "HOLON_ARGUMENT_BAD", "the body is not sent as JSON", {}, "Send it with Content-Type: application/json.");
}

function parseUrl(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? "", "http://localhost");
  if (url === null) throw refusal(400, "HOLON_ARGUMENT_BAD", "the request's target does not parse");
  return url;
}

/** The query as it came, once it is known to fit. */
function parseQuery(route: Route, url: URL): RouteRequest["query"] {
  const query = Object.fromEntries(url.searchParams);
  if (Object.keys(query).length !== url.searchParams.size) throw new HolonError("HOLON_ARGUMENT_BAD", "a query parameter is given twice");
  if (route.query !== undefined) parseWith(route.query, query, "query");
  return query;
}

function requireFittingAnswer(route: Route, body: unknown): void {
  // Through JSON, as the caller will see it.
  const seen: unknown = body === undefined || body instanceof Uint8Array ? body : JSON.parse(JSON.stringify(body));
  const result = route.answer.safeParse(seen);
  assert(result.success, `${route.method} ${route.path} answers what its schema does not allow: ${result.error?.issues[0]?.path.join(".") ?? ""}`);
}
