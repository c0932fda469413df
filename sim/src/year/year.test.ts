import assert from "node:assert/strict";
import { test } from "node:test";
import { missingRecordings } from "../traces/recordings.ts";
import { Judge } from "./judge.ts";
import { groupsOf, placeOf } from "./people-of-year.ts";
import { wayOf } from "./ways.ts";
import { worldOfYear } from "./world-of-year.ts";
import { runYear, yearTable } from "./year.ts";

const lacking = { skip: missingRecordings() ?? false };
const small = { seed: 3, nodes: 60, hours: 12, groups: 6, everyHours: 3 };

test("the same seed is the same year, no way of placing breaks a bound, and where something may run is where it does", lacking, () => {
  const report = runYear(small);
  assert.deepEqual(report, runYear(small));
  assert.deepEqual(report.violations, []);
  const { holon, "cloud-only": cloud } = report.results;
  assert.ok(holon !== undefined && cloud !== undefined);
  assert.ok(holon.latencyMsP50 <= cloud.latencyMsP50 && holon.egressGigabytes <= cloud.egressGigabytes);
  assert.equal(yearTable(report).split("\n").length, 6);
});

test("the judge sees what is out of its place, over its room, or on a machine that was down; and counts by the true ways", lacking, () => {
  const world = worldOfYear(60, 30, 3);
  const [group] = groupsOf(world, 1, 3);
  assert.ok(group !== undefined);
  const one = { ...group, digestPlaces: ["*"] };
  const abroad = [...world.nodes.keys()].find((node) => world.nodes[node]?.region !== one.region) ?? 0;
  const judge = new Judge(world, [one]);
  const nowhere = new Int32Array(2).fill(-1);
  judge.see(0, Int32Array.of(abroad, abroad), nowhere, () => true);
  assert.match(judge.violations[0] ?? "", /group-000 on .* in /);
  const down = new Judge(world, [one]);
  down.see(0, Int32Array.of(world.cloudOf[one.region] ?? 0, -1), nowhere, () => false);
  assert.match(down.violations[0] ?? "", /which was down/);
  const huge = new Judge(world, [{ ...one, serve: { processors: 9_999, memoryBytes: 1, stateBytes: 0 } }]);
  huge.see(0, Int32Array.of(world.cloudOf[one.region] ?? 0, -1), nowhere, () => true);
  assert.match(huge.violations[0] ?? "", /over its capacity/);
  const cloud = world.cloudOf[one.region] ?? 0;
  const served = new Judge(world, [one]);
  served.see(0, Int32Array.of(cloud, -1), nowhere, () => true);
  const way = wayOf(world, placeOf(one, 0), cloud);
  const { latencyMsP99, egressMoney, unservedPercent } = served.figures();
  assert.deepEqual([latencyMsP99, unservedPercent], [2 * way.oneWayMs + 5, 0]);
  assert.ok(Math.abs(egressMoney - (one.gigabytesPerMonth / 730) * way.perGigabyte) < 1e-12 && way.oneWayMs > 0);
});
