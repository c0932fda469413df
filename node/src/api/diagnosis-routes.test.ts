/** What a policy has two people wanting, asked through the API of the node above. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Caller } from "@holon/core/api/caller.ts";
import type { Route, RouteRequest } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { HolonNode } from "../node.ts";
import { SimFamily } from "../testing/sim-family.ts";
import { diagnosisRoutes } from "./diagnosis-routes.ts";

const text = `policy plant 1

approve two-look
  who person *
  does diagnose
  what node.logs node.events node.commands node.report
  because "two look"
`;

async function follow(family: SimFamily, node: HolonNode): Promise<void> {
  const document = { apiVersion: "holon/v1", kind: "Desired", node: node.config.name, version: 1, plan: "plan", apps: [], policy: { text, hash: createHash("sha256").update(text).digest("hex") } };
  await family.world.drive(node.log.append({ cells: [{ key: `desired/${node.config.name}`, value: new TextEncoder().encode(JSON.stringify(document)) }] }));
  await family.until("it has the policy", () => node.guard.inForce().hash !== undefined);
}

async function openPlant() {
  const family = new SimFamily();
  await family.start();
  for (const node of [family.parentNode, family.childNode]) await follow(family, node);
  /** Each approval is of one call. */
  let approvals = 0;
  const approved = (): Promise<{ by: string; signature: undefined }> => (approvals-- > 0 ? Promise.resolve({ by: "person olga", signature: undefined }) : Promise.reject(new HolonError("HOLON_APPROVAL_PENDING", "it waits")));
  const routes = diagnosisRoutes({ ...family.parentNode, approvals: { approved } });
  const routeOf = (method: string, path: string): Route => routes.find((route) => route.method === method && route.path === path) ?? assert.fail(path);
  const requestOf = (name: string, params: Readonly<Record<string, string>>, body?: unknown): RouteRequest => {
    const caller: Caller = { principal: { kind: "person", name }, role: "operator" };
    return { params, query: {}, body, caller };
  };
  const ask = async (name: string, method: string, path: string, params: Readonly<Record<string, string>>, body?: unknown) => {
    let over = false;
    const answer = routeOf(method, path).handle(requestOf(name, params, body)).finally(() => (over = true));
    answer.catch(() => undefined);
    await family.until("it is answered", () => over);
    return answer;
  };
  return { family, ask, routeOf, requestOf, approve: () => (approvals = 1) };
}

const pending = { code: "HOLON_APPROVAL_PENDING" };
const denied = { code: "HOLON_POLICY_DENIED" };

test("what two people wanted is read and taken back by them, and by nobody else whom it takes two for", async () => {
  const { ask, approve } = await openPlant();
  const post = (node: string) => ask("otto", "POST", "/v1/nodes/{node}/requests", { node }, { wanted: { kind: "report" } });
  await assert.rejects(post("gateway-1"), pending);
  approve();
  const { id } = (await post("gateway-1")).body as { readonly id: string };
  const read = (name: string) => ask(name, "GET", "/v1/requests/{request}/result", { request: id });
  assert.equal((await read("otto")).status, 200);
  await assert.rejects(read("emil"), denied);

  approve();
  const later = (await post("gateway-9")).body as { readonly id: string }; // nobody leads there yet
  const cancel = (name: string) => ask(name, "DELETE", "/v1/requests/{request}", { request: later.id });
  await assert.rejects(cancel("emil"), denied);
  assert.equal((await cancel("otto")).status, 200);
});

test("lines, events and commands that two people want are had, and lines are followed on", async () => {
  const { family, ask, approve, routeOf, requestOf } = await openPlant();
  for (const what of ["logs", "events", "commands"]) {
    const get = () => ask("otto", "GET", `/v1/nodes/{node}/${what}`, { node: "gateway-1" });
    await assert.rejects(get(), pending);
    approve();
    assert.equal((await get()).status, 200, what);
    await assert.rejects(get(), pending, "once");
  }
  approve();
  const signal = { aborted: false, onAbort: () => undefined };
  const lines = routeOf("GET", "/v1/nodes/{node}/logs").follow?.(requestOf("otto", { node: "gateway-1" }), signal) ?? assert.fail();
  const iterator = lines[Symbol.asyncIterator]();
  for (const message of ["one", "two"]) {
    family.childNode.trace.note("info", message);
    let next: unknown;
    void iterator.next().then(({ value }) => (next = value), (error: unknown) => (next = error));
    await family.until("there are lines", () => next !== undefined);
    assert.match(JSON.stringify(next), new RegExp(message));
  }
});
