import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { heldRecords, onceNodes, type HeldRecord } from "./testing/held-log.ts";
import { assertNothingLost, onceArguments, reportOf, runHolon, type Report } from "./testing/holon-process.ts";
import { needSkab, printTable, skabTable } from "./testing/skab.ts";

const labels = ["anomaly", "changepoint"];

interface Played {
  readonly report: Report;
  readonly gateway: readonly HeldRecord[];
  readonly all: readonly HeldRecord[];
}

/** Plays the recording with its labels changed; its subject is the same for all. */
async function play(context: TestContext, changeLabel: (label: string, row: number) => string): Promise<Played> {
  const folder = tempFolder(context);
  const { header, rows } = skabTable("valve1/8");
  const changed = rows.map((cells, row) => cells.map((cell, column) => (labels.includes(header[column] ?? "") ? changeLabel(cell, row) : cell)));
  const path = join(folder, "bench", "8.csv.gz");
  mkdirSync(join(path, ".."));
  writeFileSync(path, gzipSync(printTable(header, changed)));
  const data = join(folder, "data");
  const report = reportOf(await runHolon(context, onceArguments([path], data)));
  assertNothingLost(report);
  const logs = await Promise.all(onceNodes.map((node) => heldRecords(context, data, node)));
  return { report, gateway: logs[0] ?? [], all: logs.flat() };
}

/** What an event says, without names of records and times of recording. */
const content = ({ event: { type, subject, time, class: dataClass, data } }: HeldRecord): string => JSON.stringify({ type, subject, time, dataClass, data });
const contents = (records: readonly HeldRecord[], type: string): readonly string[] => records.filter(({ event }) => event.type === type).map(content);

test("the labels of a recording change nothing that a node keeps, judges or tells; only the score knows them", needSkab, async (context) => {
  const plain = await play(context, (label) => label);
  assertUnseen(plain.all);
  const flipped = await play(context, (label) => (Number(label) >= 0.5 ? "0.0" : "1.0"));
  const scattered = await play(context, (_, row) => (row % 3 === 0 ? "1.0" : "0.0"));
  for (const other of [flipped, scattered]) {
    for (const type of ["pump.reading", "pump.score", "pump.alert", "pump.minute", "pump.sensors"]) {
      const expected = contents(plain.gateway, type);
      assert.ok(expected.length > 0, type);
      assert.deepEqual(contents(other.gateway, type), expected, type);
    }
    assert.notDeepEqual(other.report.scores, plain.report.scores, "the score does read the labels");
  }
});

/** No reading has a field for a label, and no record of any node has the word. */
function assertUnseen(records: readonly HeldRecord[]): void {
  const readings = records.filter(({ event }) => event.type === "pump.reading");
  assert.equal(readings.length, 1144);
  for (const { event } of readings) {
    const fields = Object.keys(event.data ?? {});
    assert.equal(fields.length, 8);
    for (const label of labels) assert.ok(!fields.includes(label));
  }
  for (const { record } of records) assert.doesNotMatch(Buffer.from(record.bytes).toString(), /anomaly|changepoint/);
}
