import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { heldRecords } from "./testing/held-log.ts";
import { assertNothingLost, repository, reportOf, runHolon, startHolon } from "./testing/holon-process.ts";
import { playOnce, rows } from "./testing/refuses.ts";
import { until } from "./testing/wait.ts";

const run = promisify(execFile);
const onWindows = { skip: process.platform === "win32" && "Windows has neither these signals nor this shell" };

test("a run that a signal ends says so in one coded line, keeps what it took in, and goes on with --continue", onWindows, async (context) => {
  const folder = tempFolder(context);
  const [path, data] = [join(folder, "rows,with,commas.csv"), join(folder, "data")];
  writeFileSync(path, `a,b,Anomaly,label\n${rows(4000).map((row) => `${row},0,1\n`).join("")}`);
  const command = [...playOnce, "--replay", path, "--data", data];
  const holon = startHolon(context, [...command, "--speed", "500"]);
  await until("the gateway keeps readings", () => holon.isRunning() && readings() > 200);
  holon.signal("SIGHUP");
  const { exitCode, stdout, stderr } = await holon.ended;
  assert.deepEqual([exitCode, stdout], [129, ""], stderr);
  assert.match(stderr, /^note: not read: "label".*\nHOLON_INTERRUPTED: SIGHUP .*\n {2}next: .*--continue.*\n$/);
  const kept = (await heldRecords(context, data, "gateway-1")).filter(({ event }) => event.type === "pump.reading").length;
  assert.ok(kept >= 100 && kept < 4000, `${kept} rows`);
  const ended = await runHolon(context, [...command, "--json", "--continue", "--cut-after", "50", "--heal-after", "60"]);
  const report = reportOf(ended);
  assertNothingLost(report);
  assert.equal(report.eventsIn, 4000);
  assert.equal(report.scores?.length, 1, "scored by its label, which is written otherwise");
  assert.match(ended.stderr, /note: the run was past --heal-after 60 already, at \d{3,4} events: nothing was cut/);

  function readings(): number {
    try {
      return readFileSync(join(data, "gateway-1/log/000000000001.seg")).toString("latin1").split("pump.reading").length;
    } catch {
      return 0; // not begun yet
    }
  }
});

/** The command in a shell, with its exit code at the end of stderr. */
async function inShell(command: string): Promise<string> {
  const { stdout, stderr } = await run("sh", ["-c", `holon() { "$NODE" cli/src/holon.ts "$@"; echo "exit code $?" >&2; }; ${command}`], { cwd: repository, env: { ...process.env, NODE: process.execPath } });
  return `${stdout.split("\n")[0] ?? ""}|${stderr}`;
}

test("a reader that has enough ends the command without a word; an output that fails is told with its code", onWindows, async (context) => {
  const data = tempFolder(context);
  const [live, help, full] = await Promise.all([
    inShell(`holon up --port-base 0 --data '${join(data, "live")}' | true`),
    inShell("holon up --help | true"),
    inShell("holon up --help > /dev/full"),
  ]);
  assert.deepEqual([live, help], ["|exit code 0\n", "|exit code 0\n"]);
  assert.match(full, /^\|HOLON_OUTPUT_FAILED: .*ENOSPC.*\n {2}next: .*\nexit code 1\n$/);
  assert.ok((await heldRecords(context, join(data, "live"), "gateway-1")).length > 0);
});
