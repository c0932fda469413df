/**
 * When real machines were down, and why: LANL's clusters 1996 to 2005, with the cause that people wrote down, and Grid'5000's 2005 and
 * 2006, as its monitor saw them. Outages of one cluster keep their lengths and their places to each other.
 */
import type { SeededRandom } from "../random.ts";
import { once, recordedText } from "./recordings.ts";

/** What struck: the power, the program, or the way to the others. */
export type OutageCause = "power" | "process" | "network";

export interface Outage {
  readonly node: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: OutageCause;
}

export interface OutageWindow {
  readonly name: string;
  /** By the time since the window began, cut off at its end; of one node they do not overlap. */
  readonly outages: readonly Outage[];
}

/** How long a window begins before the outage that it was chosen by. */
const beforeMs = 600_000;

/** A stretch of the record of one cluster around one of its outages. */
export function outageWindow(random: SeededRandom, lengthMs: number): OutageWindow {
  const logs = random.chance(0.3) ? lanl() : grid5000();
  const { name, outages } = logs[random.integer(0, logs.length - 1)] ?? { name: "none", outages: [] };
  const chosen = outages[random.integer(0, outages.length - 1)];
  const beginMs = (chosen?.fromMs ?? 0) - Math.min(beforeMs, lengthMs / 10);
  const cut = outages
    .filter(({ fromMs, toMs }) => toMs > beginMs && fromMs < beginMs + lengthMs)
    .map((outage) => ({ ...outage, fromMs: Math.max(0, outage.fromMs - beginMs), toMs: Math.min(lengthMs, outage.toMs - beginMs) }));
  return { name: `${name} around ${new Date(chosen?.fromMs ?? 0).toISOString()}`, outages: withoutOverlap(cut) };
}

/** When each node of Grid'5000 was down that was watched for a year at least, in hours since it was first watched. */
export const yearsOfOutages = once((): readonly (readonly { readonly fromHour: number; readonly toHour: number }[])[] => {
  const [, ...lines] = recordedText("node-failures", "grid5000_availability.csv.gz").trim().split(/\r?\n/);
  const watched = new Map<string, { first: number; last: number; readonly down: { readonly from: number; readonly to: number }[] }>();
  for (const [node = "", state, start, stop] of lines.map((line) => line.split(","))) {
    const [from, to] = [Number(start), Number(stop)];
    const life = watched.get(node) ?? { first: from, last: to, down: [] };
    watched.set(node, life);
    life.first = Math.min(life.first, from);
    life.last = Math.max(life.last, to);
    if (state === "0") life.down.push({ from, to });
  }
  const hours = 3_600;
  return [...watched.values()].filter(({ first, last }) => last - first >= 365 * 24 * hours).map(({ first, down }) => down.map(({ from, to }) => ({ fromHour: (from - first) / hours, toHour: (to - first) / hours })));
});

interface OutageLog {
  readonly name: string;
  readonly outages: readonly Outage[];
}

const lanl = once((): readonly OutageLog[] => {
  const [header = "", ...lines] = recordedText("node-failures", "lanl_failures.csv.gz").trim().split(/\r?\n/);
  const columns = header.split(",");
  const column = (name: string): number => columns.indexOf(name);
  const [system, node, started, fixed, network] = [column("System"), column("nodenumz"), column("Prob Started"), column("Prob Fixed"), column("Network")];
  const causes = [column("Software"), column("Human Error")];
  return grouped(
    lines.map((line) => line.split(",")).map((cells) => ({
      log: `lanl/${cells[system] ?? ""}`,
      node: cells[node] ?? "",
      fromMs: dateOf(cells[started]),
      toMs: dateOf(cells[fixed]),
      cause: filled(cells[network]) ? "network" : causes.some((index) => filled(cells[index])) ? "process" : "power",
    })),
  );
});

const grid5000 = once((): readonly OutageLog[] => {
  const [, ...lines] = recordedText("node-failures", "grid5000_availability.csv.gz").trim().split(/\r?\n/);
  return grouped(
    lines.map((line) => line.split(",")).filter((cells) => cells[1] === "0").map((cells) => ({
      log: `grid5000/${(cells[0] ?? "").replace(/\/[^/]*$/, "")}`,
      node: cells[0] ?? "",
      fromMs: Number(cells[2]) * 1_000,
      toMs: Number(cells[3]) * 1_000,
      // Nobody wrote down why. Short ones look like a restart of the program that was watched, long ones like a machine that was off.
      cause: Number(cells[3]) - Number(cells[2]) < restartSeconds ? "process" : "power",
    })),
  );
});

const restartSeconds = 120;

const filled = (cell: string | undefined): boolean => cell !== undefined && cell.trim() !== "";
/** `9/26/2003 16:40`, taken as UTC. */
function dateOf(cell: string | undefined): number {
  const [, month, day, year, hour, minute] = /^(\d+)\/(\d+)\/(\d+) (\d+):(\d+)/.exec(cell ?? "") ?? [];
  return year === undefined ? Number.NaN : Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
}

function grouped(rows: readonly (Outage & { readonly log: string })[]): readonly OutageLog[] {
  const logs = new Map<string, Outage[]>();
  for (const { log, node, fromMs, toMs, cause } of rows) {
    if (!(toMs > fromMs)) continue; // also where a time is missing
    const outages = logs.get(log) ?? [];
    logs.set(log, outages);
    outages.push({ node, fromMs, toMs, cause });
  }
  return [...logs].map(([name, outages]) => ({ name, outages })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Of one node, an outage that begins while another lasts is part of it. */
function withoutOverlap(outages: readonly Outage[]): readonly Outage[] {
  const kept: Outage[] = [];
  const untilMs = new Map<string, number>();
  for (const outage of outages.toSorted((a, b) => a.fromMs - b.fromMs || (a.node < b.node ? -1 : 1))) {
    if (outage.fromMs < (untilMs.get(outage.node) ?? 0)) continue;
    untilMs.set(outage.node, outage.toMs);
    kept.push(outage);
  }
  return kept;
}
