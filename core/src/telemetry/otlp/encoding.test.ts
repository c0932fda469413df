import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJson, decodeProtobuf, encodeProtobuf } from "./encoding.ts";

const encoder = new TextEncoder();
const spans = (span: object): Uint8Array => encoder.encode(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
const metric = (point: object): Uint8Array => encoder.encode(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "m", sum: { dataPoints: [point] } }] }] }] }));

test("a number of JSON that its field cannot hold is refused: as protobuf it would be another", () => {
  for (const time of ["-5", -5, "18446744073709551616", 1e30]) assert.throws(() => decodeJson("TracesRequest", spans({ startTimeUnixNano: time })), { code: "HOLON_ARGUMENT_BAD", message: /startTimeUnixNano/ }, `${time}`);
  for (const flags of [-1, 4_294_967_296]) assert.throws(() => decodeJson("TracesRequest", spans({ flags })), { code: "HOLON_ARGUMENT_BAD" }, `${flags}`);
  for (const kind of [-2_147_483_649, "2147483648"]) assert.throws(() => decodeJson("TracesRequest", spans({ kind })), { code: "HOLON_ARGUMENT_BAD" }, `${kind}`);
  for (const asInt of ["9223372036854775808", "-9223372036854775809"]) assert.throws(() => decodeJson("MetricsRequest", metric({ asInt })), { code: "HOLON_ARGUMENT_BAD" }, asInt);
});

test("the least and the greatest that fits is the same in JSON and protobuf", () => {
  for (const span of [{ startTimeUnixNano: "0", endTimeUnixNano: "18446744073709551615", flags: 4_294_967_295, kind: 5 }]) {
    const told = decodeJson("TracesRequest", spans(span));
    assert.deepEqual(decodeProtobuf("TracesRequest", encodeProtobuf("TracesRequest", told)), told);
  }
  for (const asInt of ["9223372036854775807", "-9223372036854775808"]) {
    const told = decodeJson("MetricsRequest", metric({ asInt }));
    assert.deepEqual(decodeProtobuf("MetricsRequest", encodeProtobuf("MetricsRequest", told)), told);
  }
});

test("bytes in JSON are base 64 of either alphabet, padded or not; what is none is refused as the sender's mistake", () => {
  const log = (bytesValue: string): Uint8Array => encoder.encode(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { bytesValue } }] }] }] }));
  for (const [text, wanted] of [["AAECAw==", "AAECAw=="], ["AAECAw", "AAECAw=="], ["-_8", "+/8="], ["-_8=", "+/8="], ["", ""]] as const) assert.deepEqual(decodeJson("LogsRequest", log(text)), { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { bytesValue: wanted } }] }] }] }, text);
  for (const text of ["!!!!", "A", "AA=A", "===="]) assert.throws(() => decodeJson("LogsRequest", log(text)), { code: "HOLON_ARGUMENT_BAD", message: /bytesValue is no base 64/ }, text);
});
