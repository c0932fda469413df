import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { incarnation } from "@holon/sim/testing/lone-node.ts";
import { World } from "@holon/sim/world.ts";
import { createEvents } from "../event/events.ts";
import { nodeName, running, textsOf } from "../testing/sim-family.ts";
import { bed, unitOf, type UnitBed } from "../testing/unit-bed.ts";
import { toHolonError } from "@holon/core/errors.ts";
import { helpMethod } from "@holon/core/schema/elastic.ts";
import { createCrypto } from "@holon/sim/crypto.ts";
import { standInOf } from "../elastic/stand-in.ts";
import { desiredOf } from "./documents.ts";
import { openEnds, type Ends } from "./ends.ts";

type How = "process" | "power";

/** Ends the node without a stop, a moment after it is up. */
async function endOnce({ machine, until, pass }: UnitBed, how: How, afterMs = 1_000): Promise<void> {
  await pass(afterMs);
  machine.crash(how, 200);
  await until("it is up again", () => machine.subject?.status().agent.state === "settled");
}

async function endOften(one: UnitBed, times: number, how: How = "process"): Promise<void> {
  for (let time = 0; time < times; time++) await endOnce(one, how);
}

/** Whether it started, or is held back. */
const stateOf = ({ machine }: UnitBed): string | undefined => unitOf(machine, "sum")?.state.replace("starting", "running");

async function held(one: UnitBed): Promise<readonly string[]> {
  const node = running(one.machine);
  let texts: readonly string[] | undefined;
  void textsOf(node, { origin: node.log.origin, stream: "alarm" }).then((found) => (texts = found));
  await one.until("the alarms are read", () => texts !== undefined);
  return (texts ?? []).filter((text) => text.includes("holon.unit.held"));
}

const start = (): Promise<UnitBed> => bed([{ name: "sum", type: "in.came" }]);

test("what ran each time when its node ended does not start by itself, and says so once, until somebody lets it go", async () => {
  const one = await start();
  await endOften(one, limits.nodeEndsMax - 1);
  assert.equal(stateOf(one), "running", "not yet");
  await endOften(one, 1);
  const told = unitOf(one.machine, "sum");
  assert.deepEqual([told?.state, told?.problem?.code], ["held", "HOLON_UNIT_HELD"]);
  assert.match(told?.problem?.message ?? "", new RegExp(`^held: gateway-1 ended ${limits.nodeEndsMax} times while app/sum ran$`));
  assert.equal((await held(one)).length, 1);
  await endOnce(one, "process");
  assert.equal(stateOf(one), "held", "it did not run, and is held still");
  let released: number | undefined;
  void running(one.machine).releaseHeld({ app: "app", function: "other" }).then((count) => (released = count));
  await one.until("nothing of another name", () => released === 0);
  void running(one.machine).releaseHeld({ app: "app", function: "sum" }).then((count) => (released = count));
  await one.until("it is let go", () => released === 1 && stateOf(one) === "running");
  await endOnce(one, "process");
  assert.equal(stateOf(one), "running", "counted anew");
  await one.send("in.came", 1);
  await one.until("it works", () => (unitOf(one.machine, "sum")?.handled ?? 0) > 0);
});

test("what is held back does nothing for siblings either", async () => {
  const one = await bed([{ name: "sum", type: "in.came", extra: { elastic: {} } }], undefined, { listen: "gateway-1:7401", siblings: [{ name: "gateway-2", address: "wss://gateway-2:7401" }] });
  const { log } = running(one.machine);
  const app = desiredOf(log, log.origin)?.document.apps[0];
  const fn = app?.functions[0];
  assert.ok(app !== undefined && fn !== undefined);
  const { key } = standInOf({ app, fn }, { crypto: createCrypto(), context: () => assert.fail("it is not opened"), isBehind: () => false });
  const ask = { unit: "app/sum", key, classes: ["derived"], events: [{ id: "1", type: "in.came", source: "/gateway-2", timeMs: 1, arrivedMs: 1, data: 1 }] };
  const help = async (): Promise<string> => {
    let said: string | undefined;
    void Promise.resolve(running(one.machine).handlers.get(helpMethod)?.(ask, nodeName("gateway-2"))).then(() => "done", (error: unknown) => toHolonError(error).code).then((word) => (said = word));
    await one.until("it has answered", () => said !== undefined);
    return said ?? "";
  };
  const before = one.started.length;
  await help();
  assert.ok(one.started.length > before, "it was begun for a sibling");
  await endOften(one, limits.nodeEndsMax);
  assert.equal(stateOf(one), "held");
  const [started, said] = [one.started.length, await help()];
  assert.deepEqual([said, one.started.length], ["HOLON_CALL_UNKNOWN", started]);
});

test("ends with the machine do not count, nor do those before a life that was long enough, or a stop", async () => {
  const byPower = await start();
  await endOften(byPower, limits.nodeEndsMax + 1, "power");
  assert.equal(stateOf(byPower), "running");

  const seldom = await start();
  await endOften(seldom, limits.nodeEndsMax - 1);
  await seldom.pass(limits.nodeEndsForgetMs + 1_000);
  await endOften(seldom, limits.nodeEndsMax - 1);
  assert.equal(stateOf(seldom), "running");

  const stopped = await start();
  await endOften(stopped, limits.nodeEndsMax - 1);
  let closed = false;
  void stopped.machine.close().then(() => (closed = true));
  await stopped.until("it has stopped", () => closed);
  stopped.machine.start();
  await stopped.until("it is up again", () => stopped.machine.subject?.status().agent.state === "settled");
  await endOften(stopped, limits.nodeEndsMax - 1);
  assert.equal(stateOf(stopped), "running");
});

test("what waits for its lease at each start is counted by the lives in which it ran, and is not forgotten while it waits", async () => {
  const world = new World(1);
  const cells = new Map<string, Uint8Array>();
  const log = { cell: (key: string) => cells.get(key), append: ({ cells: changes = [] }: { readonly cells?: readonly CellChange[] }) => (changes.forEach(({ key, value }) => value !== null && cells.set(key, value)), Promise.resolve([])) } as unknown as Log;
  const clock = createClock(incarnation(world, "gateway-1"), new ClockHardware(world), 0);
  const events = createEvents(nodeConfigSchema.parse({ name: "gateway-1", site: "s", tier: "gateway", jurisdiction: "EU" }), clock);
  const open = () => openEnds({ log, events, ports: { clock, trace: { note: (_level, text) => assert.fail(text) }, life: "one" } });
  const deployed = new Map([["app/always", "1"], ["app/leased", "1"]]);
  const live = async (ends: Ends): Promise<void> => {
    await ends.running(deployed, (unit) => unit === "app/always");
    await world.run({ timeMs: world.nowMs + limits.nodeEndsForgetMs + 1 });
    await ends.running(deployed, () => true);
  };
  for (let life = 0; life < limits.nodeEndsMax; life++) await live(open());
  const last = open();
  assert.deepEqual([last.heldBack("app/leased", "1"), last.heldBack("app/always", "1")], [limits.nodeEndsMax, undefined]);
  await last.running(deployed, (unit) => unit === "app/always");
  assert.equal(last.heldBack("app/leased", "1"), limits.nodeEndsMax, "held while it waits");
});
