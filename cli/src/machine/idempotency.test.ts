import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Caller } from "@holon/core/api/caller.ts";
import type { Route, RouteRequest } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Append } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import { openTempLog, tempFolder } from "@holon/node/testing/temp-log.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { z } from "zod";
import { idempotentRoutes } from "@holon/control/api/idempotency.ts";

const caller = (name: string): Caller => ({ principal: { kind: "person", name }, role: "owner" });
const request = (key: string | undefined, body: unknown = { a: 1 }, by = "anna"): RouteRequest => ({ params: {}, query: {}, body, idempotencyKey: key, caller: caller(by) });

/** A counter over HTTP on a real log; it fails, or never ends, or loses power, as it is told. */
async function bed(context: TestContext, folder = tempFolder(context)) {
  const log = await openTempLog(folder);
  const state = { made: 0, wallMs: 1_000_000, appends: 0, cutAt: Number.POSITIVE_INFINITY, fails: false, waits: undefined as Promise<void> | undefined };
  const clock: Clock = { monotonicMs: () => 0, elapsedMs: () => 0, wall: () => ({ ms: state.wallMs, state: "synced" }), after: () => ({ cancel: () => undefined }) };
  const append = (entry: Append): Promise<readonly number[]> => (++state.appends > state.cutAt ? Promise.reject(new HolonError("HOLON_LOG_CLOSED", "power is gone")) : log.append(entry));
  const make = (answeredOnce: boolean): Route => ({
    method: "POST",
    path: answeredOnce ? "/v1/secret" : "/v1/count",
    summary: "",
    answeredOnce,
    answer: z.unknown(),
    async handle() {
      await state.waits;
      if (state.fails) throw new HolonError("HOLON_ARGUMENT_BAD", "no");
      return { status: 201, body: { made: ++state.made }, version: "v" };
    },
  });
  const [count, secret, password] = idempotentRoutes([make(false), make(true), { ...make(false), path: "/v1/password", secretFields: ["password"] }], { log: { append, cell: (key) => log.cell(key), cells: (prefix) => log.cells(prefix) }, ports: { clock, crypto: createCrypto() } });
  assert.ok(count !== undefined && secret !== undefined && password !== undefined);
  return { state, log, count, secret, password, folder };
}

test("the same call with the same key is made once, also after a restart; without a key each time", async (context) => {
  const first = await bed(context);
  assert.deepEqual(await first.count.handle(request("k")), { status: 201, body: { made: 1 }, version: "v" });
  assert.deepEqual(await first.count.handle(request("k")), { status: 201, body: { made: 1 }, version: "v", headers: { "idempotent-replayed": "true" } });
  await first.log.close();
  const { count, state, log } = await bed(context, first.folder);
  context.after(() => log.close());
  assert.deepEqual((await count.handle(request("k"))).body, { made: 1 });
  await assert.rejects(count.handle(request("k", { a: 2 })), { code: "HOLON_IDEMPOTENCY_OTHER" });
  assert.equal(state.made, 0);
  assert.deepEqual((await count.handle(request("k", { a: 1 }, "boris"))).body, { made: 1 }, "keys of one caller are none of another");
  await count.handle(request(undefined));
  await count.handle(request(undefined));
  assert.equal(state.made, 3);
  state.wallMs += limits.idempotencyMs + 1;
  assert.deepEqual((await count.handle(request("k"))).body, { made: 4 }, "a key is forgotten after a day");
});

test("a call that fails leaves its key free; what is shown once is kept nowhere", async (context) => {
  const { count, secret, state, log } = await bed(context);
  context.after(() => log.close());
  state.fails = true;
  await assert.rejects(count.handle(request("k")), { code: "HOLON_ARGUMENT_BAD" });
  state.fails = false;
  assert.deepEqual((await count.handle(request("k"))).body, { made: 1 });
  assert.deepEqual((await secret.handle(request("s"))).body, { made: 2 });
  await assert.rejects(secret.handle(request("s")), { code: "HOLON_IDEMPOTENCY_OTHER", message: /kept nowhere/ });
  assert.ok(![...log.cells("idempotency/").values()].some((bytes) => new TextDecoder().decode(bytes).includes('"made":2')));
});

test("of two calls at a time one is made; one that was cut off before its end was written is never made again by itself", async (context) => {
  const first = await bed(context);
  let go: () => void = () => undefined;
  first.state.waits = new Promise((resolve) => (go = resolve));
  const slow = first.count.handle(request("k"));
  await assert.rejects(first.count.handle(request("k")), { code: "HOLON_IDEMPOTENCY_OPEN" });
  go();
  await slow;
  first.state.cutAt = first.state.appends + 1; // the key is written, the answer is not
  await assert.rejects(first.count.handle(request("cut")), { code: "HOLON_LOG_CLOSED" });
  assert.equal(first.state.made, 2);
  await first.log.close();
  const { count, state, log } = await bed(context, first.folder);
  context.after(() => log.close());
  await assert.rejects(count.handle(request("cut")), { code: "HOLON_IDEMPOTENCY_OPEN", message: /not known/ });
  assert.equal(state.made, 0);
});

test("keys are bounded: the oldest gives way", async (context) => {
  const { count, state, log } = await bed(context);
  context.after(() => log.close());
  await log.append({ cells: Array.from({ length: limits.idempotencyKeysMax }, (_, index) => ({ key: `idempotency/${index}`, value: new TextEncoder().encode(JSON.stringify({ call: "x", atMs: index })) })) });
  state.wallMs = 2_000;
  await count.handle(request("k"));
  assert.equal(log.cells("idempotency/").size, limits.idempotencyKeysMax);
  assert.equal(log.cell("idempotency/0"), undefined);
});

test("no hash of a password is kept: what is on disk is the same whatever the password was", async (context) => {
  const { password, state, log } = await bed(context);
  context.after(() => log.close());
  const keptOf = async (key: string, body: object): Promise<string> => {
    const before = new Set(log.cells("idempotency/").keys());
    await password.handle(request(key, body));
    const bytes = [...log.cells("idempotency/")].find(([name]) => !before.has(name))?.[1];
    return z.looseObject({ call: z.string() }).parse(JSON.parse(new TextDecoder().decode(bytes))).call;
  };
  const first = await keptOf("1", { old: 1, password: "correct horse" });
  assert.equal(await keptOf("2", { old: 1, password: "hunter2" }), first);
  assert.notEqual(await keptOf("3", { old: 2, password: "correct horse" }), first);
  await assert.rejects(password.handle(request("1", { old: 2, password: "correct horse" })), { code: "HOLON_IDEMPOTENCY_OTHER" });
  assert.equal(state.made, 3);
});

test("one caller's keys push out none of another, whatever tokens it makes", async (context) => {
  const { count, state, log } = await bed(context);
  context.after(() => log.close());
  await count.handle(request("mine"));
  await log.append({ cells: Array.from({ length: limits.idempotencyKeysMax - 1 }, (_, index) => ({ key: `idempotency/${index}`, value: new TextEncoder().encode(JSON.stringify({ call: "x", by: "person boris", atMs: 2_000_000 + index })) })) });
  state.wallMs = 3_000_000;
  for (let index = 0; index < 5; index++) await count.handle({ ...request(`other ${index}`), caller: { principal: { kind: "token", name: `t${index}` }, role: "owner", maker: { name: "boris", role: "owner" } } });
  assert.equal(log.cells("idempotency/").size, limits.idempotencyKeysMax);
  assert.deepEqual((await count.handle(request("mine"))).headers, { "idempotent-replayed": "true" });
});

test("a number that JSON has no form for is no other call's null: it is refused, and nothing is done", async (context) => {
  const { count, state, log } = await bed(context);
  context.after(() => log.close());
  await assert.rejects(count.handle(request("k", { a: JSON.parse("1e999") })), { code: "HOLON_JSON_NUMBER", message: /\/a is Infinity, and JSON has no such number/ });
  assert.equal(state.made, 0);
  assert.deepEqual((await count.handle(request("k", { a: null }))).body, { made: 1 });
});
