import assert from "node:assert/strict";
import { test } from "node:test";
import { badIdIn, withoutBadIds } from "./ids.ts";

const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
const span = { traceId, spanId, name: "one" };

test("an id of a span is of its length and not all zeros, and that of what led to it may be left out", () => {
  assert.equal(badIdIn("traces", span), undefined);
  assert.equal(badIdIn("traces", { ...span, parentSpanId: "" }), undefined);
  assert.equal(badIdIn("traces", { ...span, parentSpanId: spanId, links: [{ traceId, spanId }] }), undefined);
  for (const bad of [{ ...span, traceId: "" }, { name: "one", spanId }, { ...span, traceId: traceId.slice(2) }, { ...span, traceId: "0".repeat(32) }, { ...span, spanId: "0".repeat(16) }, { ...span, spanId: `${spanId}00` }, { ...span, spanId: "no hex at all!!!" }, { ...span, parentSpanId: "ab" }, { ...span, links: [{ traceId, spanId: "ab" }] }]) assert.match(badIdIn("traces", bad) ?? "", /Id of a Span(Link)? is/, JSON.stringify(bad));
});

test("so is that of a log record and of an exemplar, where there is one", () => {
  assert.equal(badIdIn("logs", { severityText: "INFO" }), undefined);
  assert.equal(badIdIn("logs", { traceId, spanId }), undefined);
  assert.match(badIdIn("logs", { traceId: "abcd" }) ?? "", /traceId of a LogRecord is not of 16 bytes/);
  assert.equal(badIdIn("metrics", { name: "m", sum: { dataPoints: [{ asDouble: 1, exemplars: [{ traceId, spanId }] }] } }), undefined);
  assert.match(badIdIn("metrics", { name: "m", sum: { dataPoints: [{ asDouble: 1, exemplars: [{ traceId, spanId: "ab" }] }] } }) ?? "", /spanId of a Exemplar is not of 8 bytes/);
});

test("of a resource the rest stays as it is", () => {
  const resource = { resource: { attributes: [] }, scopeSpans: [{ scope: { name: "a" }, spans: [span, { ...span, spanId: "ab" }] }, { scope: { name: "b" }, spans: [{ ...span, name: "two" }] }] };
  const { resource: kept, left, why } = withoutBadIds("traces", resource);
  assert.deepEqual([kept, left, why], [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: "a" }, spans: [span] }, { scope: { name: "b" }, spans: [{ ...span, name: "two" }] }] }, 1, "the spanId of a Span is not of 8 bytes"]);
  const good = { scopeSpans: [{ spans: [span] }] };
  assert.equal(withoutBadIds("traces", good).resource, good);
});
