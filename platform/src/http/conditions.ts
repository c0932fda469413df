import type { IncomingMessage } from "node:http";
import type { Route, RouteRequest } from "@holon/core/api/route.ts";
import { parseEntityTags } from "@holon/core/api/version.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

/** What a request says of when and how often it is to have effect. A condition that a route cannot hold to is refused, not passed over. */
export function conditionsOf({ headers }: IncomingMessage, { method, versioned, watch }: Route): Pick<RouteRequest, "demand" | "idempotencyKey" | "lastEventId"> {
  const { "if-match": match, "if-none-match": noneMatch } = headers;
  const key = headers["idempotency-key"];
  const last = headers["last-event-id"];
  const isChange = method !== "GET";
  const isConditional = match !== undefined || (isChange && noneMatch !== undefined);
  if (isConditional && versioned !== true) throw bad("the call takes no If-Match and no If-None-Match");
  return {
    ...(isConditional ? { demand: { ...(match === undefined ? {} : { ifMatch: tagsOf(match) }), ...(noneMatch === undefined ? {} : { isNew: onlyNew(noneMatch) }) } } : {}),
    ...(isChange && key !== undefined ? { idempotencyKey: keyOf(key) } : {}),
    ...(watch !== undefined && typeof last === "string" ? { lastEventId: last } : {}),
  };
}

/** Whether the caller of a GET has this version already: it is compared weakly (RFC 9110, section 13.1.2). */
export function isKnown({ method, headers }: IncomingMessage, tag: string): boolean {
  const known = headers["if-none-match"];
  return method === "GET" && known !== undefined && known.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === tag);
}

/** To be asked once it is known that the answer has no version: "unless it is that one" was passed over else. */
export function requireNoCondition({ method, headers }: IncomingMessage): void {
  if (method === "GET" && headers["if-none-match"] !== undefined) throw bad("the answer has no version, and the call takes no If-None-Match");
}

function tagsOf(text: string): readonly string[] {
  const tags = parseEntityTags(text);
  if (tags === undefined) throw bad('If-Match is no list of versions, as in "7"');
  return tags;
}

function onlyNew(text: string): true {
  if (text.trim() !== "*") throw bad("If-None-Match of a change is * alone");
  return true;
}

function keyOf(key: string | readonly string[]): string {
  const text = typeof key === "string" ? key.replace(/^"(.*)"$/, "$1") : "";
  if (!/^[\x21-\x7e]+$/.test(text) || text.length > limits.idempotencyKeyCharactersMax) throw bad(`Idempotency-Key is 1 to ${limits.idempotencyKeyCharactersMax} printable characters`);
  return text;
}

const bad = (message: string): HolonError => new HolonError("HOLON_ARGUMENT_BAD", `header: ${message}`, { next: "Mend the header; GET /v1/openapi.json says which a call takes." });
