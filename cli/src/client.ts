/** Talks to the API of a node on this machine. */
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { z } from "zod";
import { readSession } from "./machine/sessions.ts";
import { readToken } from "./machine/token.ts";

export interface ClientOptions {
  /** `http://127.0.0.1:7400` */
  readonly api: string;
  /** Data folder that holds the machine's token and the sessions. */
  readonly data: string;
  /** What to show in place of what is found. */
  readonly token?: string;
}

export interface Client {
  get<T>(path: string, answer: z.ZodType<T>): Promise<T>;
  /** The bytes of a blob. */
  bytes(path: string): Promise<Uint8Array>;
  send<T>(method: "POST" | "PUT" | "DELETE", path: string, body: unknown, answer: z.ZodType<T>): Promise<T>;
}

const timeoutMs = 10_000;
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), next: z.string().optional() }) });
export const doneSchema = z.object({ ok: z.literal(true) });

/** `HOLON_API_UNREACHABLE`, `HOLON_API_UNAUTHORISED`, or the error that the API answered. */
export async function connectApi({ api, data, token: shown }: ClientOptions): Promise<Client> {
  const token = shown ?? (await tokenFor(api, data));
  const request = async <T>(method: string, path: string, body: unknown, answer: z.ZodType<T>): Promise<T> => {
    const bytes = body instanceof Uint8Array;
    const headers: Record<string, string> = { authorization: `Bearer ${token ?? ""}`, "content-type": bytes ? "application/octet-stream" : "application/json" };
    const content = body === undefined ? null : bytes ? new Uint8Array(body) : JSON.stringify(body);
    const response = await fetch(new URL(path, api), { method, headers, body: content, signal: AbortSignal.timeout(timeoutMs) }).catch((cause: unknown) => {
      throw new HolonError("HOLON_API_UNREACHABLE", `no API answers at ${api}`, { cause });
    });
    const parsed: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw problemOf(response.status, parsed, api);
    const checked = answer.safeParse(parsed);
    if (!checked.success) throw new HolonError("HOLON_INTERNAL", `${api}${path} answered what this program does not understand`, { cause: checked.error, next: "Use the CLI of the same version as the node." });
    return checked.data;
  };
  const fetchBytes = async (path: string): Promise<Uint8Array> => {
    const response = await fetch(new URL(path, api), { headers: { authorization: `Bearer ${token ?? ""}` }, signal: AbortSignal.timeout(timeoutMs) }).catch((cause: unknown) => {
      throw new HolonError("HOLON_API_UNREACHABLE", `no API answers at ${api}`, { cause });
    });
    if (!response.ok) throw problemOf(response.status, await response.json().catch(() => undefined), api);
    return new Uint8Array(await response.arrayBuffer());
  };
  return {
    bytes: fetchBytes,
    get: (path, answer) => request("GET", path, undefined, answer),
    send: (method, path, body, answer) => request(method, path, body, answer),
  };
}

/** An API token, a session, the machine's token: the first that is there. */
async function tokenFor(api: string, data: string): Promise<string | undefined> {
  const given = process.env["HOLON_TOKEN"]?.trim();
  if (given !== undefined && given !== "") return given;
  return (await readSession(data, api))?.token ?? readToken(data);
}

function problemOf(status: number, body: unknown, api: string): HolonError {
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) return new HolonError("HOLON_API_UNREACHABLE", `${api} answered ${status}: it is no API of Holon`);
  const { code, message, next } = parsed.data.error;
  return new HolonError(isErrorCode(code) ? code : "HOLON_INTERNAL", message, next === undefined ? {} : { next });
}
