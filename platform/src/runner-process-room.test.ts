import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { overRoom } from "./runner-process-room.ts";

test("folders that nobody can look into any more are too much, and end nobody but the program", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-room-"));
  context.after(() => void spawnSync("rm", ["-rf", folder]));
  writeFileSync(join(folder, "module"), "given");
  assert.equal(overRoom(folder, new Set(["module"])), undefined);
  // Deeper than a path can say: made step by step from within.
  const deep = spawnSync(process.execPath, ["-e", `const { mkdirSync } = require("node:fs"); for (let step = 0; step < 18; step++) { mkdirSync("n".repeat(250)); process.chdir("n".repeat(250)); }`], { cwd: folder });
  assert.equal(deep.status, 0, String(deep.stderr));
  assert.match(overRoom(folder, new Set(["module"])) ?? "", /nobody can look at \(ENAMETOOLONG\)/);
});
