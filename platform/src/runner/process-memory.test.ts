import assert from "node:assert/strict";
import { test } from "node:test";
import type { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { ProcessMemory } from "./process-memory.ts";

const mebibyte = 1 << 20;

function room() {
  let bytes = 60 * mebibyte;
  const told: (readonly [number | undefined, HolonError])[] = [];
  const memory = new ProcessMemory({ residentBytes: () => bytes, commonBytes: () => 0, over: (id, error) => void told.push([id, error]) });
  const works = async (id: number, grows: number): Promise<void> => {
    let end: (() => void) | undefined;
    const done = memory.during(id, new Promise<void>((resolve) => (end = resolve)));
    bytes += grows * mebibyte;
    end?.();
    await done;
    memory.look();
  };
  const occupant = (name: string, weight: () => number) => ({ name, memoryBytesMax: 64 * mebibyte, weight });
  return { memory, told, works, occupant, set: (mebibytes: number) => (bytes = mebibytes * mebibyte) };
}

test("the one that the process grew with is named, not who is at work when it is too much", async () => {
  const { memory, told, works, occupant } = room();
  memory.open(1, occupant("leaks", () => 6 * mebibyte));
  memory.open(2, occupant("honest", () => 5 * mebibyte));
  for (let round = 0; round < 40 && told.length === 0; round++) {
    await works(1, 8);
    await works(2, 0);
  }
  assert.deepEqual(told.map(([id, { code }]) => [id, code]), [[1, "HOLON_UNIT_DIED"]]);
  assert.match(told[0]?.[1].message ?? "", /function leaks was ended: its process came to hold \d+ MiB, \d+ of them while it was at work; it may have 64, and its sandbox counts 6/);
  await works(1, 500);
  assert.equal(told.length, 1);
});

test("what is counted of functions is theirs: many that hold what they may are no fault", async () => {
  const { memory, told, works, occupant } = room();
  for (let id = 1; id <= 20; id++) {
    let weight = 0;
    memory.open(id, occupant(`honest-${id}`, () => weight));
    await works(id, 60);
    weight = 60 * mebibyte;
  }
  memory.look();
  assert.deepEqual(told, []);
});

test("of what is held for functions that are gone nobody is named", async () => {
  const { memory, told, occupant, set } = room();
  memory.open(1, occupant("gone", () => mebibyte));
  memory.close(1);
  set((limits.processRoomBytes >> 20) + 1);
  memory.look();
  assert.deepEqual(told.map(([id, { code }]) => [id, code]), [[undefined, "HOLON_UNIT_INTERRUPTED"]]);
});
