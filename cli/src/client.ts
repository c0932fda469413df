/** Talks to the API of a node on this machine. */
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { z } from "zod";
import { requireOwn } from "./machine/own-proof.ts";
import { readSession } from "./machine/sessions.ts";
import { readToken } from "./machine/token.ts";
import { noAnswer, type Asked } from "./no-answer.ts";

export interface ClientOptions {
  /** `http://127.0.0.1:7400` */
  readonly api: string;
  /** Data folder that holds the machine's token and the sessions. */
  readonly data: string;
  /** What to show in place of what is found, and whether to an API of this data folder alone. */
  readonly token?: string;
  readonly isOwn?: boolean;
  /** How long an answer is waited for, where a call says nothing else; 10 s. */
  readonly answerMs?: number;
}

export interface Client {
  get<T>(path: string, answer: z.ZodType<T>): Promise<T>;
  /** The bytes of a blob. */
  bytes(path: string): Promise<Uint8Array>;
  send<T>(method: "POST" | "PUT" | "DELETE", path: string, body: unknown, answer: z.ZodType<T>, options?: { /** What takes its time: how long at most. */ readonly waitMs: number }): Promise<T>;
}

const answerMsMost = 10_000;
/** An answer without end says now and then that it is there; one that does not is of a line that is dead. */
const quietMsMax = 3 * limits.watchAliveMs;
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), next: z.string().optional() }) });
export const doneSchema = z.object({ ok: z.literal(true) });

/** What was issued by a node of this data folder is shown to none but those, who prove it before each call. `HOLON_API_UNREACHABLE`, `HOLON_API_TIMEOUT`, `HOLON_API_UNPROVED`, `HOLON_API_UNAUTHORISED`, or the error that the API answered. */
export async function connectApi(options: ClientOptions): Promise<Client> {
  const { api, answerMs = answerMsMost } = options;
  const shown = await shownFor(options);
  const { token } = shown;
  const request = async <T>(method: string, path: string, body: unknown, answer: z.ZodType<T>, { waitMs }: { readonly waitMs: number } = { waitMs: answerMs }): Promise<T> => {
    const bytes = body instanceof Uint8Array;
    const headers: Record<string, string> = { authorization: `Bearer ${token ?? ""}`, "content-type": bytes ? "application/octet-stream" : "application/json" };
    const content = body === undefined ? null : bytes ? new Uint8Array(body) : JSON.stringify(body);
    const place = await placeOf(options, shown);
    const { unanswered, signal } = waitFor({ api, what: `${method} ${path}`, waitedMs: waitMs });
    const response = await fetch(new URL(path, place), { method, headers, body: content, signal }).catch(unanswered);
    const parsed: unknown = await response.json().catch((error: unknown) => (signal.aborted ? unanswered(error) : undefined));
    if (!response.ok) throw await whereControlIs(problemOf(response.status, parsed, api), api);
    const checked = answer.safeParse(parsed);
    if (!checked.success) throw new HolonError("HOLON_INTERNAL", `${api}${path} answered what this program does not understand`, { cause: checked.error, next: "Use the CLI of the same version as the node." });
    return checked.data;
  };
  const fetchBytes = async (path: string): Promise<Uint8Array> => {
    const place = await placeOf(options, shown);
    const { unanswered, signal } = waitFor({ api, what: `GET ${path}`, waitedMs: answerMs });
    const response = await fetch(new URL(path, place), { headers: { authorization: `Bearer ${token ?? ""}` }, signal }).catch(unanswered);
    if (!response.ok) throw problemOf(response.status, await response.json().catch(() => undefined), api);
    return new Uint8Array(await response.arrayBuffer().catch(unanswered));
  };
  return {
    bytes: fetchBytes,
    get: (path, answer) => request("GET", path, undefined, answer),
    send: (method, path, body, answer, wait) => request(method, path, body, answer, wait),
  };
}

function waitFor(asked: Required<Asked>): { readonly signal: AbortSignal; unanswered(cause: unknown): never } {
  return {
    signal: AbortSignal.timeout(asked.waitedMs),
    unanswered(cause) {
      throw noAnswer(asked, cause);
    },
  };
}

export interface StreamedEvent {
  /** Undefined where the one before still counts. */
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** Server-sent events of a route, until the other end or `ended` ends them. `HOLON_API_UNREACHABLE`, or the error that the API answered. */
export async function* openStream(options: ClientOptions, path: string, headers: Readonly<Record<string, string>>, ended: AbortSignal): AsyncGenerator<StreamedEvent> {
  let rest = "";
  for await (const text of openText(options, path, headers, ended)) {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const fields = new Map(part.split("\n").map((line): [string, string] => [line.slice(0, Math.max(0, line.indexOf(":"))), line.slice(line.indexOf(":") + 1).trimStart()]));
      const event = fields.get("event");
      if (event !== undefined) yield { id: fields.get("id"), event, data: JSON.parse(fields.get("data") ?? "null") };
    }
  }
}

/** Lines of JSON of a route, until the other end or `ended` ends them. `HOLON_API_UNREACHABLE`, or the error that the API answered. */
export async function* openLines(options: ClientOptions, path: string, ended: AbortSignal, quietMs?: number): AsyncGenerator<unknown> {
  let rest = "";
  for await (const text of openText(options, path, { accept: "application/x-ndjson" }, ended, quietMs)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") continue; // a sign of life
      const value: unknown = JSON.parse(line);
      const problem = errorOf(value);
      if (problem !== undefined) throw problem;
      yield value;
    }
  }
}

/** What an answer without end says, as it comes. One of which nothing is heard for too long, not even that it is there, is dead: `HOLON_API_UNREACHABLE`. */
async function* openText(options: ClientOptions, path: string, headers: Readonly<Record<string, string>>, ended: AbortSignal, quietMs = quietMsMax): AsyncGenerator<string> {
  const { api } = options;
  const shown = await shownFor(options);
  const place = await placeOf(options, shown);
  const dead = new AbortController();
  const timer = setTimeout(() => dead.abort(), quietMs);
  const unreachable = (cause: unknown): undefined => {
    if (ended.aborted) return undefined;
    throw new HolonError("HOLON_API_UNREACHABLE", dead.signal.aborted ? `nothing was heard of ${api} for ${Math.round(quietMs / 1_000)} s` : `no API answers at ${api}`, { cause });
  };
  try {
    const response = await fetch(new URL(path, place), { headers: { ...headers, authorization: `Bearer ${shown.token ?? ""}` }, signal: AbortSignal.any([ended, dead.signal]) }).catch(unreachable);
    if (response === undefined) return;
    if (!response.ok) throw problemOf(response.status, await response.json().catch(() => undefined), api);
    const decoder = new TextDecoder();
    const chunks = response.body?.[Symbol.asyncIterator]();
    for (;;) {
      const next = await chunks?.next().catch(unreachable);
      if (next === undefined || next.done === true) return;
      timer.refresh();
      yield decoder.decode(next.value, { stream: true });
    }
  } finally {
    clearTimeout(timer);
  }
}

interface Shown {
  readonly token: string | undefined;
  /** A node of this data folder issued it. */
  readonly isOwn: boolean;
}

/** An API token, a session, the machine's token: the first that is there. */
async function shownFor({ api, data, token, isOwn = false }: ClientOptions): Promise<Shown> {
  if (token !== undefined) return { token, isOwn };
  const given = process.env["HOLON_TOKEN"]?.trim();
  if (given !== undefined && given !== "") return { token: given, isOwn: false };
  const session = await readSession(data, api);
  if (session !== undefined) return session;
  const machines = await readToken(data);
  return { token: machines, isOwn: machines !== undefined };
}

const placeOf = ({ api, data, answerMs = answerMsMost }: ClientOptions, { isOwn }: Shown): Promise<string> => (isOwn ? requireOwn(api, data, answerMs) : Promise.resolve(api));

/** What an answer says that went wrong; undefined where it is no such answer. */
export function errorOf(body: unknown): HolonError | undefined {
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { code, message, next } = parsed.data.error;
  return new HolonError(isErrorCode(code) ? code : "HOLON_INTERNAL", message, next === undefined ? {} : { next });
}

/** Said by an API of a version that has no such call, or by one without control. */
export const isNoSuchPath = (error: unknown): boolean => error instanceof HolonError && (error.code === "HOLON_CONTROL_ELSEWHERE" || (error.code === "HOLON_ARGUMENT_BAD" && error.message === "the API has no such path"));

const aboutSchema = z.looseObject({ info: z.looseObject({ title: z.literal("Holon node") }) });

/** A call of control's that a node has not got: it is the node that is the wrong one, and not the path. Its description is for anybody. */
async function whereControlIs(problem: HolonError, api: string): Promise<HolonError> {
  if (!isNoSuchPath(problem)) return problem;
  const about: unknown = await fetch(new URL("/v1/openapi.json", api), { signal: AbortSignal.timeout(answerMsMost) }).then((response) => response.json()).catch(() => undefined);
  return aboutSchema.safeParse(about).success ? new HolonError("HOLON_CONTROL_ELSEWHERE", `the API at ${api} is that of a node without control`, { cause: problem }) : problem;
}

const problemOf = (status: number, body: unknown, api: string): HolonError => errorOf(body) ?? new HolonError("HOLON_API_UNREACHABLE", `${api} answered ${status}: it is no API of Holon`);
