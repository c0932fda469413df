// long file: every rule of the way in, each against one server.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import type { Route, StopSignal } from "@holon/core/api/route.ts";
import { demandVersion } from "@holon/core/api/version.ts";
import { errorTable, HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { endOf, proofOf } from "./http/proof.ts";
import { serveRoutes } from "./http.ts";
import { statusOf } from "./http/answer.ts";

const token = "correct-horse";
const authorization = `Bearer ${token}`;
const echoSchema = z.strictObject({ name: z.string().min(2), count: z.int().default(3) });

function routesWith(more: readonly Route[] = []): readonly Route[] {
  return [
    { method: "GET", path: "/v1/health", summary: "Health.", open: true, answer: z.object({ ok: z.literal(true) }), handle: async () => ({ status: 200, body: { ok: true } }) },
    { method: "GET", path: "/v1/nodes/{node}", summary: "One.", answer: z.object({ node: z.string() }), handle: async ({ params }) => ({ status: 200, body: { node: params["node"] } }) },
    { method: "GET", path: "/v1/nodes/all", summary: "All.", answer: z.object({ all: z.boolean() }), handle: async () => ({ status: 200, body: { all: true } }) },
    {
      method: "GET",
      path: "/v1/list",
      summary: "List.",
      query: z.strictObject({ limit: z.coerce.number().int().max(10).optional() }),
      answer: z.looseObject({}),
      handle: async ({ query }) => ({ status: 200, body: query }),
    },
    { method: "POST", path: "/v1/echo", summary: "Echo.", body: echoSchema, answer: echoSchema, handle: async ({ body }) => ({ status: 201, body }) },
    {
      method: "PUT",
      path: "/v1/bytes",
      summary: "Bytes.",
      bytes: true,
      answer: z.unknown(),
      handle: async ({ body }) => ({ status: 200, body: body instanceof Uint8Array && Object.getPrototypeOf(body) === Uint8Array.prototype ? body.slice().reverse() : undefined }),
    },
    { method: "GET", path: "/v1/missing", summary: "Fails.", answer: z.unknown(), handle: () => Promise.reject(new HolonError("HOLON_NODE_UNKNOWN", "no node x")) },
    { method: "GET", path: "/v1/defect", summary: "Breaks.", answer: z.unknown(), handle: () => Promise.reject(new TypeError("undefined is no function")) },
    { method: "GET", path: "/v1/liar", summary: "Lies.", answer: z.object({ count: z.int() }), handle: async () => ({ status: 200, body: { count: "many" } }) },
    ...more,
  ];
}

async function serve(t: Pick<TestContext, "after">, more: readonly Route[] = [], checkAnswers = true): Promise<string> {
  const server = await serveRoutes({ address: "127.0.0.1:0", routes: routesWith(more), token, title: "Test", version: "1", checkAnswers });
  t.after(() => server.close());
  return server.address;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function call(url: string, options: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { ...options, headers: { authorization, ...options.headers } });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

const members = { code: z.string(), next: z.string().min(1), retriable: z.boolean() };
const problemSchema = z.strictObject({ type: z.string(), title: z.string().min(1), status: z.int(), detail: z.string(), ...members, error: z.strictObject({ message: z.string(), ...members }) });
const errorOf = (answer: Answer): string => {
  const { error, type, status, detail, ...same } = problemSchema.parse(answer.body);
  assert.deepEqual([type, status, detail, same.code, same.next], [`/v1/errors/${error.code}`, answer.status, error.message, error.code, error.next]);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  return `${answer.status} ${error.code} ${error.message}`;
};

test("routes answer JSON; parameters are decoded, and a plain path goes before one with parameters", async (t) => {
  const api = await serve(t);
  const one = await call(`${api}/v1/nodes/gate%20way%2F1`);
  assert.deepEqual([one.status, one.body], [200, { node: "gate way/1" }]);
  assert.match(one.headers.get("content-type") ?? "", /^application\/json/);
  assert.equal(one.headers.get("cache-control"), "no-store");
  assert.deepEqual((await call(`${api}/v1/nodes/all`)).body, { all: true });
  assert.match(errorOf(await call(`${api}/v1/nodes/%zz`)), /^400 HOLON_ARGUMENT_BAD/);
});

test("all but open routes need the token", async (t) => {
  const api = await serve(t);
  for (const header of ["", token, "Bearer wrong", `Bearer ${token}x`, `Basic ${token}`]) {
    const refused = await call(`${api}/v1/nodes/all`, { headers: { authorization: header } });
    assert.match(errorOf(refused), /^401 HOLON_API_UNAUTHORISED/);
    assert.equal(refused.headers.get("www-authenticate"), "Bearer");
  }
  assert.equal((await call(`${api}/v1/health`, { headers: { authorization: "" } })).status, 200);
  assert.equal((await call(`${api}/openapi.json`, { headers: { authorization: "" } })).status, 200);
});

test("who calls without end waits, and nobody else, nor what shows the machine's token", async (t) => {
  const person = (name: string): Caller => ({ principal: { kind: "person", name }, role: "owner" });
  const server = await serveRoutes({ address: "127.0.0.1:0", routes: routesWith([]), token, callers: { of: person, machine: () => machineCaller }, waitMsOf: (who) => (who === "person olga" ? 0 : 600), title: "Test", version: "1" });
  t.after(() => server.close());
  const as = (shown: string): Promise<Answer> => call(`${server.address}/v1/nodes/all`, { headers: { authorization: `Bearer ${shown}` } });
  const busy = await as("ada");
  assert.match(errorOf(busy), /^429 HOLON_API_BUSY person ada/);
  assert.equal(busy.headers.get("retry-after"), "1");
  assert.deepEqual([(await as("olga")).status, (await as(token)).status], [200, 200]);
});

test("who shows what stands for nobody is told of, and who shows nothing is not", async (t) => {
  const told: string[] = [];
  const of = (shown: string): Caller | undefined => (shown === "olga" ? { principal: { kind: "person", name: "olga" }, role: "owner" } : undefined);
  const server = await serveRoutes({ address: "127.0.0.1:0", routes: routesWith([]), token, callers: { of, machine: () => machineCaller, refused: (shown, address) => void told.push(`${shown} from ${address}`) }, title: "Test", version: "1" });
  t.after(() => server.close());
  const as = async (header: string): Promise<number> => (await call(`${server.address}/v1/nodes/all`, { headers: { authorization: header } })).status;
  assert.deepEqual([await as("Bearer olga"), await as(`Bearer ${token}`), await as("Bearer old"), await as("")], [200, 200, 401, 401]);
  assert.deepEqual(told, ["old from 127.0.0.1"]);
});

test("only this machine's own names are served", async (t) => {
  const api = new URL(await serve(t));
  const statusFor = async (host: string): Promise<number | undefined> => {
    const outgoing = request({ port: api.port, host: "127.0.0.1", path: "/v1/health", headers: { host } });
    outgoing.end();
    const [response]: IncomingMessage[] = await once(outgoing, "response");
    response?.resume();
    return response?.statusCode;
  };
  for (const host of ["127.0.0.1", `127.0.0.1:${api.port}`, "localhost:7400", "[::1]:7400", "LOCALHOST"]) assert.equal(await statusFor(host), 200, host);
  for (const host of ["evil.example", "evil.example:7400", "127.0.0.1.evil.example", "localhost.evil.example:80"]) assert.equal(await statusFor(host), 403, host);
});

test("an unknown path is 404 and a wrong method 405 with what is allowed", async (t) => {
  const api = await serve(t);
  for (const path of ["/", "/v1", "/v1/nodes", "/v1/nodes/a/b", "/v1/nodes/", "/v1/health/", "/v2/health"]) {
    assert.match(errorOf(await call(api + path)), /^404 HOLON_ARGUMENT_BAD/, path);
  }
  const wrong = await call(`${api}/v1/echo`, { method: "DELETE" });
  assert.match(errorOf(wrong), /^405 HOLON_ARGUMENT_BAD .*POST/);
  assert.equal(wrong.headers.get("allow"), "POST");
  assert.match(JSON.stringify(wrong.body), /"next":"Use POST; GET \/v1\/openapi\.json/);
});

test("a query is checked and the field named", async (t) => {
  const api = await serve(t);
  assert.deepEqual((await call(`${api}/v1/list?limit=7`)).body, { limit: "7" });
  assert.match(errorOf(await call(`${api}/v1/list?limit=99`)), /^400 HOLON_ARGUMENT_BAD query\.limit/);
  assert.match(errorOf(await call(`${api}/v1/list?nonsense=1`)), /^400 HOLON_ARGUMENT_BAD query.*nonsense/);
  assert.match(errorOf(await call(`${api}/v1/list?limit=1&limit=2`)), /^400 HOLON_ARGUMENT_BAD .*twice/);
  for (const query of ["limit=99", "limit=1&limit=2"]) assert.match(JSON.stringify((await call(`${api}/v1/list?${query}`)).body), /"next":"[^"-]*openapi\.json/, "a step for a program, not for a command line");
});

test("a body is parsed, checked and given its defaults; the refusal names the field and not its value", async (t) => {
  const api = await serve(t);
  const post = (body: string | Uint8Array<ArrayBuffer>): Promise<Answer> => call(`${api}/v1/echo`, { method: "POST", body });
  const made = await post('{"name":"pump"}');
  assert.deepEqual([made.status, made.body], [201, { name: "pump", count: 3 }]);
  assert.match(errorOf(await post('{"name":"pump","count":"secret-1234"}')), /^400 HOLON_ARGUMENT_BAD body\.count: (?!.*1234)/);
  assert.match(errorOf(await post('{"name":"secret-1234')), /^400 HOLON_ARGUMENT_BAD body: (?!.*1234)/);
  assert.match(errorOf(await post("")), /^400 HOLON_ARGUMENT_BAD body/);
  assert.match(JSON.stringify((await post("")).body), /"next":"Send JSON in UTF-8/);
  assert.match(errorOf(await post(new Uint8Array([0x22, 0xff, 0x22]))), /^400 HOLON_ARGUMENT_BAD body/);
});

test("bodies are bounded, announced or not", async (t) => {
  const api = await serve(t);
  const large = new Uint8Array(limits.httpBodyBytesMax + 1).fill(32);
  assert.match(errorOf(await call(`${api}/v1/echo`, { method: "POST", body: large })), /^413 HOLON_ARGUMENT_BAD/);
  const unannounced = request(`${api}/v1/echo`, { method: "POST", headers: { authorization } });
  unannounced.on("error", () => undefined);
  for (let sent = 0; sent <= limits.httpBodyBytesMax; sent += 1 << 20) unannounced.write(Buffer.alloc(1 << 20, 32));
  const [response]: IncomingMessage[] = await once(unannounced, "response");
  assert.equal(response?.statusCode, 413);
  unannounced.destroy();
  const far = await fetch(`${api}/v1/echo`, { method: "POST", headers: { authorization }, body: new Uint8Array(40 << 20) });
  assert.equal(far.status, 413, "and is told so, however much is sent");
  assert.equal((await call(`${api}/v1/health`)).status, 200);
});

test("bytes go in and out as plain bytes", async (t) => {
  const api = await serve(t);
  const response = await fetch(`${api}/v1/bytes`, { method: "PUT", headers: { authorization }, body: new Uint8Array([1, 2, 255]) });
  assert.equal(response.headers.get("content-type"), "application/octet-stream");
  assert.deepEqual(await response.bytes(), new Uint8Array([255, 2, 1]));
});

test("a body that is packed is taken as gzip where that is said, and refused otherwise with what is taken", async (t) => {
  const route: Route = { method: "POST", path: "/v1/packed", summary: "Packed.", bytes: true, bytesMax: 1_000, answer: z.unknown(), handle: async ({ body }) => ({ status: 200, body: body instanceof Uint8Array ? Buffer.from(body).toString() : undefined }) };
  const address = await serve(t, [route]);
  const post = (path: string, coding: string, body: Buffer<ArrayBuffer>, method = "POST") => call(`${address}${path}`, { method, body, headers: { "content-encoding": coding, "content-type": "application/json" } });
  const text = Buffer.from(`{"name":"pump"}`);
  for (const coding of ["gzip", "GZIP", "x-gzip"]) assert.deepEqual((await post("/v1/packed", coding, gzipSync(text))).body, text.toString(), coding);
  assert.equal((await post("/v1/packed", "identity", text)).status, 200);
  for (const [coding, packed] of [["deflate", deflateSync(text)], ["br", brotliCompressSync(text)], ["gzip, gzip", gzipSync(gzipSync(text))]] as const) {
    const { status, headers, body } = await post("/v1/packed", coding, packed);
    assert.deepEqual([status, headers.get("accept-encoding")], [415, "gzip"], coding);
    assert.match(JSON.stringify(body), /gzip alone is taken/);
  }
  for (const [path, method] of [["/v1/echo", "POST"], ["/v1/bytes", "PUT"]] as const) {
    const { status, headers } = await post(path, "gzip", gzipSync(text), method);
    assert.deepEqual([status, headers.get("accept-encoding")], [415, "identity"], path);
  }
});

test("a failure has its status and the error's four fields; a defect is 500; a wrong answer is a defect", async (t) => {
  const api = await serve(t);
  assert.match(errorOf(await call(`${api}/v1/missing`)), /^404 HOLON_NODE_UNKNOWN no node x$/);
  assert.match(errorOf(await call(`${api}/v1/defect`)), /^500 HOLON_INTERNAL/);
  assert.match(errorOf(await call(`${api}/v1/liar`)), /^500 HOLON_INTERNAL .*\/v1\/liar.*count/);
});

test("it proves that it holds the token, at its own address alone, by what the caller made up", async (t) => {
  const api = await serve(t);
  const nonce = "n".repeat(22);
  const proofFor = async (query: string): Promise<unknown> => (await call(`${api}/v1/proof${query}`, { headers: { authorization: "" } })).body;
  assert.deepEqual(await proofFor(`?nonce=${nonce}`), { proof: proofOf(token, nonce, endOf("127.0.0.1", Number(new URL(api).port))) });
  assert.notDeepEqual(await proofFor(`?nonce=${nonce}x`), await proofFor(`?nonce=${nonce}`));
  for (const query of ["", "?nonce=short", `?nonce=${nonce}%20`, `?nonce=${"n".repeat(87)}`]) assert.match(errorOf(await call(`${api}/v1/proof${query}`)), /^400 HOLON_ARGUMENT_BAD/);
});

test("the description lists what is served", async (t) => {
  const api = await serve(t);
  const { body } = await call(`${api}/openapi.json`);
  const { paths, openapi } = z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) }).parse(body);
  assert.equal(openapi, "3.1.0");
  assert.deepEqual(Object.keys(paths), [...new Set(routesWith().map(({ path }) => path)), "/v1/proof", "/v1/openapi.json", "/v1/errors/{code}"]);
  assert.deepEqual((await call(`${api}/v1/openapi.json`)).body, body);
  const { type } = problemSchema.parse((await call(`${api}/v1/missing`)).body);
  assert.deepEqual((await call(api + type, { headers: { authorization: "" } })).body, { code: "HOLON_NODE_UNKNOWN", ...errorTable.HOLON_NODE_UNKNOWN });
  assert.match(errorOf(await call(`${api}/v1/errors/HOLON_NOTHING`)), /^400/);
});

test("what has a version tells it; who has it already is told so, and a change is made for what its caller knows", async (t) => {
  let version = 1;
  const thing: readonly Route[] = [
    { method: "GET", path: "/v1/thing", summary: "Thing.", answer: z.object({ version: z.int() }), handle: async () => ({ status: 200, body: { version }, version: String(version) }) },
    {
      method: "PUT",
      path: "/v1/thing",
      summary: "Sets it.",
      versioned: true,
      answer: z.object({ version: z.int() }),
      handle: async ({ demand }) => {
        demandVersion("the thing", String(version), demand);
        return { status: 200, body: { version: ++version }, version: String(version) };
      },
    },
  ];
  const api = await serve(t, thing);
  const put = (headers: Record<string, string>): Promise<Answer> => call(`${api}/v1/thing`, { method: "PUT", headers });
  assert.equal((await call(`${api}/v1/thing`)).headers.get("etag"), '"1"');
  const known = await call(`${api}/v1/thing`, { headers: { "if-none-match": 'W/"1"' } });
  assert.deepEqual([known.status, known.body], [304, undefined]);
  assert.deepEqual([(await put({ "if-match": '"1"' })).headers.get("etag"), version], ['"2"', 2]);
  assert.match(errorOf(await put({ "if-match": '"1"' })), /^412 HOLON_VERSION_OTHER the thing is at version 2, and the call was made for 1/);
  assert.match(errorOf(await put({ "if-match": 'W/"2"' })), /^412/, "a weak tag matches no change");
  assert.match(errorOf(await put({ "if-none-match": "*" })), /^412/);
  assert.match(errorOf(await call(`${api}/v1/thing`, { headers: { "if-match": '"2"' } })), /^400 .*takes no If-Match/);
  assert.match(errorOf(await call(`${api}/v1/health`, { headers: { "if-none-match": '"2"' } })), /^400 .*the answer has no version/, "what has no version is told to nobody who waits for another one");
  assert.equal((await call(`${api}/v1/thing`, { headers: { "if-none-match": '"1"' } })).status, 200);
  assert.equal(version, 2);
  assert.equal((await put({ "if-match": '"7", "2"' })).status, 200);
  assert.match(errorOf(await put({ "if-match": "2" })), /^400 HOLON_ARGUMENT_BAD header: If-Match/);
  assert.match(errorOf(await call(`${api}/v1/echo`, { method: "POST", body: '{"name":"pump"}', headers: { "if-match": "*" } })), /^400 .*takes no If-Match/, "a condition that is not held to is refused");
});

test("a watch comes as server-sent events, from behind the event that was seen last", async (t) => {
  const route: Route = {
    method: "GET",
    path: "/v1/watch",
    summary: "Watch.",
    answer: z.unknown(),
    handle: async () => ({ status: 200, body: "now" }),
    async *watch({ lastEventId }) {
      yield await Promise.resolve({ id: "", event: "reset", data: {} });
      yield { event: "put", data: { after: lastEventId ?? null, text: "a\nb" } };
      throw new HolonError("HOLON_WATCH_FULL", "too many");
    },
  };
  const api = await serve(t, [route]);
  const response = await fetch(`${api}/v1/watch`, { headers: { authorization, accept: "Text/Event-Stream", "last-event-id": "x-7" } });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.match(await response.text(), /^id: \nevent: reset\ndata: {}\n\nevent: put\ndata: {"after":"x-7","text":"a\\nb"}\n\nevent: error\ndata: {"error":{"code":"HOLON_WATCH_FULL"/);
  assert.equal((await call(`${api}/v1/watch`)).body, "now");
});

test("a port that is taken is named, and listeners stay on loopback", async (t) => {
  const api = new URL(await serve(t));
  const start = (address: string): Promise<unknown> => serveRoutes({ address, routes: routesWith(), token, title: "Test", version: "1" });
  await assert.rejects(start(api.host), (error) => error instanceof HolonError && error.code === "HOLON_PORT_TAKEN" && error.message.includes(api.host));
  await assert.rejects(start("0.0.0.0:0"), (error) => error instanceof HolonError && error.code === "HOLON_CONFIG_BAD");
});

test("rubbish on the socket harms nobody else", async (t) => {
  const api = new URL(await serve(t));
  for (const rubbish of ["\u0000\u0001\u0002\r\n\r\n", "GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", `GET / HTTP/1.1\r\nHost: localhost\r\nx: ${"y".repeat(100_000)}\r\n\r\n`, "POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n"]) {
    const socket = connect(Number(api.port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.end(rubbish);
    await new Promise((resolve) => socket.resume().once("close", resolve));
  }
  assert.equal((await call(`${api.origin}/v1/health`)).status, 200);
});

/** A feed that a test drives by hand. */
function createFeed() {
  const waiting: unknown[] = [];
  let wake: () => void = () => undefined;
  const state = { stopped: false, pulled: 0 };
  const route: Route = {
    method: "GET",
    path: "/v1/feed",
    summary: "Feed.",
    answer: z.object({ now: z.boolean() }),
    handle: async () => ({ status: 200, body: { now: true } }),
    async *follow(_request, signal: StopSignal) {
      signal.onAbort(() => wake());
      while (!signal.aborted) {
        if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const value = waiting.shift();
        if (value instanceof Error) throw value;
        state.pulled += 1;
        if (value !== undefined) yield value;
      }
      state.stopped = true;
    },
  };
  return { route, state, push: (value: unknown) => (waiting.push(value), wake()) };
}

async function follow(api: string): Promise<AsyncGenerator<string> & { stop(): void }> {
  const controller = new AbortController();
  const response = await fetch(`${api}/v1/feed`, { headers: { authorization, accept: "Application/X-NDJSON" }, signal: controller.signal });
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  async function* lines(): AsyncGenerator<string> {
    let rest = "";
    for await (const chunk of response.body ?? []) {
      rest += new TextDecoder().decode(chunk);
      const parts = rest.split("\n");
      rest = parts.pop() ?? "";
      yield* parts;
    }
  }
  return Object.assign(lines(), { stop: () => controller.abort() });
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

test("a feed comes line by line as it happens, and is told when the caller goes", async (t) => {
  const feed = createFeed();
  const api = await serve(t, [feed.route]);
  assert.deepEqual((await call(`${api}/v1/feed`)).body, { now: true });
  const lines = await follow(api);
  feed.push({ id: 1, text: "a\nb" });
  assert.deepEqual(await lines.next(), { done: false, value: '{"id":1,"text":"a\\nb"}' });
  feed.push({ id: 2 });
  assert.deepEqual(await lines.next(), { done: false, value: '{"id":2}' });
  lines.stop();
  await until(() => feed.state.stopped);
});

test("a feed that fails says why in its last line", async (t) => {
  const feed = createFeed();
  const api = await serve(t, [feed.route]);
  const lines = await follow(api);
  feed.push(new HolonError("HOLON_LOG_CLOSED", "the log is closed"));
  const last = await lines.next();
  assert.match(String(last.value), /^{"error":{"code":"HOLON_LOG_CLOSED"/);
  assert.equal((await lines.next()).done, true);
});

test("a feed waits for a caller that does not read", async (t) => {
  const feed = createFeed();
  const api = new URL(await serve(t, [feed.route]));
  const socket = connect(Number(api.port), "127.0.0.1");
  t.after(() => socket.destroy());
  socket.write(`GET /v1/feed HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nAccept: application/x-ndjson\r\n\r\n`);
  socket.pause();
  const megabyte = "x".repeat(1 << 20);
  for (let count = 0; count < 200; count++) feed.push(megabyte);
  let seen = -1;
  // It stands still: no more was pulled while other requests were served.
  while (seen !== feed.state.pulled || seen < 1) {
    seen = feed.state.pulled;
    for (let count = 0; count < 20; count++) await call(`${api.origin}/v1/health`);
  }
  assert.ok(seen < 100, `${seen} of 200 were pulled`);
});

test("closing ends feeds and idle connections, and waits for what is under way", async () => {
  const feed = createFeed();
  let finish: () => void = () => undefined;
  let enter: () => void = () => undefined;
  const entered = new Promise<void>((resolve) => (enter = resolve));
  const slow: Route = {
    method: "GET",
    path: "/v1/slow",
    summary: "Slow.",
    answer: z.unknown(),
    handle: async () => {
      enter();
      await new Promise<void>((resolve) => (finish = resolve));
      return { status: 200, body: "done" };
    },
  };
  const server = await serveRoutes({ address: "localhost:0", routes: routesWith([feed.route, slow]), token, title: "Test", version: "1" });
  const lines = await follow(server.address);
  const answer = call(`${server.address}/v1/slow`);
  await entered;
  const closing = server.close();
  assert.equal((await lines.next()).done, true);
  finish();
  assert.equal((await answer).body, "done");
  await closing;
  await assert.rejects(fetch(`${server.address}/v1/health`));
});

test("whoever may not call a route is told so before anything of the body is read", async (t) => {
  const denied: Route = { method: "PUT", path: "/v1/kept", summary: "Kept.", body: echoSchema, answer: z.unknown(), admit: () => Promise.reject(new HolonError("HOLON_POLICY_DENIED", "no")), handle: () => Promise.reject(new TypeError("it was called")) };
  const address = await serve(t, [denied, { ...denied, path: "/v1/kept-bytes", bytes: true }]);
  const { status, body } = await call(`${address}/v1/kept`, { method: "PUT", body: "no JSON at all" });
  assert.deepEqual([status, (body as { code: string }).code], [403, "HOLON_POLICY_DENIED"]);
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  const said: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => said.push(chunk));
  socket.write(`PUT /v1/kept-bytes HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${authorization}\r\ncontent-length: 1000000\r\n\r\nand never the rest`);
  await once(socket, "close");
  assert.match(Buffer.concat(said).toString(), /^HTTP\/1\.1 403 [\s\S]*connection: close/i, "and it keeps no connection open");
});

test("what changes something without a token is for pages of this API, and for what is no browser", async (t) => {
  const open: Route = { method: "POST", path: "/v1/enter", summary: "Enters.", open: true, body: echoSchema, answer: z.unknown(), handle: async () => ({ status: 200, body: {} }) };
  const address = await serve(t, [open]);
  const { host, port } = new URL(address);
  const status = (headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request(`${address}/v1/enter`, { method: "POST", headers: { "content-type": "application/json", ...headers } }, (response) => (response.resume(), resolve(response.statusCode ?? 0)));
      outgoing.on("error", reject).end(JSON.stringify({ name: "anna" }));
    });
  for (const [headers, expected] of [
    [{}, 200],
    [{ origin: address }, 200],
    [{ origin: `http://localhost:${port}`, host: `localhost:${port}` }, 200],
    [{ origin: "https://ops.example", "sec-fetch-site": "same-origin" }, 200], // through a proxy that gives this machine's name
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: `http://${host}`, "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ "content-type": "text/plain" }, 415],
    [{ "content-type": "application/jsonlines" }, 415],
    [{ "content-type": "Application/JSON; charset=utf-8" }, 200],
  ] as const) assert.equal(await status(headers), expected, JSON.stringify(headers));
});

test("what is not known any more is not found", () => {
  assert.deepEqual([statusOf("HOLON_DIAGNOSIS_GONE"), statusOf("HOLON_DIAGNOSIS_EXPIRED")], [404, 410]);
});

test("a route is told that its caller left before it was answered, and nothing where it was", async (t) => {
  const left = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  const answered: StopSignal[] = [];
  const slow: Route = {
    method: "GET", path: "/v1/slow", summary: "Slow.", answer: z.object({}),
    async handle({ gone }) {
      gone?.onAbort(() => left.resolve());
      began.resolve();
      await left.promise;
      return { status: 200, body: {} };
    },
  };
  const quick: Route = { method: "GET", path: "/v1/quick", summary: "Quick.", answer: z.object({}), handle: ({ gone }) => Promise.resolve({ status: 200, body: (gone === undefined || answered.push(gone), {}) }) };
  const api = await serve(t, [slow, quick]);
  const caller = new AbortController();
  const asked = fetch(`${api}/v1/slow`, { headers: { authorization }, signal: caller.signal });
  await began.promise;
  caller.abort();
  await assert.rejects(asked);
  await left.promise;
  await (await fetch(`${api}/v1/quick`, { headers: { authorization } })).json();
  assert.deepEqual(answered.map(({ aborted }) => aborted), [false]);
});

test("who asks in protobuf is told a failure in protobuf, as OTLP/HTTP has it", async (t) => {
  const words = `it is bad: ${"ü".repeat(500)}`;
  const bad: Route = { method: "POST", path: "/v1/takes", summary: "Takes bytes.", bytes: true, answer: z.unknown(), handle: () => Promise.reject(new HolonError("HOLON_ARGUMENT_BAD", words)) };
  const address = await serve(t, [bad]);
  const response = await fetch(`${address}/v1/takes`, { method: "POST", headers: { authorization, "content-type": "application/x-protobuf; charset=x" }, body: new Uint8Array([1]) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.deepEqual([response.status, response.headers.get("content-type"), bytes[0], bytes[1], bytes[2]], [400, "application/x-protobuf", 0x08, 3, 0x12]);
  const length = ((bytes[3] ?? 0) & 0x7f) + ((bytes[4] ?? 0) << 7);
  assert.deepEqual([bytes.length, new TextDecoder().decode(bytes.subarray(5))], [5 + length, `HOLON_ARGUMENT_BAD: ${words}`]);
});
