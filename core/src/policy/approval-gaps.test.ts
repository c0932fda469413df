import assert from "node:assert/strict";
import { test } from "node:test";
import { approvalGaps } from "./approval-gaps.ts";
import { parsePolicy } from "./parse-policy.ts";

const gapsOf = (...rules: readonly string[]): readonly string[] => approvalGaps(parsePolicy(["policy plant 1", ...rules].join("\n"))).map((text) => /\(([^)]*)\)/.exec(text)?.[1] ?? text);
const approve = (what: string): string => `approve two-for\n  who any\n  does call\n  what ${what}`;

test("a policy under which one person can be the two is told of", () => {
  assert.deepEqual(gapsOf(), [], "nothing is to be approved");
  assert.deepEqual(gapsOf("permit all\n  who any\n  does run\n  what *"), []);
  assert.deepEqual(gapsOf(approve("PUT/v1/policy")), ["POST/v1/users", "PUT/v1/users/{user}/role", "PUT/v1/users/{user}/password", "DELETE/v1/users/{user}"]);
  assert.deepEqual(gapsOf(approve("PUT/v1/policy POST/v1/users PUT/v1/users/{user}/role DELETE/v1/users/{user}")), ["PUT/v1/users/{user}/password"]);
  assert.deepEqual(gapsOf(approve("PUT/v1/policy POST/v1/users* PUT/v1/users/* DELETE/v1/users/*")), []);
  assert.deepEqual(gapsOf(approve("*")), []);
  assert.deepEqual(gapsOf(approve("DELETE/v1/apps/{app} POST/v1/users PUT/v1/users/{user}/role PUT/v1/users/{user}/password DELETE/v1/users/{user}")), ["PUT/v1/policy"], "who takes the rule away needs nobody");
  assert.deepEqual(gapsOf("approve two-for\n  who person *\n  does call\n  what *"), ["PUT/v1/policy"], "tokens are made by people, but for the machine's");
  assert.deepEqual(gapsOf("approve two-for\n  who person * token *\n  does call\n  what *"), []);
  assert.deepEqual(gapsOf("approve two-adopt\n  who any\n  does diagnose\n  what node.adopt").length, 5, "nor where it is about looking into nodes");
});
