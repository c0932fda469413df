/** Throughput as it was measured. What a download got is taken as the line's rate in either direction: the upload was not measured under load. */
import { LineRate, type RatePoint } from "./line-rate.ts";
import { once, recordedFiles, recordedText } from "./recordings.ts";

const bytesPerMsOfMbit = 125;
const bytesPerMsOfKbit = 0.125;
/** A recording says for how long its last value held no more than by the values before it. */
const lastStepMs = 1_000;

/** Phones on buses, trams and ferries, and home lines: what a gateway out there has. */
export const mobileRates = once((): readonly LineRate[] => [...ratesOf("norway3g"), ...ratesOf("oboe"), ...fiveGRates()]);
/** Fixed lines. */
export const fixedRates = once((): readonly LineRate[] => ratesOf("fcc"));

function ratesOf(set: "norway3g" | "oboe" | "fcc"): readonly LineRate[] {
  const traces = parseTraces(recordedText("bandwidth-traces", `${set}.json.gz`));
  return Object.entries(traces).flatMap(([name, rows]) => {
    const beganMs = (rows[0]?.[0] ?? 0) * 1_000;
    return rateOf(`${set}/${name}`, rows.map(([seconds, mbit]) => ({ atMs: seconds * 1_000 - beganMs, bytesPerMs: mbit * bytesPerMsOfMbit })));
  });
}

function fiveGRates(): readonly LineRate[] {
  return ["Download/Driving", "Download/Static"].flatMap((below) => recordedFiles("5g-traces", below)).flatMap((file) => {
    const [header = "", ...lines] = recordedText("5g-traces", file).trim().split(/\r?\n/);
    const columns = header.split(",");
    const [rate, state] = [columns.indexOf("DL_bitrate"), columns.indexOf("State")];
    // Rows of a second each; where nothing was being downloaded nothing was measured.
    const measured = lines.map((line) => line.split(",")).filter((cells) => cells[state] === "D" && cells[rate] !== "-");
    return rateOf(`5g/${file}`, measured.map((cells, index) => ({ atMs: index * 1_000, bytesPerMs: Number(cells[rate]) * bytesPerMsOfKbit })));
  });
}

/** Empty for a recording that is not one: too short, out of order, or nothing ever got through. */
function rateOf(name: string, points: readonly RatePoint[]): readonly LineRate[] {
  const rises = points.every(({ atMs, bytesPerMs }, index) => atMs > (points[index - 1]?.atMs ?? -1) && bytesPerMs >= 0);
  const last = points.at(-1);
  if (last === undefined || points.length < 10 || !rises || !points.some(({ bytesPerMs }) => bytesPerMs > 0)) return [];
  return [new LineRate(name, points, last.atMs + lastStepMs)];
}

/** Rows of seconds and megabits a second, by name; `rateOf` leaves out what is no recording. */
const parseTraces = (text: string): Readonly<Record<string, readonly (readonly [number, number])[]>> => JSON.parse(text) as Record<string, [number, number][]>;
