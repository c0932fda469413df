/** What was told of damage, in cells: it stays where it is, and is told once; more of it in the same bytes is told again. */
import { limits } from "@holon/core/limits.ts";
import type { Append, CellChange, Log } from "@holon/core/log/log.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import type { Damage, LostRange, UnsettledLane } from "./progress.ts";

const pieceCell = ({ segment, fromByte, toByte }: Damage): string => `damage/${segment}/${fromByte}-${toByte}`;
const laneCell = (lane: string): string => `damage/lost/${lane}`;
const rangesSchema = z.array(z.tuple([z.int(), z.int()]));
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Cells that stand for something outside the log. */
export const isTellable = (key: string): boolean => !key.startsWith("damage/");

/** The parts that are news: all of them where records are lost that were not told of. */
export function untold(log: Log, found: readonly Damage[], lost: readonly LostRange[]): readonly Damage[] {
  return hasNews(log, lost) ? found : found.filter((piece) => log.cell(pieceCell(piece)) === undefined);
}

export const hasNews = (log: Log, lost: readonly LostRange[]): boolean => lost.some(({ lane, first, last }) => !toldOf(log, lane).some(([from, to]) => from <= first && last <= to));

export interface Unsure {
  readonly unsettled: readonly UnsettledLane[];
  readonly staleCells: readonly string[];
}

/** The alarm, and the cells that say it was told. Of what is not exact a few of each are named, since an alarm is to be small. */
export function damageTold(log: Log, events: Events, damage: readonly Damage[], lost: readonly LostRange[], unsure?: Unsure): Append {
  const unsettled = unsure?.unsettled.slice(0, limits.damageToldMax) ?? [];
  const cells = unsure?.staleCells.filter(isTellable).slice(0, limits.damageToldMax) ?? [];
  const data = { lost, bytes: damage, ...(unsettled.length === 0 ? {} : { unsettled }), ...(cells.length === 0 ? {} : { cells }) };
  return {
    records: [events.record({ stream: "alarm", type: "holon.log.damaged", class: "public", producer: "log", data })],
    cells: [...damage.map((piece): CellChange => ({ key: pieceCell(piece), value: new Uint8Array(0) })), ...laneCells(log, lost)],
  };
}

function laneCells(log: Log, lost: readonly LostRange[]): readonly CellChange[] {
  const lanes = [...new Set(lost.map(({ lane }) => lane))];
  return lanes.map((lane) => {
    const ranges = merged([...toldOf(log, lane), ...lost.filter((range) => range.lane === lane).map(({ first, last }): Range => [first, last])]);
    return { key: laneCell(lane), value: encoder.encode(JSON.stringify(ranges)) };
  });
}

type Range = readonly [first: number, last: number];

function toldOf(log: Log, lane: string): readonly Range[] {
  const value = log.cell(laneCell(lane));
  return value === undefined ? [] : rangesSchema.parse(JSON.parse(decoder.decode(value)));
}

function merged(ranges: readonly Range[]): readonly Range[] {
  const result: [number, number][] = [];
  for (const [first, last] of [...ranges].sort(([one], [other]) => one - other)) {
    const end = result.at(-1);
    if (end !== undefined && first <= end[1] + 1) end[1] = Math.max(end[1], last);
    else result.push([first, last]);
  }
  return result;
}
