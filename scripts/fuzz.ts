/**
 * `npm run fuzz`: feeds every parser that faces outside with what nobody should send.
 *
 *     npm run fuzz -- --seconds 60                        all of them, a minute in all
 *     npm run fuzz -- --minutes 10 --parser runs          one of them
 *     npm run fuzz -- --corpus DIR                        goes on from what was found there, and keeps what it finds
 *     npm run fuzz -- --save                              puts the shortest of what led somewhere into scripts/fuzz/corpus
 *
 * Fails where an input leads to an error without a code, takes too long, or too much memory; and where a parser got fewer than `inputsMin` inputs, for
 * which its share of the time is made longer.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { saveInputs, savedInputs } from "./fuzz/corpus.ts";
import { inputBytesMax } from "./fuzz/mutate.ts";
import type { Finding, SessionReport } from "./fuzz/session.ts";
import { targets } from "./fuzz/targets.ts";
import { valuesOf } from "./testing/flags.ts";

const hangMs = 10_000;
const heapMegabytes = 768;

const usage = "npm run fuzz -- [--minutes N | --seconds N] [--parser NAME]… [--seed N] [--corpus FOLDER] [--save]";
const flags = valuesOf(usage, { minutes: { type: "string" }, seconds: { type: "string" }, parser: { type: "string", multiple: true }, corpus: { type: "string" }, seed: { type: "string" }, save: { type: "boolean", default: false } });
const chosen = targets.filter(({ name }) => flags.parser?.includes(name) ?? true);
const unknown = (flags.parser ?? []).filter((name) => !targets.some((target) => target.name === name));
const span = flags.minutes ?? flags.seconds ?? "60";
if (unknown.length > 0 || !(Number(span) > 0)) {
  process.stderr.write(`${unknown.length > 0 ? `there is no parser ${unknown.join()}; there are ${targets.map(({ name }) => name).join(", ")}` : `${span} is no time to go on for`}\n${usage}\n`);
  process.exit(2);
}
const spanMs = (flags.minutes === undefined ? Number(flags.seconds ?? 60) * 1_000 : Number(flags.minutes) * 60_000) / chosen.length;
/** Of a share of seconds: what a parser that verifies signatures gets through on a machine that is busy with other things. */
const inputsMin = 100;
let found = 0;
let starved = 0;
let ranMs = 0;
for (const { name } of chosen) {
  const began = performance.now();
  const { runs, ways, findings } = await session(name);
  ranMs += performance.now() - began;
  found += findings.length;
  console.log(`${name}: ${runs} inputs, ${ways} ways, ${((performance.now() - began) / 1_000).toFixed(1)} s, ${findings.length} findings`);
  for (const finding of findings) tell(finding);
  if (runs >= inputsMin) continue;
  starved += 1;
  console.log(`  ${name} got ${runs} inputs, and ${inputsMin} are the least`);
}
console.log(`${chosen.length} parsers, ${(ranMs / 60_000).toFixed(1)} minutes, ${found} findings`);
process.exitCode = found + starved === 0 ? 0 : 1;

function session(name: string): Promise<SessionReport> {
  const folder = flags.corpus === undefined ? undefined : join(flags.corpus, name);
  const state = folder === undefined ? { seed: Number(flags.seed ?? 1), minutes: 0 } : readState(folder);
  const kept: Uint8Array[] = [];
  const corpus = [...savedInputs(name), ...(folder === undefined ? [] : readdirSync(folder).filter((file) => file.endsWith(".bin")).map((file) => new Uint8Array(readFileSync(join(folder, file)))))];
  const shared = new SharedArrayBuffer(8 + inputBytesMax + 4_096);
  const counters = new Int32Array(shared, 0, 2);
  const lastInput = (): Uint8Array => new Uint8Array(shared.slice(8, 8 + Atomics.load(counters, 1)));
  const worker = new Worker(new URL("fuzz/worker.ts", import.meta.url), { workerData: { name, seed: state.seed, spanMs, inputsMin, corpus, shared }, resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } });
  return new Promise((resolve) => {
    const done = (report: SessionReport): void => {
      clearInterval(watch);
      if (folder !== undefined) writeFileSync(join(folder, "state.json"), `${JSON.stringify({ seed: state.seed + 1, minutes: state.minutes + spanMs / 60_000 })}\n`);
      if (flags.save) saveInputs(name, kept);
      void worker.terminate().then(() => resolve(report));
    };
    const ended = (what: Finding["what"], message: string): void => done({ runs: Atomics.load(counters, 0), ways: 0, findings: [{ target: name, what, message, input: lastInput() }] });
    let seen = -1;
    const watch = setInterval(() => {
      const now = Atomics.load(counters, 0);
      if (now === seen && now > 0) ended("hang", `no answer in ${hangMs} ms`);
      seen = now;
    }, hangMs);
    worker.on("message", ({ kept: input, report }: { kept?: Uint8Array; report?: SessionReport }) => {
      if (input !== undefined) kept.push(input);
      if (input !== undefined && folder !== undefined) keep(folder, input, ".bin");
      if (report !== undefined) done(report);
    });
    worker.on("error", (error: Error) => ended(error.message.includes("memory") ? "memory" : "crash", error.stack ?? error.message));
  });
}

/** The seed of the next session, and how long it was looked for until now. */
function readState(folder: string): { readonly seed: number; readonly minutes: number } {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "state.json");
  const [, seed, minutes] = /"seed":(\d+),"minutes":([\d.e-]+)/.exec(existsSync(path) ? readFileSync(path, "utf8") : "") ?? [];
  return { seed: Number(flags.seed ?? seed ?? 1), minutes: Number(minutes ?? 0) };
}

function keep(folder: string, input: Uint8Array, ending: string): string {
  const path = join(folder, `${createHash("sha256").update(input).digest("hex").slice(0, 16)}${ending}`);
  writeFileSync(path, input);
  return path;
}

function tell({ target, what, message, input }: Finding): void {
  const at = flags.corpus === undefined ? Buffer.from(input).toString("base64").slice(0, 4_000) : keep(join(flags.corpus, target), input, `.${what}`);
  console.log(`  ${what} in ${target}: ${message.split("\n").slice(0, 4).join(" | ")}\n    ${at}`);
}
