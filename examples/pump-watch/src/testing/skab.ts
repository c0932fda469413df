/** The SKAB recordings as readings, with the labels apart: the function never sees them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { UnitEvent } from "@holon/sdk";

const folder = new URL("../../../../../shared/data/skab/", import.meta.url);

export const skabIsThere = existsSync(folder);

export interface Recording {
  readonly name: string;
  readonly events: readonly UnitEvent[];
  /** Whether the row is anomalous, by row. */
  readonly labels: readonly boolean[];
}

export const loadSkab = (): readonly Recording[] =>
  ["valve1", "other"].flatMap((group) => {
    const files = readdirSync(new URL(`${group}/`, folder)).filter((file) => file.endsWith(".csv.gz"));
    return files.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).map((file) => loadRecording(`${group}/${file}`));
  });

function loadRecording(name: string): Recording {
  const text = gunzipSync(readFileSync(new URL(name, folder))).toString("utf8");
  const [header = [], ...rows] = text.trim().split(/\r?\n/).map((line) => line.split(";"));
  const sensors = header.map((title, column) => ({ title, column })).filter(({ title }) => !["datetime", "anomaly", "changepoint"].includes(title));
  const label = header.indexOf("anomaly");
  const events = rows.map((cells, index) => ({
    id: `${name}#${index}`,
    type: "pump.reading",
    source: "/test",
    subject: name,
    timeMs: Date.parse(`${cells[0]?.replace(" ", "T")}Z`),
    arrivedMs: Date.parse(`${cells[0]?.replace(" ", "T")}Z`),
    data: Object.fromEntries(sensors.map(({ title, column }) => [title, Number(cells[column])])),
  }));
  return { name, events, labels: rows.map((cells) => Number(cells[label]) === 1) };
}
