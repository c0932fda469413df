/** One question to an identity provider: bounded in time and size, no redirects, JSON or nothing. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

export interface Said {
  readonly status: number;
  /** Undefined where it is no JSON. */
  readonly body: unknown;
}

/** A form is posted. `HOLON_PROVIDER_UNREACHABLE`, `HOLON_PROVIDER_BAD` for an answer that is too long. */
export async function askProvider(name: string, url: string, { form, headers = {} }: { readonly form?: URLSearchParams; readonly headers?: Readonly<Record<string, string>> } = {}): Promise<Said> {
  const { status, text } = await fetchText(name, url, { method: form === undefined ? "GET" : "POST", headers: { accept: "application/json", ...headers }, body: form ?? null });
  if (status >= 500) throw new HolonError("HOLON_PROVIDER_UNREACHABLE", `${name} answers ${status} at ${new URL(url).host}`);
  return { status, body: parseJson(text) };
}

async function fetchText(name: string, url: string, request: RequestInit): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, { ...request, redirect: "error", signal: AbortSignal.timeout(limits.providerAnswerMs) });
    return { status: response.status, text: await readBounded(name, response) };
  } catch (cause) {
    if (cause instanceof HolonError) throw cause;
    throw new HolonError("HOLON_PROVIDER_UNREACHABLE", `${name} does not answer at ${new URL(url).host}: ${reasonOf(cause)}`, { cause });
  }
}

async function readBounded(name: string, response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of response.body ?? []) {
    sizeBytes += piece.byteLength;
    if (sizeBytes > limits.providerAnswerBytesMax) throw new HolonError("HOLON_PROVIDER_BAD", `${name} answers more than ${limits.providerAnswerBytesMax >> 10} KiB`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** The one below says what it was: a refused connection, a name that nobody has, a certificate. */
function reasonOf(cause: unknown): string {
  const below = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return below instanceof Error ? ("code" in below && typeof below.code === "string" ? below.code : below.name) : "unknown";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // its caller's schema refuses it by the provider's name
  }
}
