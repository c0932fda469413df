/** What a run says of its data is read from its attributes, whatever its data say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { runRecords } from "@holon/core/log/run.ts";
import { parseTransform } from "@holon/core/policy/transform.ts";
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

test("records that differ in one attribute are told apart, in every order, as if each were read in full", async (context) => {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  const labels = createLabels({ self: log.origin, epoch: log.epoch, jurisdiction: "EU/DE", integrity });
  const elsewhere = createEvents({ name: "gateway-1", jurisdiction: "EU/D" }, createClock());
  const base = { stream: "data", type: "pump.reading", producer: "app/f", data: forged } as const;
  const through = { kind: "aggregate", count: 20 } as const;
  const kinds = [
    events.record({ ...base, class: "derived" }), events.record({ ...base, class: "derived", through }), events.record({ ...base, class: "derived", through: { ...through, count: 2 } }), events.record({ ...base, class: "aggregate", through }),
    events.record({ ...base, class: "derived", causedBy: "gateway-1/data/1", traceparent: "00-1-1-01" }), events.record({ ...base, class: "derived", subject: 'glass":"', traceparent: "through" }), elsewhere.record({ ...base, class: "derived" }),
    events.record({ ...base, class: "derived", data: undefined }), events.record({ ...base, class: "derived", through, data: undefined, deviceCounter: 7 }),
  ];
  const asks = new Set(["derived", "aggregate"] as const);
  await log.append({ records: kinds }); // behind the test log's own first record
  for (const first of kinds) {
    for (const second of kinds) {
      const [sequence = 1] = await log.append({ records: [first, second, first] });
      const [run] = await log.readRuns({ origin: log.origin, stream: "data" }, sequence, 1 << 20);
      assert.ok(run !== undefined);
      const read = runRecords(run.bytes, run.header, integrity).records.map((record) => parseStoredEvent(record ?? new Uint8Array(), ""));
      const expected = read.map((event) => printLabel({ class: event.class, jurisdiction: event.jurisdiction, through: event.through === undefined ? undefined : parseTransform(event.through) }));
      assert.deepEqual(labels.of(run, asks).map(printLabel).sort(), [...new Set(expected)].sort());
    }
  }
});
