/** A gateway whose functions make what is to leave, under a policy that lets nothing go: in the simulated world. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { bed } from "../testing/unit-bed.ts";
import { nodeName, running, textsOf } from "../testing/sim-family.ts";
import { withheldEvent } from "./withheld-alarm.ts";

test("what a policy keeps of what functions make is in the node's status by rule and count, and an alarm for as long as it goes on", async () => {
  const one = await bed([{ name: "sum", type: "test.number" }], undefined, { policy: "required" });
  const node = running(one.machine);
  const rows = () => node.status().withheld ?? [];
  assert.deepEqual(rows(), []);
  await one.send("test.number", 1, 2, 3);
  await one.until("all three stay", () => rows()[0]?.count === 3);
  const [row] = rows();
  assert.deepEqual([row?.how, row?.where, row?.isForbidden], ["stays", "data", false]);

  const alarms = async (): Promise<readonly string[]> => {
    let texts: readonly string[] | undefined;
    void textsOf(node, { origin: nodeName("gateway-1"), stream: "alarm" }).then((found) => (texts = found));
    await one.until("it is read", () => texts !== undefined);
    return (texts ?? []).filter((text) => text.includes(withheldEvent));
  };
  await one.pass(2 * limits.withheldLookMs);
  const [first = assert.fail("no alarm"), ...more] = await alarms();
  assert.deepEqual(more, []);
  assert.match(first, /"subject":"data".*"how":"stays".*"count":3/);

  await one.pass(2 * limits.unplacedTellMs);
  assert.equal((await alarms()).length, 1, "nothing more was kept: it is over by itself");
  await one.send("test.number", 4);
  await one.pass(2 * limits.withheldLookMs);
  assert.match((await alarms()).at(-1) ?? "", /"count":4/);
  assert.equal((await alarms()).length, 2);
});
