import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { printTable } from "./table.ts";
import { draw, guardTerminal, harmless, oneLine } from "./terminal.ts";

const hostile = "\u001b]0;PWNED\u0007\u001b[2J\u009b31mforged\r\u202egpj.exe";

test("what others said is no command to a terminal, and a JSON text says what it said", () => {
  let all = "";
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      all += chunk.toString();
      done();
    },
  });
  guardTerminal([stream]);
  stream.write(`${hostile}\n`);
  stream.write(`${JSON.stringify({ hostile })}\r\n`);
  stream.write(Buffer.from("\u001b[1m"));
  draw(stream, "\u001b[K");
  const [text = "", json = "", own] = all.split(/\r?\n/);
  assert.equal(text, "\\u001b]0;PWNED\\u0007\\u001b[2J\\u009b31mforged\\u000d\\u202egpj.exe");
  assert.deepEqual(JSON.parse(json), { hostile });
  assert.equal(own, "\u001b[1m\u001b[K");
  assert.equal(harmless("Maß\tβ 漢\n😀"), "Maß\tβ 漢\n😀");
});

test("nobody's text makes a row of its own", () => {
  assert.equal(printTable(["A", "B"], [["1", "x\nevil  row"]]), "A  B\n1  x\\u000aevil  row");
  assert.equal(oneLine("a\tb\r\nc"), "a\\u0009b\\u000d\\u000ac");
});
