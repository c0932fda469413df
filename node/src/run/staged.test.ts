/** A function begins with what the disk still writes, and nothing of it stays if the disk does not take it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Runner } from "@holon/core/ports.ts";
import { running } from "../testing/sim-family.ts";
import { bed, unitOf } from "../testing/unit-bed.ts";

/** Tells of each value when it was handed over. */
const watching = (told: (data: unknown) => void) => (runner: Runner): Runner => ({
  async start(program) {
    const instance = await runner.start(program);
    return {
      handle(events) {
        for (const { data } of events) told(data);
        return instance.handle(events);
      },
      stop: () => instance.stop(),
    };
  },
});

const functions = [{ name: "sums", type: "in.came" }];

test("it is handed over before the disk has it, and what it makes stands behind it", async () => {
  const handed: unknown[] = [];
  const { machine, until, send, outputs } = await bed(functions, watching((data) => handed.push(data)));
  await send("in.came", 1);
  await until("it is at rest", () => unitOf(machine, "sums")?.handled === 1);
  const { log, events } = running(machine);
  machine.medium.faults.slowness = 1_000;
  let stored = false;
  void log.append({ records: [events.record({ stream: "local", type: "in.came", class: "raw", producer: "test", data: 2 })] }).then(() => (stored = true));
  await until("it is handed over", () => handed.length === 2);
  assert.equal(stored, false);
  assert.equal(unitOf(machine, "sums")?.handled, 1, "nothing of it counts yet");
  machine.medium.faults.slowness = 1;
  await until("it is handled", () => unitOf(machine, "sums")?.handled === 2);
  assert.equal(stored, true);
  assert.deepEqual(await outputs(), [1, 3]);
  assert.deepEqual(handed, [1, 2], "once");
});

test("what a full disk refused was never handed over: neither the sum nor an output knows of it", async () => {
  const handed: unknown[] = [];
  const { machine, until, send, outputs } = await bed(functions, watching((data) => handed.push(data)));
  await send("in.came", 1);
  await until("it is at rest", () => unitOf(machine, "sums")?.handled === 1);
  const { log, events } = running(machine);
  const { medium } = machine;
  const room = medium.capacityBytes;
  medium.capacityBytes = medium.usedBytes;
  const record = (type: string, data: unknown) => events.record({ stream: "local", type, class: "raw", producer: "test", data });
  let refused: unknown;
  for (let tries = 0; refused === undefined && tries < 100; tries++) {
    let done = false;
    void log.append({ records: [record("in.came", 1_000), record("test.filler", "x".repeat(50_000))] }).then(() => (done = true), (error: unknown) => (refused = error));
    await until("the disk has answered", () => done || refused !== undefined);
  }
  assert.ok(refused instanceof HolonError && refused.code === "HOLON_DISK_FULL");
  const taken = (await outputs()).length - 1; // what was written ahead of the end had room for so many
  assert.equal(handed.length, 1 + taken + 1, "the refused one was begun with");
  medium.capacityBytes = room;
  await send("in.came", 2);
  await until("it is handled", () => unitOf(machine, "sums")?.handled === 2 + taken && unitOf(machine, "sums")?.lag === 0);
  assert.equal((await outputs()).at(-1), 3 + 1_000 * taken);
});

test("what is staged at once by the dozen does not go past the rate that the function declares", async () => {
  const handed: unknown[] = [];
  const { machine, until, send, pass } = await bed([{ name: "sums", type: "in.came", extra: { eventsPerSecondMax: 2 } }], watching((data) => handed.push(data)));
  await send("in.came", 1);
  await until("it is at rest", () => unitOf(machine, "sums")?.handled === 1);
  await pass(300);
  const { log, events } = running(machine);
  machine.medium.faults.slowness = 1_000;
  void log.append({ records: Array.from({ length: 20 }, () => events.record({ stream: "local", type: "in.came", class: "raw", producer: "test", data: 1 })) });
  await pass(2_000);
  assert.ok(handed.length <= 7, `${handed.length} in 2.3 s at 2 a second`);
});

test("while the disk is at work, each reading is handed over when it comes, past what the function itself has written", async () => {
  const handed: unknown[] = [];
  const { machine, until, send, outputs } = await bed(functions, watching((data) => handed.push(data)));
  await send("in.came", 1);
  await until("it is at rest", () => unitOf(machine, "sums")?.handled === 1);
  const { log, events } = running(machine);
  machine.medium.faults.slowness = 1_000;
  let stored = 0;
  for (const data of [2, 3, 4]) {
    void log.append({ records: [events.record({ stream: "local", type: "in.came", class: "raw", producer: "test", data }), events.record({ stream: "local", type: "in.other", class: "raw", producer: "test", data })] }).then(() => (stored += 1));
    await until("it is handed over", () => handed.length === data);
  }
  assert.equal(stored, 0);
  assert.equal(unitOf(machine, "sums")?.handled, 1, "nothing of it counts yet");
  machine.medium.faults.slowness = 1;
  await until("all is handled", () => unitOf(machine, "sums")?.handled === 4 && unitOf(machine, "sums")?.lag === 0);
  assert.equal(stored, 3);
  assert.deepEqual(await outputs(), [1, 3, 6, 10]);
  assert.deepEqual(handed, [1, 2, 3, 4], "once");
});

test("several that a full disk refused, and others that come under their names, are each handled as what they are", async () => {
  const { machine, until, send, outputs } = await bed(functions);
  await send("in.came", 1);
  await until("it is at rest", () => unitOf(machine, "sums")?.handled === 1);
  const { log, events } = running(machine);
  const { medium } = machine;
  const room = medium.capacityBytes;
  const record = (type: string, data: unknown) => events.record({ stream: "local", type, class: "raw", producer: "test", data });
  medium.capacityBytes = medium.usedBytes;
  let [refused, taken] = [0, 0];
  for (let tries = 0; refused === 0 && tries < 100; tries++) {
    let answered = 0;
    const answer = (isTaken: boolean) => (): void => {
      answered += 1;
      if (isTaken) taken += 1;
      else refused += 1;
    };
    for (const data of [1_000, 1_000, 1_000]) void log.append({ records: [record("in.other", 0), record("in.came", data), record("test.filler", "x".repeat(20_000))] }).then(answer(true), answer(false));
    await until("the disk has answered", () => answered === 3);
  }
  assert.ok(refused > 0);
  medium.capacityBytes = room;
  await send("in.came", 2, 3);
  await send("in.other", 1);
  await until("it is handled", () => unitOf(machine, "sums")?.handled === 3 + taken && unitOf(machine, "sums")?.lag === 0);
  assert.equal((await outputs()).at(-1), 6 + 1_000 * taken);
});
