/**
 * Cuts text into records: lines, or CSV records, where a quoted field may hold line breaks (RFC 4180).
 *
 * What is cut depends on the text alone and not on the pieces it came in, because a position in a file is a count of records.
 * So a line longer than `charactersMax` is given up at exactly that length, and the next record begins after its line break. A
 * quote that nothing closes within that length spoils its own line and not the rest of the file.
 */
import { quote } from "./csv.ts";

export interface RawRecord {
  /** Without its line break. Empty if it was too long. */
  readonly text: string;
  /** Line of the file on which it begins, from 1. */
  readonly line: number;
  readonly isTooLong: boolean;
}

export interface RecordCutter {
  /** The records that are complete with this piece. Blank lines are no records. */
  push(piece: string): RawRecord[];
  /** The last record, if the text does not end with a line break. */
  end(): RawRecord[];
}

/** `delimiter` of the CSV; without one, each line is a record whatever it holds. */
export function createRecordCutter(options: { readonly delimiter: string | undefined; readonly charactersMax: number }): RecordCutter {
  const { delimiter, charactersMax } = options;
  let rest = "";
  let line = 1;
  let isSkipping = false;

  function cut(text: string, isLast: boolean): RawRecord[] {
    const records: RawRecord[] = [];
    let start = 0;
    let nextQuote = delimiter === undefined ? Infinity : 0;
    const add = (end: number): void => {
      const stop = text.charCodeAt(end - 1) === carriageReturn && end > start ? end - 1 : end;
      if (stop > start) records.push({ text: text.slice(start, stop), line, isTooLong: false });
    };
    while (start < text.length) {
      let end = text.indexOf("\n", start);
      if (isSkipping) {
        if (end < 0) start = text.length;
        else {
          start = end + 1;
          line++;
          isSkipping = false;
        }
        continue;
      }
      if (nextQuote < start || nextQuote === 0) nextQuote = orInfinity(text.indexOf(quote, start));
      let isQuoted = nextQuote < (end < 0 ? text.length : end);
      if (isQuoted && delimiter !== undefined) {
        const lineEnd = end;
        end = quotedRecordEnd(text, start, delimiter, isLast);
        if (end < 0 ? isLast || text.length - start > charactersMax : end - start > charactersMax) {
          end = lineEnd;
          isQuoted = false;
        }
      }
      if ((end < 0 ? text.length : end) - start > charactersMax) {
        records.push({ text: "", line, isTooLong: true });
        line += lineBreaks(text, start, start + charactersMax);
        start += charactersMax;
        isSkipping = true;
        continue;
      }
      if (end < 0) {
        if (!isLast) break;
        add(text.length);
        start = text.length;
        break;
      }
      add(end);
      line += isQuoted ? lineBreaks(text, start, end + 1) : 1;
      start = end + 1;
    }
    rest = text.slice(start);
    return records;
  }

  return {
    push: (piece) => cut(rest === "" ? piece : rest + piece, false),
    end: () => cut(rest, true),
  };
}

const carriageReturn = 13;
const lineFeed = 10;

const orInfinity = (index: number): number => (index < 0 ? Infinity : index);

/**
 * Index of the line break, or the end of the last text, that ends the record; -1 where there is none yet.
 * A quote opens a quoted field only where a field begins.
 */
function quotedRecordEnd(text: string, start: number, delimiter: string, isLast: boolean): number {
  const quoteCode = quote.charCodeAt(0);
  const delimiterCode = delimiter.charCodeAt(0);
  let isFieldStart = true;
  let isInside = false;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInside) {
      if (code !== quoteCode) continue;
      if (text.charCodeAt(at + 1) === quoteCode) at++;
      else isInside = false;
    } else if (code === lineFeed) return at;
    else if (code === quoteCode && isFieldStart) {
      isInside = true;
      isFieldStart = false;
    } else isFieldStart = code === delimiterCode;
  }
  return isLast && !isInside ? text.length : -1;
}

function lineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
