/** The policy of docs/concepts/residency.md is read with the real parser, and does what it says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkExpectations } from "@holon/core/policy/explain.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import { actions } from "@holon/core/policy/policy.ts";
import { principalKinds } from "@holon/core/policy/principal.ts";
import { transformFigures } from "@holon/core/policy/transform.ts";
import { repositoryRoot } from "./check/files.ts";

const page = readFileSync(join(repositoryRoot, "docs/concepts/residency.md"), "utf8");

test("the policy of the guide parses, and every expectation in it holds", () => {
  const text = /^```policy[^\n]*\n([^]*?)^```$/m.exec(page)?.[1] ?? "";
  const checked = checkExpectations(parsePolicy(text));
  assert.ok(checked.length >= 6);
  for (const { expectation, decision, holds } of checked) assert.ok(holds, `line ${expectation.line}: ${decision.reason}`);
});

test("the guide names every action, kind of principal and transform", () => {
  for (const word of [...actions, ...principalKinds, ...Object.keys(transformFigures)]) assert.match(page, new RegExp(`\\b${word}\\b`), word);
});
