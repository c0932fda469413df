import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { guardRoutes } from "./guarded.ts";
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
  const [open, a, c] = guardRoutes(routes, ({ kind, name }, resource) => {
    asked.push(`${kind} ${name} ${resource}`);
    return resource.startsWith("GET") && name === "anna" ? Promise.resolve() : Promise.reject(new HolonError("HOLON_POLICY_DENIED", "no"));
  });
  await open?.handle(request);
  await assert.rejects(a?.handle(request) ?? Promise.resolve(), { code: "HOLON_POLICY_DENIED" });
  await assert.rejects(Array.fromAsync(a?.follow?.(request, signal) ?? []), { code: "HOLON_POLICY_DENIED" });
  await assert.rejects(c?.handle({ ...request, principal: { kind: "person", name: "anna" } }) ?? Promise.resolve(), { code: "HOLON_POLICY_DENIED" });
  assert.deepEqual(done, ["open"]);
  await a?.handle({ ...request, principal: { kind: "person", name: "anna" } });
  assert.deepEqual(done, ["open", "a"]);
  assert.deepEqual(asked, ["token machine GET/a/{b}", "token machine GET/a/{b}", "person anna POST/c", "person anna GET/a/{b}"]);
});
