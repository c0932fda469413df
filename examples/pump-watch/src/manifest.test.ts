import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { appManifestSchema } from "@holon/core/schema/app.ts";
import manifest from "../holon.app.ts";

test("the manifest fits its schema, and the files it names are there", () => {
  const app = appManifestSchema.parse(manifest);
  for (const path of [...app.functions.map(({ module }) => module), ...app.models.map(({ graph }) => graph)]) {
    assert.ok(existsSync(new URL(`../${path}`, import.meta.url)), path);
  }
});

test("raw readings have no rule by which they could leave", () =>
  assert.deepEqual(appManifestSchema.parse(manifest).egress, [{ class: "derived", to: "*" }, { class: "aggregate", to: "*" }]));
