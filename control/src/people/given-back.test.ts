/** An approval is for what is done: a call that fails before it has done anything has it back, and one that may have done something has not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller } from "@holon/core/api/caller.ts";
import { guardRoutes, type Call } from "@holon/core/api/guarded.ts";
import type { Route, RouteRequest } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { compilePolicy } from "@holon/core/policy/compile.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { z } from "zod";
import { app } from "../testing/control-fleet.ts";
import { Office, password } from "../testing/office.ts";

const four = "policy careful 1\napprove four-eyes\n  who any\n  does call\n  what DELETE/v1/apps/{app} POST/v1/users POST/v1/work GET/v1/watch GET/v1/told\npermit all\n  who person otto\n  does call\n  what POST/v1/work GET/v1/watch GET/v1/told\n";
const idOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof HolonError && error.code === "HOLON_APPROVAL_PENDING", String(error));
  return /waits as (\w+)/.exec(error.message)?.[1] ?? "";
};

async function open(): Promise<{ office: Office; otto: Caller; olga: Caller; approve(id: string): Promise<unknown> }> {
  const office = await Office.open();
  office.policy = four;
  const [otto, olga] = [await office.add("otto", "owner"), await office.login("olga")];
  return { office, otto, olga, approve: (id) => office.call(olga, "POST", "/v1/approvals/{approval}/approve", { params: { approval: id } }) };
}

/** A route of the test's own behind the same gate. */
function guarded(office: Office, route: Omit<Route, "summary" | "answer">): Route {
  const { decide } = compilePolicy(parsePolicy(office.policy));
  const gate = { decide: (principal: Call["caller"]["principal"], name: string, context: object) => Promise.resolve(decide(principal, "call", { name }, context)), approved: office.people.approved, refused: office.people.refused };
  return guardRoutes([{ summary: "Of the test.", answer: z.unknown(), ...route }], gate)[0] ?? assert.fail();
}

test("a call that is refused for what is there has its approval back, over a restart and with its password; the trail says why; it is good for one call still", async () => {
  const { office, otto, approve } = await open();
  await office.drive(office.fleet.control.deploy(app("pump")));
  const remove = (demand: RouteRequest["demand"]) => office.call(otto, "DELETE", "/v1/apps/{app}", { params: { app: "pump" }, ...(demand === undefined ? {} : { demand }) });
  const id = await idOf(remove(undefined));
  await approve(id);
  await assert.rejects(remove({ ifMatch: ["zzz"] }), hasCode("HOLON_VERSION_OTHER"));
  assert.deepEqual(office.people.approvals().map((one) => [one.id, one.by, one.params]), [[id, "person olga", { app: "pump" }]]);
  assert.deepEqual((await office.trail("holon.approval.returned")).map(({ who, by, code }) => [who, by, code]), [["person otto", "person olga", "HOLON_VERSION_OTHER"]]);
  await office.fleet.restart("cloud");
  assert.equal((await remove(undefined)).status, 200);
  assert.notEqual(await idOf(remove(undefined)), id, "it is used up by what was done");

  const add = (word: string) => office.call(otto, "POST", "/v1/users", { body: { name: "olga", role: "viewer", password: word } });
  const adding = await idOf(add(password));
  await approve(adding);
  await assert.rejects(add(password), hasCode("HOLON_USER_BAD", /a user olga already/));
  await assert.rejects(add(password), hasCode("HOLON_USER_BAD", /a user olga already/));
  assert.notEqual(await idOf(add("other words than those")), adding, "for the password that was asked with alone");
});

test("what may have done something spends its approval: a failure that says nothing of it, one behind a change, and a function's", async () => {
  const { office, otto, approve } = await open();
  const fails: Readonly<Record<string, { readonly handsOn?: boolean; handle(): Promise<never> }>> = {
    "a disk that failed": { handle: () => Promise.reject(new HolonError("HOLON_DISK_FAILED", "it broke")) },
    "no coded error": { handle: () => Promise.reject(new Error("a defect")) },
    "behind a change": {
      async handle() {
        await office.fleet.control.deploy(app("pump"));
        throw new HolonError("HOLON_BLOB_MISSING", "found too late");
      },
    },
    "a function": { handsOn: true, handle: () => Promise.reject(new HolonError("HOLON_POLICY_DENIED", "of a function")) },
  };
  for (const [name, { handle, ...more }] of Object.entries(fails)) {
    const route = guarded(office, { method: "POST", path: "/v1/work", ...more, handle });
    const call = (): Promise<unknown> => office.drive(route.handle({ params: {}, query: {}, body: { name }, caller: otto }));
    const id = await idOf(call());
    await approve(id);
    await assert.rejects(call(), (error) => !(error instanceof HolonError && error.code === "HOLON_APPROVAL_PENDING"), name);
    assert.notEqual(await idOf(call()), id, name);
  }
  assert.deepEqual(await office.trail("holon.approval.returned"), []);
});

test("one approval is for one call at a time, also while it may come back", async () => {
  const { office, otto, approve } = await open();
  const waiting: (() => void)[] = [];
  let begun = 0;
  const route = guarded(office, {
    method: "POST", path: "/v1/work",
    handle: () => new Promise((_, reject) => {
      begun++;
      waiting.push(() => reject(new HolonError("HOLON_APP_MISSING", "nothing of it")));
    }),
  });
  const call = (): Promise<unknown> => route.handle({ params: {}, query: {}, body: null, caller: otto });
  const id = await idOf(office.drive(call()));
  await approve(id);
  const first = call().catch((error: unknown) => error);
  const second = await idOf(office.drive(call()));
  assert.deepEqual([begun, second === id], [1, false], "the second waits for an approval of its own");
  await office.fleet.until("the first runs", () => waiting.length === 1);
  waiting.forEach((refuse) => refuse());
  assert.ok((await office.drive(first)) instanceof HolonError);
  assert.deepEqual(office.people.approvals().map(({ by }) => by), [undefined, "person olga"]);
  const third = call().catch((error: unknown) => error);
  await office.fleet.until("it was given back to one call", () => begun === 2);
  assert.equal(await idOf(office.drive(call())), second);
  waiting.forEach((refuse) => refuse());
  await office.drive(third);
});

test("what is lost with the power stays spent", async () => {
  const { office, otto, approve } = await open();
  const route = guarded(office, { method: "POST", path: "/v1/work", handle: () => new Promise(() => undefined) });
  const call = (): Promise<unknown> => route.handle({ params: {}, query: {}, body: null, caller: otto });
  const id = await idOf(office.drive(call()));
  await approve(id);
  void call();
  await office.fleet.until("it is spent", () => office.people.approvals().length === 0);
  await office.fleet.restart("cloud");
  assert.deepEqual(office.people.approvals(), []);
});

test("who asks for two routes at once waits for both, and spends neither before; a stream that is refused before its first word has told nothing", async () => {
  const { office, otto, approve } = await open();
  let refusal: HolonError | undefined = new HolonError("HOLON_ARGUMENT_BAD", "no such kind");
  const route = guarded(office, {
    method: "GET", path: "/v1/watch", tellsOf: () => ["GET/v1/told"], handle: () => Promise.resolve({ status: 200, body: {} }),
    async *watch() {
      if (refusal !== undefined) throw refusal;
      yield await Promise.resolve({ event: "put", data: 1 });
      throw new HolonError("HOLON_ARGUMENT_BAD", "in the midst of it");
    },
  });
  const first = async (): Promise<unknown> => {
    const stream = route.watch?.({ params: {}, query: {}, body: undefined, caller: otto }, { aborted: false, onAbort: () => undefined }) ?? assert.fail();
    const seen: unknown[] = [];
    for await (const { data } of stream) seen.push(data);
    return seen;
  };
  const look = (): Promise<unknown> => office.drive(first());
  const one = await idOf(look());
  await approve(one);
  const other = await idOf(look());
  assert.notEqual(other, one);
  await approve(other);
  await assert.rejects(look(), hasCode("HOLON_ARGUMENT_BAD", /no such kind/));
  assert.deepEqual(office.people.approvals().map(({ by }) => by), ["person olga", "person olga"]);
  refusal = undefined;
  await assert.rejects(look(), hasCode("HOLON_ARGUMENT_BAD", /in the midst/));
  assert.deepEqual(office.people.approvals(), [], "something was told");
});
