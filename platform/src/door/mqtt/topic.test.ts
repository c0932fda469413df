import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { createPacketCutter, MqttViolation } from "./frames.ts";
import { readMessage } from "./payload.ts";
import { createMqttSessions } from "./session.ts";
import { createTopicMatcher, isTopicName } from "./topic.ts";

test("topic filters take what section 4.7 says", () => {
  const rows: readonly [filter: string, topic: string, isTaken: boolean][] = [
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/tennis/player1/#", "sport/tennis/player2", false],
    ["#", "a/b", true],
    ["#", "$SYS/uptime", false],
    ["+/uptime", "$SYS/uptime", false],
    ["$SYS/#", "$SYS/uptime", true],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["sport/+", "sport/a/b", false],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["a/b", "a/B", false],
  ];
  for (const [filter, topic, isTaken] of rows) assert.equal(createTopicMatcher([filter], "mqtt")(topic), isTaken, `${filter} ${topic}`);
});

test("what is no filter is refused by name, what is no topic name is none", () => {
  for (const filter of ["a/#/b", "a#", "a/b+", "+a/b"]) {
    assert.throws(() => createTopicMatcher(["ok", filter], "mqtt"), (error) => error instanceof HolonError && error.code === "HOLON_APP_BAD" && error.message.includes(filter));
  }
  for (const topic of ["", "a/+", "#", "a\0b", Buffer.from([0x61, 0xff]).toString()]) assert.equal(isTopicName(topic), false, topic);
});

test("packets come out whole whatever pieces they came in", () => {
  const long = Buffer.concat([Buffer.from([0x30, 0x80 | 72, 2]), Buffer.alloc(328, 7)]);
  const all = [Buffer.from([0xc0, 0]), long, Buffer.from([0x40, 2, 0, 1]), Buffer.from([0xc0, 0])];
  const bytes = Buffer.concat(all);
  for (const size of [1, 2, 3, 5, 64, bytes.length]) {
    const cutter = createPacketCutter(1024);
    const packets: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      cutter.push(bytes.subarray(at, at + size));
      for (let packet = cutter.next(); packet !== undefined; packet = cutter.next()) packets.push(Buffer.from(packet));
    }
    assert.deepEqual(packets, all);
  }
});

test("a packet over the limit is refused from its header alone", () => {
  const cutter = createPacketCutter(1024);
  cutter.push(Buffer.from([0x30, 0xff, 0x7f]));
  assert.throws(() => cutter.next(), MqttViolation);
  const endless = createPacketCutter(1024);
  endless.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff]));
  assert.throws(() => endless.next(), MqttViolation);
});

test("payloads: JSON of any kind is parsed, text is text, what is neither is set aside without being quoted", () => {
  const data = (payload: string): unknown => {
    const reading = readMessage("device.message", "pump/1", Buffer.from(payload));
    assert.ok(!(reading instanceof HolonError));
    assert.deepEqual([reading.type, reading.subject, reading.timeMs], ["device.message", "pump/1", undefined]);
    return reading.data;
  };
  assert.deepEqual(data('{"a":1}'), { a: 1 });
  assert.deepEqual(data("21.5"), 21.5);
  assert.deepEqual(data("[1,2]"), [1, 2]);
  assert.deepEqual(data("ON"), { text: "ON" });
  assert.deepEqual(data(""), { text: "" });
  const deep = "[".repeat(limits.payloadDepthMax + 1) + "]".repeat(limits.payloadDepthMax + 1);
  const grown = `["${"\\u0001".repeat(1)}${"\0".repeat(200_000)}"]`;
  for (const payload of [Buffer.from([0x6d, 0x61, 0x72, 0x6b, 0xff]), Buffer.from(deep), Buffer.from(grown)]) {
    const refused = readMessage("device.message", "pump/1", payload);
    assert.ok(refused instanceof HolonError && refused.code === "HOLON_SOURCE_MESSAGE_BAD" && refused.message.includes("pump/1"));
    assert.doesNotMatch(refused.message, /mark/);
  }
  assert.ok(readMessage("device.message", "t".repeat(257), Buffer.from("1")) instanceof HolonError);
});

test("sessions are kept for those who ask, and at the bound the oldest is forgotten", () => {
  const sessions = createMqttSessions(2);
  const { session } = sessions.open("a", false);
  assert.equal(sessions.open("a", false).session, session);
  sessions.open("b", false);
  assert.equal(sessions.open("a", false).isPresent, true);
  sessions.open("c", false);
  assert.equal(sessions.open("a", false).isPresent, true);
  assert.equal(sessions.open("b", false).isPresent, false);
  assert.equal(sessions.open("b", true).isPresent, false);
  assert.equal(sessions.open("b", false).isPresent, false);
});
