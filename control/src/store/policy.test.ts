import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { ControlFleet } from "../testing/control-fleet.ts";

const everything = (version: number, rule: string): string => `policy plant ${version}\npermit ${rule}\n  who node * token machine\n  does run open use call\n`;

test("of two policies of one version that come at once, one is adopted and the other is told so", async () => {
  const fleet = await ControlFleet.start();
  const answers = await fleet.drive(Promise.allSettled([fleet.control.adoptPolicy(everything(1, "first")), fleet.control.adoptPolicy(everything(1, "second"))]));
  assert.deepEqual(answers.map(({ status }) => status), ["fulfilled", "rejected"]);
  const refused: unknown = answers[1]?.status === "rejected" ? answers[1].reason : undefined;
  assert.ok(refused instanceof HolonError && refused.code === "HOLON_POLICY_BAD" && /version 1 of plant is in force/.test(refused.message));
  assert.match(fleet.control.policy()?.text ?? "", /permit first/);
});
