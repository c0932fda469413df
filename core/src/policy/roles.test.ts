import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePolicy } from "./compile.ts";
import { parsePolicy } from "./parse-policy.ts";
import { roleFact, roles } from "./roles.ts";

const { decide } = compilePolicy(parsePolicy("policy fleet 1\n"));
const mayCall = (role: string, name: string): boolean => decide({ kind: "person", name: "anna" }, "call", { name }, { facts: { [roleFact]: role } }).allow;

test("an export brings an app's code and models with it: whoever may not read blobs may not export", () => {
  const may = (name: string) => roles.filter((role) => mayCall(role, name));
  assert.deepEqual(may("GET/v1/blobs/{hash}"), ["owner", "operator", "publisher"]);
  assert.deepEqual(may("GET/v1/apps/{app}/export"), may("GET/v1/blobs/{hash}"));
});

test("how much waits is seen by whoever looks, as by what scales functions", () => {
  assert.deepEqual(roles.filter((role) => mayCall(role, "GET/v1/scale/{app}/{function}")), roles);
});
