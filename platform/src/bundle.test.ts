import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { bundleFunction } from "./bundle.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";

const judge = fileURLToPath(new URL("../../examples/pump-watch/src/judge.ts", import.meta.url));

test("a function is one small file, the same each time, that says what it is", async () => {
  const [first, second] = [await bundleFunction(judge), await bundleFunction(judge)];
  assert.deepEqual(first.code, second.code);
  assert.ok(first.code.length < 12_000, `${first.code.length} bytes`);
  const { on, emits, models } = first.definition;
  assert.deepEqual([on, models], [{ type: "pump.reading" }, ["pca"]]);
  assert.deepEqual(emits["pump.alert"], { stream: "alarm", class: "derived" });
});

const source = (body: string): string => `export default { kind: "holon.function", on: { type: "in.came" }, emits: {}, models: [], run() {} }; ${body}`;
const bad: readonly (readonly [string, string, RegExp])[] = [
  ["imports what only Node.js has", `import "node:fs"; ${source("")}`, /node:fs.*bad\.ts line 1/],
  ["imports a file that is not there", `import "./nowhere.ts"; ${source("")}`, /nowhere/],
  ["does not parse", "export default {{", /bad\.ts/],
  ["throws at its top level", source("throw new Error('no')"), /does not load/],
  ["exports no function", "export default 1", /defineFunction/],
  ["emits into a stream that there is not", `export default { kind: "holon.function", on: { type: "a" }, emits: { b: { stream: "audit", class: "raw" } }, models: [], run() {} }`, /emits\.b\.stream/],
];
for (const [what, text, naming] of bad) {
  test(`a module is refused that ${what}`, async (context) => {
    const path = join(scratchFolder(context), "bad.ts");
    writeFileSync(path, text);
    await assert.rejects(bundleFunction(path), (error) => error instanceof HolonError && error.code === "HOLON_UNIT_BAD" && naming.test(error.message));
  });
}

test("a module is refused that is not there", () =>
  assert.rejects(bundleFunction("/nowhere/at-all.ts"), (error) => error instanceof HolonError && error.code === "HOLON_UNIT_BAD" && /at-all/.test(error.message)));

test("for trusted threads a module may import Node's own; for any other runtime it may not", async (context) => {
  const path = join(scratchFolder(context), "own.ts");
  writeFileSync(path, `import { createHash } from "node:crypto"; export default { kind: "holon.function", on: { type: "a.b" }, emits: { "a.c": { stream: "local", class: "raw" } }, models: [], run(event, context) { context.emit("a.c", { data: createHash("sha256").update("x").digest("hex") }); } };`);
  const { code, definition } = await bundleFunction(path, "worker");
  assert.match(new TextDecoder().decode(code), /from\s?"node:crypto"/);
  assert.deepEqual(definition.on, { type: "a.b" });
  await assert.rejects(bundleFunction(path), { code: "HOLON_UNIT_BAD", message: /node:crypto/ });
});
