import assert from "node:assert/strict";
import { test } from "node:test";
import { testFunction } from "@holon/sdk/testing";
import read from "./read.ts";

const request = (body: unknown) => ({ data: { request: "1", method: "POST", path: "/read", params: {}, query: {}, body } });
const picture = (byte: number): readonly number[] => Array.from({ length: 784 }, () => byte);

test("each picture is answered with the digit, and with who is how sure of it", async () => {
  const asked: (readonly number[])[] = [];
  const small = ({ shape, values }: { readonly shape: readonly number[]; readonly values: Float32Array }) => {
    asked.push(shape);
    return Array.from({ length: shape[0] ?? 0 }, (_, row) => ({ scores: Float32Array.of(0, values[row * 784] ?? 0, 0.5), confidence: 0.9, answeredBy: "cloud-1", sure: true }));
  };
  const { outputs } = await testFunction(read, { events: [request({ pictures: [picture(255), picture(0)] })], deciders: { small } });
  const who = { confidence: 0.9, answeredBy: "cloud-1", sure: true };
  assert.deepEqual(outputs.map(({ type, data }) => [type, data]), [["digit.read", { digit: 1, ...who }], ["digit.read", { digit: 2, ...who }], ["holon.response", { request: "1", body: { read: [{ digit: 1, ...who }, { digit: 2, ...who }] } }]]);
  assert.deepEqual(asked, [[2, 784]]);
});

test("what is no picture is refused", async () => {
  for (const body of [null, {}, { pictures: [] }, { pictures: [picture(256)] }, { pictures: [[1, 2]] }]) {
    const { outputs } = await testFunction(read, { events: [request(body)], deciders: { small: () => [] } });
    assert.match(JSON.stringify(outputs[0]?.data), /"status":400/);
  }
});
