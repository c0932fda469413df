import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { scanJson, type JsonScan } from "./json-scan.ts";

const encoder = new TextEncoder();
const scanBytes = (bytes: Uint8Array, depthMax = 64): JsonScan => scanJson(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length, depthMax);
const scan = (text: string, depthMax?: number): JsonScan => scanBytes(encoder.encode(text), depthMax);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("whatever is JSON is taken", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), fc.constantFrom("", " ", "\n\t\r "), (text, space) => {
      assert.equal(scan(space + text + space), /^[\0-\x7f]*$/.test(text) ? "ascii" : "unicode");
    }),
    { numRuns: 2000 },
  );
});

test("of a text with one change, and of made-up texts, it says what JSON.parse says", () => {
  const letters = [...'{}[]",:\\ \n\u0001tfnrueals0123456789+-.eE/bé\ud83d\ude00'].map((letter) => letter);
  const changed = fc.tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom("", ...letters), fc.integer({ min: 0, max: 2 })).map(([text, place, letter, cut]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + letter + text.slice(at + cut);
  });
  const made = fc.array(fc.constantFrom(...letters, "true", "false", "null", "1e5", "-0", "0.5", '"a":', "\\u00e9", "\\ud83d"), { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(changed, made), (text) => {
      const whole = text.isWellFormed() ? text : text.toWellFormed();
      assert.equal(scan(whole) !== "none", isJson(whole), JSON.stringify(whole));
    }),
    { numRuns: 20_000 },
  );
});

test("any bytes: what it takes is JSON once it is UTF-8", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (inner) => {
      const bytes = Uint8Array.from([0x22, ...inner, 0x22]);
      const said = scanBytes(bytes);
      let text: string | undefined;
      try {
        text = decoder.decode(bytes);
      } catch {
        assert.notEqual(said, "ascii"); // not UTF-8: whoever is told `unicode` checks that
      }
      if (text !== undefined) assert.equal(said !== "none", isJson(text));
    }),
    { numRuns: 5000 },
  );
});

test("it looks at its range alone, and no deeper than it is told", () => {
  const bytes = encoder.encode("x[1,2]y");
  assert.equal(scanJson(new DataView(bytes.buffer), 1, 6, 64), "ascii");
  for (let end = 2; end < 6; end++) assert.equal(scanJson(new DataView(bytes.buffer), 1, end, 64), "none", String(end));
  const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  assert.deepEqual([scan(nested(64)), scan(nested(65)), scan('{"a":{}}', 2), scan('{"a":{}}', 1)], ["ascii", "none", "ascii", "none"]);
});
