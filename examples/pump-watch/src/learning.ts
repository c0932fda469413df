/** The readings that a subject is learned from, kept in state until there are enough. */
import type { UnitState } from "@holon/sdk";
import type { Row } from "./reading.ts";

/** Rows of one key: each batch writes the last key only, not all that was learned so far. */
const chunkRows = 25;

const chunkKey = (subject: string, chunk: number): string => `learning/${subject}/${chunk}`;

/** Keeps one row more; returns how many there are. */
export function keepRow(state: UnitState, subject: string, kept: number, row: Row): number {
  const key = chunkKey(subject, Math.floor(kept / chunkRows));
  state.set(key, [...parseRows(state.get(key)), row]);
  return kept + 1;
}

/** All rows that were kept, and forgets them. */
export function takeRows(state: UnitState, subject: string, kept: number): readonly Row[] {
  const rows: Row[] = [];
  for (let chunk = 0; chunk * chunkRows < kept; chunk++) {
    rows.push(...parseRows(state.get(chunkKey(subject, chunk))));
    state.delete(chunkKey(subject, chunk));
  }
  return rows;
}

const parseRows = (stored: unknown): readonly Row[] => (Array.isArray(stored) ? (stored as readonly Row[]) : []);
