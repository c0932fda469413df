import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

/** What the program of a node has loaded before it runs one: Node's own modules, and the packages of others. */
function loaded(): { readonly own: readonly string[]; readonly packages: readonly string[] } {
  const text = `
    const packages = new Set();
    process.getBuiltinModule("node:module").registerHooks({ load: (url, context, next) => (packages.add(/.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]), next(url, context)) });
    Promise.all(["run-node.ts", "compose.ts"].map((file) => import(${JSON.stringify(new URL(".", import.meta.url).href)} + file)))
      .then(() => process.stdout.write(JSON.stringify({ own: process.moduleLoadList, packages: [...packages].filter(Boolean) })));`;
  return JSON.parse(execFileSync(process.execPath, ["--no-warnings", "-e", text], { encoding: "utf8" })) as ReturnType<typeof loaded>;
}

test("the program of a node loads nothing heavy that it may never need", () => {
  const { own, packages } = loaded();
  assert.ok(own.includes("NativeModule _http_server") && packages.includes("ws") && packages.includes("mqtt-packet"), "the names are as this test knows them");
  for (const heavy of ["internal/deps/undici/undici", "internal/http2/core"]) {
    assert.ok(!own.includes(`NativeModule ${heavy}`), `${heavy} is loaded: an \`import\` of node:http brings it, \`process.getBuiltinModule\` does not`);
  }
  for (const heavy of ["commander", "yaml", "marked", "esbuild", "onnxruntime-node"]) assert.ok(!packages.includes(heavy), `${heavy} is loaded`);
});
