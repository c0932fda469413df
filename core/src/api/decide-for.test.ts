import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../policy/policy.ts";
import { decideFor } from "./decide-for.ts";

const answers = {
  yes: { allow: true, rule: "yes", reason: "yes" },
  two: { allow: false, wantsApproval: true, rule: "two", reason: "two" },
  no: { allow: false, rule: "no", reason: "no" },
} as const satisfies Record<string, Decision>;
type Answer = keyof typeof answers;

test("of a token and who made it the stricter answer counts", async () => {
  const strict = ["yes", "two", "no"] as const;
  for (const own of strict) {
    for (const theirs of strict) {
      const asked: string[] = [];
      const decision = await decideFor({ principal: { kind: "token", name: "t" }, role: "viewer", maker: { name: "otto", role: "owner" } }, ({ kind, name }, role) => {
        asked.push(`${kind} ${name} ${role}`);
        return Promise.resolve(answers[kind === "token" ? own : theirs]);
      });
      const most: Answer = strict[Math.max(strict.indexOf(own), strict.indexOf(theirs))] ?? "no";
      assert.equal(decision.rule, most, `${own} and ${theirs}`);
      assert.deepEqual(asked, ["token t viewer", "person otto owner"].slice(0, own === "no" ? 1 : 2));
    }
  }
  assert.equal((await decideFor({ principal: { kind: "token", name: "machine" }, role: "machine" }, () => Promise.resolve(answers.yes))).allow, true, "whom nobody made");
});
