import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock } from "@holon/core/ports.ts";
import { unitLeaseAskSchema, type UnitLeaseAnswer } from "@holon/core/schema/delegation.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createEvents } from "../event/events.ts";
import type { CallHandler } from "../link/calls.ts";
import { nodeName } from "../testing/sim-family.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createTenant } from "./tenant.ts";

const member = (name: string) => ({ name, tier: "gateway", site: "plant", jurisdiction: "EU/DE", trust: "enrolled", providers: ["cpu"], capacity: {} });
const delegation = { site: "plant", serial: 1, members: ["g1", "g2", "g3"].map(member), units: [{ unit: "a/f", home: "g1", needs: { name: "f" } }] };
const desired = desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: "g1", version: 1, plan: "", apps: [], delegation });

/** A member of whose lead the test decides what it answers. */
async function bed(context: TestContext) {
  const log = await openTempLog(tempFolder(context), { name: "g1" });
  context.after(() => log.close());
  let nowMs = 0;
  let acts: (() => void)[] = [];
  const clock: Clock = { ...createClock(), monotonicMs: () => nowMs, elapsedMs: () => nowMs, after: (_, act) => (acts.push(act), { cancel: () => void (acts = acts.filter((one) => one !== act)) }) };
  const answers: UnitLeaseAnswer[] = [];
  let asks = 0;
  const told: unknown[] = [];
  const handlers = new Map<string, CallHandler>();
  const lead = { node: "g2", term: 4 };
  const tenant = createTenant({
    self: nodeName("g1"), siblings: ["g2", "g3"], jurisdiction: "EU/DE", log, events: createEvents({ name: "g1", jurisdiction: "EU/DE" }, createClock()), guard: { mayShare: () => Promise.resolve(true) },
    ports: { clock, trace: { note: () => undefined } }, handlers, steward: { look: () => undefined, ask: () => assert.fail("it does not lead"), decided: () => new Map() }, lead: () => lead,
    ask: (_, method, parameters) => {
      if (method !== "site.lease") return Promise.reject(new HolonError("HOLON_LINK_UNREACHABLE", "away"));
      unitLeaseAskSchema.parse(parameters);
      asks += 1;
      const answer = answers.shift();
      return answer === undefined ? Promise.reject(new HolonError("HOLON_LEAD_MISSING", "g2 does not lead")) : Promise.resolve(answer);
    },
    desired: () => desired, reached: () => 1, isRunning: () => false, isConnected: () => false, changed: () => undefined, append: (record) => void told.push(JSON.parse(new TextDecoder().decode(record.bytes)).data),
  });
  context.after(tenant.close);
  await tenant.reach(desired);
  tenant.start();
  const pass = async (ms: number, answer?: UnitLeaseAnswer): Promise<void> => {
    nowMs += ms;
    if (answer !== undefined) answers.push(answer);
    const before = asks;
    for (const act of acts.splice(0)) act();
    while (asks === before) await new Promise(setImmediate);
    for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
  };
  const grant = (unit: string, lease: [number, number], term = 4): UnitLeaseAnswer => ({ term, serial: 1, granted: [{ unit, lease, from: null }], holders: { [unit]: "g1" } });
  /** What it goes on from is on its disk. */
  const runs = async (): Promise<void> => {
    while (tenant.tenure("a/f") === undefined) await new Promise(setImmediate);
  };
  return { tenant, runs, pass, grant, told, handlers, lead, answers, asked: () => asks };
}

test("a unit runs while its lease holds, and ends by the member's own clock when nobody answers", async (context) => {
  const { tenant, pass, grant, runs } = await bed(context);
  assert.equal(tenant.tenure("a/f") !== undefined, false);
  await pass(5_000, grant("a/f", [4, 1]));
  await runs();
  await pass(5_000, { ...grant("a/f", [4, 1]), granted: [] });
  assert.equal(tenant.tenure("a/f") !== undefined, false, "the lead takes it back");
  await pass(5_000, grant("a/f", [4, 2]));
  await runs();
  await pass(limits.siteUnitLeaseMs);
  assert.equal(tenant.tenure("a/f") !== undefined, false);
});

test("a lead that grants what control did not leave to the site, grants an older grant again, or leads no more is not followed, and that is told once", async (context) => {
  const { tenant, pass, grant, told, lead, runs } = await bed(context);
  await pass(5_000, grant("a/other", [4, 1]));
  await pass(5_000, grant("a/other", [4, 1]));
  assert.deepEqual(told, [{ unit: "a/other", lead: "g2", term: 4, because: "control has not left it to the site" }]);
  assert.equal(tenant.tenure("a/other") !== undefined, false);
  await pass(5_000, grant("a/f", [4, 7]));
  await runs();
  await pass(5_000, { ...grant("a/f", [4, 7]), granted: [] });
  await pass(5_000, grant("a/f", [4, 6]));
  assert.deepEqual([tenant.tenure("a/f") !== undefined, told.length], [false, 2], "it has had a later one");
  await pass(5_000, grant("a/f", [3, 9], 3));
  assert.equal(tenant.tenure("a/f") !== undefined, false, "of a term that is over");
  lead.node = "g3";
  await pass(5_000, grant("a/f", [5, 1], 5));
  assert.equal(tenant.tenure("a/f") !== undefined, false);
});

test("who is no member, or not the one that runs a unit, gives nothing to keep", async (context) => {
  const { pass, grant, handlers, answers } = await bed(context);
  await pass(5_000, { ...grant("a/f", [4, 1]), holders: { "a/f": "g2" } });
  answers.push({ ...grant("a/f", [4, 1]), holders: { "a/f": "g2" } });
  const spare = { unit: "a/f", id: [4, 1, 1], state: null, because: "it is raw" };
  const keep = async (from: string, parameters: unknown): Promise<unknown> => handlers.get("site.keep")?.(parameters, nodeName(from)).then(() => "kept", (error: unknown) => (error instanceof HolonError ? error.code : error));
  assert.deepEqual([await keep("mallory", spare), await keep("g3", spare), await keep("g2", { ...spare, unit: "a/other" }), await keep("g2", spare)], ["HOLON_SIBLING_UNKNOWN", "HOLON_CALL_DENIED", "HOLON_CALL_DENIED", "kept"]);
});

test("a member that the lead named just now is asked about before it is refused: that is plain work, and no attempt", async (context) => {
  const { pass, grant, handlers, answers, asked } = await bed(context);
  await pass(5_000, grant("a/f", [4, 1]));
  const keep = (from: string) => handlers.get("site.keep")?.({ unit: "a/f", id: [4, 2, 1], state: null, because: "none" }, nodeName(from)) ?? assert.fail("no handler");
  const named = (holder: string): UnitLeaseAnswer => ({ term: 4, serial: 1, granted: [], holders: { "a/f": holder } });
  answers.push(named("g3"));
  assert.equal(await keep("g3"), null);
  const before = asked();
  assert.equal(await keep("g3"), null);
  assert.equal(asked(), before, "it is known now");
  answers.push(named("g3"));
  await assert.rejects(keep("g2"), { code: "HOLON_CALL_DENIED" });
  await assert.rejects(keep("g2"), (error: HolonError) => error.code !== "HOLON_CALL_DENIED", "where the lead does not say, nobody knows: that is no refusal");
});
