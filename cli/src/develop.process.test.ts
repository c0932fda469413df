/** A newcomer's first quarter of an hour: begin an app, run its tests, run it, change it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { runHolon, startHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";

const turn = takesTurns(2);

turn("an app is begun outside the repository, its tests pass, and it runs again with each change", async (context) => {
  const folder = join(tempFolder(context), "wind-watch");
  const begun = await runHolon(context, ["app", "init", folder]);
  assert.equal(begun.exitCode, 0, begun.stderr);
  assert.match(readFileSync(join(folder, "holon.app.ts"), "utf8"), /name: "wind-watch"/);
  const tested = await runHolon(context, ["app", "test", folder]);
  assert.equal(tested.exitCode, 0, tested.stdout);
  assert.match(tested.stdout, /pass 2/);

  const inFolder = (program: string, ...args: readonly string[]) => spawnSync(process.execPath, [join(folder, "node_modules/.bin", program), ...args], { cwd: folder, encoding: "utf8", env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
  assert.deepEqual(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).scripts, { check: "tsc", test: "holon app test ." });
  assert.match(inFolder("holon", "app", "test", ".").stdout, /pass 2/, "in its folder, holon is the one that made it");
  assert.equal(inFolder("tsc").stdout, "");
  const written = readFileSync(join(folder, "src/busy.ts"), "utf8");
  writeFileSync(join(folder, "src/busy.ts"), written.replace("context.emit(load.type", 'context.emit("never.declared"'));
  assert.match(inFolder("tsc", "--pretty", "false").stdout, /src\/busy\.ts.*error TS/, "an event that was not declared");
  writeFileSync(join(folder, "src/busy.ts"), written);

  const dev = startHolon(context, ["app", "dev", folder, "--data", join(folder, "../data"), "--port-base", "0"]);
  const says = (pattern: RegExp): Promise<unknown> => until(`it says ${pattern.source}`, () => pattern.test(dev.stdout()), 120_000);
  await says(/(idle|busy), \d+ %/);
  const busy = join(folder, "src/busy.ts");
  const text = readFileSync(busy, "utf8");
  writeFileSync(busy, text.replace("context.status(`${is}", "context.status(`changed: ${is}"));
  await says(/deployed again/);
  await says(/changed: (idle|busy), \d+ %/);
  writeFileSync(busy, text.replace("const kept = 0.9;", "const kept = ;"));
  await says(/HOLON_UNIT_BAD.*busy\.ts.*What ran before runs on/);
  dev.signal("SIGINT");
  assert.deepEqual({ ...(await dev.ended), stdout: "", stderr: "" }, { exitCode: 0, signal: null, stdout: "", stderr: "" });
});

turn("what cannot be begun, tested or developed is refused by name", async (context) => {
  const folder = tempFolder(context);
  writeFileSync(join(folder, "mine.txt"), "");
  assertRefused(await runHolon(context, ["app", "init", folder]), "HOLON_ARGUMENT_BAD", /not empty|no name/);
  assertRefused(await runHolon(context, ["app", "init", join(folder, "Big Name")]), "HOLON_ARGUMENT_BAD", /Big Name/);
  assertRefused(await runHolon(context, ["app", "test", folder]), "HOLON_APP_MISSING", /holds no test/);
  assertRefused(await runHolon(context, ["app", "dev", join(folder, "none")]), "HOLON_APP_MISSING", /none does not exist/);
});
