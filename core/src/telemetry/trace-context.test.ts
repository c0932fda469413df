import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTraceparent, printTraceparent } from "./trace-context.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";

test("a traceparent is read and printed", () => {
  for (const [flags, sampled] of [["01", true], ["00", false]] as const) {
    const text = `00-${trace}-${span}-${flags}`;
    assert.deepEqual(parseTraceparent(text), { traceId: trace, spanId: span, sampled });
    assert.equal(printTraceparent({ traceId: trace, spanId: span, sampled }), text);
  }
});

test("of a later version what is known is read; what is none is none", () => {
  assert.deepEqual(parseTraceparent(`cc-${trace}-${span}-03-what-comes`), { traceId: trace, spanId: span, sampled: true });
  const none = [undefined, "", `ff-${trace}-${span}-01`, `00-${"0".repeat(32)}-${span}-01`, `00-${trace}-${"0".repeat(16)}-01`, `00-${trace}-${span}-01-more`, `00-${trace.toUpperCase()}-${span}-01`, `00-${trace}-${span}-1`, `00-${trace}-${span}`];
  for (const text of none) assert.equal(parseTraceparent(text), undefined, text ?? "nothing");
});
