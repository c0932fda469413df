import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { overRoom } from "./process-room.ts";

test("folders that nobody can look into any more are too much, and end nobody but the program", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-room-"));
  context.after(() => void spawnSync("rm", ["-rf", folder]));
  writeFileSync(join(folder, "module"), "given");
  assert.equal(overRoom(folder, new Map([["module", 5]])), undefined);
  // Deeper than a path can say: made step by step from within.
  const deep = spawnSync(process.execPath, ["-e", `const { mkdirSync } = require("node:fs"); for (let step = 0; step < 18; step++) { mkdirSync("n".repeat(250)); process.chdir("n".repeat(250)); }`], { cwd: folder });
  assert.equal(deep.status, 0, String(deep.stderr));
  assert.match(overRoom(folder, new Map([["module", 5]])) ?? "", /nobody can look at \(ENAMETOOLONG\)/);
});

test("a folder that its program closed is too much, and is removed with all that is in it", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-room-"));
  context.after(() => void spawnSync("rm", ["-rf", folder]));
  chmodSync(folder, 0o777);
  const closed = join(folder, "closed");
  mkdirSync(closed);
  writeFileSync(join(closed, "x"), Buffer.alloc(100));
  chmodSync(closed, 0o300); // it can be entered, and written to by name
  // The system's administrator may list all: there as somebody else.
  const asSomebody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  if (asSomebody.uid !== undefined) spawnSync("chown", ["-R", "65534:65534", folder]);
  const module = JSON.stringify(new URL("process-room.ts", import.meta.url).href);
  const run = (code: string) => spawnSync(process.execPath, ["--input-type=module", "-e", `import { overRoom, removeRoom } from ${module}; ${code}`], { ...asSomebody, encoding: "utf8" });
  const looked = run(`process.stdout.write(overRoom(${JSON.stringify(folder)}, new Map()) ?? "little");`);
  assert.match(looked.stdout, /nobody can look at \(EACCES\)/, looked.stderr);
  const removed = run(`removeRoom(${JSON.stringify(folder)});`);
  assert.equal(removed.status, 0, removed.stderr);
  assert.equal(existsSync(folder), false);
});

test("what stands in place of a file that was given is not what was given", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-room-"));
  context.after(() => void spawnSync("rm", ["-rf", folder]));
  const given = new Map([["module", 5]]);
  writeFileSync(join(folder, "module"), Buffer.alloc(limits.imageScratchBytes + 1, 1));
  assert.match(overRoom(folder, given) ?? "", /MiB/);
  spawnSync("rm", [join(folder, "module")]);
  mkdirSync(join(folder, "module"));
  writeFileSync(join(folder, "module", "x"), Buffer.alloc(limits.imageScratchBytes + 1, 1));
  assert.match(overRoom(folder, given) ?? "", /MiB/);
});
