import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { nodeName, running, SimFamily } from "../testing/sim-family.ts";

const minuteMs = 60_000;

test("after a power cut a node knows its windows of the quarter of an hour before, however much else its lane holds", async () => {
  const family = new SimFamily(7);
  const edge = nodeName("edge-2");
  const machine = family.machine(edge, { listen: `${edge}:7401`, telemetry: {} });
  machine.start();
  await family.until("it runs", () => machine.subject !== undefined);
  await family.pass(8 * minuteMs);
  const { world } = family;
  const chart = async (from: string, to: string) => (await world.drive(running(machine).telemetry?.series({ name: "holon.log.records", from, to, stepMs: minuteMs }) ?? assert.fail("no telemetry"))).series[0]?.points.map(({ at, value }) => ({ at, value }));
  const { asOf } = await world.drive(running(machine).telemetry?.fleet({}) ?? assert.fail("no telemetry"));
  const toMs = Math.floor(Date.parse(asOf) / minuteMs) * minuteMs - minuteMs;
  const span = [new Date(toMs - 5 * minuteMs).toISOString(), new Date(toMs).toISOString()] as const;
  const before = await chart(...span);
  assert.ok(before?.every(({ value }) => value !== null) === true && before.length === 5, JSON.stringify(before));
  const { log, events } = running(machine);
  assert.ok(events !== undefined);
  const told = () => events.record({ stream: "telemetry", type: "com.example.told", class: "public", producer: "sdk", data: {} });
  for (let count = 0; count < limits.telemetryReadBackMax + 100; count += 100) await world.drive(log.append({ records: Array.from({ length: 100 }, told) }));
  const { epoch } = log;
  machine.crash("power", minuteMs);
  await family.until("it runs again", () => machine.subject !== undefined && machine.subject.log.epoch !== epoch);
  await family.pass(minuteMs);
  assert.deepEqual(await chart(...span), before);
});
