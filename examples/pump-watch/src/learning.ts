/** The readings that a subject is learned from, kept in state until there are enough. */
import type { UnitState } from "@holon/sdk";
import type { Row } from "./reading.ts";

/** A key for each row: keeping one more reads and writes nothing of those before. */
const rowKey = (subject: string, index: number): string => `learning/${subject}/${index}`;

/** Keeps one row more; returns how many there are. */
export function keepRow(state: UnitState, subject: string, kept: number, row: Row): number {
  state.set(rowKey(subject, kept), row);
  return kept + 1;
}

/** All rows that were kept, and forgets them. */
export function takeRows(state: UnitState, subject: string, kept: number): readonly Row[] {
  return Array.from({ length: kept }, (_, index) => {
    const row = parseRow(state.get(rowKey(subject, index)));
    state.delete(rowKey(subject, index));
    return row;
  });
}

const parseRow = (stored: unknown): Row => (Array.isArray(stored) ? (stored as Row) : []);
