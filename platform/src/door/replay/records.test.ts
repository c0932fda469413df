import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { allCells, cellToNumber, readCells } from "./csv.ts";
import { createRecordCutter, type RawRecord } from "./records.ts";
import { parseTime } from "./time.ts";

function cut(pieces: readonly string[], options: { delimiter?: string; charactersMax?: number } = {}): RawRecord[] {
  const cutter = createRecordCutter({ delimiter: options.delimiter, charactersMax: options.charactersMax ?? 1000 });
  return [...pieces.flatMap((piece) => cutter.push(piece)), ...cutter.end()];
}

const texts = (records: readonly RawRecord[]): string[] => records.map((record) => record.text);

describe("records", () => {
  test("end at LF or CRLF; blank lines are none; the last needs no line break", () => {
    assert.deepEqual(cut(["a,b\r\n\r\n1,2\n\n3,4"], { delimiter: "," }).map(({ text, line }) => [text, line]), [["a,b", 1], ["1,2", 3], ["3,4", 5]]);
  });

  test("a quoted field holds delimiters, quotes and line breaks, and lines are still counted", () => {
    const records = cut(['a,b\n"x,\n""y""",2\n3,4\n'], { delimiter: "," });
    assert.deepEqual(texts(records), ["a,b", '"x,\n""y""",2', "3,4"]);
    assert.deepEqual(records.map((record) => record.line), [1, 2, 4]);
    assert.deepEqual(allCells(records[1]?.text ?? "", ","), ['x,\n"y"', "2"]);
  });

  test("a quote inside an unquoted field is an ordinary character", () => {
    assert.deepEqual(texts(cut(['5" pipe,1\n6" pipe,2\n'], { delimiter: "," })), ['5" pipe,1', '6" pipe,2']);
  });

  test("a quote that nothing closes spoils its own line only", () => {
    assert.deepEqual(texts(cut(['1,2\n"3,4\n5,6\n7,8\n'], { delimiter: "," })), ["1,2", '"3,4', "5,6", "7,8"]);
  });

  test("a line over the bound is one record that is too long, and the next line is read", () => {
    const records = cut([`1,2\n${"x".repeat(50)}\n3,4\n`], { delimiter: ",", charactersMax: 20 });
    assert.deepEqual(records.map(({ text, line, isTooLong }) => [text, line, isTooLong]), [["1,2", 1, false], ["", 2, true], ["3,4", 3, false]]);
  });

  test("the pieces in which a text arrives change nothing", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "1", ",", '"', "\n", "\r\n", "é"), maxLength: 120 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(120), { maxLength: 6 }), fc.constantFrom(",", undefined), (whole, cuts, delimiter) => {
        const at = [0, ...cuts.filter((index) => index < whole.length).sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
        const options = { charactersMax: 15, ...(delimiter !== undefined && { delimiter }) };
        assert.deepEqual(cut(pieces, options), cut([whole], options));
      }),
      { numRuns: 2000 },
    );
  });

  test("what is written by RFC 4180 is read back, cell by cell", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "7", ";", '"', "\n", " "), maxLength: 6 });
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 8 }), (rows) => {
        const written = rows.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(";")).join("\r\n");
        assert.deepEqual(cut([written], { delimiter: ";" }).map((record) => allCells(record.text, ";")), rows);
      }),
    );
  });
});

describe("cells", () => {
  test("only the columns with a slot are read", () => {
    const cells = ["", ""];
    assert.equal(readCells("1;2;3;4", ";", [1, -1, 0], cells), 4);
    assert.deepEqual(cells, ["3", "1"]);
  });

  test("text after a closing quote, and a quote left open, are malformed", () => {
    assert.equal(readCells('"a"b,1', ",", [0], [""]), -1);
    assert.equal(readCells('1,"a', ",", [0], [""]), -1);
    assert.equal(readCells('"",', ",", [0], [""]), 2);
  });

  test("a number is finite and decimal", () => {
    assert.deepEqual(["1.5", "-2e3", " 7 ", "0", "+.5"].map(cellToNumber), [1.5, -2000, 7, 0, 0.5]);
    for (const cell of ["", "  ", "abc", "NaN", "Infinity", "1e999", "0x10", "0b1", "1,5", "1_000"]) assert.equal(cellToNumber(cell), undefined, cell);
  });
});

describe("time", () => {
  const noon = Date.UTC(2020, 1, 8, 12, 0, 0);
  test("ISO 8601 and the blank form; without a zone it is UTC", () => {
    for (const cell of ["2020-02-08 12:00:00", "2020-02-08T12:00:00Z", "2020-02-08T13:00:00+01:00", "2020-02-08T06:30:00.000-0530", "2020-02-08 12:00", "2020-02-08T13:00:00+01"]) {
      assert.equal(parseTime(cell), noon, cell);
    }
    assert.equal(parseTime("2020-02-08 12:00:00.1234567"), noon + 123);
    assert.equal(parseTime("2020-02-08"), Date.UTC(2020, 1, 8));
  });

  test("epoch seconds and milliseconds", () => {
    assert.equal(parseTime("1581163200"), noon);
    assert.equal(parseTime("1581163200.25"), noon + 250);
    assert.equal(parseTime("1581163200000"), noon);
    assert.equal(parseTime("0"), 0);
  });

  test("what is no time", () => {
    for (const cell of ["", "now", "2020-02-30", "2020-13-01", "2020-02-08 24:00:00", "2020-02-08 12:60", "1e15", "12:00:00", "08.02.2020"]) {
      assert.equal(parseTime(cell), undefined, cell);
    }
  });
});
