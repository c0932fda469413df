import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { acceleratorsOf } from "./accelerators.ts";

function machine(context: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "holon-"));
  context.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "sys/class"), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
const card = (number: number, vendor: string) => ({ [`sys/class/drm/card${number}/device/vendor`]: `${vendor}\n`, [`sys/class/drm/renderD${128 + number}/device/vendor`]: `${vendor}\n` });
const nvidia = (bus: string) => ({ [`proc/driver/nvidia/gpus/0000:${bus}:00.0/information`]: "Model: \t\t NVIDIA L4\nIRQ:   \t\t 44\nGPU UUID: \t GPU-1\n" });

test("cards, what computes alone and what has a device of its own are found by kind, each once", (context) => {
  const root = machine(context, { ...card(0, "0x10de"), ...card(1, "0x10de"), ...card(2, "0x1002"), ...nvidia("01"), ...nvidia("02"), "sys/class/accel/accel0/device/vendor": "0x8086\n", "dev/apex_0": "", "dev/null": "" });
  assert.deepEqual(acceleratorsOf(root, "linux"), [{ model: "amd gpu", count: 1 }, { model: "google coral", count: 1 }, { model: "intel accelerator", count: 1 }, { model: "nvidia L4", count: 2 }]);
  assert.deepEqual(acceleratorsOf(machine(context, card(0, "0x10de")), "linux"), [{ model: "nvidia gpu", count: 1 }], "under a driver that names none");
});

test("what a hypervisor draws on is none; a machine without any has none, and of one that shows nothing nobody knows", (context) => {
  assert.deepEqual(acceleratorsOf(machine(context, card(0, "0x1af4")), "linux"), []);
  assert.deepEqual(acceleratorsOf(machine(context, { "dev/null": "" }), "linux"), []);
  assert.equal(acceleratorsOf(join(tmpdir(), "holon-no-such-root"), "linux"), undefined);
  assert.equal(acceleratorsOf("/", "darwin"), undefined);
});
