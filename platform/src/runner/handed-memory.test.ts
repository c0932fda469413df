import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { Warden } from "./warden.ts";

const anonymousBytes = (pid: number): number => 1024 * Number(/^Anonymous:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? Number.NaN);

test("what a function was handed is not kept outside of its heap, where nothing bounds it", { skip: process.platform === "linux" ? false : "this system does not tell the memory of processes" }, async (context) => {
  const warden = new Warden({ start: { last: false, threads: false }, talk: () => undefined, guilty: () => undefined, suspected: () => undefined });
  context.after(async () => {
    warden.kill();
    await warden.ended;
  });
  const code = new TextEncoder().encode(`export default { kind: "holon.function", on: { type: "nothing" }, emits: {}, models: [], run() {} };`);
  const { opened } = warden.open("nothing", { kind: "open", id: 1, setup: { name: "nothing", modelNames: [], state: [], declared: undefined }, code, models: {}, fitted: [], memoryBytesMax: limits.unitMemoryBytes, startMs: limits.unitStartMs });
  await opened;
  const data = "x".repeat(20_000);
  const eventsText = JSON.stringify([{ id: "gateway-1/0/local/1", type: "nothing", source: "/test", timeMs: 0, arrivedMs: 0, data }]);
  const batches = async (count: number): Promise<void> => {
    for (let batch = 0; batch < count; batch++) await warden.handle("nothing", { kind: "handle", id: 1, eventsText, timeoutMs: 60_000 });
  };
  await batches(200);
  const before = anonymousBytes(warden.pid ?? 0);
  await batches(2_000);
  const grown = anonymousBytes(warden.pid ?? 0) - before;
  assert.ok(grown < 15e6, `${grown} bytes more after ${2_000 * eventsText.length} bytes of events`);
});
