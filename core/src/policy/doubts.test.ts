import assert from "node:assert/strict";
import { test } from "node:test";
import { policyDoubts, strayRoutes } from "./doubts.ts";
import { parsePolicy } from "./parse-policy.ts";
import { roleRules } from "./roles.ts";

const doubtsOf = (...clauses: readonly string[]): readonly string[] => policyDoubts(parsePolicy(["policy plant 1", "forbid x", "  who any", ...clauses].join("\n")));

test("a rule whose `what` no route is called is told of, with the one that it looks like", () => {
  for (const [pattern, like] of [["DELETE/v1/apps/{name}", "DELETE/v1/apps/{app}"], ["DELETE/v1/apps/pump", "DELETE/v1/apps/{app}"], ["delete/v1/apps/{app}", "DELETE/v1/apps/{app}"]] as const) {
    assert.deepEqual(doubtsOf("  does call", `  what ${pattern}`), [`line 2, rule x: no route is called ${pattern}, so that this is about nothing; ${like} is`]);
  }
  assert.match(doubtsOf("  does call", "  what PUT/v1/policies GET/v1/nodes")[0] ?? "", /no route is called PUT\/v1\/policies, .*http-api\.md/);
  assert.deepEqual(doubtsOf("  does call", "  what DELETE/v1/apps/{app} GET/v1/*"), []);
  assert.deepEqual(doubtsOf("  does run", "  what pump/judge"), [], "units and doors are called as their authors like");
  assert.deepEqual(strayRoutes(["GET/v1/nodess", "GET/v1/nodes*"]).length, 1);
});

test("a fact that nobody tells, and a role that there is not, are told of with what comes of it", () => {
  assert.match(doubtsOf("  does call", "  when rol operator")[0] ?? "", /nobody tells `rol` of who asks to call: this forbids it whatever the value/);
  assert.match(doubtsOf("  does call", "  when role operater")[0] ?? "", /there is no role operater/);
  assert.match(doubtsOf("  does run", "  when role operator")[0] ?? "", /nobody tells `role` of who asks to run/);
  assert.match(policyDoubts(parsePolicy("policy p 1\npermit x\n  who any\n  does call\n  when tier edge\n"))[0] ?? "", /permits nothing/);
  assert.deepEqual(doubtsOf("  does diagnose", "  when tier gateway", "  when site plant", "  when role owner machine"), []);
});

test("a class that is not lowered, and a summary of one reading, are told of", () => {
  const of = (...clauses: readonly string[]): readonly string[] => policyDoubts(parsePolicy(["policy plant 1", "permit x", "  who any", ...clauses].join("\n")));
  assert.deepEqual(of("  does lower", "  class derived", "  into raw derived public"), ["raw", "derived"].map((to) => `line 2, rule x: derived is not lowered by becoming ${to}: this permits nothing`));
  assert.match(of("  does lower", "  into personal")[0] ?? "", /all classes are not lowered by becoming personal/);
  assert.match(of("  does lower", "  class raw", "  into aggregate", "  through aggregate count 1, k-anonymise k 0.5")[1] ?? "", /k-anonymise k 0.5 is of one alone/);
  assert.deepEqual(of("  does lower", "  class raw", "  into aggregate", "  through aggregate count 10, noise epsilon 0.5, aggregate"), []);
});

test("a class to get into that nobody tells of what a rule is about is told of: beside `lower` it permits nothing", () => {
  const permits = (...does: readonly string[]) => policyDoubts(parsePolicy(`policy p 1\npermit x\n  who any\n  does ${does.join(" ")}\n  into derived\n`));
  assert.deepEqual(permits("run", "open", "lower"), ["line 2, rule x: nobody tells `into` of who asks to run, open: this permits nothing of that; give it a rule of its own"]);
  assert.match(permits("use")[0] ?? "", /this permits nothing of that$/);
  assert.deepEqual(permits("lower"), []);
  assert.match(doubtsOf("  does run lower", "  into derived")[0] ?? "", /who asks to run: this is about it whatever the class/);
});

test("Holon's own rules leave no doubt", () => assert.deepEqual(policyDoubts({ name: "roles", version: 1, rules: roleRules, expectations: [] }), []));

test("a policy that nobody could replace any more is told of before it is adopted", () => {
  assert.match(doubtsOf("  does call", "  what PUT/v1/policy", "  when rol operator").at(-1) ?? "", /^an owner whom it does not name could adopt no other policy .*line 2, forbids an owner call PUT/);
  assert.deepEqual(policyDoubts(parsePolicy("policy p 1\nforbid x\n  who person kurt\n  does call\n  what PUT/v1/policy\n")), []);
});
