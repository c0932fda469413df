/** A curve over time, carbon or price, one value an hour, read from the rows in which it is published. */
import { HolonError } from "../errors.ts";

export interface Curve {
  /** Beginning of the first hour, wall-clock milliseconds. */
  readonly startMs: number;
  /** One an hour, without a gap. */
  readonly values: Float64Array;
}

const hourMs = 3_600_000;

/** Of the columns that are known, and in which unit. */
const curveKinds = { intensity: /^Carbon Intensity .*\(LCA\)$/, price: /^Price \(/ } as const;
export type CurveKind = keyof typeof curveKinds;

/** `HOLON_TABLE_BAD` names the line. `name` is of the file, for messages. */
export function parseCurve(text: string, name: string): { readonly kind: CurveKind; readonly curve: Curve } {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  while (lines.at(-1) === "") lines.pop();
  const header = cellsOf(lines[0] ?? "", name, 1);
  const timeAt = header.indexOf("Datetime (UTC)");
  if (timeAt < 0) throw bad(name, 1, "there is no column `Datetime (UTC)`");
  const { kind, valueAt } = valueColumn(header, name);
  if (lines.length < 2) throw bad(name, 1, "there is no row below the header");
  const values = new Float64Array(lines.length - 1);
  let startMs = Number.NaN;
  for (const [index, line] of lines.slice(1).entries()) {
    const lineNumber = index + 2;
    const cells = cellsOf(line, name, lineNumber);
    if (cells.length !== header.length) throw bad(name, lineNumber, `there are ${cells.length} cells where the header has ${header.length}`);
    const atMs = timeOf(cells[timeAt] ?? "", name, lineNumber);
    if (index === 0) startMs = atMs;
    else if (atMs !== startMs + index * hourMs) throw bad(name, lineNumber, "it is not one hour after the line before it");
    values[index] = numberOf(cells[valueAt] ?? "", kind, name, lineNumber);
  }
  return { kind, curve: { startMs, values } };
}

function valueColumn(header: readonly string[], name: string): { readonly kind: CurveKind; readonly valueAt: number } {
  for (const kind of ["intensity", "price"] as const) {
    const found = header.flatMap((cell, at) => (curveKinds[kind].test(cell) ? [at] : []));
    if (found.length > 1) throw bad(name, 1, `there is more than one column of ${kind}`);
    if (found[0] !== undefined) return { kind, valueAt: found[0] };
  }
  throw bad(name, 1, "there is no column `Carbon Intensity … (LCA)` and none `Price (…)`");
}

/** RFC 4180 within one line: a quoted cell may hold commas and doubled quotes. */
function cellsOf(line: string, name: string, lineNumber: number): readonly string[] {
  if (!line.includes('"')) return line.split(",");
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = cell.exec(line);
    if (match === null) throw bad(name, lineNumber, "a quote does not end, or stands within a cell");
    cells.push(match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'));
    if (match[3] === "") return cells;
  }
}

const timePattern = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\+00:00|Z)?$/;

function timeOf(text: string, name: string, lineNumber: number): number {
  const match = timePattern.exec(text);
  const atMs = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}Z`);
  if (!Number.isFinite(atMs)) throw bad(name, lineNumber, `${JSON.stringify(text)} is no time in UTC, as in 2023-01-31 17:00:00`);
  return atMs;
}

/** A price may be below zero; the carbon of a kilowatt-hour is not. */
function numberOf(text: string, kind: CurveKind, name: string, lineNumber: number): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value) || (kind === "intensity" && value < 0)) throw bad(name, lineNumber, `${JSON.stringify(text)} is no ${kind}`);
  return value;
}

const bad = (name: string, lineNumber: number, what: string): HolonError => new HolonError("HOLON_TABLE_BAD", `${name}, line ${lineNumber}: ${what}`);
