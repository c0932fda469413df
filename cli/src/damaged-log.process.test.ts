import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import type { ErrorCode } from "@holon/core/errors.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { heldRecords, type HeldRecord } from "./testing/held-log.ts";
import { assertNothingLost, onceArguments, reportOf, runHolon } from "./testing/holon-process.ts";
import { interruptedRun, waitingText } from "./testing/interrupted-run.ts";
import { needSkab, skabFile } from "./testing/skab.ts";

const files = ["other/2", "other/14"].map(skabFile);

function newestSegment(data: string): string {
  const folder = join(data, "gateway-1", "log");
  return join(folder, readdirSync(folder).sort().at(-1) ?? "");
}

/** Where the nth record from the end with this text begins in the file. */
function lastOf(bytes: Buffer, text: string, nth: number): number {
  let at = bytes.length;
  for (let count = 0; count < nth; count++) at = bytes.lastIndexOf(text, at - 1);
  assert.ok(at > 0);
  return at;
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 0x10;
  return changed;
};
/** More than one bit: beyond mending. */
const scratched = (bytes: Buffer, at: number): Buffer => Buffer.from(bytes).fill("~", at, at + 9);

/** Of what holds records: zeros that were written ahead may follow. */
const middle = (bytes: Buffer): number => lastOf(bytes, '{"type":"pump.reading"', 1) >> 1;

interface Damage {
  readonly what: string;
  readonly code: ErrorCode;
  /** What the message must name: the file, or the lane whose two histories part. */
  readonly names: RegExp;
  change(bytes: Buffer): Buffer;
  /** How many of the records that were held may be gone: a scratch costs its record, a page the batches it meets. */
  readonly lostAtMost: number;
  /** Whether the command after that is tried too. */
  readonly goesOn?: boolean;
}

const segment = /gateway-1\/log\/0{11}1\.seg: bytes \d+ to \d+ are damaged/;
const endsEarly = /gateway-1\/log: of gateway-1\/(data|audit|alarm) the parent has records? \d+/;
const damages: readonly Damage[] = [
  { what: "damage in a reading", code: "HOLON_LOG_DAMAGED", names: segment, lostAtMost: 1, change: (bytes) => scratched(bytes, lastOf(bytes, '{"type":"pump.reading"', 300) + 150) },
  { what: "damage in a record that has not left yet", code: "HOLON_LOG_DAMAGED", names: segment, lostAtMost: 1, change: (bytes) => scratched(bytes, lastOf(bytes, waitingText, 2) + 150) },
  { what: "a page of zeros in the middle", code: "HOLON_LOG_DAMAGED", names: segment, lostAtMost: 1_000, change: (bytes) => Buffer.from(bytes).fill(0, middle(bytes), middle(bytes) + 4096) },
  { what: "rubbish in place of the file", code: "HOLON_LOG_DAMAGED", names: segment, lostAtMost: Infinity, change: (bytes) => randomBytes(bytes.length) },
  // A file that ends early looks like a power cut; only the parent knows better.
  { what: "all but its beginning gone", code: "HOLON_LOG_ENDS_EARLY", names: endsEarly, lostAtMost: Infinity, change: (bytes) => bytes.subarray(0, bytes.indexOf(waitingText)) },
  { what: "all of it gone", code: "HOLON_LOG_ENDS_EARLY", names: endsEarly, goesOn: true, lostAtMost: Infinity, change: () => Buffer.alloc(0) },
];

const names = (records: readonly HeldRecord[]): ReadonlySet<string> => new Set(records.map(({ record }) => printRecordName(record)));

/** Half of them, the others with the next HOLON_SIM_ROTATION; with HOLON_RECORDINGS=all all. */
const isWhole = process.env["HOLON_RECORDINGS"] === "all";
const half = Number(process.env["HOLON_SIM_ROTATION"] ?? "0") % 2;

test("a damaged log: the node opens, serves the rest, and says what is damaged", needSkab, async (context) => {
  const base = await interruptedRun(context, files);
  for (const { what, code, names: naming, change, lostAtMost, goesOn } of damages.filter((_, index) => isWhole || index % 2 === half)) {
    await context.test(`${what}: ${code}`, { timeout: 60_000 }, async (inner) => {
      const data = tempFolder(inner);
      cpSync(base, data, { recursive: true });
      const before = await heldRecords(inner, data, "gateway-1");
      writeFileSync(newestSegment(data), change(readFileSync(newestSegment(data))));
      const command = [...onceArguments(files, data).filter((arg) => arg !== "--json"), "--continue"];
      assertRefused(await runHolon(inner, command), code, naming);
      if (goesOn === true) assertNothingLost(reportOf(await runHolon(inner, [...command, "--json"])));

      const after = names(await heldRecords(inner, data, "gateway-1"));
      const gone = [...names(before)].filter((name) => !after.has(name));
      assert.ok(gone.length <= lostAtMost, `${gone.length} records are gone`);
      if (lostAtMost === 1) assert.equal(gone.length, 1, "the damage was meant to meet a record");
      if (lostAtMost < Infinity) assertRestArrived(before, gone, await heldRecords(inner, data, "cloud-1"));
    });
  }
});

test("a flipped bit is mended: the run goes on as if nothing had been", needSkab, async (context) => {
  const data = await interruptedRun(context, files);
  const before = await heldRecords(context, data, "gateway-1");
  const bytes = readFileSync(newestSegment(data));
  writeFileSync(newestSegment(data), flipped(bytes, lastOf(bytes, '{"type":"pump.reading"', 300) + 150));
  assertNothingLost(reportOf(await runHolon(context, [...onceArguments(files, data), "--continue"])));
  const after = names(await heldRecords(context, data, "gateway-1"));
  assert.ok([...names(before)].every((name) => after.has(name)));
});

/** Damage is confined: all that could leave before it is at the cloud, but for the lanes that it met. */
function assertRestArrived(before: readonly HeldRecord[], gone: readonly string[], cloud: readonly HeldRecord[]): void {
  const arrived = names(cloud);
  const couldLeave = before.filter(({ lane, record }) => lane.stream !== "local" && !gone.includes(printRecordName(record)));
  const missing = couldLeave.filter(({ record }) => !arrived.has(printRecordName(record)));
  for (const { lane } of missing) assert.ok(gone.some((name) => name.includes(`/${lane.stream}/`)), `${lane.stream} did not arrive`);
  assert.ok(couldLeave.length - missing.length >= 5, `only ${couldLeave.length - missing.length} of ${couldLeave.length} arrived`);
}
