import assert from "node:assert/strict";
import { test } from "node:test";
import { checkBans } from "./bans.ts";

const problems = (path: string, text: string): readonly string[] => checkBans([{ path, text }]).map(({ line, message }) => `${line} ${message}`);
const caught = (path: string, text: string): void => assert.equal(problems(path, text).length, 1, `${path}: ${text}`);
const passes = (path: string, text: string): void => assert.deepEqual(problems(path, text), [], `${path}: ${text}`);

const forbidden = [
  "const now = Date.now();",
  "const now = new Date();",
  "const now = new Date;",
  "const chance = Math.random();",
  "setTimeout(run, 1);",
  "const timer = setInterval(run, 1);",
  "setImmediate(run);",
  "queueMicrotask(run);",
  "const start = performance.now();",
  "const home = process.env;",
  "const bytes = Buffer.from(text);",
  "const answer = await fetch(url);",
  "console.log(text);",
  "const all = globalThis;",
];

test("the pure workspaces reach nothing of the machine", () => {
  for (const workspace of ["core", "node", "control", "sdk"]) {
    for (const text of forbidden) caught(`${workspace}/src/a.ts`, text);
  }
});

test("where the machine is theirs, they may; tests may everywhere", () => {
  for (const text of forbidden) {
    passes("platform/src/a.ts", text);
    passes("cli/src/a.ts", text);
    passes("node/src/a.test.ts", text);
  }
});

test("the simulator takes chance and wall-clock time from its seed", () => {
  caught("sim/src/a.ts", "Math.random()");
  caught("sim/src/a.ts", "Date.now()");
  passes("sim/src/a.ts", "setImmediate(run)");
});

test("what only looks like it passes", () => {
  passes("core/src/a.ts", `new Date(ms); log.process.run(); // Date.now()\nconst text = "process.env";`);
  passes("node/src/a.ts", "class Blobs {\n  async fetch(hash: string): Promise<void> {}\n}\ninterface B {\n  fetch(hash: string): void;\n}\nblobs.fetch(hash);");
  passes("node/src/a.ts", "async function fetch(hash: string): Promise<void> {}\nawait fetch(hash);");
  passes("core/src/a.ts", "const many = asany; type A = Map<string, any>;");
});

test("everywhere: casts, suppressions and unfinished work, with their line", () => {
  assert.deepEqual(problems("cli/src/a.ts", "f();\nconst a = b as any;"), ["2 as any: parse it, or name the type"]);
  caught("platform/src/a.test.ts", "const a = <any>b;");
  caught("platform/src/a.ts", "// @ts-ignore the types are wrong");
  caught("platform/src/a.ts", "// @ts-expect-error\nf();");
  passes("platform/src/a.ts", "// @ts-expect-error the package's types lack this option\nf();");
  for (const word of ["TODO", "FIXME"]) caught("scripts/a.ts", `f(); // ${word} later`);
  passes("scripts/a.ts", `const word = "TODO";`);
});

test("a hook of each test stands inside of what it is for", () => {
  caught("core/src/a.test.ts", "beforeEach(() => mock.timers.enable());");
  caught("core/src/a.test.ts", "f();\nafterEach (reset);");
  passes("core/src/a.test.ts", "describe(\"a\", () => {\n  beforeEach(start);\n});");
  passes("core/src/a.ts", "beforeEach(start);");
});
