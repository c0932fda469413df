import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textToUtf8, utf8ToText } from "./utf8.ts";

test("text and bytes are as TextEncoder and TextDecoder have them, ill-formed ones too", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.deepEqual(textToUtf8(text), new TextEncoder().encode(text))));
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => assert.equal(utf8ToText(textToUtf8(text)), text)));
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.equal(utf8ToText(new TextEncoder().encode(text)), decoder.decode(new TextEncoder().encode(text)))));
  for (const bytes of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 1], [0xe2, 0x82]]) assert.match(utf8ToText(Uint8Array.from(bytes)), /\uFFFD/u);
});
