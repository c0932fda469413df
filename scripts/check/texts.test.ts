import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTexts, longFileLines } from "./texts.ts";

const problems = (path: string, text: string): readonly string[] => checkTexts([{ path, text }]).map(({ line, message }) => `${line} ${message}`);

/** Put together here, so that this file passes its own check. */
const folder = (name: string): string => `/${name}/`;

test("paths of one machine", () => {
  for (const name of ["tmp", "work", "root", "home/ada"]) {
    assert.deepEqual(problems("docs/a.md", `one\nsee \`${folder(name)}x\``), [`2 path of one machine: ${folder(name)}`]);
    assert.equal(problems("core/src/a.ts", `const path = "${folder(name)}x";`).length, 1);
    assert.equal(problems("package.json", `"${folder(name)}x"`).length, 1);
  }
});

test("paths that only look like one", () => {
  assert.deepEqual(problems("docs/a.md", `https://example.org${folder("work")}x, .${folder("tmp")}x, data${folder("root")}x, \`${folder("home")}\` and \`~${folder("tmp")}x\``), []);
});

test("unfinished prose", () => {
  assert.equal(problems("docs/a.md", ["TO", "DO"].join("")).length, 1);
});

test("long sources say why", () => {
  const lines = (count: number): string => "a();\n".repeat(count);
  assert.deepEqual(problems("core/src/a.ts", lines(longFileLines)), []);
  assert.match(problems("core/src/a.ts", lines(longFileLines + 1))[0] ?? "", /^401 401 lines: split it/);
  assert.deepEqual(problems("core/src/a.ts", `// long file: one table of all operators\n${lines(longFileLines)}`), []);
  assert.equal(problems("core/src/a.ts", `// long file:\n${lines(longFileLines)}`).length, 1);
  assert.deepEqual(problems("docs/a.md", lines(longFileLines + 1)), []);
});
