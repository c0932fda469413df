/** Asks the API that serves this page. The program that answers is the one that made the page, so the shapes of answers are those of its types. */
import { refuseToken, token } from "./session.ts";

export class ApiProblem extends Error {
  readonly code: string;
  readonly next: string;

  constructor(code: string, message: string, next: string) {
    super(message);
    this.code = code;
    this.next = next;
  }
}

const timeoutMs = 20_000;

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => ask<T>("GET", path, undefined, signal);
export const send = <T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> => ask<T>(method, path, body);

interface Listener {
  /** At every sign of life, also one that says nothing. */
  heard?(): void;
  readonly quietMsMax?: number;
}

/** The other end gives a sign of life at least twice as often (`watchAliveMs`): a line that is more quiet than this leads nowhere. */
const quietMsMost = 30_000;

/** Lines of JSON, until the other end ends, says what went wrong, or is not heard any more. */
export async function* follow<T>(path: string, ended: AbortSignal, { heard, quietMsMax = quietMsMost }: Listener = {}): AsyncGenerator<T> {
  const shown = token();
  const gone = new AbortController();
  const goneAfter = (): ReturnType<typeof setTimeout> => setTimeout(() => gone.abort(), quietMsMax);
  let timer = goneAfter();
  try {
    const response = await fetch(path, { headers: { accept: "application/x-ndjson", ...(shown === undefined ? {} : { authorization: `Bearer ${shown}` }) }, signal: AbortSignal.any([ended, gone.signal]) }).catch(unreachable(ended));
    if (!response.ok) throw await refusal(response, path, shown);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { value, done } = (await reader?.read().catch(unreachable(ended))) ?? { value: undefined, done: true };
      if (done) return;
      clearTimeout(timer);
      timer = goneAfter();
      heard?.();
      const lines = (rest + (value ?? "")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield lineOf<T>(line, shown);
    }
  } finally {
    clearTimeout(timer);
    gone.abort();
  }
}

/** What goes wrong after the first line can only be said in the last one. */
function lineOf<T>(line: string, shown: string | undefined): T {
  const value = parsed<T & Partial<Refused>>(JSON.parse(line));
  if (value.error?.code === undefined) return value;
  if (value.error.code === "HOLON_API_UNAUTHORISED") refuseToken(shown);
  throw problemOf(200, value);
}

/** Somebody is there and is slow: what was to be changed may be. */
const late = (method: string): ApiProblem =>
  method === "GET"
    ? new ApiProblem("HOLON_API_TIMEOUT", `the API did not answer within ${timeoutMs / 1_000} s`, "See whether its node is stopped or overloaded; this page goes on trying.")
    : new ApiProblem("HOLON_API_TIMEOUT", `the API did not answer within ${timeoutMs / 1_000} s; what was asked may have been done`, "See whether it was done before you ask again.");

const unreachable = (signal: AbortSignal | undefined) => (cause: unknown): never => {
  throw signal?.aborted === true ? cause : new ApiProblem("HOLON_API_UNREACHABLE", "the API does not answer", "See whether the node runs; this page goes on trying.");
};

async function refusal(response: Response, path: string, shown: string | undefined): Promise<ApiProblem> {
  if (response.status === 401 && path !== "/v1/login") refuseToken(shown);
  return problemOf(response.status, await response.json().catch(() => undefined));
}

async function ask<T>(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const shown = token();
  const ended = AbortSignal.timeout(timeoutMs);
  const unanswered = (cause: unknown): never => {
    throw ended.aborted && signal?.aborted !== true ? late(method) : unreachable(signal)(cause);
  };
  const response = await fetch(path, {
    method,
    headers: { ...(shown === undefined ? {} : { authorization: `Bearer ${shown}` }), ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: signal === undefined ? ended : AbortSignal.any([signal, ended]),
  }).catch(unanswered);
  if (response.ok) return parsed<T>(await response.json().catch(unanswered));
  throw await refusal(response, path, shown);
}

/** The one place where what came is taken for what it is. */
const parsed = <T>(value: unknown): T => value as T;

interface Refused {
  readonly error: { readonly code?: string; readonly message?: string; readonly next?: string };
}

function problemOf(status: number, body: unknown): ApiProblem {
  const { error } = parsed<Partial<Refused> | undefined>(body) ?? {};
  return new ApiProblem(error?.code ?? `HTTP ${status}`, error?.message ?? `the API answered ${status}`, error?.next ?? "");
}
