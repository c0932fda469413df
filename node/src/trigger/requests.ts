/**
 * Requests that functions answer: each is an event in `local` before the function sees it, and the answer is an event that names it. A
 * request that was taken in is handled once even if nobody waits for its answer any more.
 */
import { decodeStoredEvent, startsWith, storedEventPrefix } from "@holon/core/event/stored.ts";
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Lane, Log } from "@holon/core/log/log.ts";
import type { Clock, Random, Trace } from "@holon/core/ports.ts";
import { requestType, responseType } from "@holon/core/run/trigger-events.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { DataClass, StoredEvent } from "@holon/core/schema/event.ts";
import type { HttpTrigger } from "@holon/core/schema/trigger.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import type { Guard } from "../policy/guard.ts";
import { idsReleased, traceTaken } from "../telemetry/spans.ts";

export interface FunctionRequest {
  readonly method: string;
  /** Below the app, for example `/stock/7`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The way it came is followed on; by ids of its own, unless the route is of class `public` or the app releases them. */
  readonly traceparent?: string | undefined;
}

export interface FunctionAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** One that says its class. */
export interface OwnAnswer extends FunctionAnswer {
  readonly class: DataClass;
}

export interface Requests {
  /** What functions of which apps answer from now on. */
  setApps(apps: readonly AppDocument[]): void;
  /** `HOLON_ARGUMENT_BAD` where no function answers there, `HOLON_CALL_BUSY`, `HOLON_CALL_TIMEOUT`. `deadlineMs`: less than the function itself has. */
  ask(app: string, request: FunctionRequest, deadlineMs?: number): Promise<OwnAnswer>;
  /** The function that answers there by the document of this node, whether it runs or not. */
  functionAt(app: string, request: Pick<FunctionRequest, "method" | "path">): string | undefined;
  committed(): void;
  close(): void;
}

export interface RequestsContext {
  readonly log: Pick<Log, "append" | "read" | "origin">;
  readonly events: Events;
  readonly guard: Pick<Guard, "lowered">;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly trace: Trace };
}

export interface Route {
  readonly app: string;
  readonly fn: string;
  readonly method: HttpTrigger["http"]["method"];
  readonly names: readonly string[];
  readonly pattern: RegExp;
  readonly timeoutMs: number;
  readonly class: HttpTrigger["http"]["class"];
  readonly tracing: AppDocument["tracing"];
}

interface Waiting {
  readonly route: Route;
  readonly answer: (answer: OwnAnswer) => void;
  readonly fail: (error: HolonError) => void;
}

const responseSchema = z.object({ request: z.string(), status: z.int().min(200).max(599).default(200), body: z.unknown().optional() });
const askedSchema = z.object({ request: z.string() });
/** The function failed on it, and it was set aside. */
const failedSchema = z.object({ request: z.string(), failed: z.object({ code: z.string(), message: z.string() }) });
const readBounds = { maxRecords: 1_000, maxBytes: 1 << 20 };
const requestIdBytes = 16;

export function createRequests({ log, events, guard, ports }: RequestsContext): Requests {
  const lane: Lane = { origin: log.origin, stream: "local" };
  const prefix = storedEventPrefix(responseType);
  const waiting = new Map<string, Waiting>();
  let routes: readonly Route[] = [];
  /** Records of the lane before this one hold no answer to what waits. */
  let next = 0;
  let reading: Promise<void> | undefined;

  async function readOn(): Promise<void> {
    while (waiting.size > 0 && next > 0) {
      const records = await log.read(lane, next, readBounds);
      const last = records.at(-1);
      if (last === undefined) return;
      next = last.sequence + 1;
      for (const { bytes } of records) if (startsWith(bytes, prefix)) answered(decodeStoredEvent(bytes));
    }
    if (waiting.size === 0) next = 0;
  }

  function answered({ data, class: own }: Pick<StoredEvent, "data" | "class">): void {
    const failed = failedSchema.safeParse(data);
    if (failed.success) {
      const { request, failed: { code, message } } = failed.data;
      waiting.get(request)?.fail(new HolonError(isErrorCode(code) ? code : "HOLON_UNIT_THREW", message));
      return void waiting.delete(request);
    }
    const response = responseSchema.safeParse(data);
    if (!response.success) {
      ports.trace.note("warn", "a function answered a request with what is no answer", { code: "HOLON_UNIT_BAD" });
      const asked = askedSchema.safeParse(data);
      const found = asked.success ? waiting.get(asked.data.request) : undefined;
      if (!asked.success || found === undefined) return;
      waiting.delete(asked.data.request);
      return found.fail(new HolonError("HOLON_ANSWER_BAD", `function ${found.route.app}/${found.route.fn} answered with what is no answer: its status is a whole number from 200 to 599`));
    }
    const { request, status, body } = response.data;
    waiting.get(request)?.answer({ status, body: body ?? null, class: own });
    waiting.delete(request);
  }

  function committed(): void {
    if (waiting.size === 0) return;
    reading ??= readOn()
      .catch((error: unknown) => ports.trace.note("warn", `answers cannot be read: ${String(error)}`))
      .finally(() => (reading = undefined));
  }

  async function ask(app: string, request: FunctionRequest, deadlineMs = Number.POSITIVE_INFINITY): Promise<OwnAnswer> {
    const { route, params } = findRoute(routes, app, request);
    const waitMs = Math.min(route.timeoutMs + limits.requestToldMs, deadlineMs); // why it took too long is told a moment after
    if ([...waiting.values()].filter((other) => other.route === route).length >= limits.httpWaitingMax) throw new HolonError("HOLON_CALL_BUSY", `function ${app}/${route.fn} has ${limits.httpWaitingMax} requests waiting`);
    const id = toHex(ports.random.bytes(requestIdBytes));
    const own = route.class ?? "raw";
    const record = events.record({ stream: "local", type: requestType(app, route.fn), class: own, producer: "api", traceparent: traceTaken(request.traceparent, own, () => idsReleased(`${app}/${route.fn}`, own, route.tracing, guard), ports.random), data: { request: id, method: request.method, path: request.path, params, query: request.query, body: request.body } });
    const answer = new Promise<OwnAnswer>((resolve, reject) => waiting.set(id, { route, answer: resolve, fail: reject }));
    const timer = ports.clock.after(waitMs, () => {
      waiting.get(id)?.fail(new HolonError("HOLON_CALL_TIMEOUT", `function ${app}/${route.fn} did not answer within ${waitMs} ms`, { next: "See whether it runs with GET /v1/status; the request was taken in and is handled once." }));
      waiting.delete(id);
    });
    try {
      const [sequence = 0] = await log.append({ records: [record] });
      next = next === 0 ? sequence + 1 : Math.min(next, sequence + 1);
      committed();
      return await answer;
    } finally {
      timer.cancel();
      waiting.delete(id);
    }
  }

  return {
    setApps: (apps) => (routes = apps.flatMap(routesOf)),
    ask,
    functionAt: (app, { method, path }) => routes.find((route) => route.app === app && route.method === method && route.pattern.test(path))?.fn,
    committed,
    close() {
      for (const { fail } of waiting.values()) fail(new HolonError("HOLON_CALL_TIMEOUT", "the node stops", { next: "Ask again when it runs." }));
      waiting.clear();
    },
  };
}

export const routesOf = (app: Pick<AppDocument, "name" | "functions" | "tracing">): readonly Route[] =>
  app.functions.flatMap(({ name: fn, on, timeoutMs }) => {
    if (!("http" in on)) return [];
    const { method, path, class: dataClass } = on.http;
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? "");
    const pattern = new RegExp(`^${path.split(/\{\w+\}/).map((text) => text.replaceAll(".", "\\.")).join("([^/]+)")}$`);
    return [{ app: app.name, fn, method, names, pattern, timeoutMs, class: dataClass, tracing: app.tracing }];
  });

function findRoute(routes: readonly Route[], app: string, { method, path }: FunctionRequest): { readonly route: Route; readonly params: Readonly<Record<string, string>> } {
  for (const route of routes) {
    const found = route.app === app && route.method === method ? route.pattern.exec(path) : null;
    if (found !== null) return { route, params: Object.fromEntries(route.names.map((name, index) => [name, found[index + 1] ?? ""])) };
  }
  const known = routes.filter((route) => route.app === app).map((route) => `${route.method} of ${route.fn}`);
  throw new HolonError("HOLON_ARGUMENT_BAD", `no function of app ${app} on this node answers ${method} ${path}`, { next: known.length === 0 ? "Ask a node on which the function runs, or one above it; or deploy one with on: { http: … } to this node." : `There are ${known.join(", ")}.` });
}
