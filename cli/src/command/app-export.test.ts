import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Client } from "../client.ts";
import { exportToFiles } from "./app-export.ts";

/** A control plane that gives so many of two blobs, and is gone. */
const clientGiving = (given: number): Client => {
  let asked = 0;
  return {
    get: (_, answer) => Promise.resolve(answer.parse({ files: [{ path: "pump.service", text: "[Unit]" }, { path: "app/app.json", text: "{}" }], blobs: ["a".repeat(64), "b".repeat(64)] })),
    bytes: () => (asked++ < given ? Promise.resolve(new Uint8Array(3)) : Promise.reject(new HolonError("HOLON_API_UNREACHABLE", "control does not answer"))),
    send: () => assert.fail("an export sends nothing"),
  };
};

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holon-export-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "out");
}

test("an export that is cut off says so, and leaves nothing that could be started", async (context) => {
  const out = folderFor(context);
  await assert.rejects(exportToFiles(clientGiving(1), "pump", { format: "systemd", jurisdiction: "EU/DE", out }), { code: "HOLON_API_UNREACHABLE", message: /^control does not answer; .*out is not whole: 1 of 2 blobs are there$/ });
  assert.deepEqual(readdirSync(out), ["app"]);
  assert.deepEqual(readdirSync(join(out, "app")), ["blobs"]);
});

test("one that is not has all of it", async (context) => {
  const out = folderFor(context);
  await exportToFiles(clientGiving(2), "pump", { format: "systemd", jurisdiction: "EU/DE", out });
  assert.deepEqual([readdirSync(out).sort(), readdirSync(join(out, "app", "blobs")).length], [["app", "pump.service"], 2]);
});
