import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { need } from "../../scripts/testing/need.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";

const suite = takesTurns(4);

/** The processes of a bench load the same modules again and again. */
const modules = join(import.meta.dirname, "../../node_modules/.cache/bench");
const bench = (...words: readonly string[]) => spawnSync(process.execPath, [join(import.meta.dirname, "bench.ts"), ...words], { encoding: "utf8", timeout: 240_000, env: { ...process.env, NODE_COMPILE_CACHE: modules } });

suite("a tiny run of log and link ends with one JSON object of numbers that fit together, and leaves no file", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-bench-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { status, stdout, stderr } = bench("log", "link", "--seconds", "0.05", "--data", folder, "--json");
  assert.equal(status, 0, stderr);
  const { machine, figures, ratios } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(machine ?? {}), ["cpu", "cores", "memoryBytes", "node", "kernel", "filesystem", "loadBefore"]);
  for (const [name, value] of Object.entries({ ...figures, ...ratios })) assert.ok(typeof value === "number" && value > 0 && Number.isFinite(value), `${name} is ${String(value)}`);
  const figure = (name: string): number => Number(figures?.[name]);
  const ratio = (name: string): number => Number(ratios?.[name]);
  const isNear = (value: number, expected: number): boolean => Math.abs(value / expected - 1) < 0.01; // both were rounded
  for (const [size, suffix] of [[1, "1"], [100, "100"], [1000, ""]] as const) {
    assert.ok(isNear(ratio(`appendVsLimit${suffix}`), figure(`appendEncodedMs${size}P50`) / figure(`limitMs${size}P50`)), `ratio of batches of ${size}`);
    assert.ok(isNear(ratio(`appendWithEncodingVsLimit${suffix}`), figure(`appendMs${size}P50`) / figure(`limitMs${size}P50`)), `whole ratio of batches of ${size}`);
  }
  assert.ok(isNear(ratio("endToEndVsAppend"), figure("appendAloneEventsPerSecond") / figure("endToEndEventsPerSecond")));
  assert.ok(figure("socketSentBytesPerEvent") > 1 && figure("latencyDataMsP50") > figure("latencyAlarmMsP50"), "an alarm does not wait for company");
  assert.deepEqual(readdirSync(folder), []);
});

suite("a small log whose writer is killed is opened with all that was acknowledged", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-bench-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { status, stdout, stderr } = bench("recovery", "--gigabytes", "0.01", "--data", folder, "--json");
  assert.equal(status, 0, stderr);
  const { figures } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { readonly figures: Readonly<Record<string, number>> };
  assert.ok((figures["recoveryRecords"] ?? 0) > 100_000 && (figures["recoveryReadBytes"] ?? 0) > 40e6, "the newest segment was nearly full");
  assert.deepEqual(readdirSync(folder), []);
});

suite("a real gateway takes in what a client process sends, beside the rival where it is installed", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-bench-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { status, stdout, stderr } = bench("ingest", "--seconds", "0.1", "--data", folder, "--json");
  assert.equal(status, 0, stderr);
  const { figures, ratios } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<"figures" | "ratios", Readonly<Record<string, number>>>;
  assert.ok((figures["holonIngestPerSecond"] ?? 0) > 0);
  if (need("nats-server").skip === false) assert.ok((ratios["ingestVsJetStream"] ?? 0) > 0);
  else assert.match(stderr, /nats-server is not installed/);
});

suite("real nodes in another process come to a hub over TLS, and all that they have arrives", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-bench-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const nodes = 12;
  const { status, stdout, stderr } = bench("hub", "--nodes", String(nodes), "--data", folder, "--json");
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /warn/, "a link was closed, or something else went wrong");
  const { figures } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { readonly figures: Readonly<Record<string, number>> };
  assert.ok((figures["hubRecords"] ?? 0) >= nodes * 20);
  assert.ok((figures["hubConvergedMsP99"] ?? 0) > 0);
  assert.deepEqual(readdirSync(folder), []);
});

test("what is not taken is refused by name, with the next step and no stack trace", () => {
  for (const [words, naming] of [[["disk"], /no suite "disk"; the suites are log, link/], [["log", "--seconds", "none"], /--seconds .*"none"/], [["--fast"], /--fast/]] as const) {
    const { status, stdout, stderr } = bench(...words);
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^HOLON_ARGUMENT_BAD: .*\n {2}next: .*--help/);
    assert.match(stderr, naming);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});
