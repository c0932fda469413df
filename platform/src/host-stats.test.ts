import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createClock } from "./clock.ts";
import { hostStatsContract } from "@holon/sim/contracts/host-stats.ts";
import { createHostStats } from "./host-stats.ts";
import { readPortableCounters } from "./host/stats-portable.ts";

const clock = createClock();
const isLinux = process.platform === "linux";
const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));

hostStatsContract("real", () => {
  const folder = mkdtempSync(join(tmpdir(), "holon-host-"));
  return { port: createHostStats(clock, folder), drive: (work) => work, dispose: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })) };
}, pause);

test("on Linux a sample has processors, memory, load and processes", { skip: !isLinux && "no /proc here" }, async () => {
  const stats = createHostStats(clock);
  await stats.sample();
  await pause(30);
  const names = Object.keys(await stats.sample());
  for (const name of ["cpuUserPercent", "cpuSystemPercent", "cpuWaitPercent", "memoryUsedPercent", "loadAverage", "runningProcesses"]) assert.ok(names.includes(name), name);
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

test("without /proc there are processor, memory and load", () => {
  const counters = readPortableCounters();
  assert.ok(counters.cpu.total > 0 && counters.cpu.user + counters.cpu.system <= counters.cpu.total);
  assert.ok(counters.memoryUsedPercent > 0 && counters.memoryUsedPercent < 100);
  assert.equal(counters.disk, undefined);
});
