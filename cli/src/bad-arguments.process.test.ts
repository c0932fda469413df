import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { runHolon } from "./testing/holon-process.ts";
import { good, play, playOnce, refuses, type Case } from "./testing/refuses.ts";

const flags = (...args: readonly string[]) => (at: (name: string) => string): readonly string[] => ["up", "--data", at("data"), ...args];

const commands: readonly Case[] = [
  { what: "an option that there is not", code: "HOLON_ARGUMENT_BAD", names: /--frobnicate/, args: flags("--frobnicate") },
  { what: "a command that there is not", code: "HOLON_ARGUMENT_BAD", names: /frobnicate/, args: () => ["frobnicate"] },
  { what: "a noun without a verb", code: "HOLON_ARGUMENT_BAD", names: /holon app needs a verb: init, .*remove/, args: () => ["app"] },
  { what: "a speed that is none", code: "HOLON_ARGUMENT_BAD", names: /--speed.*nonsense/, files: good, args: play("good.csv", "--speed", "nonsense") },
  { what: "a heal without a cut", code: "HOLON_ARGUMENT_BAD", names: /--heal-after.*--cut-after/, files: good, args: play("good.csv", "--heal-after", "10") },
  { what: "a word for bad rows that there is not", code: "HOLON_ARGUMENT_BAD", names: /--bad-rows.*perhaps/, files: good, args: play("good.csv", "--bad-rows", "perhaps") },
  { what: "once without a recording", code: "HOLON_ARGUMENT_BAD", names: /--once.*--replay/, args: flags("--once") },
  { what: "a port that leaves no room", code: "HOLON_ARGUMENT_BAD", names: /--port-base.*65530/, args: flags("--port-base", "65530") },
  { what: "a jurisdiction that is none", code: "HOLON_ARGUMENT_BAD", names: /--jurisdiction.*Atlantis/, files: good, args: play("good.csv", "--jurisdiction", "Atlantis") },
  { what: "an API address that is none", code: "HOLON_ARGUMENT_BAD", names: /--api.*nonsense/, args: () => ["node", "list", "--api", "nonsense"] },
  { what: "a node file with a wrong field", code: "HOLON_CONFIG_BAD", names: /node\.yaml.*tier/, files: { "node.yaml": "name: a\nsite: b\ntier: moon\njurisdiction: EU\n" }, args: (at) => ["node", "start", at("node.yaml"), "--data", at("data")] },
];

refuses(commands);

test("with --json the error is one JSON object on stderr", async (context) => {
  const { exitCode, stdout, stderr } = await runHolon(context, [...playOnce, "--json", "--replay", "/none.csv", "--data", tempFolder(context)]);
  assert.deepEqual([exitCode, stdout], [1, ""]);
  assert.deepEqual(JSON.parse(stderr), { error: { code: "HOLON_SOURCE_MISSING", message: "/none.csv does not exist", next: "Correct the path." } });
});

for (const offset of [0, 3]) {
  test(`a port that is taken (${offset} above the base): HOLON_PORT_TAKEN`, { timeout: 60_000 }, async (context) => {
    const folder = tempFolder(context);
    writeFileSync(join(folder, "good.csv"), good["good.csv"]);
    const base = await freePortBase();
    const holder = createServer().listen(base + offset, "127.0.0.1");
    context.after(() => holder.close());
    await once(holder, "listening");
    const args = ["up", "--port-base", `${base}`, "--replay", join(folder, "good.csv"), "--data", join(folder, "data")];
    assertRefused(await runHolon(context, args), "HOLON_PORT_TAKEN", new RegExp(`${base + offset}`));
  });
}

test("a data folder that another process holds, and one that holds other things, are left alone", { timeout: 60_000 }, async (context) => {
  const folder = tempFolder(context);
  writeFileSync(join(folder, "good.csv"), good["good.csv"]);
  writeFileSync(join(folder, "diary.txt"), "mine");
  const args = [...playOnce, "--replay", join(folder, "good.csv"), "--data"];
  assertRefused(await runHolon(context, [...args, folder]), "HOLON_DATA_IN_USE", /holds data that no earlier --once run made/);
});
