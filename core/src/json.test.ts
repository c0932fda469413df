import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson, isCanonicalJson } from "./json.ts";

const key = fc.string({ maxLength: 8 }).filter((text) => text !== "__proto__");
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null), fc.array(tie("value"), { maxLength: 5 }), fc.dictionary(key, tie("value"), { maxKeys: 5 })),
}));

/** The same value with the keys of every object in the other order. */
function turned(any: unknown): unknown {
  if (Array.isArray(any)) return any.map(turned);
  if (typeof any !== "object" || any === null) return any;
  return Object.fromEntries(Object.entries(any).reverse().map(([name, item]) => [name, turned(item)]));
}

test("equal values have equal texts, whatever the order of their keys", () => {
  fc.assert(fc.property(value, (any) => canonicalJson(any) === canonicalJson(turned(any))));
});

test("it is JSON of the same value, and its own canonical form", () => {
  fc.assert(
    fc.property(value, (any) => {
      const text = canonicalJson(any);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(any)));
      assert.equal(canonicalJson(JSON.parse(text)), text);
    }),
  );
});

test("keys are sorted by UTF-16 code units (RFC 8785, section 3.2.3), and there is no space", () => {
  assert.equal(canonicalJson({ b: [1, { z: null, a: "x" }], a: 1.5, "\u00e9": 1, Z: true }), '{"Z":true,"a":1.5,"b":[1,{"a":"x","z":null}],"\u00e9":1}');
  const [euro, face] = ["\u20ac", "\ud83d\ude00"];
  assert.equal(canonicalJson({ [face]: 1, [euro]: 2 }), `{"${euro}":2,"${face}":1}`);
});

test("what is undefined is left out of objects and null in lists, as JSON has it", () => {
  assert.equal(canonicalJson({ a: undefined, b: [undefined] }), '{"b":[null]}');
  assert.equal(canonicalJson(undefined), "null");
});

test("what JSON has no number for is refused, and where it stands is named: else two documents would have one text", () => {
  for (const number of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, JSON.parse("1e999")]) {
    assert.throws(() => canonicalJson(number), { code: "HOLON_JSON_NUMBER" });
    assert.throws(() => canonicalJson({ a: [1, { "b c": number }] }), { code: "HOLON_JSON_NUMBER", message: new RegExp(`\\/a\\/1\\/b c is ${number}`) });
  }
  assert.equal(canonicalJson([Number.MAX_VALUE, Number.MIN_VALUE, -0]), "[1.7976931348623157e+308,5e-324,0]");
});

test("a text is canonical or it is not, whatever it is", () => {
  for (const text of ['{"a":1,"b":[null]}', '"x"', "0", "null"]) assert.equal(isCanonicalJson(text), true, text);
  for (const text of ['{"b":1,"a":1}', "1e999", "[-1e999]", "1.0", " 1", "", "{", "undefined"]) assert.equal(isCanonicalJson(text), false, text);
});

/** As RFC 8785 has it, piece by piece. */
function plainly(any: unknown): string {
  if (Array.isArray(any)) return `[${any.map((item) => plainly(item ?? null)).join(",")}]`;
  if (typeof any !== "object" || any === null) return JSON.stringify(any) ?? "null";
  const members = Object.entries(any).filter(([, item]) => item !== undefined);
  return `{${members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => `${JSON.stringify(name)}:${plainly(item)}`).join(",")}}`;
}

test("keys that an object takes no order of have theirs in the text: whole numbers, one that is none, and many", () => {
  for (const [text, canonical] of [
    ['{"b":1,"9":2,"10":3,"a":{"2":[{"1":0,"01":1}]}}', '{"10":3,"9":2,"a":{"2":[{"01":1,"1":0}]},"b":1}'],
    ['{"z":1,"__proto__":{"b":1,"a":2},"a":0}', '{"__proto__":{"a":2,"b":1},"a":0,"z":1}'],
    ['{"constructor":1,"toJSON":2,"":3}', '{"":3,"constructor":1,"toJSON":2}'],
  ] as const) {
    assert.equal(canonicalJson(JSON.parse(text)), canonical);
    assert.equal(isCanonicalJson(canonical), true);
  }
  const odd = fc.dictionary(fc.oneof(key, fc.nat({ max: 200 }).map(String), fc.constantFrom("__proto__", "toJSON", "-1", "01", "4294967295")), value, { maxKeys: 40 });
  fc.assert(fc.property(odd, (any) => assert.equal(canonicalJson(any), plainly(any))));
});

test("what has a text of its own elsewhere has none here: only members count", () => {
  assert.equal(canonicalJson({ at: new Date(0), bytes: new Uint8Array([1, 2]), f: () => 1, s: Symbol("s") }), '{"at":{},"bytes":{"0":1,"1":2},"f":null,"s":null}');
});
