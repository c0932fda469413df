/** One CSV record into cells (RFC 4180 section 2, with any single-character delimiter). */

export const quote = '"';

/**
 * Reads the cells that `slots` asks for: column i goes to `cells[slots[i]]`; no slot, or -1, leaves it unread.
 * Returns the number of fields, or -1 where something other than a delimiter follows a closing quote, or a quote is not closed.
 */
export function readCells(record: string, delimiter: string, slots: readonly number[], cells: string[]): number {
  let from = 0;
  for (let column = 0; ; column++) {
    const slot = slots[column] ?? -1;
    let to: number;
    if (record.startsWith(quote, from)) {
      to = closingQuote(record, from + 1) + 1;
      if (to === 0 || (to < record.length && record[to] !== delimiter)) return -1;
      if (slot >= 0) cells[slot] = record.slice(from + 1, to - 1).replaceAll('""', quote);
      if (to === record.length) return column + 1;
    } else {
      to = record.indexOf(delimiter, from);
      if (slot >= 0) cells[slot] = to < 0 ? record.slice(from) : record.slice(from, to);
      if (to < 0) return column + 1;
    }
    from = to + 1;
  }
}

/** All cells of a record, or undefined where its quotes are not well formed. */
export function allCells(record: string, delimiter: string): string[] | undefined {
  const cells: string[] = [];
  const everyColumn = Array.from({ length: record.length + 1 }, (_, column) => column);
  return readCells(record, delimiter, everyColumn, cells) < 0 ? undefined : cells;
}

/** The finite decimal number that a cell spells, else undefined: an empty cell, text, hexadecimal and infinity are none. */
export function cellToNumber(cell: string): number | undefined {
  const value = Number(cell);
  if (!Number.isFinite(value)) return undefined;
  const first = cell.charCodeAt(0);
  if (first > zero && first <= nine) return value; // most cells: nothing below can be the matter with them
  if (value === 0 && cell.trim() === "") return undefined;
  return prefixedNumber.test(cell) ? undefined : value;
}

const zero = 48;
const nine = 57;

/** What JavaScript would read as hexadecimal, octal or binary. */
const prefixedNumber = /^\s*0[xXoObB]/;

function closingQuote(record: string, from: number): number {
  let at = record.indexOf(quote, from);
  while (at >= 0 && record.startsWith(quote, at + 1)) at = record.indexOf(quote, at + 2);
  return at;
}
