import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { powerSourceOf } from "./power.ts";

test("what a machine runs on is read from its supplies; without any nobody knows", (context) => {
  const supplies = (of: Readonly<Record<string, Readonly<Record<string, string>>>>): string => {
    const folder = mkdtempSync(join(tmpdir(), "holon-"));
    context.after(() => rmSync(folder, { recursive: true }));
    for (const [name, files] of Object.entries(of)) {
      mkdirSync(join(folder, name));
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), `${text}\n`);
    }
    return folder;
  };
  const battery = (status: string) => ({ type: "Battery", status });
  assert.equal(powerSourceOf(supplies({ AC: { type: "Mains", online: "1" }, BAT0: battery("Charging") })), "mains");
  assert.equal(powerSourceOf(supplies({ AC: { type: "Mains", online: "0" }, BAT0: battery("Discharging") })), "battery");
  assert.equal(powerSourceOf(supplies({ mouse: { ...battery("Discharging"), scope: "Device" } })), undefined);
  assert.equal(powerSourceOf(join(tmpdir(), "holon-no-such-folder")), undefined);
});
