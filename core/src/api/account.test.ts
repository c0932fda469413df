import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { HolonError } from "../errors.ts";
import type { Completeness } from "../telemetry/completeness.ts";
import { accountHeader, withAccount } from "./account.ts";
import { JsonText } from "./json-text.ts";
import type { Route } from "./route.ts";

const asOf = "2026-01-01T00:00:00.000Z";
const missing = Array.from({ length: 64 }, (_, index) => ({ node: `gateway-${index}`, site: "plant", state: "silent" as const, since: asOf, through: null }));
const completeness: Completeness = { nodes: 3_000, reported: 2_936, excused: 0, unknown: 64, through: asOf, states: { present: 2_936, slow: 0, silent: 64, crashed: 0, gone: 0, awaited: 0, revoked: 0 }, missing };
const route = (path: string, body: unknown, status = 200): Route => ({ method: "GET", path, summary: "", answer: z.object({ nodes: z.array(z.string()) }), handle: () => Promise.resolve({ status, body, version: "1" }) });
const ask = async (path: string, body: unknown) => {
  const [wrapped = assert.fail()] = withAccount([route(path, body)], () => ({ asOf, completeness }));
  return { wrapped, answer: await wrapped.handle({ params: {}, query: {}, body: undefined }) };
};

test("an answer about nodes says as of when it is, and of how many of them how much is known, and names few", async () => {
  const { wrapped, answer } = await ask("/v1/nodes", { nodes: ["a"] });
  assert.partialDeepStrictEqual(answer, { version: "1", body: { asOf, completeness: { nodes: 3_000, reported: 2_936, unknown: 64 }, nodes: ["a"] } });
  const { completeness: told } = z.object({ completeness: z.object({ missing: z.array(z.unknown()) }) }).parse(wrapped.answer.parse(answer.body));
  assert.equal(told.missing.length, 8);
});

test("one that says so itself stays as it is; text that stands ready is not read", async () => {
  assert.partialDeepStrictEqual((await ask("/v1/nodes", { asOf: "then", nodes: [] })).answer.body, { asOf: "then" });
  const { answer } = await ask("/v1/continuum", new JsonText('{"asOf":"then","nodes":[]}'));
  assert.ok(answer.body instanceof JsonText);
  assert.partialDeepStrictEqual(answer.body.toJSON(), { asOf: "then", nodes: [], completeness: { unknown: 64 } });
});

test("a list says so in a header, and what is not about the fleet says nothing", async () => {
  const { answer } = await ask("/v1/plan/moves", []);
  assert.deepEqual([answer.body, JSON.parse(answer.headers?.[accountHeader] ?? "")], [[], { asOf, nodes: 3_000, reported: 2_936, excused: 0, unknown: 64, through: asOf }]);
  assert.deepEqual((await ask("/v1/health", { ok: true })).answer, { status: 200, body: { ok: true }, version: "1" });
});

test("what one node gave is told with how that one stands, and that it gave nothing too", async () => {
  const asked: (string | undefined)[] = [];
  const account = (of?: string) => (asked.push(of), { asOf, completeness });
  const path = "/v1/nodes/{node}/events";
  const [gives = assert.fail(), gone = assert.fail(), other = assert.fail()] = withAccount([
    route(path, { nodes: [] }),
    { ...route(path, {}), handle: () => Promise.reject(new HolonError("HOLON_DIAGNOSIS_AWAY", "gateway-1 is silent", { next: "Look there." })) },
    { ...route(path, {}), handle: () => Promise.reject(new HolonError("HOLON_POLICY_DENIED", "no")) },
  ], account);
  const request = { params: { node: "gateway-1" }, query: {}, body: undefined };
  assert.partialDeepStrictEqual((await gives.handle(request)).body, { asOf, completeness: { unknown: 64 } });
  await assert.rejects(gone.handle(request), (error: HolonError) => error.known?.asOf === asOf && error.next === "Look there." && error.code === "HOLON_DIAGNOSIS_AWAY");
  assert.deepEqual(asked, ["gateway-1", "gateway-1"]);
  await assert.rejects(other.handle(request), (error: HolonError) => error.known === undefined);
});
