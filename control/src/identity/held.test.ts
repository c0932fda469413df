/** A node whose program is not what was adopted, as the fleet meets it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { diagnosisMethods } from "@holon/core/diagnosis/ask.ts";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { SimMeasurer } from "@holon/sim/measurer.ts";
import { app, code, ControlFleet } from "../testing/control-fleet.ts";

const gateway = "gateway-1";
const by = { principal: "person olga", role: "operator", at: "cloud" };

async function start() {
  const measurer = new SimMeasurer();
  measurer.adoptHere("installed");
  const fleet: ControlFleet = await ControlFleet.start(undefined, { ports: (config, ports) => (config.name === gateway ? { ...ports, measurer } : ports) });
  const status = () => fleet.fleet.members.get(gateway)?.machine.subject?.status?.() ?? assert.fail("it is down");
  const held = () => status().measured?.held;
  const drift = () => fleet.control.nodes().find(({ name }) => name === gateway)?.drift.find(({ kind }) => kind === "measured");
  const alarms = async () => (await fleet.told(gateway, "holon.node.held")).map(({ state, why }) => [state, why]);
  const alter = async (): Promise<void> => {
    measurer.files.set("program", "export default 2;");
    await fleet.restart(gateway);
    await fleet.until("it has found out", () => held() !== undefined);
  };
  await fleet.drive(fleet.control.deploy(app("pump")));
  await fleet.until("it runs", () => fleet.runningOn(gateway).includes("pump/judge"));
  return { fleet, measurer, status, held, drift, alarms, alter };
}

test("what ran goes on, over every start; what is new is refused, and runs once somebody above adopts what he saw", async () => {
  const { fleet, status, held, drift, alarms, alter } = await start();
  await alter();
  assert.deepEqual(fleet.runningOn(gateway), ["pump/judge"]);
  await fleet.drive(fleet.control.deploy(app("door")));
  await fleet.until("it is refused", () => status().agent.problem?.code === "HOLON_NODE_HELD");
  await fleet.until("control has heard why", () => drift()?.held === true && fleet.control.nodes().some(({ reported }) => reported?.message?.includes("what is new of door is not taken") === true));
  assert.match(drift()?.text ?? "", /program\. It holds back secrets and what is new since .*`holon node adopt`/);
  for (let again = 0; again < 2; again += 1) {
    await fleet.restart(gateway);
    await fleet.until("it runs what it ran", () => fleet.runningOn(gateway).includes("pump/judge") && status().agent.problem?.code === "HOLON_NODE_HELD");
    assert.deepEqual([fleet.runningOn(gateway), held()?.first], [["pump/judge"], ["program"]]);
  }
  await fleet.until("the ways are open", () => status().uplink?.state === "open");
  const { desk } = fleet.fleet.members.get("cloud")?.machine.subject?.diagnosis ?? assert.fail();
  const adopt = (found: string, role = "operator") => fleet.drive(desk.ask(gateway, diagnosisMethods.adopt, { by: { ...by, role }, session: `s-${role}-${found.slice(0, 4)}`, because: "upgraded", found }, 10_000));
  const seen = held()?.found ?? assert.fail();
  await assert.rejects(adopt(seen, "viewer"), { code: "HOLON_POLICY_DENIED" });
  await assert.rejects(adopt("0".repeat(64)), { code: "HOLON_MEASURE_OTHER" });
  assert.notEqual(held(), undefined);
  await adopt(seen);
  await fleet.until("it takes what was new", () => fleet.runningOn(gateway).includes("door/judge"));
  assert.deepEqual([held(), await alarms()], [undefined, [["open", undefined], ["closed", "adopted"]]]);
  assert.equal((await fleet.told(gateway, "holon.node.adopted")).at(-1)?.["by"], "person olga at cloud");
  assert.deepEqual((await fleet.told(gateway, "holon.diagnosis.decided")).map((data) => [data["what"], data["allow"]]), [["node.adopt", false], ["node.adopt", true], ["node.adopt", true]]);
  await fleet.until("control knows", () => drift() === undefined);
});

test("what is put back goes on by itself, and so does what its owner adopts on the machine while it runs; apps are removed meanwhile", async () => {
  const { fleet, measurer, held, alarms, alter } = await start();
  await alter();
  await fleet.drive(fleet.control.deploy(app("pump", "2")));
  await fleet.drive(fleet.control.deploy(app("door")));
  measurer.files.set("program", "export default 1;");
  const beganMs = fleet.world.nowMs;
  await fleet.until("it has found out", () => held() === undefined);
  assert.ok(fleet.world.nowMs - beganMs <= limits.measureHeldMs + 60_000);
  await fleet.until("it takes what was new", () => fleet.runningOn(gateway).includes("door/judge"));
  await alter();
  await fleet.drive(fleet.control.remove("door"));
  await fleet.until("what nobody wants any more ends", () => !fleet.runningOn(gateway).includes("door/judge"));
  measurer.adoptHere("upgraded");
  await fleet.until("it has found out who adopted it", () => held() === undefined);
  assert.deepEqual(await alarms(), [["open", undefined], ["closed", "the program is again what was adopted"], ["open", undefined], ["closed", "adopted"]]);
});

test("a function that is given secrets waits for them while they are held back, and is handed nothing", async () => {
  const { fleet, measurer, status, alter } = await start();
  await alter();
  measurer.files.set("program", "export default 1;");
  await fleet.restart(gateway);
  await fleet.until("it is as it was", () => status().measured?.state === "adopted");
  const asks = appDocumentSchema.parse({ ...app("mail"), functions: [{ ...app("mail").functions[0], code: createHash("sha256").update(code).digest("hex"), secrets: ["key"] }] });
  await fleet.drive(fleet.control.deploy(asks));
  await fleet.until("it waits for a secret that is not there", () => status().agent.units.some(({ app: of, problem }) => of === "mail" && problem?.code === "HOLON_SECRET_MISSING"));
  await alter();
  await fleet.until("it is told why", () => status().agent.units.some(({ app: of, problem }) => of === "mail" && problem?.code === "HOLON_NODE_HELD"));
  assert.deepEqual(fleet.runningOn(gateway), ["mail/judge", "pump/judge"]);
});

test("nothing new is planned on a node that would refuse it, which is said; what stands there stays, and once it is put back it is a place like any other", async () => {
  const measurers = new Map(["edge-1", "edge-2"].map((name) => [name, new SimMeasurer()] as const));
  for (const measurer of measurers.values()) measurer.adoptHere("installed");
  const inventory = { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 };
  const fleet: ControlFleet = await ControlFleet.start(
    [{ name: "cloud", tier: "cloud", inventory }, ...["edge-1", "edge-2"].map((name) => ({ name, tier: "edge" as const, parent: "cloud", inventory }))],
    { ports: (config, ports) => ({ ...ports, measurer: measurers.get(config.name) }) },
  );
  const placed = (name: string) => appDocumentSchema.parse({ name, version: "1", functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs: { tiers: ["edge"] } }], models: [], egress: [{ class: "derived", to: "*" }] });
  const homes = (unit: string): readonly string[] => [...measurers.keys()].filter((name) => fleet.runningOn(name).includes(unit));
  const isHeld = (name: string): boolean => fleet.control.nodes().some((node) => node.name === name && node.drift.some(({ kind, held }) => kind === "measured" && held === true));
  await fleet.until("both are known", () => fleet.control.nodes().every(({ inventory: known }) => known?.capacity.processors === 2));
  await fleet.drive(fleet.control.deploy(placed("stays")));
  await fleet.until("it runs", () => homes("stays/sum").length === 1);
  const [home = assert.fail()] = homes("stays/sum");
  const other = home === "edge-1" ? "edge-2" : "edge-1";
  measurers.get(home)?.files.set("program", "export default 2;");
  await fleet.restart(home);
  await fleet.until("control knows that it is held", () => isHeld(home));
  for (const name of ["one", "two", "three"]) await fleet.drive(fleet.control.deploy(placed(name)));
  await fleet.until("all that is new runs on the other", () => ["one", "two", "three"].every((name) => homes(`${name}/sum`).join() === other));
  assert.deepEqual(homes("stays/sum"), [home]);
  const why = await fleet.drive(fleet.control.explain("one/sum", home));
  assert.deepEqual([why.verdict, why.reason, /its program is not what was adopted/.test(why.text)], ["rejected", "held", true]);
  measurers.get(other)?.files.set("program", "export default 2;");
  await fleet.restart(other);
  await fleet.until("so is the other", () => isHeld(other));
  await assert.rejects(fleet.drive(fleet.control.deploy(placed("four"))), { code: "HOLON_PLACEMENT_UNMET", message: /its program is not what was adopted/ });
  measurers.get(home)?.files.set("program", "export default 1;");
  await fleet.until("it is put back", () => !isHeld(home));
  await fleet.drive(fleet.control.deploy(placed("four")));
  await fleet.until("there it runs", () => homes("four/sum").join() === home);
});
