/** Posts to a collector of OpenTelemetry by the `fetch` of Node. What is said of a failure is shown to others than those who may know the address: of that only the host stands in it. */
import type { Collector, Secrets } from "@holon/core/ports.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { plainBytes } from "./plain-bytes.ts";
import { withoutSecret } from "./secrets.ts";

/** `secretHeaders`: by header, the secret that holds its value. */
export function createCollector(secrets: Secrets, secretHeaders: Readonly<Record<string, string>> = {}): Collector {
  return {
    async post(url, contentType, body) {
      const values = await secrets.read(Object.values(secretHeaders));
      const headers: Record<string, string> = { "content-type": contentType };
      for (const [header, secret] of Object.entries(secretHeaders)) {
        const value = values[secret];
        if (value === undefined) throw withoutSecret(`the collector's header ${header} wants`, secret, secrets);
        headers[header] = value;
      }
      const { host, username, password } = URL.parse(url) ?? { host: "", username: "", password: "" };
      if (host === "" || username !== "" || password !== "") throw new HolonError("HOLON_CONFIG_BAD", "the address of the collector is none that can be posted to", { next: "Give `telemetry.export.url` without a name and password in it: `secretHeaders` names the secret that holds the header `Authorization`." });
      const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(body), redirect: "error", signal: AbortSignal.timeout(limits.otlpAnswerMs) }).catch((error: unknown) => {
        throw new HolonError("HOLON_COLLECTOR_UNREACHABLE", `the collector ${host} does not answer${whyOf(error)}`);
      });
      const seconds = Number(response.headers.get("retry-after") ?? NaN);
      return { status: response.status, retryAfterMs: Number.isFinite(seconds) ? Math.min(limits.otlpRetryMaxMs, seconds * 1_000) : undefined, body: plainBytes(Buffer.from(await response.arrayBuffer())) };
    },
  };
}

/** In a word of the system, without anything that was sent or of the address. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error.name === "TimeoutError") return ` within ${limits.otlpAnswerMs / 1_000} s`;
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  if (code !== undefined && /^[A-Z_]{1,64}$/.test(code)) return ` (${code})`;
  return cause instanceof Error && cause.message === "unexpected redirect" ? " but with another address, which is not followed" : "";
}
