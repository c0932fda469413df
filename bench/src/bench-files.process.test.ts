import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { onItsTurn } from "../../scripts/testing/turns.ts";

const bench = (folder: string, ...words: readonly string[]) => spawnSync(process.execPath, [join(import.meta.dirname, "bench.ts"), ...words, "--data", folder, "--json"], { encoding: "utf8", timeout: 60_000 });
const figuresOf = (stdout: string): Readonly<Record<string, number>> => (JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { readonly figures: Readonly<Record<string, number>> }).figures;

function folderFor(t: { after(done: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "holon-bench-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const hour = (index: number): string => new Date(Date.UTC(2023, 0, 1) + index * 3_600_000).toISOString().slice(0, 19).replace("T", " ");

test("shifting over a made-up curve gives the mean that one finds by hand, unrounded, from text and from gzip", (t) => {
  const folder = folderFor(t);
  const values = [300, 100.123456789, 200, 400, 100, 500];
  const text = ["Datetime (UTC),Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA)", ...values.map((value, index) => `${hour(index)},X,1,${value}`), ""].join("\n");
  const plain = join(folder, "curve.csv");
  const packed = join(folder, "curve.csv.gz");
  writeFileSync(plain, text);
  writeFileSync(packed, gzipSync(text));
  const expected = (100.123456789 + 100.123456789 + 100 + 100) / 4;
  for (const file of [plain, packed]) {
    const { status, stdout, stderr } = bench(folder, "shifting", "--curve", file, "--hours", "1", "--slack", "2");
    assert.equal(status, 0, stderr);
    const figures = figuresOf(stdout);
    assert.ok(Math.abs((figures["meanIntensity"] ?? 0) - expected) < 1e-9);
    assert.deepEqual([figures["arrivals"], figures["meanIntensityAtOnce"]], [4, (300 + 100.123456789 + 200 + 400) / 4]);
  }
  const { stdout } = bench(folder, "shifting", "--curve", plain, "--hours", "2", "--slack", "4", "--interruptible");
  assert.ok(Math.abs((figuresOf(stdout)["meanIntensity"] ?? 0) - (100 + 100.123456789) / 2) < 1e-9);
});

test("a trace is played with ours beside the published schedulers; what fits is handed out whole", (t) => {
  const folder = folderFor(t);
  const [nodes, pods] = [join(folder, "nodes.csv"), join(folder, "pods.csv")];
  writeFileSync(nodes, `sn,cpu_milli,memory_mib,gpu,model\n${Array.from({ length: 6 }, (_, index) => `n${index},32000,1000,${index === 5 ? 0 : 4},${index % 2 === 0 ? "A" : "B"}`).join("\n")}\n`);
  writeFileSync(pods, `name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos\n${Array.from({ length: 24 }, (_, index) => `p${index},1000,1,1,${index % 3 === 0 ? 1000 : 500},${index % 6 === 0 ? "A|B" : ""},LS`).join("\n")}\n`);
  const { status, stdout, stderr } = bench(folder, "gpu-trace", "--nodes", nodes, "--pods", pods);
  assert.equal(status, 0, stderr);
  const figures = figuresOf(stdout);
  assert.deepEqual([figures["acceleratorsTotal"], figures["arrivedPercent"]], [20, 130]);
  for (const name of ["", "Fgd", "BestFit"]) assert.ok((figures[`allocationPercent${name}`] ?? 0) > 99, `allocationPercent${name}`);
  assert.ok((figures["allocationPercentRandom"] ?? 0) > 80 && (figures["allocationPercentRandom"] ?? 0) <= (figures["allocationPercent"] ?? 0));
});

test("bad files and arguments are refused by name and line", onItsTurn(0, 2), (t) => {
  const folder = folderFor(t);
  const [curve, nodes, pods] = [join(folder, "curve.csv"), join(folder, "nodes.csv"), join(folder, "pods.csv")];
  writeFileSync(curve, "Datetime (UTC),Price (USD/MWh)\n2023-01-01 00:00:00,1\n2023-01-01 01:00:00,none\n");
  writeFileSync(nodes, "sn,cpu_milli,memory_mib,gpu,model\nn,1,1,1,A\n");
  writeFileSync(pods, "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\np,1,1,1,1001,\n");
  for (const [words, naming] of [
    [["shifting", "--curve", curve, "--hours", "1", "--slack", "0"], /^HOLON_TABLE_BAD: curve\.csv, line 3: "none" is no price/m],
    [["shifting", "--curve", join(folder, "none.csv"), "--hours", "1", "--slack", "0"], /^HOLON_TABLE_BAD: .*none\.csv cannot be read/m],
    [["shifting", "--curve", curve, "--hours", "0", "--slack", "0"], /^HOLON_ARGUMENT_BAD: --hours/m],
    [["shifting", "--curve", curve, "--hours", "1", "--slack", "-1"], /^HOLON_ARGUMENT_BAD: /m],
    [["shifting", "--curve", curve], /^HOLON_ARGUMENT_BAD: suite shifting wants/m],
    [["gpu-trace", "--nodes", nodes, "--pods", pods], /^HOLON_TABLE_BAD: pods\.csv, line 2: "1001" in `gpu_milli`/m],
    [["gpu-trace", "--nodes", "12", "--pods", pods], /^HOLON_ARGUMENT_BAD: --nodes of suite gpu-trace takes a file/m],
    [["gpu-trace", "--nodes", pods, "--pods", pods], /^HOLON_TABLE_BAD: pods\.csv, line 1: there is no column `sn`/m],
  ] as const) {
    const { status, stdout, stderr } = bench(folder, ...words);
    assert.deepEqual([status, stdout], [1, ""], words.join(" "));
    assert.match(stderr, naming);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});

test("a small fleet is planned and replanned, and small plans are the optimum that the solver proves, or near it", onItsTurn(1, 2), (t) => {
  const { status, stdout, stderr } = bench(folderFor(t), "placement", "--nodes", "400");
  assert.equal(status, 0, stderr);
  const { ratios } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { readonly ratios: Readonly<Record<string, number>> };
  const figures = figuresOf(stdout);
  assert.ok((ratios["costVsOptimal"] ?? 9) >= 1 - 1e-6 && (ratios["costVsOptimal"] ?? 9) < 1.02);
  for (const name of ["planMs0.4k", "replanMs", "placementsPerSecond", "placementCalibrationLoopMsP50"]) assert.ok((figures[name] ?? 0) > 0, name);
  // Of so few the collector may have taken back more than the plan holds.
  assert.ok(Number.isFinite(figures["planKilobytesPerUnit400"]), "planKilobytesPerUnit400");
});

const recorded = join(import.meta.dirname, "../../../shared/data/carbon-intensity/DE-LU_2023_hourly.csv.gz");

test("on a recorded year 24-hour jobs lose less than a point by a forecast that is 5 % off", onItsTurn(0, 2, existsSync(recorded) ? false : "the recordings are not beside the repository"), (t) => {
  for (const slack of ["24", "168"]) {
    const { status, stdout, stderr } = bench(folderFor(t), "shifting", "--curve", recorded, "--hours", "24", "--slack", slack);
    assert.equal(status, 0, stderr);
    const { meanIntensity = 0, meanIntensityAtOnce = 0, forecastErrorCostsPoints = 100 } = figuresOf(stdout);
    assert.ok(meanIntensity < meanIntensityAtOnce && forecastErrorCostsPoints <= 1);
  }
});
