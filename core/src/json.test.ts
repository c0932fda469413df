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
