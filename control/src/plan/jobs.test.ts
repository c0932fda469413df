/** Control plans the runs of a job, where and when, and hears what came of them; a node that is cut off goes on by itself. */
import assert from "node:assert/strict";
import { worldBeginsMs } from "@holon/sim/clock.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { jobEveryMs, jobsApp, jobsProgram } from "@holon/sim/programs/jobs.ts";
import { holonProgram } from "@holon/sim/programs/program.ts";
import { takesTurns } from "../../../scripts/testing/turns.ts";
import { changesOf } from "./planner.ts";
import { ControlFleet } from "../testing/control-fleet.ts";

/** Half a day of real nodes each. */
const inTurn = takesTurns(2);
const hourMs = 3_600_000;
const at = (hour: number): number => worldBeginsMs + hour * hourMs;
const stamp = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
/** From an hour before the world begins. */
const carbonText = (of: (hour: number) => number): string => ["Datetime (UTC),Carbon Intensity gCO₂eq/kWh (LCA)", ...Array.from({ length: 60 }, (_, index) => `${stamp(at(index - 1))},${of(index - 1)}`)].join("\n");
const edge = (name: string, of: (hour: number) => number): MemberOptions => ({ name, tier: "edge", parent: "cloud", site: name, inventory: { processors: 8, memoryBytes: 8e9, diskBytes: 1e10, power: { processorWatts: 200 }, prices: { perKilowattHour: 0.2 }, energy: { carbon: { file: "carbon.csv" } } }, feeds: () => carbonText(of) });
/** Due at 8 and at 16: the north is good at 10, the south at 18. */
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory: { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 } },
  edge("edge-n", (hour) => (hour === 10 ? 10 : 400)),
  edge("edge-s", (hour) => (hour === 18 ? 10 : 500)),
];
const app = jobsApp([{ name: "train", needs: { tiers: ["edge"], processors: 4, memoryBytes: 1e8, deferrableHours: 4, job: { hours: 1 } } }]);

async function start(): Promise<ControlFleet> {
  const { boot, sandbox, prepare } = jobsProgram(await holonProgram());
  const fleet = new ControlFleet({ boot, sandbox, ...(prepare === undefined ? {} : { prepare }) });
  for (const member of members) fleet.fleet.add(member);
  await fleet.fleet.bringUp();
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ inventory }) => inventory?.capacity.processors !== undefined) && fleet.control.curves().size === 2);
  // One job, without the rest of that app.
  await fleet.drive(fleet.control.deploy(appDocumentSchema.parse({ ...app, sources: [], functions: app.functions.filter(({ name }) => name !== "work") })));
  return fleet;
}

const pass = (fleet: ControlFleet, hour: number): Promise<unknown> => fleet.world.run({ timeMs: hour * hourMs });
const shiftOn = (fleet: ControlFleet, node: string) => fleet.desired(node)?.shifts?.["jobs/train"];

inTurn("a run is planned where and when it is good, done there once, and the next one goes where that is better", async () => {
  const fleet = await start();
  assert.deepEqual([shiftOn(fleet, "edge-n")?.windows, shiftOn(fleet, "edge-s")], [[{ fromMs: at(10), toMs: at(11) }], undefined]);
  await pass(fleet, 9);
  assert.deepEqual(fleet.control.runs(), []);
  await pass(fleet, 10.1);
  const [first] = fleet.control.runs();
  assert.deepEqual([first?.node, first?.arrivesMs, first?.actual, first?.actualAtOnce, first?.chosenBy, first?.late], ["edge-n", at(8), 10, 400, "plan", false]);
  await fleet.until("the next run is planned where it is good", () => shiftOn(fleet, "edge-s")?.arrivesMs === at(16));
  assert.deepEqual([shiftOn(fleet, "edge-s")?.windows, shiftOn(fleet, "edge-n")], [[{ fromMs: at(18), toMs: at(19) }], undefined]);
  const inForce = await fleet.drive(fleet.control.plan());
  assert.match(inForce?.known.because ?? "", /another run of a job is due|changed/);
  assert.deepEqual(inForce && changesOf(inForce.plan, inForce.inputs.previous), inForce?.known.changes, "another hour is a change, too");
  assert.ok(inForce?.known.changes.some((change) => change.startsWith("@ jobs/train 0 ")), inForce?.known.changes.join() ?? "");
  await fleet.until("it stands there", () => fleet.runningOn("edge-s").includes("jobs/train") && !fleet.runningOn("edge-n").includes("jobs/train"));
  await pass(fleet, 18.1);
  assert.deepEqual(fleet.control.runs().map(({ node, arrivesMs, actual }) => [node, arrivesMs, actual]), [["edge-n", at(8), 10], ["edge-s", at(16), 10]]);
  assert.equal(jobEveryMs, 8 * hourMs);
});

inTurn("a node that is cut off, and loses power while the run waits, does it in its hour all the same, and the next by the curve that it knows", async () => {
  const fleet = await start();
  await pass(fleet, 7);
  fleet.fleet.net.cut("edge-n", "cloud", { reset: true });
  await pass(fleet, 9);
  fleet.fleet.members.get("edge-n")?.machine.crash("power", 1_000);
  await pass(fleet, 17);
  fleet.fleet.net.heal("edge-n", "cloud");
  await fleet.until("what came of it is told", () => fleet.control.runs().length > 0);
  const [first] = fleet.control.runs();
  assert.deepEqual([first?.node, first?.arrivesMs, first?.chosenBy, first?.late, first?.windows], ["edge-n", at(8), "plan", false, [{ fromMs: at(10), toMs: at(11) }]]);
});
