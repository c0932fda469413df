/** Three real gateways of one site below a cloud: real TLS between siblings, real disks, real time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startMachines } from "./testing/start-machines.ts";
import { until } from "./testing/wait.ts";

const names = ["gateway-1", "gateway-2", "gateway-3"] as const;

test("siblings elect a lead, and one whose uplink is cut is relayed by another", { timeout: 120_000 }, async (context) => {
  const { cloud, control, gateways } = await startMachines(context, names);
  await until("all siblings know one lead", () => new Set(gateways.map((node) => node.status().election?.lead)).size === 1 && gateways[0]?.status().election?.lead !== null);
  await until("the cloud knows the lead", () => control.nodes().some(({ name, leads }) => leads && name === gateways[0]?.status().election?.lead));

  const [cut] = gateways;
  assert.ok(cut !== undefined);
  cut.cutUplink();
  await cut.log.append({ records: [cut.events.record({ stream: "data", type: "test.told", class: "public", producer: "test", data: {} })] });
  const lane = { origin: cut.log.origin, stream: "data" } as const;
  await until("the record is at the cloud", () => cloud.log.head(lane)?.hash === cut.log.head(lane)?.hash);
  assert.equal(cut.status().uplink?.state, "cut");
  assert.ok(cut.status().election?.relayedBy != null);
});
