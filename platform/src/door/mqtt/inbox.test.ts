/** Messages are handed on when they come, and acknowledged in their order, each when it is on the disk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { DoorSink, Reading } from "@holon/core/ports.ts";
import { createInbox, type Inbox } from "./inbox.ts";

interface Held {
  readonly readings: readonly Reading[];
  store(): void;
  fail(error: HolonError): void;
}

/** A disk that is done when it is told so. */
function heldSink(): { readonly sink: DoorSink; readonly held: Held[] } {
  const held: Held[] = [];
  const sink: DoorSink = {
    offset: undefined,
    accept: (readings) => new Promise((store, fail) => void held.push({ readings, store, fail })),
    enterProducer: () => Promise.reject(new HolonError("HOLON_INTERNAL", "not of this test")),
    reject: () => Promise.resolve(),
    ended: () => undefined,
  };
  return { sink, held };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function push(inbox: Inbox, data: number, told: (word: string) => void): Promise<void> {
  inbox.push({ topic: "t", message: { type: "a", subject: "s", timeMs: undefined, data }, bytes: 1, begin: () => true, done: () => told(`done ${data}`), failed: () => told(`failed ${data}`) });
  for (let turns = 0; turns < 3; turns++) await turn();
}

test("each is handed on while those before are being stored, up to a bound, and acknowledged in the order in which they came", async () => {
  const { sink, held } = heldSink();
  const words: string[] = [];
  const inbox = createInbox(sink, () => assert.fail("nothing is broken"));
  const count = limits.mqttAppendsMax + 2;
  for (let data = 1; data <= count; data++) await push(inbox, data, (word) => words.push(word));
  assert.deepEqual(held.map(({ readings }) => readings.map((reading) => reading.data)), Array.from({ length: limits.mqttAppendsMax }, (_, index) => [index + 1]), "one by one; what is over waits");
  held[1]?.store();
  for (let turns = 0; turns < 3; turns++) await turn();
  assert.deepEqual(words, [], "the second is on the disk, the first is not");
  held[0]?.store();
  for (let turns = 0; turns < 3; turns++) await turn();
  assert.deepEqual(words, ["done 1", "done 2"]);
  assert.deepEqual(held.at(-1)?.readings.map((reading) => reading.data), [count - 1, count], "those that waited share an append");
  for (const one of held) one.store();
  await inbox.drained();
  assert.deepEqual(words, Array.from({ length: count }, (_, index) => `done ${index + 1}`));
});

test("what the log refuses for good fails all that is on its way, and closes the door once", async () => {
  const { sink, held } = heldSink();
  const words: string[] = [];
  const inbox = createInbox(sink, ({ code }) => words.push(code));
  for (const data of [1, 2, 3]) await push(inbox, data, (word) => words.push(word));
  held[0]?.store();
  for (const one of held.slice(1)) one.fail(new HolonError("HOLON_LOG_CLOSED", "the log is closed"));
  await inbox.drained();
  await push(inbox, 4, (word) => words.push(word));
  await inbox.drained();
  assert.deepEqual(words, ["done 1", "failed 2", "HOLON_LOG_CLOSED", "failed 3", "failed 4"]);
  assert.equal(held.length, 3, "nothing more is handed on");
});

test("what is sent again while the first of it is under way is acknowledged only if that was stored", async () => {
  for (const isStored of [true, false]) {
    const { sink, held } = heldSink();
    const words: string[] = [];
    const inbox = createInbox(sink, () => undefined);
    await push(inbox, 1, (word) => words.push(word));
    inbox.push({ topic: "t", message: { type: "a", subject: "s", timeMs: undefined, data: 1 }, bytes: 1, begin: () => false, done: () => words.push("done again"), failed: () => words.push("failed again") });
    for (let turns = 0; turns < 3; turns++) await turn();
    if (isStored) held[0]?.store();
    else held[0]?.fail(new HolonError("HOLON_DISK_FULL", "no room"));
    await inbox.drained();
    assert.deepEqual(words, isStored ? ["done 1", "done again"] : ["failed 1", "failed again"]);
    assert.equal(held.length, 1);
  }
});
