import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { serveRoutes } from "@holon/platform/http.ts";
import { z } from "zod";
import { connectApi, openLines } from "./client.ts";

test("of lines without end the empty ones are signs of life, and one with an error is the last", async (context) => {
  const server = createServer((_request, response) => void response.end('{"lines":[]}\n\n\n{"error":{"code":"HOLON_LOG_CLOSED","message":"the log is closed"}}\n')).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const lines = openLines({ api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, data: "", token: "a token" }, "/v1/lines", new AbortController().signal);
  assert.deepEqual(await lines.next(), { done: false, value: { lines: [] } });
  await assert.rejects(lines.next(), (error) => error instanceof HolonError && error.code === "HOLON_LOG_CLOSED");
});

test("a line of which nothing is heard any more is dead, before it answered as after", async (context) => {
  for (const begins of [true, false]) {
    const server = createServer((_request, response) => void (begins && response.write('{"lines":[]}\n'))).listen(0, "127.0.0.1");
    await once(server, "listening");
    context.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const lines = openLines({ api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, data: "", token: "a token" }, "/v1/lines", new AbortController().signal, 300);
    await assert.rejects(async () => {
      for await (const _ of lines);
    }, (error) => error instanceof HolonError && error.code === "HOLON_API_UNREACHABLE" && /nothing was heard/.test(error.message));
  }
});

test("a call of control's at a node without control says that, and which API to name; at control of another version it says that there is no such path", async (context) => {
  for (const [title, code] of [["Holon node", "HOLON_CONTROL_ELSEWHERE"], ["Holon control", "HOLON_ARGUMENT_BAD"]] as const) {
    const server = await serveRoutes({ address: "127.0.0.1:0", routes: [], token: "a-token", title, version: "1" });
    context.after(() => server.close());
    const client = await connectApi({ api: server.address, data: "", token: "a-token" });
    await assert.rejects(client.get("/v1/apps", z.unknown()), (error) => error instanceof HolonError && error.code === code && (code === "HOLON_ARGUMENT_BAD" || /--api/.test(error.next)));
  }
});

test("an API that is there and is slow is not none: what was only asked is asked again, of what was to be changed it is said that it may be done", async (context) => {
  const server = createServer((request, response) => {
    if (request.url === "/v1/begun") response.write('{"begun":'); // and never its end
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = await connectApi({ api, data: "", token: "a token", answerMs: 300 });
  const slow = (says: RegExp, next: RegExp) => (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_API_TIMEOUT" && error.retriable && says.test(error.message) && next.test(error.next);
  await assert.rejects(client.get("/v1/nodes", z.unknown()), slow(/did not answer GET \/v1\/nodes within 0\.3 s$/, /^Ask again/));
  await assert.rejects(client.get("/v1/begun", z.unknown()), slow(/did not answer GET \/v1\/begun within 0\.3 s$/, /^Ask again/));
  await assert.rejects(client.bytes("/v1/blobs/x"), slow(/within 0\.3 s$/, /^Ask again/));
  await assert.rejects(client.send("POST", "/v1/links/gw-1/cut", {}, z.unknown()), slow(/did not answer POST .* within 0\.3 s; what was asked may have been done$/, /before you ask again/));
  server.closeAllConnections();
  server.close();
  await assert.rejects(client.get("/v1/nodes", z.unknown()), (error) => error instanceof HolonError && error.code === "HOLON_API_UNREACHABLE");
});
