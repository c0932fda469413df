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

const allWays = ["PUT/v1/policy", "POST/v1/users", "PUT/v1/users/{user}/role", "PUT/v1/users/{user}/password", "DELETE/v1/users/{user}"];

test("a rule that is for some names, or for one role, leaves all others alone", () => {
  const some = `approve four\n  who person o* token *\n  does call\n  what ${allWays.join(" ")}`;
  assert.deepEqual(gapsOf(some), allWays, "an owner kurt");
  assert.deepEqual(gapsOf(`approve four\n  who person a* b* c* token *\n  does call\n  what *`.replace("a* b* c*", "a* person b* person c*")), allWays);
  const owners = `approve four\n  who any\n  does call\n  what ${allWays.join(" ")}\n  when role owner`;
  assert.deepEqual(gapsOf(owners), [], "nobody but owners may");
  assert.deepEqual(gapsOf(owners, "permit ops-users\n  who person *\n  does call\n  what PUT/v1/policy POST/v1/users\n  when role operator"), ["PUT/v1/policy", "POST/v1/users"]);
  assert.deepEqual(gapsOf(owners, "permit kurt\n  who person kurt\n  does call\n  what PUT/v1/policy"), ["PUT/v1/policy"], "kurt, as an operator");
  assert.match(approvalGaps(parsePolicy(["policy plant 1", owners, "permit ops\n  who person ops-*\n  does call\n  what PUT/v1/policy"].join("\n")))[0] ?? "", /^ops-\*, as operator, adopts another policy alone/);
});
