import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createLinkBudget, type LinkBudget } from "@holon/core/link/budget.ts";
import { limits } from "@holon/core/limits.ts";
import type { FrameInput } from "@holon/core/link/frame.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import { createClock } from "@holon/platform/clock.ts";
import { integrity, openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import { createStreamSender } from "./stream-sender.ts";

type Header = Extract<FrameInput, { kind: "stream" }>["header"];

async function openSender(context: TestContext, budget: Pick<LinkBudget, "waitMs"> = { waitMs: () => 0 }, patience: { sinceMs: number | undefined } = { sinceMs: undefined }, mayLeave: () => Promise<boolean> = () => Promise.resolve(true)) {
  const log = await openTempLog(tempFolder(context));
  const sent: { readonly header: Header; readonly bytes: number }[] = [];
  let wake: () => void = () => undefined;
  const sender = createStreamSender({
    log,
    clock: createClock(),
    marks: new Map(),
    patience,
    budget,
    send(frame) {
      if (frame.kind === "stream") sent.push({ header: frame.header, bytes: frame.payload?.length ?? 0 });
      wake();
    },
    mayLeave,
    integrity,
    damaged: (lane, message) => assert.fail(`${lane}: ${message}`),
    failed: (error) => assert.fail(String(error)),
  });
  context.after(() => {
    sender.stop();
    return log.close();
  });
  return {
    sender,
    sent,
    put: (stream: StreamName, bytes: number) => log.append({ records: [record(stream, "x".repeat(bytes))] }),
    async until(count: number): Promise<void> {
      while (sent.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

const lanes = (["alarm", "data"] as const).map((stream) => [`gateway-1/${stream}`, 0] as const);

test("what there is no credit for is asked for once, and sent when it is granted", async (context) => {
  const { sender, sent, put, until } = await openSender(context);
  await put("data", 40_000);
  sender.subscribe(lanes, [1_000, 0]);
  await until(1);
  const ask = sent[0]?.header;
  assert.ok(ask?.op === "ask" && !ask.alarm && ask.bytes > 40_000 + limits.linkBesideBytes);
  sender.marked([], [1_500, 0]);
  await until(2);
  sender.marked([], [ask.bytes, 0]);
  await until(3);
  assert.deepEqual(sent.map(({ header }) => header.op), ["ask", "ask", "records"], "once for each word of the parent's");
  assert.equal(sent[2]?.bytes, ask.bytes - limits.linkBesideBytes);
});

test("what was granted and is not needed goes back; what was given unasked stays", async (context) => {
  const { sender, sent, put, until } = await openSender(context);
  await put("data", 40_000);
  sender.subscribe(lanes, [1_000, 0]);
  await until(1);
  sender.refuse("gateway-1/data");
  sender.marked([], [100_000, 0]);
  await until(2);
  assert.deepEqual(sent[1]?.header, { op: "return", bytes: 99_000, alarmBytes: 0 });
  sender.subscribe(lanes, [150_000, 0]);
  await until(3);
  assert.equal(sent[2]?.header.op, "records");
});

test("a child that waits for its budget holds no credit meanwhile", async (context) => {
  const budget = { ms: 0 };
  const { sender, sent, put, until } = await openSender(context, { waitMs: () => budget.ms });
  await put("data", 40_000);
  sender.subscribe(lanes, [0, 0]);
  await until(1);
  budget.ms = 3_600_000;
  sender.marked([], [100_000, 0]);
  await until(2);
  assert.deepEqual(sent.map(({ header }) => header.op), ["ask", "return"]);
});

test("a commit before the parent has said what it wants costs no place in the queue", async (context) => {
  const clock = createClock();
  const patience = { sinceMs: clock.monotonicMs() - 5_000 };
  const { sender, sent, put, until } = await openSender(context, undefined, patience);
  await put("data", 40_000);
  sender.notify();
  await put("data", 100); // and what came of it has come to rest
  sender.subscribe(lanes, [0, 0]);
  await until(1);
  const ask = sent[0]?.header;
  assert.ok(ask?.op === "ask" && ask.waitedMs >= 5_000);
});

test("a turn that is lost with its link costs no place in the queue, one that the parent has taken does", async (context) => {
  const patience: { sinceMs: number | undefined } = { sinceMs: 0 };
  const { sender, put, until } = await openSender(context, undefined, patience);
  await put("data", 40_000);
  sender.subscribe(lanes, [0, 0]);
  await until(1);
  sender.marked([], [100_000, 0]);
  await until(2);
  sender.stop();
  assert.equal(patience.sinceMs, 0);
  const next = await openSender(context, undefined, patience);
  await next.put("data", 40_000);
  next.sender.subscribe(lanes, [0, 0]);
  await next.until(1);
  next.sender.marked([], [100_000, 0]);
  await next.until(2);
  next.sender.marked([["gateway-1/data", 2, 0]], [100_000, 0]);
  next.sender.stop();
  assert.notEqual(patience.sinceMs, 0);
});

test("an alarm passes a backlog that waits for credit", async (context) => {
  const { sender, sent, put, until } = await openSender(context);
  await put("data", 40_000);
  sender.subscribe(lanes, [0, 4_096]);
  await until(1);
  await put("alarm", 100);
  sender.notify();
  await until(2);
  const [ask, alarm] = sent;
  assert.equal(ask?.header.op, "ask");
  assert.ok(alarm?.header.op === "records" && alarm.header.alarmBytes === alarm.bytes && alarm.bytes < 1_000);
});

test("data waits for the budget; an alarm does not, and takes no data along", async (context) => {
  const budget = createLinkBudget("expensive", 300_000, 0);
  budget.charge(50_000, 0);
  const { sender, sent, put, until } = await openSender(context, { waitMs: (bytes, alarm) => budget.waitMs(bytes, alarm, 0) });
  await put("data", 40_000);
  sender.subscribe(lanes, undefined);
  await put("alarm", 100);
  sender.notify();
  await until(1);
  assert.ok(sent[0]?.header.op === "records" && sent[0].bytes < 1_000, "the alarm alone");
  assert.equal(sent.length, 1);
});

test("what was asked for anew while the guard wrote its decision takes no room for ever", async (context) => {
  const gates: (() => void)[] = [];
  let asks: () => void = () => undefined;
  let held = true;
  const mayLeave = (): Promise<boolean> => {
    if (!held) return Promise.resolve(true);
    return new Promise((resolve) => {
      gates.push(() => resolve(true));
      asks();
    });
  };
  const { sender, sent, put, until } = await openSender(context, undefined, undefined, mayLeave);
  const rich = { bytes: 64 << 20, alarmBytes: 1 << 20 };
  for (let count = 0; count < 5; count++) await put("data", 1_000_000);
  for (let round = 0; round < 6; round++) {
    const asked = new Promise<void>((resolve) => (asks = resolve));
    sender.subscribe(lanes, [rich.bytes, rich.alarmBytes]);
    if (gates.length === 0) await asked;
    sender.subscribe(lanes, undefined); // the parent asks again while the decision is written
    gates.shift()?.();
  }
  held = false;
  for (const gate of gates.splice(0)) gate();
  await put("alarm", 10);
  sender.subscribe(lanes, [rich.bytes, rich.alarmBytes]);
  const isAlarm = ({ header }: { readonly header: Header }): boolean => header.op === "records" && (header.alarmBytes ?? 0) > 0;
  while (!sent.some(isAlarm)) await until(sent.length + 1);
});
