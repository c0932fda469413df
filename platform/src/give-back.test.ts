import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { unwrittenOf } from "./give-back.ts";

const skip = process.platform !== "linux" ? "only Linux takes pages back" : process.getBuiltinModule("node:ffi") === undefined ? "this Node.js has no node:ffi" : false;

/** Prints how many MB of files are in memory: as it began, given back, and when all was used again. */
const program = `
  import { readFileSync } from "node:fs";
  import { openGiveBack } from ${JSON.stringify(import.meta.resolve("./give-back.ts"))};
  const files = () => { const [all, anonymous] = ["Rss", "Anonymous"].map((name) => Number(new RegExp(\`^\${name}: +(\\\\d+)\`, "m").exec(readFileSync("/proc/self/smaps_rollup", "utf8"))[1])); return (all - anonymous) / 1000; };
  const giveBack = openGiveBack();
  const began = files();
  giveBack();
  const after = files();
  const made = [];
  for (let round = 0; round < 20; round++) { giveBack(); made.push(new Function("a", \`return a.map((one) => one * \${round})\`)([1, 2]).join()); await new Promise((resolve) => setImmediate(resolve)); }
  globalThis.gc();
  console.log(JSON.stringify({ began, after, made: made.at(-1), text: JSON.stringify(new Intl.NumberFormat("en").format(12345.5)) }));
`;

test("what a program needed to start goes back, and all that it needs again is there", { skip }, () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program], { encoding: "utf8" });
  const { began, after, ...made } = JSON.parse(stdout || `{"failed":${JSON.stringify(stderr)}}`) as { began: number; after: number };
  assert.deepEqual(made, { made: "19,38", text: '"12,345.5"' });
  assert.ok(after < began - 10, `${began} MB of files before, ${after} after`);
});

test("only the program's own file, and only where nothing was written", () => {
  const part = (from: string, rights: string, path: string, anonymous: number): string => `${from}000-${from}fff ${rights} 00000000 fe:00 77      ${path}\nSize: 4 kB\nAnonymous:             ${anonymous} kB\nVmFlags: rd ex`;
  const smaps = [part("1", "r-xp", "/bin/node", 0), part("2", "r--p", "/bin/node", 4), part("3", "rw-p", "/bin/node", 0), part("4", "r-xp", "/lib/libc.so", 0), part("5", "r--p", "/bin/node", 0), part("6", "r-xp", "/bin/node (deleted)", 0), "7000-7fff rw-p 00000000 00:00 0 \nAnonymous: 0 kB"].join("\n");
  assert.deepEqual(unwrittenOf(smaps, "/bin/node"), [{ start: 0x1000n, bytes: 0xfffn }, { start: 0x5000n, bytes: 0xfffn }]);
});

test("a program that has no right to it goes on without", () => {
  const { stdout, status } = spawnSync(process.execPath, ["--permission", `--allow-fs-read=${import.meta.dirname}/*`, "--no-warnings", "--input-type=module", "-e", `import { giveBackUnused } from ${JSON.stringify(import.meta.resolve("./give-back.ts"))}; console.log(giveBackUnused())`], { encoding: "utf8" });
  assert.deepEqual({ stdout, status }, { stdout: "false\n", status: 0 });
});

