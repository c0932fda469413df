import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { streamNames } from "../schema/event.ts";
import { epochFromChance, isNodeName } from "../units.ts";
import { parseLaneName, parseRecordName, printRecordName } from "./identity.ts";
import { laneName } from "./log.ts";

const nodeName = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/).filter(isNodeName);
const record = fc.record({
  origin: nodeName,
  epoch: fc.uint8Array({ minLength: 13, maxLength: 13 }).map(epochFromChance),
  stream: fc.constantFrom(...streamNames),
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
}).map((name) => ({ ...name }));

test("a name that is printed is read as the same, and prints the same", () => {
  fc.assert(
    fc.property(record, (name) => {
      assert.deepEqual(parseRecordName(printRecordName(name)), name);
      const lane = { origin: name.origin, stream: name.stream };
      assert.deepEqual(parseLaneName(laneName(lane)), lane);
    }),
  );
});

test("text that is no name is none, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), record.map((name) => `${printRecordName(name)}/`), fc.array(fc.constantFrom("gateway-1", "7k3f9qxa0bcde", "data", "1", "", "-a", "0"), { maxLength: 6 }).map((parts) => parts.join("/"))), (text) => {
      const parsed = parseRecordName(text);
      assert.ok(parsed === undefined || printRecordName(parsed) === text);
      const lane = parseLaneName(text);
      assert.ok(lane === undefined || laneName(lane) === text);
    }),
  );
});

for (const text of ["gateway-1/7k3f9qxa0bcde/data/0", "gateway-1/7k3f9qxa0bcde/data/01", "gateway-1/7k3f9qxa0bcde/data/-1", "gateway-1/7k3f9qxa0bcdi/data/1", "Gateway/7k3f9qxa0bcde/data/1", "gateway-1/7k3f9qxa0bcde/blob/1", "gateway-1/7k3f9qxa0bcde/data/1/2"]) {
  test(`no record name: ${text}`, () => assert.equal(parseRecordName(text), undefined));
}

test("a branch has its name behind its origin's", () => {
  const lane = parseLaneName("gateway-1~a1b2c3/data");
  assert.ok(lane !== undefined && lane.branch === "a1b2c3" && laneName(lane) === "gateway-1~a1b2c3/data");
  const name = parseRecordName("gateway-1~a1b2c3/7k3f9qxa0bcde/data/7");
  assert.ok(name !== undefined && printRecordName(name) === "gateway-1~a1b2c3/7k3f9qxa0bcde/data/7");
  for (const text of ["gateway-1~/data", "gateway-1~a1b2c/data", "gateway-1~A1B2C3/data", "gateway-1~000000/data", "gateway-1~a1b2c3~a1b2c3/data", "~a1b2c3/data"]) assert.equal(parseLaneName(text), undefined, text);
});
