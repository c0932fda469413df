/**
 * One POST of JSON. `Idempotency-Key` is the same for the same message however often it is sent; `Holon-Signature: v1=<hex>` is HMAC-SHA-256 of `<Holon-Timestamp>.<body>` under the secret
 * that both ends know, so that nobody else can tell them anything, nor tell it again much later.
 */
import { createHmac } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NotifierAnswer, NotifierMessage } from "@holon/core/ports.ts";

/** What no repetition mends. All else, a wrong address or password too, somebody may mend while it is tried again. */
const hopeless: readonly number[] = [400, 410, 413, 422];

export const signatureOf = (secret: string, timestamp: string, body: string): string => `v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;

export async function postWebhook({ url, secret }: { readonly url: string; readonly secret: string }, { key, body }: NotifierMessage): Promise<NotifierAnswer> {
  // What is said of it is shown to others than those who may know it.
  const { protocol, username, password } = URL.parse(url) ?? {};
  if ((protocol !== "https:" && protocol !== "http:") || username !== "" || password !== "") throw new HolonError("HOLON_CONFIG_BAD", "the address of the webhook is none that can be posted to", { next: "Give it as http:// or https://, without a name and password in it, where the route or the secret that it names has it." });
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const headers = { "content-type": "application/json", "idempotency-key": key, "holon-timestamp": timestamp, "holon-signature": signatureOf(secret, timestamp, body) };
  const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: AbortSignal.timeout(limits.alertAnswerMs) });
  await response.body?.cancel();
  if (response.ok) return { outcome: "taken" };
  const why = `the receiver answered ${response.status}`;
  if (hopeless.includes(response.status)) return { outcome: "refused", why };
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return { outcome: "later", why, afterMs: Number.isFinite(seconds) && seconds > 0 ? Math.min(limits.alertRetryMaxMs, seconds * 1_000) : undefined };
}
