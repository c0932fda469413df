import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMeasured } from "./measured.ts";

const files = Object.entries({
  "cli/src/holon.ts": `import { start } from "./start.ts";\nimport type { Only } from "@holon/bench/types.ts";\nawait import("@holon/control/index.ts");`,
  "cli/src/start.ts": `new Worker(new URL("./aside.ts", import.meta.url));\nfork(fileURLToPath(new URL("./child.ts", import.meta.url)));\nconst page = new URL("./page.md", import.meta.url);`,
  "cli/src/aside.ts": `import { play } from "@holon/sim/play.ts"; // import "@holon/never/a.ts"`,
  "cli/src/child.ts": "import.meta.resolve(\"@holon/core/inside.ts\");",
  "sim/src/play.ts": `export * from "@holon/node/testing/bed.ts";`,
  "bench/src/other.ts": `import "@holon/sim/unseen.ts";`,
}).map(([path, text]) => ({ path, text }));

test("what is loaded by any way, in a thread or a process too, is to be measured; what is named for its types or by nobody is not asked about", () => {
  const asked: string[] = [];
  assert.deepEqual(checkMeasured(files, (path) => asked.push(path) > 0), []);
  assert.deepEqual([...new Set(asked)].sort(), ["cli/src/aside.ts", "cli/src/child.ts", "cli/src/start.ts", "control/src/index.ts", "core/src/inside.ts", "node/src/testing/bed.ts", "sim/src/play.ts"]);
  assert.deepEqual(checkMeasured(files, (path) => !path.startsWith("sim/")).map(({ path, line }) => `${path}:${line}`), ["cli/src/aside.ts:1"]);
  assert.equal(checkMeasured([], () => true).length, 1, "where nothing is walked something is wrong");
});
