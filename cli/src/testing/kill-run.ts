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
import { skabFiles } from "./skab.ts";
import { until } from "./wait.ts";

/** A run to be killed over and over. */
export interface KillPlan {
  /** Its name; with the rotation it is the seed. */
  readonly name: string;
  readonly more: readonly string[];
}

/** Which seeds and recordings: HOLON_SIM_ROTATION, for example the number of commits; without it always the same. */
const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0");
const killsPerPlan = 5;

function twoFiles(): readonly string[] {
  const all = skabFiles();
  const random = new SeededRandom(`kill/files/${rotation}`);
  const first = random.integer(0, all.length - 1);
  return [first, (first + random.integer(1, all.length - 1)) % all.length].flatMap((index) => all[index] ?? []);
}

/** Runs each plan with five kills and says what must hold of its last report; the kills must have met a replay at work. */
export async function assertSurvivesKills(context: TestContext, plans: readonly KillPlan[]): Promise<void> {
  const whole = tempFolder(context);
  const files = twoFiles();
  const again = `HOLON_SIM_ROTATION=${rotation} plays it again, on ${files.map((file) => file.split("/").slice(-2).join("/")).join(" and ")}`;
  context.diagnostic(again);
  const undisturbed = reportOf(await runHolon(context, onceArguments(files, whole)));
  let sum = 0;
  const drawn = plans.length * killsPerPlan;
  try {
    for (const { name, more } of plans) {
      const { midIntake, reports } = await killAndContinue(context, { seed: `${name}/${rotation}`, kills: killsPerPlan, rows: undisturbed.eventsIn, logBytes: logBytes(whole), arguments: (data) => onceArguments(files, data, ...more) });
      for (const report of reports) {
        assertNothingLost(report);
        for (const part of ["eventsIn", "alerts", "scores", "pooled"] as const) assert.deepEqual(report[part], undisturbed[part], `${name}: ${part}`);
      }
      sum += midIntake;
    }
    assert.ok(sum >= drawn * 0.3, `only ${sum} of ${drawn} kills met a replay with rows left`);
  } catch (cause) {
    throw new Error(`${again}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

interface Killed {
  /** Kills that met the process with some, and not all, of the rows on disk. */
  readonly midIntake: number;
  /** Of each folder, once its run came to its end. */
  readonly reports: readonly Report[];
}

interface KilledRun {
  readonly seed: string;
  readonly kills: number;
  readonly rows: number;
  /** Size of the gateway's log after an undisturbed run. */
  readonly logBytes: number;
  arguments(data: string): readonly string[];
}

/** As many kills as planned meet a process at work: one that ends before is a whole run, and the next kill goes to a fresh one. */
async function killAndContinue(context: TestContext, plan: KilledRun): Promise<Killed> {
  const random = new SeededRandom(plan.seed);
  const reports: Report[] = [];
  let data = tempFolder(context);
  let begun = false;
  let kills = 0;
  let midIntake = 0;
  const command = (): readonly string[] => [...plan.arguments(data), ...(begun ? ["--continue"] : [])];
  for (let tries = 0; kills < plan.kills; tries++) {
    assert.ok(tries < plan.kills * 3, `only ${kills} of ${tries} kills met a process at work`);
    const from = logBytes(data);
    // A share of what is left, so that the last kill finds work too.
    const target = from + Math.ceil((Math.max(0, plan.logBytes - from) / (plan.kills - kills)) * random.uniform());
    const holon = startHolon(context, command());
    await until(`the gateway's log reaches ${target} bytes`, () => logBytes(data) >= target || !holon.isRunning());
    holon.signal("SIGKILL");
    const ended = await holon.ended;
    begun = true;
    if (ended.signal !== "SIGKILL") {
      reports.push(reportOf(ended));
      [data, begun] = [tempFolder(context), false];
      continue;
    }
    assert.equal(ended.stdout, "");
    kills += 1;
    const readings = (await heldRecords(context, data, "gateway-1")).filter(({ event }) => event.type === "pump.reading").length;
    assert.ok(readings <= plan.rows, `${readings} readings of ${plan.rows} rows`);
    if (readings > 0 && readings < plan.rows) midIntake += 1;
    context.diagnostic(`seed ${plan.seed}: killed at ${logBytes(data)} bytes (drawn ${target}), ${readings} of ${plan.rows} rows on disk`);
  }
  return { midIntake, reports: [...reports, reportOf(await runHolon(context, command()))] };
}

/** Size of all segments of the gateway's log. */
function logBytes(data: string): number {
  const folder = join(data, "gateway-1", "log");
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
