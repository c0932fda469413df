import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { HolonError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import { Denial } from "./denial.ts";
import { guardRoutes, type Gate } from "./guarded.ts";
import type { Route, RouteRequest } from "./route.ts";

const request: RouteRequest = { params: {}, query: {}, body: undefined };
const signal = { aborted: false, onAbort: () => undefined };

test("a route does nothing before the guard has said yes, followers included; open routes ask nobody", async () => {
  const done: string[] = [];
  const handle = (name: string): Route["handle"] => () => Promise.resolve({ status: 200, body: done.push(name) });
  const routes: readonly Route[] = [
    { method: "GET", path: "/open", summary: "", open: true, answer: z.unknown(), handle: handle("open") },
    { method: "GET", path: "/a/{b}", summary: "", answer: z.unknown(), handle: handle("a"), async *follow() { yield await Promise.resolve(done.push("follow")); } },
    { method: "POST", path: "/c", summary: "", answer: z.unknown(), handle: handle("c") },
  ];
  const asked: string[] = [];
  const anna: Caller = { principal: { kind: "person", name: "anna" }, role: "viewer" };
  const decide: Gate["decide"] = ({ kind, name }, resource, { facts }) => {
    asked.push(`${kind} ${name} ${resource} ${facts?.["role"] ?? ""}`);
    return Promise.resolve({ allow: resource.startsWith("GET") && name === "anna", rule: "r", reason: "no" });
  };
  const refused: string[] = [];
  const [open, a, c] = guardRoutes(routes, { decide, refused: ({ caller, resource }) => Promise.resolve(void refused.push(`${caller.principal.name} ${resource}`)) });
  await open?.handle(request);
  await assert.rejects(a?.handle(request) ?? Promise.resolve(), { code: "HOLON_POLICY_DENIED" });
  await assert.rejects(Array.fromAsync(a?.follow?.(request, signal) ?? []), { code: "HOLON_POLICY_DENIED" });
  await assert.rejects(c?.handle({ ...request, caller: anna }) ?? Promise.resolve(), { code: "HOLON_POLICY_DENIED" });
  assert.deepEqual(done, ["open"]);
  await a?.handle({ ...request, caller: anna });
  assert.deepEqual(done, ["open", "a"]);
  assert.deepEqual(asked, ["token machine GET/a/{b} machine", "token machine GET/a/{b} machine", "person anna POST/c viewer", "person anna GET/a/{b} viewer"]);
});

test("a token for some routes is asked about no other, and what wants approval is denied where nobody keeps approvals", async () => {
  const done: string[] = [];
  const route = (method: Route["method"], path: string): Route => ({ method, path, summary: "", answer: z.unknown(), handle: () => Promise.resolve({ status: 200, body: done.push(`${method}${path}`) }) });
  const decide: Gate["decide"] = (_, resource) => Promise.resolve(resource.startsWith("DELETE") ? { allow: false, wantsApproval: true, rule: "four-eyes", reason: "another person" } : { allow: true, rule: "r", reason: "yes" });
  const table = [route("GET", "/a"), route("GET", "/b"), route("DELETE", "/a")];
  const scoped: Caller = { principal: { kind: "token", name: "ci" }, role: "owner", routes: ["GET/a*", "DELETE/a"] };
  const [a, b, remove] = guardRoutes(table, { decide });
  await a?.handle({ ...request, caller: scoped });
  await assert.rejects(b?.handle({ ...request, caller: scoped }) ?? Promise.resolve(), { code: "HOLON_POLICY_DENIED", message: /token ci is for GET\/a\*, DELETE\/a and not for this: token ci call GET\/b/ });
  await assert.rejects(remove?.handle({ ...request, caller: scoped }) ?? Promise.resolve(), { code: "HOLON_POLICY_DENIED", message: "another person" });
  const [, , approved] = guardRoutes(table, { decide, approved: ({ resource }, { rule }) => {
    done.push(`${rule} ${resource}`);
    return Promise.resolve(undefined);
  } });
  await approved?.handle({ ...request, caller: scoped });
  assert.deepEqual(done, ["GET/a", "four-eyes DELETE/a", "DELETE/a"]);
});

test("who is let by and refused behind it is told once: by the route, or by who keeps approvals; what failed otherwise is not", async () => {
  const fails: Readonly<Record<string, Error>> = { "/role": new Denial("own-role", "HOLON_TOKEN_BAD", "not yours"), "/policy": new HolonError("HOLON_POLICY_DENIED", "not here"), "/missing": new HolonError("HOLON_TOKEN_BAD", "not there"), "/two": new HolonError("HOLON_INTERNAL", "never") };
  const routes = Object.entries(fails).map(([path, error]): Route => ({ method: "POST", path, summary: "", answer: z.unknown(), handle: () => Promise.reject(error) }));
  const told: string[] = [];
  const gate: Gate = {
    decide: (_, resource) => Promise.resolve(resource === "POST/two" ? { allow: false, wantsApproval: true, rule: "four-eyes", reason: "another person" } : { allow: resource !== "POST/none", rule: "r", reason: "as it is" }),
    approved: () => Promise.reject(new Denial("four-eyes", "HOLON_POLICY_DENIED", "nobody can")),
    refused: ({ caller, resource }, { allow, rule, reason }) => Promise.resolve(void told.push(`${caller.principal.name} ${resource} ${allow} ${rule}: ${reason}`)),
  };
  for (const route of guardRoutes([...routes, { method: "POST", path: "/none", summary: "", answer: z.unknown(), handle: () => Promise.reject(new Error("never")) }], gate)) await assert.rejects(route.handle(request), HolonError);
  assert.deepEqual(told, ["machine POST/role false own-role: not yours", "machine POST/policy false route: not here", "machine POST/two false four-eyes: nobody can", "machine POST/none false r: as it is"]);
});

test("who is denied is told what helps whom: another role, another token, or whoever may change the rule", async () => {
  const [route] = guardRoutes([{ method: "GET", path: "/users", summary: "", answer: z.unknown(), handle: () => Promise.resolve({ status: 200, body: {} }) }], { decide: (principal) => Promise.resolve({ allow: false, rule: principal.name === "vera" ? "default" : "no-users", reason: "no" }) });
  const nextFor = (caller: Caller): Promise<string | undefined> => (route?.handle({ ...request, caller }) ?? Promise.resolve()).then(() => undefined, (error: unknown) => (error instanceof HolonError ? error.next : undefined));
  assert.match((await nextFor({ principal: { kind: "person", name: "vera" }, role: "viewer" })) ?? "", /Ask an owner for another role than viewer/);
  assert.match((await nextFor({ principal: { kind: "person", name: "otto" }, role: "operator" })) ?? "", /names the rule: whoever may adopt/);
  assert.match((await nextFor({ principal: { kind: "token", name: "ci" }, role: "owner", routes: ["GET/nodes"] })) ?? "", /Use another token/);
});

test("a stream is asked for each route that it tells of, and tells nothing behind the end of its caller's right", async () => {
  const watched: Route = {
    method: "GET", path: "/watch", summary: "", answer: z.unknown(), tellsOf: ({ query }) => [`GET/${query["kind"] ?? ""}`], handle: () => Promise.resolve({ status: 200, body: {} }),
    async *watch() { for (let number = 0; ; number++) yield await Promise.resolve({ event: "put", data: number }); },
    async *follow() { for (let number = 0; ; number++) yield await Promise.resolve(number); },
  };
  let denied = "GET/secret";
  const refused: string[] = [];
  const [route] = guardRoutes([watched], { decide: (_, resource, { facts }) => Promise.resolve({ allow: resource !== denied && facts?.["role"] === "viewer", rule: "r", reason: "no" }), refused: ({ resource }) => Promise.resolve(void refused.push(resource)) });
  const viewer: Caller = { principal: { kind: "person", name: "vera" }, role: "viewer" };
  let callerNow: Caller | undefined = viewer;
  const of = (kind: string): RouteRequest => ({ ...request, query: { kind }, caller: viewer, callerNow: () => callerNow });
  const begin = (kind: string) => [route?.watch?.(of(kind), signal), route?.follow?.(of(kind), signal)].map((stream) => stream?.[Symbol.asyncIterator]() ?? assert.fail());
  for (const stream of begin("secret")) await assert.rejects(stream.next(), { code: "HOLON_POLICY_DENIED" });
  await assert.rejects(route?.handle(of("secret")) ?? Promise.resolve(), { code: "HOLON_POLICY_DENIED" });
  const ends: readonly (readonly [() => void, string])[] = [[() => (callerNow = undefined), "HOLON_API_UNAUTHORISED"], [() => (callerNow = { ...viewer, role: "auditor" }), "HOLON_POLICY_DENIED"], [() => (denied = "GET/open"), "HOLON_POLICY_DENIED"]];
  for (const [end, code] of ends) {
    callerNow = viewer;
    const streams = begin("open");
    for (const stream of streams) assert.equal((await stream.next()).done, false);
    end();
    for (const stream of streams) await assert.rejects(stream.next(), { code });
  }
  assert.deepEqual([...new Set(refused)], ["GET/secret", "GET/watch", "GET/open"]);
});
