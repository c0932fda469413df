import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { createMeter } from "./meter.ts";

const heap = { total_physical_size: 5, externally_allocated_size: 2 };
beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
afterEach(() => mock.timers.reset());

/** An isolate that answers when it is told to, on a process whose clock of processors is set by hand. */
function watched() {
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

test("an isolate that takes the time of a processor and does not answer is at work, and is told of once", () => {
  const { pass } = watched();
  assert.equal(pass(limits.isolateEndMs / 2, 400), 0);
  assert.equal(pass(limits.isolateEndMs / 2, 400), 1);
  assert.equal(pass(limits.isolateEndMs, 400), 1);
});

test("one that answers late since others have the machine is not: it held no thread, or no processor was at work", async () => {
  for (const [heldMs, takenMs] of [[0, 900], [limits.isolateEndMs, 3]] as const) {
    const { pass, answer, meter } = watched();
    for (let times = 0; times < 20; times++) assert.equal(pass(heldMs, takenMs), 0);
    answer.resolve(heap);
    await new Promise(setImmediate);
    assert.equal(meter.usage().memoryBytes, 7);
    assert.equal(pass(9_000, 9_000), 0, "who has answered is not looked at again");
  }
});

test("one that was ended meanwhile is left alone", () => {
  const { pass, isolate } = watched();
  isolate.isDisposed = true;
  assert.equal(pass(9_000, 9_000), 0);
});
