import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { running, textsOf } from "../testing/sim-family.ts";
import { bed, unitOf, type UnitBed } from "../testing/unit-bed.ts";

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
