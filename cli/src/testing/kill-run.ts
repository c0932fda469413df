/**
 * A replay that is killed again and again: each time when the gateway's log has reached a size drawn from a seed, then started
 * again with the same command and `--continue`.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { SeededRandom } from "@holon/sim/random.ts";
import { heldRecords } from "./held-log.ts";
import { assertNothingLost, onceArguments, reportOf, runHolon, startHolon, type Report } from "./holon-process.ts";
import { skabFile } from "./skab.ts";
import { until } from "./wait.ts";

/** A run to be killed over and over. */
export interface KillPlan {
  readonly seed: string;
  readonly more: readonly string[];
}

const files = ["other/2", "other/14"].map(skabFile);
const killsPerPlan = 5;

/** Runs each plan with five kills and says what must hold of its last report; the kills must have met a replay at work. */
export async function assertSurvivesKills(context: TestContext, plans: readonly KillPlan[]): Promise<void> {
  const whole = tempFolder(context);
  const undisturbed = reportOf(await runHolon(context, onceArguments(files, whole)));
  const sums = { kills: 0, midIntake: 0 };
  for (const { seed, more } of plans) {
    const { kills, midIntake, report } = await killAndContinue(context, { seed, kills: killsPerPlan, rows: undisturbed.eventsIn, logBytes: logBytes(whole), arguments: (data) => onceArguments(files, data, ...more) });
    assertNothingLost(report);
    for (const part of ["eventsIn", "alerts", "scores", "pooled"] as const) assert.deepEqual(report[part], undisturbed[part], `${seed}: ${part}`);
    sums.kills += kills;
    sums.midIntake += midIntake;
  }
  const drawn = plans.length * killsPerPlan;
  assert.ok(sums.kills >= drawn * 0.8, `only ${sums.kills} of ${drawn} kills met a running process`);
  assert.ok(sums.midIntake >= drawn * 0.3, `only ${sums.midIntake} of ${drawn} kills met a replay with rows left`);
}

interface Killed {
  /** Kills that met a process still at work. */
  readonly kills: number;
  /** Those that met it with some, and not all, of the rows on disk. */
  readonly midIntake: number;
  readonly report: Report;
}

interface KilledRun {
  readonly seed: string;
  readonly kills: number;
  readonly rows: number;
  /** Size of the gateway's log after an undisturbed run. */
  readonly logBytes: number;
  arguments(data: string): readonly string[];
}

async function killAndContinue(context: TestContext, plan: KilledRun): Promise<Killed> {
  const random = new SeededRandom(plan.seed);
  const data = tempFolder(context);
  const command = plan.arguments(data);
  let kills = 0;
  let midIntake = 0;
  for (let round = 0; round < plan.kills; round++) {
    const again = round === 0 ? command : [...command, "--continue"];
    const from = logBytes(data);
    // A share of what is left, so that the last kill finds work too.
    const target = from + Math.ceil(((plan.logBytes - from) / (plan.kills - round)) * random.uniform());
    const holon = startHolon(context, again);
    await until(`the gateway's log reaches ${target} bytes`, () => logBytes(data) >= target || !holon.isRunning());
    holon.signal("SIGKILL");
    const { signal, stdout } = await holon.ended;
    if (signal !== "SIGKILL") continue;
    assert.equal(stdout, "");
    kills += 1;
    const readings = (await heldRecords(context, data, "gateway-1")).filter(({ event }) => event.type === "pump.reading").length;
    assert.ok(readings <= plan.rows, `${readings} readings of ${plan.rows} rows`);
    if (readings > 0 && readings < plan.rows) midIntake += 1;
    context.diagnostic(`seed ${plan.seed}: killed at ${logBytes(data)} bytes (drawn ${target}), ${readings} of ${plan.rows} rows on disk`);
  }
  return { kills, midIntake, report: reportOf(await runHolon(context, [...command, "--continue"])) };
}

/** Size of all segments of the gateway's log. */
function logBytes(data: string): number {
  const folder = join(data, "gateway-1", "log");
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
