import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { runScenario } from "./run.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { naiveProgram, type NaiveBugs } from "./testing/naive-node.ts";

const planted = takesTurns(3);

const runNaive = (bugs: NaiveBugs, seeds: number, kind: "replay" | "host" = "replay") =>
  runScenario({ scenario: "cut-and-heal", seed: 100, seeds, convergeMsMax: 60_000, program: naiveProgram(bugs, kind) });

test("a right node loses, doubles and swaps nothing, and converges", async () => {
  const report = await runNaive({}, 3);
  assert.deepEqual(report.violations, []);
  assert.deepEqual([report.lost, report.duplicated, report.reordered, report.damagedReported], [0, 0, 0, 0]);
  assert.equal(report.acknowledged, report.delivered);
  assert.ok(report.acknowledged > 500, `only ${report.acknowledged} records`);
  assert.ok(report.crashes > 3, `only ${report.crashes} crashes`);
  assert.ok(report.convergedMs !== null && report.convergedMs > 0);
  assert.equal(report.seedsRunTwice, 1);
});

test("host figures that nobody took are gone, without a loss", async () => {
  const report = await runNaive({}, 1, "host");
  assert.deepEqual(report.violations, []);
});

test("the same seed gives the same trace, another seed another", async () => {
  const run = async (seed: number) => (await runScenario({ scenario: "cut-and-heal", seed, seeds: 1, program: naiveProgram() })).traceHash;
  assert.equal(await run(7), await run(7));
  assert.notEqual(await run(7), await run(8));
});

planted("acknowledging before the disk has it is seen as a loss", async () => {
  const report = await runNaive({ acknowledgesEarly: true }, 3);
  assert.ok(report.lost > 0);
  assert.match(report.violations.join("\n"), /lost|not in the log/);
  assert.match(report.violations.join("\n"), /replay: npm run sim -- --scenario cut-and-heal --seed 10\d --json/);
});

planted("sending once and forgetting is seen as a loss or as no convergence", async () => {
  const report = await runNaive({ forgetsUnconfirmed: true }, 1);
  assert.ok(report.lost > 0 || report.convergedMs === null);
  assert.ok(report.violations.length > 0);
});

planted("applying a batch twice is seen as doubled", async () => {
  const report = await runNaive({ appliesTwice: true }, 1);
  assert.ok(report.duplicated > 0);
});

planted("storing a batch backwards is seen as out of order", async () => {
  const report = await runNaive({ swapsBatches: true }, 1);
  assert.ok(report.reordered > 0);
});

planted("raw readings that leave the site are seen on the wire and at the cloud", async () => {
  const { violations } = await runNaive({ leaksRaw: true }, 1);
  assert.match(violations.join("\n"), /planted marker is in frame/);
  assert.match(violations.join("\n"), /class raw is in the cloud's log/);
});

test("chance from outside the seed is seen as two different runs", async () => {
  const { violations } = await runNaive({ usesRealChance: true }, 1);
  assert.match(violations.join("\n"), /two runs differ/);
});

test("a throw in a timer is a violation, not the end of the runner", async () => {
  const { violations } = await runNaive({ throwsLate: true }, 1);
  assert.match(violations.join("\n"), /a defect in a timer/);
});

test("a run in which nothing was acknowledged proves nothing", async () => {
  const program = naiveProgram();
  const idle = { ...program, boot: (config: NodeConfig, ports: Ports) => program.boot({ ...config, tier: "edge" }, ports) };
  const { violations } = await runScenario({ scenario: "cut-and-heal", seed: 100, seeds: 1, program: idle });
  assert.match(violations.join("\n"), /proves nothing/);
});

test("an unknown scenario is refused by name", async () => {
  await assert.rejects(runScenario({ scenario: "none", seed: 1, seeds: 1, program: naiveProgram() }), { code: "HOLON_ARGUMENT_BAD", message: /none/ });
});
