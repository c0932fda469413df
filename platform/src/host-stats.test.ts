import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createClock } from "./clock.ts";
import { createHostStats, hostFigures } from "./host-stats.ts";
import { readPortableCounters } from "./host/stats-portable.ts";

const clock = createClock();
const isLinux = process.platform === "linux";
const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));

test("the first sample has levels and no rates; from the second on the set is whole and stays", { skip: !isLinux && "no /proc here" }, async () => {
  const stats = createHostStats(clock);
  const first = await stats.sample();
  assert.ok(!Object.keys(first).some((name) => /PerSecond$|^cpu/.test(name)), Object.keys(first).join());
  await pause(30);
  const second = await stats.sample();
  await pause(30);
  const names: readonly string[] = Object.keys(second);
  assert.deepEqual(names, Object.keys(await stats.sample()));
  assert.deepEqual(names, [...hostFigures].filter((name) => names.includes(name)), "the order of the table");
  for (const name of ["cpuUserPercent", "cpuSystemPercent", "cpuWaitPercent", "memoryUsedPercent", "loadAverage", "runningProcesses"] as const) assert.ok(names.includes(name), name);
  for (const [name, value] of Object.entries(second)) {
    assert.ok(Number.isFinite(value) && value >= 0, `${name} ${value}`);
    if (name.endsWith("Percent")) assert.ok(value <= 100, `${name} ${value}`);
  }
});

test("a busy processor shows as processor time", { skip: !isLinux && "no /proc here" }, async () => {
  const stats = createHostStats(clock);
  await stats.sample();
  const endMs = clock.monotonicMs() + 200;
  while (clock.monotonicMs() < endMs) Math.sqrt(endMs);
  const { cpuUserPercent = 0, cpuSystemPercent = 0, runningProcesses = 0 } = await stats.sample();
  assert.ok(cpuUserPercent + cpuSystemPercent > 0, `${cpuUserPercent} ${cpuSystemPercent}`);
  assert.ok(runningProcesses >= 1);
});

test("a write that is synced shows as a rate over the true interval", { skip: !isLinux && "no /proc here" }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-host-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const stats = createHostStats(clock);
  await stats.sample();
  await pause(5);
  if ((await stats.sample())["diskWriteKiBPerSecond"] === undefined) return context.skip("no physical disk is told of here");
  const startMs = clock.monotonicMs();
  const file = await open(join(folder, "data"), "w");
  await file.write(Buffer.alloc(8 << 20, 7));
  await file.datasync();
  await file.close();
  const { diskWriteKiBPerSecond = 0 } = await stats.sample();
  const seconds = (clock.monotonicMs() - startMs) / 1000;
  if (diskWriteKiBPerSecond === 0) return context.skip("the folder for temporary files is not on a physical disk");
  assert.ok(diskWriteKiBPerSecond * seconds >= 7 * 1024, `${diskWriteKiBPerSecond} KiB/s over ${seconds} s`);
});

test("two samples at once give finite figures", async () => {
  const stats = createHostStats(clock);
  await stats.sample();
  for (const sample of await Promise.all([stats.sample(), stats.sample(), stats.sample()])) {
    for (const [name, value] of Object.entries(sample)) assert.ok(Number.isFinite(value), name);
  }
});

test("without /proc there are processor, memory and load", () => {
  const counters = readPortableCounters();
  assert.ok(counters.cpu.total > 0 && counters.cpu.user + counters.cpu.system <= counters.cpu.total);
  assert.ok(counters.memoryUsedPercent > 0 && counters.memoryUsedPercent < 100);
  assert.equal(counters.disk, undefined);
});
