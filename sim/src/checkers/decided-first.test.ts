import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame } from "@holon/core/link/frame.ts";
import type { LogRecord } from "@holon/core/log/log.ts";
import { openTempLog, record, tempFolder } from "@holon/node/testing/temp-log.ts";
import { createCodec } from "../codec.ts";
import { DecidedFirstWatch } from "./decided-first.ts";

test("what left before its decision is found, and what left since the trail was read is not judged by it", async (context) => {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  const codec = createCodec();
  for (let count = 0; count < 3; count++) await log.append({ records: [record("audit", "{}"), record("data", "{}")] });
  const data = { origin: log.origin, stream: "data" } as const;
  const [run] = await log.readRuns(data, 1, 1);
  assert.ok(run !== undefined);
  const through = log.head({ origin: log.origin, stream: "audit" })?.sequence ?? 0;
  const watch = new DecidedFirstWatch(codec);
  watch.see({ frame: encodeFrame({ kind: "stream", header: { op: "records", alarmBytes: 0 }, payload: run.bytes }, codec) }, log);
  const lane = `${log.origin}/data`;
  const trail = (last: number, decidedAt?: number): readonly LogRecord[] =>
    Array.from({ length: last }, (_, index) => ({ epoch: log.epoch, sequence: index + 1, bytes: Buffer.from(JSON.stringify(index + 1 === decidedAt ? { type: "holon.policy.decision.opened", data: { lane, allow: true } } : {})) }) as unknown as LogRecord);
  assert.deepEqual(watch.violations(log.origin, trail(through, through)), []);
  assert.equal(watch.violations(log.origin, trail(through + 2, through + 1)).length, 1, "decided afterwards");
  assert.equal(watch.violations(log.origin, trail(through)).length, 1, "never decided");
  assert.deepEqual(watch.violations(log.origin, trail(through - 1)), [], "the trail was read before");
  assert.deepEqual(watch.violations("somebody-else", trail(through)), []);
});
