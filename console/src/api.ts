/** Asks the API that serves this page. The program that answers is the one that made the page, so the shapes of answers are those of its types. */
import { setToken, token } from "./session.ts";

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

async function ask<T>(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const shown = token();
  const ended = AbortSignal.timeout(timeoutMs);
  const response = await fetch(path, {
    method,
    headers: { ...(shown === undefined ? {} : { authorization: `Bearer ${shown}` }), ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: signal === undefined ? ended : AbortSignal.any([signal, ended]),
  }).catch((cause: unknown) => {
    throw signal?.aborted === true ? cause : new ApiProblem("HOLON_API_UNREACHABLE", "the API does not answer", "See whether the node runs; this page goes on trying.");
  });
  if (response.ok) return parsed<T>(await response.json());
  if (response.status === 401 && path !== "/v1/login") setToken(undefined);
  throw problemOf(response.status, await response.json().catch(() => undefined));
}

/** The one place where what came is taken for what it is. */
const parsed = <T>(value: unknown): T => value as T;

function problemOf(status: number, body: unknown): ApiProblem {
  const { error } = parsed<{ error?: { code?: string; message?: string; next?: string } } | undefined>(body) ?? {};
  return new ApiProblem(error?.code ?? `HTTP ${status}`, error?.message ?? `the API answered ${status}`, error?.next ?? "");
}
