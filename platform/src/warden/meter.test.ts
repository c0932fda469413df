import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { createMeter } from "./meter.ts";

const heap = { total_physical_size: 5, externally_allocated_size: 2 };

/** An isolate that answers when it is told to, on a process whose clock of processors is set by hand. */
function watched({ mock }: TestContext) {
  mock.timers.enable({ apis: ["setInterval"] });
  const answer = Promise.withResolvers<typeof heap>();
  const isolate = { isDisposed: false, cpuTime: 0n, getHeapStatistics: () => answer.promise };
  let processorMs = 0;
  let accused = 0;
  const meter = createMeter(isolate, () => processorMs);
  meter.weigh(() => void accused++);
  /** As long on the wall. */
  const pass = (heldMs: number, takenMs: number): number => {
    isolate.cpuTime += BigInt(heldMs * 1e6);
    processorMs += takenMs;
    mock.timers.tick(limits.isolateEndMs);
    return accused;
  };
  return { meter, isolate, answer, pass, accused: () => accused };
}

test("an isolate that takes the time of a processor and does not answer is at work, and is told of once", (context) => {
  const { pass } = watched(context);
  assert.equal(pass(limits.isolateEndMs / 2, 400), 0);
  assert.equal(pass(limits.isolateEndMs / 2, 400), 1);
  assert.equal(pass(limits.isolateEndMs, 400), 1);
});

test("one that answers late since others have the machine is not: it held no thread, or no processor was at work", async (context) => {
  for (const [heldMs, takenMs] of [[0, 900], [limits.isolateEndMs, 3]] as const) {
    const { pass, answer, meter } = watched(context);
    for (let times = 0; times < 20; times++) assert.equal(pass(heldMs, takenMs), 0);
    answer.resolve(heap);
    await new Promise(setImmediate);
    assert.equal(meter.usage().memoryBytes, 7);
    assert.equal(pass(9_000, 9_000), 0, "who has answered is not looked at again");
    context.mock.timers.reset();
  }
});

test("one that ended of itself took what its process did, and no more than the time on the wall", () => {
  for (const [processMs, wallMs] of [[300, 900], [900, 300]] as const) {
    const isolate = { isDisposed: false, cpuTime: 0n, getHeapStatistics: () => Promise.resolve(heap) };
    const now = { processMs: 50, wallMs: 7 };
    const meter = createMeter(isolate, () => now.processMs, () => now.wallMs);
    meter.begin();
    now.processMs += processMs;
    now.wallMs += wallMs;
    isolate.isDisposed = true;
    assert.equal(meter.usage().processorMs, 300);
  }
});

test("one that was ended meanwhile is left alone", (context) => {
  const { pass, isolate } = watched(context);
  isolate.isDisposed = true;
  assert.equal(pass(9_000, 9_000), 0);
});
