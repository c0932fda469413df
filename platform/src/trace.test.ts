import assert from "node:assert/strict";
import { test } from "node:test";
import { createTrace } from "./trace.ts";

function collect(writableLength = 0) {
  const lines: string[] = [];
  return { lines, output: { writableLength, write: (line: string) => lines.push(line) } };
}

test("writes one line for a note, from the level on", () => {
  const { lines, output } = collect();
  const trace = createTrace({ name: "gateway-1", level: "info", output });
  trace.note("debug", "too fine");
  trace.note("warn", "the link is down", { peer: "edge-1", tries: 3, why: "no answer" });
  assert.deepEqual(lines, ['warn gateway-1 the link is down peer=edge-1 tries=3 why="no answer"\n']);
});

test("text from a peer cannot make a line of its own nor steer the terminal", () => {
  const { lines, output } = collect();
  createTrace({ name: "gateway-1", level: "debug", output }).note("info", "closed\nerror gateway-1 forged\u001b[2J", { reason: "a\u0007b" });
  assert.equal(lines.length, 1);
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  assert.doesNotMatch(lines.join("").slice(0, -1), /[\u0000-\u001f]/);
});

test("does not grow with a reader that does not read, and counts what it dropped", () => {
  const { lines, output } = collect(2 << 20);
  const trace = createTrace({ name: "gateway-1", level: "info", output });
  trace.note("info", "one");
  trace.note("info", "two");
  assert.deepEqual(lines, []);
  output.writableLength = 0;
  trace.note("info", "three");
  assert.deepEqual(lines, ["warn gateway-1 trace lines dropped count=2\n", "info gateway-1 three\n"]);
});
