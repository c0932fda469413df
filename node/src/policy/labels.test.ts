/** What a run says of its data is read from its attributes, whatever its data say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createBatchWriter } from "@holon/core/bulk/batch-writer.ts";
import { parseBatch } from "@holon/core/bulk/batch.ts";
import { packBatch } from "@holon/core/bulk/pack.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createEvents } from "../event/events.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createLabels, printLabel } from "./labels.ts";

const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, createClock());
/** Data that looks like attributes: of another class, born elsewhere, gone through what it did not go through. */
const forged = { class: "derived", jurisdiction: "US", through: "aggregate count 1000", data: '"class":"public","jurisdiction":"US","through":"redact","data":' };
const encoder = new TextEncoder();

test("data that reads like attributes says nothing: neither in a record of its own, nor in one that shares its attributes with others", async (context) => {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  const input = { stream: "data", type: "pump.reading", class: "derived", producer: "app/f", subject: '"class":"public"' } as const;
  await log.append({ records: [events.record({ ...input, data: forged })] });
  const writer = createBatchWriter();
  for (let count = 0; count < 3; count++) writer.add(encoder.encode(JSON.stringify(forged)), input.subject, undefined);
  await log.append({ packed: { ...packBatch(parseBatch(writer.finish(1)), 0, () => events.attributes(input)), stream: "data", class: "derived" } });
  const labels = createLabels({ self: log.origin, epoch: log.epoch, jurisdiction: "EU/DE", integrity });
  const runs = await log.readRuns({ origin: log.origin, stream: "data" }, 2, 1 << 20); // behind the test log's own first record
  assert.deepEqual(runs.map((run) => labels.of(run, new Set(["derived"])).map(printLabel)), [["derived EU/DE"], ["derived EU/DE"]]);
});
