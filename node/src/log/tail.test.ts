import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { isNodeName } from "@holon/core/units.ts";
import { createTail, type TailRun } from "./tail.ts";

const origin = "gateway-1";
const lane = isNodeName(origin) ? ({ origin, epoch: "0123456789abcdef", stream: "data" } as const) : assert.fail();

function bed(maxBytes: number) {
  let nowMs = 0;
  let next = 1;
  const unused: Uint8Array[] = [];
  const tail = createTail({ maxBytes, unused: (bytes) => unused.push(bytes), nowMs: () => nowMs });
  const push = (bytes: number): void => {
    const room = new Uint8Array(bytes);
    const header = { ...lane, firstSequence: next, count: 1 };
    tail.push([{ header, bytes: room } as TailRun], room);
    next += 1;
  };
  return { push, pass: (ms: number) => void (nowMs += ms), first: () => [1, 2, 3, 4, 5].find((sequence) => tail.from(lane, sequence) !== undefined), unused };
}

test("batches go, the oldest first, when there are too many bytes, and those that nobody was handed may be used again", () => {
  const { push, first, unused } = bed(limits.tailBytesPerLane + 250);
  for (let batch = 0; batch < 4; batch++) push(100 + limits.tailBytesPerLane / 2);
  assert.equal(first(), 2);
  assert.equal(unused.length, 1);
});

test("while more comes, what is older than a reader that is nearly up to date would ask for goes, but for a little", () => {
  const { push, pass, first } = bed(4 * limits.tailBytesMin);
  push(limits.tailBytesMin);
  pass(limits.tailMsMax);
  push(limits.tailBytesMin - 100);
  assert.equal(first(), 1);
  pass(limits.tailMsMax * 10);
  assert.equal(first(), 1, "nothing has come since");
  push(100);
  assert.equal(first(), 2);
  pass(limits.tailMsMax * 10);
  push(100);
  assert.equal(first(), 3);
});
