import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { listPaths, repositoryRoot } from "../check/files.ts";
import { filesInTurn } from "./turns.ts";

const files = ["cli/src/a.process.test.ts", "cli/src/b.process.test.ts", "cli/src/c.process.test.ts", "cli/src/d.process.test.ts", "cli/src/once.process.test.ts", "core/src/e.test.ts"];

function inTurn(t: TestContext, rotation: string, turns = ""): ReturnType<typeof filesInTurn> {
  const before = [process.env["HOLON_SIM_ROTATION"], process.env["HOLON_TURNS"]] as const;
  t.after(() => void ([process.env["HOLON_SIM_ROTATION"], process.env["HOLON_TURNS"]] = [before[0] ?? "0", before[1] ?? ""]));
  [process.env["HOLON_SIM_ROTATION"], process.env["HOLON_TURNS"]] = [rotation, turns];
  return filesInTurn(files);
}

test("in three runs every file has run; units and the main job run each time", (t) => {
  const runs = ["7", "8", "9"].map((rotation) => inTurn(t, rotation));
  assert.deepEqual([...new Set(runs.flatMap(({ now }) => now))].sort(), [...files].sort());
  for (const { now, later } of runs) {
    assert.deepEqual([...now, ...later].sort(), [...files].sort());
    assert.ok(now.includes("cli/src/once.process.test.ts") && now.includes("core/src/e.test.ts"));
    assert.ok(later.length >= 2);
  }
});

test("all turns at once leave nothing out", (t) => assert.deepEqual(inTurn(t, "7", "all"), { now: files, later: [] }));

test("a file whose tests all take turns has one of them in every run", () => {
  const lacking = listPaths().filter((path) => path.endsWith(".test.ts")).filter((path) => {
    const text = readFileSync(join(repositoryRoot, path), "utf8");
    const [, name, every] = /^const (\w+) = takesTurns\((\d+)\);$/m.exec(text) ?? [];
    if (name === undefined || /^[ \t]*test\(/m.test(text) || new RegExp(`^[ \\t]+${name}\\(`, "m").test(text)) return false; // indented: in a loop
    return [...text.matchAll(new RegExp(`^${name}\\(`, "gm"))].length < Number(every);
  });
  assert.deepEqual(lacking, []);
});
