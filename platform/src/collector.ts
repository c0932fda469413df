/** Posts to a collector of OpenTelemetry by the `fetch` of Node. */
import type { Collector, Secrets } from "@holon/core/ports.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { plainBytes } from "./plain-bytes.ts";

/** `secretHeaders`: by header, the secret that holds its value. */
export function createCollector(secrets: Secrets, secretHeaders: Readonly<Record<string, string>> = {}): Collector {
  return {
    async post(url, contentType, body) {
      const values = await secrets.read(Object.values(secretHeaders));
      const headers: Record<string, string> = { "content-type": contentType };
      for (const [header, secret] of Object.entries(secretHeaders)) {
        const value = values[secret];
        if (value === undefined) throw new HolonError("HOLON_SECRETS_BAD", `the collector's header ${header} wants the secret ${secret}, which is not here`);
        headers[header] = value;
      }
      const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(body), redirect: "error", signal: AbortSignal.timeout(limits.otlpAnswerMs) });
      const seconds = Number(response.headers.get("retry-after") ?? NaN);
      return { status: response.status, retryAfterMs: Number.isFinite(seconds) ? Math.min(limits.otlpRetryMaxMs, seconds * 1_000) : undefined, body: plainBytes(Buffer.from(await response.arrayBuffer())) };
    },
  };
}
