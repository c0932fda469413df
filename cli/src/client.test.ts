import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { openLines } from "./client.ts";

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
