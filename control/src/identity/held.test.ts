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
