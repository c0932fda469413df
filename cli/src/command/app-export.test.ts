import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { exportedSchema } from "@holon/control/api/export-routes.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { Client } from "../client.ts";
import { parse } from "yaml";
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

test("what the files do not say is told, and stands in what is started", async (context) => {
  const out = folderFor(context);
  const warnings = ["pump/f asks for 3 replicas: this is one node", "pump needs 9 bytes of disk: Compose sets none aside"];
  const files = [{ path: "compose.yaml", text: '{"services":{"pump":{"image":"holon"}}}' }, { path: "holon.node.yaml", text: '{"name":"pump"}' }];
  const stderr: string[] = [];
  context.mock.method(process.stderr, "write", (text: string) => stderr.push(text) > 0);
  await exportToFiles({ ...clientGiving(0), get: (_, answer) => Promise.resolve(answer.parse(exportedSchema.parse({ files, blobs: [], warnings }))) }, "pump", { format: "compose", jurisdiction: "EU/DE", out });
  context.mock.restoreAll();
  assert.deepEqual(stderr, warnings.map((warning) => `warning: ${warning}\n`));
  const [compose = "", node = ""] = files.map(({ path }) => readFileSync(join(out, path), "utf8"));
  assert.deepEqual(compose.split("\n").slice(0, 3), [...warnings.map((warning) => `# ${warning}`), "services:"]);
  assert.deepEqual([parse(compose), node], [{ services: { pump: { image: "holon" } } }, "name: pump\n"]);
});
