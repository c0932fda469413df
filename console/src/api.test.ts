import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { ApiProblem, follow, get, send } from "./api.ts";
import { setToken, token } from "./session.ts";

/** What the server says to whoever follows it. */
async function following(context: TestContext, answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    answer(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/alerts`;
}

const open = new AbortController().signal;
const refusedAs = (code: string) => (error: unknown): boolean => error instanceof ApiProblem && error.code === code;

test("an error in the middle of the lines is no value, and ends them", async (context) => {
  const path = await following(context, (response) => void response.end('{"alerts":[]}\n\n{"error":{"code":"HOLON_LOG_CLOSED","message":"the log is closed","next":"Wait."}}\n'));
  const lines = follow(path, open);
  assert.deepEqual(await lines.next(), { done: false, value: { alerts: [] } });
  await assert.rejects(lines.next(), refusedAs("HOLON_LOG_CLOSED"));
});

test("a session that ends in the middle of the lines is over here too", async (context) => {
  setToken("a token that ends");
  context.after(() => setToken(undefined));
  const path = await following(context, (response) => void response.end('{"error":{"code":"HOLON_API_UNAUTHORISED","message":"the session ended","next":""}}\n'));
  await assert.rejects(follow(path, open).next(), refusedAs("HOLON_API_UNAUTHORISED"));
  assert.equal(token(), undefined);
});

test("a line on which nothing is heard any more ends; one with signs of life goes on", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let closed = false;
  let say: (text: string) => void = () => undefined;
  let wake: () => void = () => undefined;
  const path = await following(context, (response) => {
    say = (text) => void response.write(text);
    response.once("close", () => (closed = true)).write('{"alerts":[]}\n');
  });
  const lines = follow(path, open, { heard: () => wake() });
  await lines.next();
  const next = lines.next();
  for (let signs = 0; signs < 3; signs++) {
    context.mock.timers.tick(20_000);
    const heard = new Promise<void>((resolve) => (wake = resolve));
    say("\n");
    await heard;
  }
  say('{"alerts":[1]}\n');
  assert.deepEqual(await next, { done: false, value: { alerts: [1] } }, "of empty lines nothing is told");
  const last = lines.next();
  context.mock.timers.tick(30_000);
  await assert.rejects(last, refusedAs("HOLON_API_UNREACHABLE"));
  while (!closed) await new Promise((resolve) => setImmediate(resolve));
});

test("an API that is there and is slow is not one that cannot be reached; of what was to be changed it is said that it may be done", async (context) => {
  const path = await following(context, (response) => void response.write('{"begun":'));
  for (const [asked, may] of [[get, false], [(at: string) => send("POST", at, {}), true]] as const) {
    const time = new AbortController();
    const mocked = context.mock.method(AbortSignal, "timeout", () => time.signal);
    const answer = asked(path);
    time.abort(new DOMException("over", "TimeoutError"));
    await assert.rejects(answer, (error) => refusedAs("HOLON_API_TIMEOUT")(error) && error instanceof ApiProblem && error.message.endsWith("may have been done") === may);
    mocked.mock.restore();
  }
});
