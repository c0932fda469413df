/** Six parts of the world of which everything is on record: the carbon and the price of their electricity in 2023, and the way between their cloud regions. */
import { readFileSync } from "node:fs";
import { parseCurve } from "@holon/core/shifting/curve.ts";
import { once, recordedText, recordingPath } from "./recordings.ts";

export interface RecordedRegion {
  readonly jurisdiction: string;
  readonly zone: string;
  /** In the record of round trips; and in that of prices, where the nearest stands in for one that it does not have. */
  readonly cloud: string;
  readonly priced: string;
}

export const recordedRegions: readonly RecordedRegion[] = [
  { jurisdiction: "EU/DE", zone: "DE-LU", cloud: "europe-west3", priced: "europe-west4" },
  { jurisdiction: "US/CA", zone: "US-CAL-CISO", cloud: "us-west2", priced: "us-west1" },
  { jurisdiction: "US/TX", zone: "US-TEX-ERCO", cloud: "us-south1", priced: "us-central1" },
  { jurisdiction: "AU/VIC", zone: "AU-VIC", cloud: "australia-southeast2", priced: "australia-southeast1" },
  { jurisdiction: "BR/SP", zone: "BR-SP", cloud: "southamerica-east1", priced: "southamerica-east1" },
  { jurisdiction: "IN/MH", zone: "IN-WE", cloud: "asia-south1", priced: "asia-south1" },
];

export const carbonOf = ({ zone }: RecordedRegion): Float64Array => parseCurve(recordedText("carbon-intensity", `${zone}_2023_hourly.csv.gz`), zone).curve.values;
/** Currency of the record, a megawatt-hour; below zero in some hours. */
export const priceOf = ({ zone }: RecordedRegion): Float64Array => parseCurve(recordedText("electricity-price", `${zone}_electricity_prices_2023.csv.gz`), zone).curve.values;

const roundTrips = once(() => tableOf("net-latency", "raw_gcp_latency.csv"));
const transmission = once((): ReadonlyMap<string, number> => {
  const [header = [], ...rows] = rowsOf("electricity-price", "gcp_transmission_cost_matrix.csv");
  return new Map(rows.flatMap(([from = "", ...cells]) => cells.map((cell, at): [string, number] => [`${from} ${header[at + 1] ?? ""}`, Number(cell)])));
});

/** One way, half of the round trip. */
export const latencyBetween = (from: RecordedRegion, to: RecordedRegion): number => known(roundTrips().get(`${from.cloud} ${to.cloud}`) ?? roundTrips().get(`${to.cloud} ${from.cloud}`), from, to) / 2;
export const perGigabyteBetween = (from: RecordedRegion, to: RecordedRegion): number => known(transmission().get(`${from.priced} ${to.priced}`), from, to);

function known(value: number | undefined, from: RecordedRegion, to: RecordedRegion): number {
  if (value === undefined || !Number.isFinite(value)) throw new RangeError(`nothing is on record between ${from.zone} and ${to.zone}`);
  return value;
}

const rowsOf = (recording: "net-latency" | "electricity-price", file: string): readonly (readonly string[])[] => readFileSync(recordingPath(recording, file), "utf8").trim().split(/\r?\n/).map((line) => line.split(","));
const tableOf = (recording: "net-latency", file: string): ReadonlyMap<string, number> => new Map(rowsOf(recording, file).slice(1).map(([from = "", to = "", value = ""]) => [`${from} ${to}`, Number(value)]));
