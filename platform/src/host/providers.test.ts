import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadModelRuntime } from "../model/runtime.ts";
import { providersOf } from "./providers.ts";
import { scratchFolder } from "../testing/scratch-folder.ts";

test("what the model runtime has was tried: on any machine it runs a graph on the processor, natively or as WebAssembly", async () => {
  const found = await providersOf();
  const { providers } = await loadModelRuntime(false);
  assert.ok(found !== undefined, "it could be found out");
  assert.ok(found.includes(providers.at(-1) ?? ""), `${found.join()} of ${providers.join()}`);
  assert.ok(found.every((name) => providers.includes(name)), found.join());
});

test("what ends without an answer, or says what is none, has told nothing", async (context) => {
  const folder = scratchFolder(context);
  for (const [name, text] of [["dies.mjs", "process.abort()"], ["says.mjs", "console.log('[1]')"], ["silent.mjs", ""]] as const) {
    writeFileSync(join(folder, name), text);
    assert.equal(await providersOf(join(folder, name)), undefined, name);
  }
});
