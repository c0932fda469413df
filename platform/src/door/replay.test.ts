import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { OpenDoor } from "@holon/core/ports.ts";
import { replaySourceSchema, type ReplaySourceSpec } from "@holon/core/schema/app.ts";
import { createClock } from "../clock.ts";
import { openReplay } from "./replay.ts";
import { inspectReplayFile, readReplayLabels, replaySize } from "./replay/inspect.ts";
import { createKeepingSink, until, type KeepingSink } from "../testing/door-sink.ts";

const folder = mkdtempSync(join(tmpdir(), "holon-replay-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const clock = createClock();

let files = 0;
function file(content: string | Uint8Array, ending = "csv"): string {
  const path = join(folder, `${++files}.${ending}`);
  writeFileSync(path, content);
  return path;
}

interface SpecChanges extends Partial<Omit<ReplaySourceSpec, "files">> {
  readonly paths: readonly string[];
  readonly subjects?: readonly string[];
}
const spec = ({ paths, subjects, ...changes }: SpecChanges): ReplaySourceSpec =>
  replaySourceSchema.parse({
    kind: "replay",
    name: "pump",
    type: "pump.reading",
    files: paths.map((path, index) => ({ path, subject: subjects?.[index] ?? `pump-${index + 1}` })),
    columns: { a: "a" },
    speed: "max",
    ...changes,
  });

async function play(wanted: ReplaySourceSpec, sink: KeepingSink = createKeepingSink()): Promise<{ sink: KeepingSink; problem: HolonError | undefined; door: OpenDoor }> {
  const door = await openReplay(wanted, sink, clock);
  return { sink, problem: await sink.end, door };
}

async function labels(path: string): Promise<(number | undefined)[]> {
  const found: (number | undefined)[] = [];
  for await (const label of readReplayLabels(path, "anomaly")) found.push(label);
  return found;
}

const values = (sink: KeepingSink): unknown[] => sink.readings().map((reading) => reading.data);
const numbered = (count: number, from = 0): string => Array.from({ length: count }, (_, row) => `${from + row}\n`).join("");
const hasCode = (code: string, ...named: string[]) => (error: unknown): boolean => {
  assert.ok(error instanceof HolonError, String(error));
  assert.equal(error.code, code);
  for (const part of named) assert.ok(error.message.includes(part), `${error.message} does not name ${part}`);
  return true;
};

test("texts, subjects and members inside objects are read where they are named, and what is empty is bad or left out", async () => {
  const lines = ['{"id":"d1","at":{"t":1,"n":"x"}}', '{"id":"d2","at":{"t":null,"n":""}}', '{"id":"","at":{"t":3,"n":"z"}}'];
  const named = { paths: [file(`${lines.join("\n")}\n`, "jsonl")], format: "jsonl", columns: { "at.t": "t" }, texts: { "at.n": "n" }, subjectColumn: "id", badRows: "skip" } as const;
  const strict = await play(spec(named));
  assert.deepEqual(strict.sink.readings().map(({ subject, data }) => [subject, data]), [["d1", { t: 1, n: "x" }]]);
  const lenient = await play(spec({ ...named, empty: "omit" }));
  assert.deepEqual(lenient.sink.readings().map(({ subject, data }) => [subject, data]), [["d1", { t: 1, n: "x" }], ["d2", {}]]);
  assert.equal(lenient.sink.rejects.length, 1);
  const csv = await play(spec({ paths: [file("a,who,word\n1,p,up\n,q,down\n")], texts: { word: "said" }, subjectColumn: "who", empty: "omit" }));
  assert.deepEqual(csv.sink.readings().map(({ subject, data }) => [subject, data]), [["p", { a: 1, said: "up" }], ["q", { said: "down" }]]);
});

describe("replay", () => {
  test("plays files in order, each with its own subject, with the event time of the row", async () => {
    const { sink, problem } = await play(
      spec({
        paths: [file("datetime;a;b\r\n2020-02-08 13:30:47;1;2\r\n2020-02-08 13:30:48.500;3;4\r\n"), file("\uFEFFa;b;datetime\n5;6;1581168649")],
        delimiter: ";",
        columns: { a: "a", b: "pressure" },
        timeColumn: "datetime",
      }),
    );
    assert.equal(problem, undefined);
    const start = Date.UTC(2020, 1, 8, 13, 30, 47);
    assert.deepEqual(sink.readings(), [
      { type: "pump.reading", subject: "pump-1", timeMs: start, data: { a: 1, pressure: 2 } },
      { type: "pump.reading", subject: "pump-1", timeMs: start + 1500, data: { a: 3, pressure: 4 } },
      { type: "pump.reading", subject: "pump-2", timeMs: start + 2000, data: { a: 5, pressure: 6 } },
    ]);
  });

  test("nothing but mapped columns reaches a reading: no label, no other cell", async () => {
    const csv = file("datetime,a,secret,anomaly,changepoint\n2020-02-08 13:30:47,1,marker-4711,1,1\n");
    const jsonl = file('{"a":1,"secret":"marker-4711","anomaly":1,"changepoint":1}\n', "jsonl");
    const fromCsv = await play(spec({ paths: [csv], columns: { a: "a" }, timeColumn: "datetime" }));
    const fromJson = await play(spec({ paths: [jsonl], format: "jsonl" }));
    for (const { sink } of [fromCsv, fromJson]) {
      assert.deepEqual(values(sink), [{ a: 1 }]);
      assert.doesNotMatch(JSON.stringify([sink.batches, sink.rejects]), /marker-4711|anomaly|changepoint/);
    }
    assert.deepEqual((await inspectReplayFile(csv)).columns, { a: "a" });
  });

  test("gzip, in one member or several, reads as the same rows", async () => {
    const text = `a\n${numbered(5000)}`;
    const split = Buffer.concat([gzipSync(text.slice(0, 9000)), gzipSync(text.slice(9000))]);
    const { sink, problem } = await play(spec({ paths: [file(gzipSync(text), "csv.gz"), file(split, "csv.gz")] }));
    assert.equal(problem, undefined);
    assert.deepEqual(sink.readings().map((reading) => reading.data), [...Array(2).keys()].flatMap(() => Array.from({ length: 5000 }, (_, a) => ({ a }))));
  });

  test("without a time column rows are intervalMs apart from the start, also over a stop", async () => {
    const path = file(`a\n${numbered(3)}`);
    const { sink } = await play(spec({ paths: [path], intervalMs: 250 }));
    const times = sink.readings().map((reading) => reading.timeMs ?? Number.NaN);
    assert.deepEqual(times.map((ms) => ms - (times[0] ?? 0)), [0, 250, 500]);
    writeFileSync(path, `a\n${numbered(4)}`);
    const again = await play(spec({ paths: [path], intervalMs: 250 }), createKeepingSink({ offset: sink.batches.at(-1)?.offset ?? "" }));
    assert.deepEqual(again.sink.readings().map((reading) => reading.timeMs), [(times[0] ?? 0) + 750]);
  });

  test("two subjects alike are told apart by their order", async () => {
    const wanted = spec({ paths: [file(`a\n${numbered(2)}`), file(`a\n${numbered(2, 2)}`)], subjects: ["pump", "pump"] });
    const { sink } = await play(wanted);
    const again = await play(wanted, createKeepingSink({ offset: sink.batches.at(-1)?.offset ?? "" }));
    assert.deepEqual(again.sink.readings(), []);
  });
});

describe("continuing", () => {
  test("after a stop at any batch, with other paths, every row comes once and in order", async () => {
    const paths = [file(`a\n${numbered(1300)}`), file(gzipSync(`a\n${numbered(700, 1300)}`), "csv.gz")];
    const { sink } = await play(spec({ paths }));
    assert.ok(sink.batches.length >= 4);
    const moved = [file(`a\n${numbered(1300)}`), file(`a\n${numbered(700, 1300)}`)];
    for (let stop = 1; stop <= sink.batches.length; stop++) {
      const before = sink.batches.slice(0, stop);
      const rest = await play(spec({ paths: moved }), createKeepingSink({ offset: before.at(-1)?.offset ?? "" }));
      const all = [...before.flatMap((batch) => batch.readings.map((reading) => reading.data)), ...values(rest.sink)];
      assert.deepEqual(all, Array.from({ length: 2000 }, (_, a) => ({ a })));
    }
  });

  test("closing in the middle waits for the batch in flight, and what follows is left for the next start", async () => {
    let release: () => void = () => {};
    const held = createKeepingSink({ accept: () => new Promise((resolve) => void (release = resolve)) });
    let isTaken = false;
    const sink = { ...held, accept: (...batch: Parameters<typeof held.accept>) => ((isTaken = true), held.accept(...batch)) };
    const wanted = spec({ paths: [file(`a\n${numbered(5000)}`)] });
    const door = await openReplay(wanted, sink, clock);
    await until("a batch in flight", () => isTaken);
    const closed = door.close();
    release();
    await closed;
    assert.equal(held.hasEnded(), false);
    assert.equal(held.batches.length, 1);
    const rest = await play(wanted, createKeepingSink({ offset: held.batches[0]?.offset ?? "" }));
    assert.deepEqual([...values(held), ...values(rest.sink)], Array.from({ length: 5000 }, (_, a) => ({ a })));
  });

  test("a failed append ends the source, and no later batch is handed over", async () => {
    let calls = 0;
    const sink = createKeepingSink({
      accept: async () => {
        if (++calls === 2) throw new HolonError("HOLON_DISK_FULL", "the disk is full");
      },
    });
    const { problem } = await play(spec({ paths: [file(`a\n${numbered(5000)}`)] }), sink);
    assert.equal(problem?.code, "HOLON_DISK_FULL");
    assert.equal(calls, 2);
    assert.equal(sink.readings().length, limits.replayBatchRows);
  });

  test("an offset that no replay wrote is refused", async () => {
    await assert.rejects(openReplay(spec({ paths: [file("a\n1\n")] }), createKeepingSink({ offset: "garbage" }), clock), hasCode("HOLON_LOG_FORMAT"));
  });
});

describe("pace", () => {
  test("N times faster: no row before its time, rows that are late come together", async () => {
    const rows = [0, 100, 200, 200, 200, 1000].map((ms) => `${1581163200000 + ms},${ms}\n`).join("");
    const arrivals: { atMs: number; count: number }[] = [];
    const sink = createKeepingSink({ accept: async ({ readings }) => void arrivals.push({ atMs: clock.monotonicMs(), count: readings.length }) });
    const startMs = clock.monotonicMs();
    const { problem } = await play(spec({ paths: [file(`t,a\n${rows}`)], timeColumn: "t", speed: 10 }), sink);
    assert.equal(problem, undefined);
    assert.deepEqual(values(sink), [0, 100, 200, 200, 200, 1000].map((a) => ({ a })));
    assert.ok(clock.monotonicMs() - startMs >= 100, "the last row is due 100 ms after the first");
    assert.ok(arrivals.length >= 2 && arrivals.some(({ count }) => count >= 3), JSON.stringify(arrivals));
  });

  test("time that steps back waits for nothing, and closing breaks off a long wait", async () => {
    const sink = createKeepingSink();
    const door = await openReplay(spec({ paths: [file("t,a\n2020-01-02,1\n2020-01-01,2\n2030-01-01,3\n")], timeColumn: "t", speed: 1 }), sink, clock);
    await until("two rows", () => sink.readings().length === 2);
    await door.close();
    assert.deepEqual(values(sink), [{ a: 1 }, { a: 2 }]);
    assert.equal(sink.hasEnded(), false);
  });
});

describe("bad rows", () => {
  const marker = "marker-4711";
  const lines = ["a,b", "1,1", `${marker},2`, "3,3,3", "4", `,5`, `"6"x,6`, `7,${"9".repeat(limits.recordBytesMax)}`, "8,8", "Infinity,1"];

  test("stop: everything before is accepted, then the source ends with the row's line and column", async () => {
    const path = file(lines.join("\n"));
    const { sink, problem } = await play(spec({ paths: [path] }));
    hasCode("HOLON_SOURCE_ROW_BAD", path, "line 3", '"a"')(problem);
    assert.doesNotMatch(problem?.message ?? "", new RegExp(marker));
    assert.deepEqual(values(sink), [{ a: 1 }]);
    writeFileSync(path, ["a,b", "1,1", "2,2"].join("\n"));
    const mended = await play(spec({ paths: [path] }), createKeepingSink({ offset: sink.batches.at(-1)?.offset ?? "" }));
    assert.deepEqual(values(mended.sink), [{ a: 2 }]);
  });

  test("skip: each is set aside with its place, never its values, and the rest is played", async () => {
    const path = file(lines.join("\n"));
    const wanted = spec({ paths: [path], badRows: "skip" });
    const { sink, problem } = await play(wanted);
    assert.equal(problem, undefined);
    assert.deepEqual(values(sink), [{ a: 1 }, { a: 8 }]);
    assert.deepEqual(sink.rejects.map((reject) => reject.position), [3, 4, 5, 6, 7, 8, 10].map((line) => `${path}:${line}`));
    assert.ok(sink.rejects.every((reject) => reject.code === "HOLON_SOURCE_ROW_BAD"));
    assert.doesNotMatch(JSON.stringify(sink.rejects), new RegExp(marker));
    const again = await play(wanted, createKeepingSink({ offset: sink.batches.at(-1)?.offset ?? "" }));
    assert.deepEqual([again.sink.readings(), again.sink.rejects], [[], []]);
  });

  test("a bad time, and JSON lines that are no object or lack a number", async () => {
    const csv = await play(spec({ paths: [file("t,a\nyesterday,1\n2020-01-01,2\n")], timeColumn: "t", badRows: "skip" }));
    assert.match(csv.sink.rejects[0]?.message ?? "", /line 2, column "t": no time/);
    const jsonl = await play(spec({ paths: [file('{"a":1}\n[1]\n{"a":"2"}\n{"b":1}\nnot json\n{"a":5}\n', "jsonl")], format: "jsonl", badRows: "skip" }));
    assert.deepEqual(values(jsonl.sink), [{ a: 1 }, { a: 5 }]);
    assert.equal(jsonl.sink.rejects.length, 4);
  });
});

describe("files that cannot be played are refused at opening, each by name", () => {
  const good = file("a\n1\n");
  const linkLoop = join(folder, "loop.csv");
  symlinkSync(linkLoop, linkLoop);
  const subfolder = join(folder, "folder.csv");
  mkdirSync(subfolder);
  const text = `a\n${numbered(10)}`;
  const cases: readonly [name: string, path: string, code: string, changes?: Partial<ReplaySourceSpec>][] = [
    ["missing", join(folder, "none.csv"), "HOLON_SOURCE_MISSING"],
    ["below a file", join(good, "none.csv"), "HOLON_SOURCE_MISSING"],
    ["a folder", subfolder, "HOLON_SOURCE_NOT_A_FILE"],
    ["no bytes", file(""), "HOLON_SOURCE_EMPTY"],
    ["no bytes, gzip name", file("", "csv.gz"), "HOLON_SOURCE_EMPTY"],
    ["no bytes within gzip", file(gzipSync(""), "csv.gz"), "HOLON_SOURCE_EMPTY"],
    ["only a header", file("a,b\r\n\r\n"), "HOLON_SOURCE_EMPTY"],
    ["without the column", file("b,c\n1,2\n"), "HOLON_SOURCE_COLUMN_MISSING"],
    ["another delimiter", file("a;b\n1;2\n"), "HOLON_SOURCE_COLUMN_MISSING"],
    ["without the time column", good, "HOLON_SOURCE_COLUMN_MISSING", { timeColumn: "when" }],
    ["JSON without the member", file('{"b":1}\n', "jsonl"), "HOLON_SOURCE_COLUMN_MISSING", { format: "jsonl" }],
    ["a link to itself", linkLoop, "HOLON_SOURCE_UNREADABLE"],
    ["no gzip", file(text, "csv.gz"), "HOLON_SOURCE_UNREADABLE"],
    ["gzip under a plain name", file(gzipSync(text)), "HOLON_SOURCE_UNREADABLE"],
    ["UTF-16", file(Buffer.from(`\uFEFF${text}`, "utf16le")), "HOLON_SOURCE_UNREADABLE"],
    ["a device", "/dev/null", "HOLON_SOURCE_UNREADABLE"],
  ];
  for (const [name, path, code, changes] of cases) {
    test(name, async () => {
      const sink = createKeepingSink();
      await assert.rejects(openReplay(spec({ paths: changes?.timeColumn === undefined && changes?.format === undefined ? [good, path] : [path], ...changes }), sink, clock), hasCode(code, path));
      assert.equal(sink.batches.length, 0);
    });
  }

  test("a column map that cannot be", async () => {
    for (const columns of [{}, { a: "x", b: "x" }, { a: "" }]) {
      await assert.rejects(openReplay(spec({ paths: [good], columns }), createKeepingSink(), clock), hasCode("HOLON_APP_BAD", "pump"));
    }
  });
});

test("a truncated gzip file gives its good rows, then ends the source", async () => {
  const noise = Array.from({ length: 40_000 }, (_, row) => `${row},${Math.sin(row)}\n`).join("");
  const whole = gzipSync(`a,b\n${noise}`);
  const path = file(whole.subarray(0, whole.length >> 1), "csv.gz");
  const { sink, problem } = await play(spec({ paths: [path] }));
  hasCode("HOLON_SOURCE_UNREADABLE", path)(problem);
  const count = sink.readings().length;
  assert.ok(count > 15_000 && count < 25_000, `${count} rows`);
  assert.deepEqual(values(sink), Array.from({ length: count }, (_, a) => ({ a })));
  writeFileSync(path, whole);
  const rest = await play(spec({ paths: [path] }), createKeepingSink({ offset: sink.batches.at(-1)?.offset ?? "" }));
  assert.deepEqual([...values(sink), ...values(rest.sink)], Array.from({ length: 40_000 }, (_, a) => ({ a })));
});

describe("inspecting", () => {
  for (const [name, delimiter] of [["semicolon", ";"], ["comma", ","], ["tab", "\t"]] as const) {
    test(`finds the ${name}, the time, the numbers and the labels`, async () => {
      const rows = [["DateTime", "Current", "Volume Flow RateRMS", "note", "anomaly", "changepoint"], ["2020-02-08 13:30:47", "1", "", "x", "0", "1"], ["2020-02-08 13:30:48", "2", "3.5", "y", "1", "0"]];
      const path = file(gzipSync(rows.map((row) => row.join(delimiter)).join("\r\n")), "csv.gz");
      assert.deepEqual(await inspectReplayFile(path), {
        format: "csv",
        delimiter,
        header: rows[0],
        timeColumn: "DateTime",
        columns: { Current: "Current", "Volume Flow RateRMS": "Volume Flow RateRMS" },
        labelColumns: ["anomaly", "changepoint"],
        likelyLabels: [],
      });
      assert.deepEqual(await labels(path), [0, 1]);
    });
  }

  test("JSON lines", async () => {
    const text = '{"time":"2020-02-08T13:30:47Z","a":1,"name":"x","anomaly":0}\n{"time":"2020-02-08T13:30:48Z","a":2,"name":"y","anomaly":1}\n';
    const path = file(text, "jsonl");
    const shape = await inspectReplayFile(path);
    assert.deepEqual([shape.format, shape.timeColumn, shape.columns, shape.labelColumns], ["jsonl", "time", { a: "a" }, ["anomaly"]]);
    assert.deepEqual(await replaySize(path), { rows: 2, decompressedBytes: text.length });
    assert.deepEqual(await labels(path), [0, 1]);
  });

  test("labels are found in any case; what is a label by its name is no sensor unless somebody says so", async () => {
    const path = file("a,Anomaly,Is_Anomaly,label,class\n1,0,0,7,x\n2,1,1,8,y\n");
    const shape = await inspectReplayFile(path);
    assert.deepEqual([shape.columns, shape.labelColumns, shape.likelyLabels], [{ a: "a" }, ["anomaly"], ["Is_Anomaly", "label"]]);
    assert.deepEqual(await labels(path), [0, 1]);
    await assert.rejects(inspectReplayFile(file("Label\n1\n")), hasCode("HOLON_SOURCE_COLUMN_MISSING", "Label"));
  });

  test("size counts rows and decompressed bytes, without header and blank lines", async () => {
    const text = `\uFEFFa,b\r\n${Array.from({ length: 3000 }, (_, row) => `${row},é\r\n`).join("")}\r\n`;
    assert.deepEqual(await replaySize(file(gzipSync(text), "csv.gz")), { rows: 3000, decompressedBytes: Buffer.byteLength(text) });
  });

  test("a file without a header, and one without numbers, are refused by name", async () => {
    const bare = file("1,2\n3,4\n");
    await assert.rejects(inspectReplayFile(bare), hasCode("HOLON_SOURCE_COLUMN_MISSING", bare, "header"));
    const words = file("a,b\nx,y\n");
    await assert.rejects(inspectReplayFile(words), hasCode("HOLON_SOURCE_COLUMN_MISSING", words));
    await assert.rejects(inspectReplayFile(folder), hasCode("HOLON_SOURCE_NOT_A_FILE", folder));
  });
});
