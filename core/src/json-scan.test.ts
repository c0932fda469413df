import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createJsonScanner, scanJson, type JsonScan } from "./json-scan.ts";

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

test("of texts that are much alike the scanner says what each alone is", () => {
  const scanner = createJsonScanner(64);
  const letters = [..."{}[]\",:\\ \n\u0001tn0123-+.eE/éx"];
  const number = fc.oneof(fc.integer().map(String), fc.double({ noNaN: true, noDefaultInfinity: true }).map(String), fc.constantFrom("01", "1.", "-", "1e", "-0", "1e5"));
  const word = fc.oneof(fc.string({ maxLength: 9 }).map((text) => JSON.stringify(text)), fc.string({ maxLength: 5, unit: "grapheme" }).map((text) => JSON.stringify(text)), fc.constantFrom("true", "null", '"', "[]"));
  const alike = fc.tuple(fc.constantFrom("a", "é"), number, word, number, fc.constantFrom("", " ", "x"), fc.nat({ max: 3 })).map(([key, one, two, three, space, shape]) =>
    [`{"n":${one},"${key}":${two}${space},"m":[${three},true]}`, `[${one},${two}]${space}`, `${space}${two}`, one][shape] ?? "");
  const changed = fc.tuple(alike, fc.nat(), fc.constantFrom(...letters)).map(([text, place, letter]) => text.slice(0, place % (text.length + 1)) + letter + text.slice((place % (text.length + 1)) + 1));
  fc.assert(
    fc.property(fc.oneof(alike, changed), fc.nat({ max: 5 }), (text, offset) => {
      const whole = encoder.encode(text.toWellFormed());
      const bytes = new Uint8Array(whole.length + 2 * offset).fill(0x31);
      bytes.set(whole, offset);
      const view = new DataView(bytes.buffer);
      const [said, alone] = [scanner.scan(view, offset, offset + whole.length), scanJson(view, offset, offset + whole.length, 64)];
      assert.equal(said === "none", alone === "none", JSON.stringify(text));
      assert.ok(said !== "ascii" || alone === "ascii", JSON.stringify(text)); // what is not ASCII is told, so that its UTF-8 is checked
    }),
    { numRuns: 30_000 },
  );
});
