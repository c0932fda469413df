import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { heldRecords } from "./testing/held-log.ts";
import { assertNothingLost, reportOf, runHolon } from "./testing/holon-process.ts";
import { playOnce, table } from "./testing/refuses.ts";
import { mountSmallDisk } from "./testing/small-disk.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";

const turn = takesTurns(2);
const mebibyte = 1 << 20;
const rowCount = 3_000;
const recording = table(Array.from({ length: rowCount }, (_, row) => `${Math.sin(row / 9)},${Math.cos(row / 7)}`));

turn("a volume that fills up in mid-replay stops the source; with room again it goes on, and nothing is lost", async (context) => {
  const disk = mountSmallDisk(context, (3 * mebibyte) / 4);
  if (disk === undefined) return;
  const path = join(tempFolder(context), "rows.csv");
  writeFileSync(path, recording);
  const command = [...playOnce, "--replay", path, "--data", join(disk.folder, "data")];
  assertRefused(await runHolon(context, command), "HOLON_DISK_FULL", /data\/.*ENOSPC/);
  disk.resize(32 * mebibyte);
  const held = await heldRecords(context, join(disk.folder, "data"), "gateway-1");
  const readings = held.filter(({ event }) => event.type === "pump.reading").length;
  assert.ok(readings > 0 && readings < rowCount, `${readings} rows`);
  const report = reportOf(await runHolon(context, [...command, "--json", "--continue"]));
  assertNothingLost(report);
  assert.equal(report.eventsIn, rowCount);
  const names = new Set((await heldRecords(context, join(disk.folder, "data"), "gateway-1")).map(({ record }) => printRecordName(record)));
  assert.ok(held.every(({ record }) => names.has(printRecordName(record))), "what was on the full disk is still there");
});

turn("a volume with no room at all is said at once, and one with too little for the app or for what is signed of it soon", async (context) => {
  const disks = [16, 176, 240, 256].map((size) => size * 1024).map((sizeBytes) => mountSmallDisk(context, sizeBytes));
  const path = join(tempFolder(context), "rows.csv");
  writeFileSync(path, recording);
  const [none, ...little] = await Promise.all(disks.map((disk) => disk && runHolon(context, [...playOnce, "--replay", path, "--data", join(disk.folder, "data")])));
  if (none !== undefined) assertRefused(none, "HOLON_DISK_FULL", /holon-volume-\w+\/data/);
  for (const ended of little) if (ended !== undefined) assertRefused(ended, "HOLON_DISK_FULL", /(cloud|edge|gateway)-1\/.*ENOSPC/);
});

turn("a data folder that cannot be written is said at once, and what it holds stays", async (context) => {
  const disk = mountSmallDisk(context, 32 * mebibyte);
  if (disk === undefined) return;
  const path = join(tempFolder(context), "rows.csv");
  writeFileSync(path, recording);
  const data = join(disk.folder, "data");
  const command = [...playOnce, "--replay", path, "--data", data];
  disk.readOnly(true);
  assertRefused(await runHolon(context, command), "HOLON_DISK_READ_ONLY", /holon-volume-\w+\/data/);
  assertRefused(await runHolon(context, ["up", "--port-base", "0", "--data", data]), "HOLON_DISK_READ_ONLY", /holon-volume-\w+\/data/);
  disk.readOnly(false);
  assertNothingLost(reportOf(await runHolon(context, [...command, "--json"])));
  const held = await heldRecords(context, data, "gateway-1");
  disk.readOnly(true);
  for (const more of [[], ["--continue"]]) assertRefused(await runHolon(context, [...command, ...more]), "HOLON_DISK_READ_ONLY", /holon-volume-\w+\/data/);
  assert.equal((await heldRecords(context, data, "gateway-1")).length, held.length);
});
