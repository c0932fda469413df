import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame, type FrameInput } from "@holon/core/link/frame.ts";
import { createCodec } from "../codec.ts";
import { RepetitionWatch } from "./repetition.ts";

const codec = createCodec();
const subscribe = (sequence: number, credit: number): FrameInput => ({ kind: "stream", header: { op: "subscribe", lanes: [["g/data", sequence, "0".repeat(64)]], credit: [credit, 0] } });

function watching(frames: readonly (readonly [FrameInput, number])[]): readonly string[] {
  const watch = new RepetitionWatch(codec);
  const end = {};
  for (const [frame, atMs] of frames) watch.see({ from: "parent", to: "child", frame: encodeFrame(frame, codec), end }, atMs);
  return watch.violations;
}

test("the same question again and again is seen, whatever credit goes with it", () => {
  const [violation = ""] = watching(Array.from({ length: 40 }, (_, index) => [subscribe(7, index), index * 10]));
  assert.match(violation, /parent says to child more than 25 times within a minute: .*subscribe/);
});

test("questions that get on, or come now and then, or once on each of many connections, are right; so is rubbish", () => {
  assert.deepEqual(watching(Array.from({ length: 200 }, (_, index) => [subscribe(index, 0), index * 10])), []);
  assert.deepEqual(watching(Array.from({ length: 200 }, (_, index) => [subscribe(7, 0), index * 5_000])), []);
  const watch = new RepetitionWatch(codec);
  for (let index = 0; index < 100; index++) watch.see({ from: "a", to: "b", frame: new Uint8Array([0, 0, 9, 9, 9, 9]), end: watch }, index);
  const question = encodeFrame(subscribe(7, 0), codec);
  for (let index = 0; index < 100; index++) watch.see({ from: "a", to: "b", frame: question, end: {} }, index);
  assert.deepEqual(watch.violations, []);
});
