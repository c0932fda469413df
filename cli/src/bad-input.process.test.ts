import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { lockFolder } from "@holon/platform/lock.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { heldRecords, onceNodes } from "./testing/held-log.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { assertNothingLost, reportOf, runHolon, startHolon } from "./testing/holon-process.ts";
import { good, play, playOnce, refuses, rows, table, type Case } from "./testing/refuses.ts";
import { until } from "./testing/wait.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";

const sources: readonly Case[] = [
  { what: "a missing file", code: "HOLON_SOURCE_MISSING", names: /none\.csv/, args: play("none.csv") },
  { what: "a folder in place of a file", code: "HOLON_SOURCE_NOT_A_FILE", names: /is a folder/, args: play(".") },
  { what: "an empty file", code: "HOLON_SOURCE_EMPTY", names: /empty\.csv/, files: { "empty.csv": "" }, args: play("empty.csv") },
  { what: "a file with a header and no rows", code: "HOLON_SOURCE_EMPTY", names: /head\.csv.*header/, files: { "head.csv": "a,b\n" }, args: play("head.csv") },
  { what: "a column that the file does not have", code: "HOLON_SOURCE_COLUMN_MISSING", names: /good\.csv.*"pressure"/, files: good, args: play("good.csv", "--columns", "a,pressure") },
  { what: "a time column that the file does not have", code: "HOLON_SOURCE_COLUMN_MISSING", names: /good\.csv.*"when"/, files: good, args: play("good.csv", "--time-column", "when") },
  { what: "a second file without the columns of the first", code: "HOLON_SOURCE_COLUMN_MISSING", names: /other\.csv.*"a"/, files: { ...good, "other.csv": "c,b\n1,2\n" }, args: (at) => play("good.csv")(at).map((arg) => (arg === at("good.csv") ? `${arg},${at("other.csv")}` : arg)) },
  { what: "a second file of another shape", code: "HOLON_ARGUMENT_BAD", names: /good\.csv and .*more\.jsonl differ in shape/, files: { ...good, "more.jsonl": '{"a":1,"b":2}\n' }, args: (at) => play("good.csv")(at).map((arg) => (arg === at("good.csv") ? `${arg},${at("more.jsonl")}` : arg)) },
  { what: "a label in place of the time", code: "HOLON_ARGUMENT_BAD", names: /--time-column names Anomaly, a label/, files: { "labels.csv": "a,Anomaly\n1,0\n2,1\n" }, args: play("labels.csv", "--time-column", "Anomaly") },
  { what: "a label inside of something else", code: "HOLON_ARGUMENT_BAD", names: /--columns names truth\.anomaly, a label/, files: { "deep.jsonl": '{"a":1,"truth":{"anomaly":1}}\n' }, args: play("deep.jsonl", "--columns", "a,truth.anomaly") },
  { what: "two columns of one name", code: "HOLON_SOURCE_COLUMN_MISSING", names: /twice\.csv has two columns named "a"/, files: { "twice.csv": "a,a\n1,2\n" }, args: play("twice.csv") },
  { what: "text that calls itself gzip", code: "HOLON_SOURCE_UNREADABLE", names: /text\.csv\.gz.*gzip/, files: { "text.csv.gz": table(rows(3)) }, args: play("text.csv.gz") },
];

const emitting = (emits: string): string => `export default { kind: "holon.function", on: { type: "pump.reading" }, emits: ${emits}, models: [], run() {} };`;
const app = (manifest: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({ ...good, "app/holon.app.yaml": manifest, ...more });
const withApp = (at: (name: string) => string): readonly string[] => play("good.csv", "--app", at("app"))(at);

const apps: readonly Case[] = [
  { what: "an app folder that does not exist", code: "HOLON_APP_MISSING", names: /app does not exist/, files: good, args: withApp },
  { what: "a manifest with a field that there is not", code: "HOLON_APP_BAD", names: /holon\.app\.yaml.*"function"/, files: app("name: x\nfunction: []\n"), args: withApp },
  { what: "a manifest that is no YAML", code: "HOLON_APP_BAD", names: /holon\.app\.yaml.*line \d/, files: app("name: x\nfunctions: [ {\n"), args: withApp },
  { what: "a manifest in TypeScript that does not parse", code: "HOLON_APP_BAD", names: /holon\.app\.ts does not load/, files: { ...good, "app/holon.app.ts": "export default {" }, args: withApp },
  { what: "a module that does not exist", code: "HOLON_UNIT_BAD", names: /none\.ts/, files: app("name: x\nfunctions: [{ name: f, module: none.ts }]\n"), args: withApp },
  { what: "a function that would let raw readings out", code: "HOLON_POLICY_DENIED", names: /function f .*raw.*data/, files: app("name: x\nfunctions: [{ name: f, module: f.ts }]\n", { "app/f.ts": emitting('{ "a.b": { stream: "data", class: "raw" } }') }), args: withApp },
  { what: "a model file that does not exist", code: "HOLON_APP_BAD", names: /holon\.app\.yaml.*none\.onnx/, files: app("name: x\nmodels: [{ name: m, graph: none.onnx }]\n"), args: withApp },
  { what: "a model that is no ONNX graph", code: "HOLON_MODEL_NOT_ONNX", names: /model m/, files: app("name: x\nmodels: [{ name: m, graph: m.onnx }]\n", { "app/m.onnx": "This is a text, not a graph.\n" }), args: withApp },
];

const played = takesTurns(4);
refuses([...sources, ...apps]);

played("a row that is no number ends the run without its value; the rows before it are kept, and the mended file goes on from there", async (context) => {
  const folder = tempFolder(context);
  const [path, data] = [join(folder, "rows.csv"), join(folder, "data")];
  const lines = rows(700);
  const command = [...playOnce, "--replay", path, "--data", data];
  writeFileSync(path, table(lines.with(650, "hush-7f3a,1")));
  const ended = await runHolon(context, command);
  assertRefused(ended, "HOLON_SOURCE_ROW_BAD", /rows\.csv line 652, column "a"/);
  assert.doesNotMatch(ended.stderr, /hush/);
  const kept = await heldRecords(context, data, "gateway-1");
  assert.equal(kept.filter(({ event }) => event.type === "pump.reading").length, 650);
  writeFileSync(path, table(lines));
  const report = reportOf(await runHolon(context, [...command, "--json", "--continue"]));
  assertNothingLost(report);
  assert.equal(report.eventsIn, 700);
});

played("a folder or a port that somebody else has costs none of the records in the folder", async (context) => {
  const folder = tempFolder(context);
  const [path, data] = [join(folder, "rows.csv"), join(folder, "data")];
  writeFileSync(path, table(rows(300)));
  const command = [...playOnce, "--replay", path, "--data", data];
  assertNothingLost(reportOf(await runHolon(context, [...command, "--json"])));
  const count = async (): Promise<number> => (await heldRecords(context, data, "gateway-1")).filter(({ event }) => event.type === "pump.reading").length;
  const lock = lockFolder(data);
  assertRefused(await runHolon(context, command), "HOLON_DATA_IN_USE", new RegExp(`process ${process.pid}`));
  lock.release();
  assert.equal(await count(), 300);
  const server = createServer();
  context.after(() => void server.close());
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const address = server.address();
  const taken = typeof address === "object" && address !== null ? address.port : 0;
  assertRefused(await runHolon(context, [...command.filter((arg, index) => arg !== "--port-base" && command[index - 1] !== "--port-base"), "--port-base", String(taken)]), "HOLON_PORT_TAKEN", /--port-base|listened/);
  assertRefused(await runHolon(context, ["up", "--port-base", "0", "--data", join(folder, "live"), "--mqtt", `127.0.0.1:${taken}`]), "HOLON_PORT_TAKEN", new RegExp(`127\\.0\\.0\\.1:${taken} cannot`));
  server.close();
  assert.equal(await count(), 300);
});

played("another list of files, and other columns of them, are not what an earlier run goes on with", async (context) => {
  const folder = tempFolder(context);
  const [one, other, data] = [join(folder, "one.csv"), join(folder, "other.csv"), join(folder, "data")];
  for (const path of [one, other]) writeFileSync(path, table(rows(60)));
  assertNothingLost(reportOf(await runHolon(context, [...playOnce, "--replay", one, "--data", data, "--json"])));
  assertRefused(await runHolon(context, [...playOnce, "--replay", `${other},${one}`, "--data", data, "--continue"]), "HOLON_ARGUMENT_BAD", /holds a run of .*one\.csv, and .*other\.csv, .*one\.csv is another list/);
  assertRefused(await runHolon(context, [...playOnce, "--replay", one, "--data", data, "--continue", "--columns", "a"]), "HOLON_ARGUMENT_BAD", /read columns a, b, and this one would read columns a/);
});

played("a recording that became shorter than what was played of it is named, and nothing is played twice", async (context) => {
  const folder = tempFolder(context);
  const [path, data] = [join(folder, "rows.csv"), join(folder, "data")];
  const command = [...playOnce, "--replay", path, "--data", data];
  writeFileSync(path, table(rows(300)));
  assertNothingLost(reportOf(await runHolon(context, [...command, "--json"])));
  writeFileSync(path, table(rows(200)));
  assertRefused(await runHolon(context, [...command, "--continue"]), "HOLON_SOURCE_EMPTY", /rows\.csv holds 200 rows, and 300/);
  const kept = await heldRecords(context, data, "gateway-1");
  assert.equal(kept.filter(({ event }) => event.type === "pump.reading").length, 300);
});

played("a row that is no number is set aside, counted and told without its value, where that is asked for", async (context) => {
  const folder = tempFolder(context);
  const [path, data] = [join(folder, "rows.csv"), join(folder, "data")];
  writeFileSync(path, table(rows(100).with(60, "hush-7f3a,1")));
  const report = reportOf(await runHolon(context, [...playOnce, "--replay", path, "--data", data, "--json", "--bad-rows", "skip"]));
  assertNothingLost(report);
  assert.deepEqual([report.eventsIn, report.rejected, report.scores], [100, 1, undefined]);
  const records = (await Promise.all(onceNodes.map((node) => heldRecords(context, data, node)))).flat();
  assert.equal(records.filter(({ event }) => event.type === "holon.source.rejected").length, 3, "told on all three nodes");
  for (const { event } of records) assert.doesNotMatch(JSON.stringify(event), /hush/);
});

played("labels that are no numbers, and labels of rows that are set aside, are not scored; the others are", async (context) => {
  const folder = tempFolder(context);
  const [path, data] = [join(folder, "labelled.csv"), join(folder, "data")];
  const row = (index: number): string => (index === 450 ? "1" : `${Math.sin(index / 9)},${Math.cos(index / 7)},${index === 500 ? "perhaps" : Number(index > 480)}`);
  writeFileSync(path, ["a,b,anomaly", ...Array.from({ length: 520 }, (_, index) => row(index)), ""].join("\n"));
  const ended = await runHolon(context, [...playOnce, "--replay", path, "--data", data, "--json", "--bad-rows", "skip"]);
  const report = reportOf(ended);
  assertNothingLost(report);
  assert.deepEqual([report.eventsIn, report.rejected, report.pooled?.rows], [520, 1, 118]);
  assert.match(ended.stderr, /labelled\.csv: 1 rows have no number in their label/);
});

played("a recording that is cut short plays as far as it goes, is named, and goes on when it is whole", async (context) => {
  const folder = tempFolder(context);
  const [path, data] = [join(folder, "short.csv.gz"), join(folder, "data")];
  const command = [...playOnce, "--replay", path, "--data", data];
  const whole = gzipSync(table(Array.from({ length: 4000 }, (_, row) => `${Math.sin(row)},${row}`)));
  writeFileSync(path, whole.subarray(0, Math.floor(whole.length * 0.7)));
  assertRefused(await runHolon(context, command), "HOLON_SOURCE_UNREADABLE", /short\.csv\.gz/);
  const kept = (await heldRecords(context, data, "gateway-1")).filter(({ event }) => event.type === "pump.reading").length;
  assert.ok(kept > 500 && kept < 4000, `${kept} rows`);
  writeFileSync(path, whole);
  const report = reportOf(await runHolon(context, [...command, "--json", "--continue"]));
  assertNothingLost(report);
  assert.equal(report.eventsIn, 4000);
});

played("a source that stopped is what doctor finds", async (context) => {
  const folder = tempFolder(context);
  const [path, data, base] = [join(folder, "rows.csv"), join(folder, "data"), await freePortBase()];
  writeFileSync(path, table(rows(20).with(10, "none,1")));
  const up = startHolon(context, ["up", "--replay", path, "--speed", "max", "--data", data, "--port-base", `${base}`]);
  const asked = ["doctor", "--api", `http://127.0.0.1:${base}`, "--data", data];
  await until("doctor finds the source", async () => {
    assert.ok(up.isRunning(), up.stderr());
    const { exitCode, stdout } = await runHolon(context, asked);
    return exitCode === 1 && /bad +gateway-1 +source replay: .*rows\.csv line 12/.test(stdout);
  });
  up.signal("SIGTERM");
  assert.equal((await up.ended).exitCode, 0);
});
