import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { openApiDocument } from "./openapi.ts";
import type { Route } from "./route.ts";

const handle: Route["handle"] = () => Promise.resolve({ status: 200, body: {} });
const routes: readonly Route[] = [
  { method: "GET", path: "/v1/health", summary: "Health.", open: true, answer: z.object({ ok: z.literal(true) }), handle },
  {
    method: "GET",
    path: "/v1/nodes/{node}/events",
    summary: "Events.",
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(9).default(5), type: z.string() }),
    answer: z.object({ events: z.array(z.unknown()) }),
    handle,
    async *follow() {
      yield await Promise.resolve({});
    },
  },
  { method: "PUT", path: "/v1/nodes/{node}/events", summary: "Put.", body: z.strictObject({ name: z.string(), size: z.int().default(1) }), answer: z.object({}), handle },
  { method: "PUT", path: "/v1/blobs/{hash}", summary: "Blob.", bytes: true, answer: z.object({}), handle },
];

const document = openApiDocument(routes, { title: "Holon control", version: "1" });
/** Reads a place in the document, as a caller of it would. */
const at = (...path: string[]): unknown =>
  path.reduce<unknown>((value, key) => (typeof value === "object" && value !== null ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined), document);

test("the document is OpenAPI 3.1 and has every path and method", () => {
  assert.equal(document["openapi"], "3.1.0");
  assert.deepEqual(document["info"], { title: "Holon control", version: "1" });
  const listed = Object.entries(z.record(z.string(), z.record(z.string(), z.unknown())).parse(document["paths"])).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`));
  assert.deepEqual(listed, ["get /v1/health", "get /v1/nodes/{node}/events", "put /v1/nodes/{node}/events", "put /v1/blobs/{hash}"]);
});

test("every operation has an id of its own", () => {
  const ids = routes.map(({ method, path }) => at("paths", path, method.toLowerCase(), "operationId"));
  assert.deepEqual(ids, ["getHealth", "getNodesByNodeEvents", "putNodesByNodeEvents", "putBlobsByHash"]);
});

test("open routes need no token, all others do", () => {
  assert.deepEqual(at("paths", "/v1/health", "get", "security"), []);
  assert.deepEqual(at("paths", "/v1/blobs/{hash}", "put", "security"), [{ token: [] }]);
  assert.equal(at("components", "securitySchemes", "token", "scheme"), "bearer");
});

test("parameters come from the path and from the query's schema; a default makes one optional", () => {
  assert.deepEqual(at("paths", "/v1/nodes/{node}/events", "get", "parameters"), [
    { name: "node", in: "path", required: true, schema: { type: "string" } },
    { name: "limit", in: "query", required: false, schema: { type: "integer", minimum: 1, maximum: 9, default: 5 } },
    { name: "type", in: "query", required: true, schema: { type: "string" } },
  ]);
});

test("bodies are JSON of their schema, or bytes", () => {
  assert.deepEqual(at("paths", "/v1/nodes/{node}/events", "put", "requestBody", "content", "application/json", "schema", "required"), ["name"]);
  assert.deepEqual(at("paths", "/v1/blobs/{hash}", "put", "requestBody", "content"), { "application/octet-stream": {} });
  assert.equal(at("paths", "/v1/health", "get", "requestBody"), undefined);
});

test("a route that can be followed says so, and every route says what an error looks like", () => {
  assert.notEqual(at("paths", "/v1/nodes/{node}/events", "get", "responses", "200", "content", "application/x-ndjson"), undefined);
  assert.equal(at("paths", "/v1/health", "get", "responses", "200", "content", "application/x-ndjson"), undefined);
  assert.equal(at("paths", "/v1/health", "get", "responses", "default", "content", "application/problem+json", "schema", "$ref"), "#/components/schemas/Problem");
  assert.doesNotMatch(JSON.stringify(document), /\$schema/);
});
