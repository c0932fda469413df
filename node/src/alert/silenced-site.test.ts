import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeName, running, SimFamily } from "../testing/sim-family.ts";

test("what is silenced of a site that no known node belongs to is refused: a name that is mistyped would silence nothing", async () => {
  const family = new SimFamily();
  const machine = family.machine(nodeName("gateway-2"), { parent: "wss://nobody:7401", telemetry: {} });
  machine.start();
  await family.until("it runs", () => machine.subject !== undefined);
  const { telemetry } = running(machine);
  assert.ok(telemetry !== undefined);
  const wanted = { until: new Date(Date.UTC(2026, 0, 1, 2)).toISOString(), because: "the line is moved", by: "person olga" };
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    const over = work.then(() => true, () => true);
    let isOver = false;
    void over.then(() => (isOver = true));
    await family.until("it is answered", () => isOver);
    return work;
  };
  await assert.rejects(settled(telemetry.alerting.silence({ ...wanted, name: "x", site: "nosuch" })), { code: "HOLON_ARGUMENT_BAD", message: /the site nosuch/ });
  assert.deepEqual(telemetry.alerting.silences(), []);
  await settled(telemetry.alerting.silence({ ...wanted, name: "x", site: "site" }));
  assert.deepEqual(telemetry.alerting.silences().map(({ site }) => site), ["site"]);
});
