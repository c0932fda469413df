import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** What a node has loaded when it starts, Node's own modules included. */
function loadedBy(path: string): readonly string[] {
  const text = `import(${JSON.stringify(path)}).then(() => process.stdout.write(JSON.stringify(process.moduleLoadList)))`;
  return JSON.parse(execFileSync(process.execPath, ["--no-warnings", "-e", text], { encoding: "utf8" })) as readonly string[];
}

test("a node loads no HTTP client that it may never need", () => {
  const loaded = loadedBy(fileURLToPath(new URL("compose.ts", import.meta.url)));
  assert.ok(loaded.includes("NativeModule _http_server"), "the names are as this test knows them");
  for (const heavy of ["internal/deps/undici/undici", "internal/http2/core"]) {
    assert.ok(!loaded.includes(`NativeModule ${heavy}`), `${heavy} is loaded: an \`import\` of node:http brings it, \`process.getBuiltinModule\` does not`);
  }
});
