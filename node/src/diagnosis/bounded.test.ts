/** What grows with the fleet, or with whoever asks, has an end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { createRedactor } from "@holon/core/diagnosis/redact.ts";
import { HolonError } from "@holon/core/errors.ts";
import { keepSpareSchema } from "@holon/core/schema/delegation.ts";
import { shiftSchema } from "@holon/core/schema/energy.ts";
import { limits } from "@holon/core/limits.ts";
import type { Ports } from "@holon/core/ports.ts";
import { shiftText } from "@holon/core/shifting/job.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createEvents } from "../event/events.ts";
import type { PolicyInForce } from "../policy/in-force.ts";
import { parentName, SimFamily } from "../testing/sim-family.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createErrands } from "./errands.ts";
import { createKnown } from "./known.ts";
import type { OwnLines } from "./own-lines.ts";
import { healthReport } from "./report.ts";

test("the report of a root with ten thousand nodes below it fits into an answer, and says what it leaves out", async (context) => {
  const family = new SimFamily();
  await family.start();
  const status = family.parentNode.status();
  const [child] = status.children;
  assert.ok(child !== undefined);
  const many = <Row>(row: (at: number) => Row): Row[] => Array.from({ length: 10_000 }, (_, at) => row(at));
  const large = { ...status, children: many((at) => ({ ...child, node: `gateway-${at}` as typeof child.node })), lanes: many((at) => ({ lane: `gateway-${at}/data`, sequence: at })) };
  const policy = (): PolicyInForce => ({ own: { policy: { name: "plant", version: "1" } }, version: 1 }) as unknown as PolicyInForce; // what a report names of it
  const report = await healthReport({ ports: { clock: createClock(), disk: createDisk(tempFolder(context)) }, status: () => large, policy, alarms: () => Promise.resolve([]) }, createRedactor([]));
  assert.ok(JSON.stringify(report).length < diagnosisBounds.resultBytesMax / 8, `${JSON.stringify(report).length} bytes`);
  assert.deepEqual([report["childrenMore"], report["lanesMore"]], [10_000 - 256, 10_000 - 256]);
});

test("requests that are refused leave no more behind than those that are done", async (context) => {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  const clock = createClock();
  const errands = createErrands({ log, events: createEvents({ name: log.origin, jurisdiction: "EU/DE" }, clock), ports: { clock, codec: createCodec(), crypto: integrity } });
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  await log.append({ cells: Array.from({ length: diagnosisBounds.rememberedMax + 5 }, (_, at) => ({ key: `errand/${at}`, value: bytes({ state: "forgotten", atMs: at }) })) });
  await errands.ask({ id: "0123456789abcdef", by: { principal: "person eve", role: "viewer", at: parentName }, wanted: { kind: "report" }, mayBegin: true, demand: () => Promise.reject(new HolonError("HOLON_POLICY_DENIED", "no")), work: () => Promise.resolve(null) });
  assert.equal(log.cells("errand/").size, diagnosisBounds.rememberedMax + 1);
});

test("secrets that are no more are forgotten, the oldest first, and those that are never", async () => {
  let secrets: string[] = [];
  let redactor = createRedactor([]);
  const known = createKnown({ ports: { diagnostics: { secrets: () => Promise.resolve(secrets) } } as unknown as Ports, ownLines: { know: (one: typeof redactor) => (redactor = one) } as unknown as OwnLines }); // what is asked of them
  const made = (from: number, count: number) => Array.from({ length: count }, (_, at) => `word-number-${from + at}-of-many`);
  const tells = (at: number): boolean => redactor.text(made(at, 1)[0] ?? "").includes("word-number");
  const tenth = diagnosisBounds.secretsMax / 8;
  for (let step = 0; step < 12; step++) {
    secrets = [...made(0, 1), ...made(1 + step * tenth, tenth)];
    await known.refresh();
  }
  assert.deepEqual([tells(0), tells(1), tells(1 + 2 * tenth), tells(1 + 11 * tenth)], [false, true, true, false]);
});

test("what a sibling is given to keep is bounded where it is kept; a time of which no date can be told is none", () => {
  const spare = (bytes: number) => keepSpareSchema.safeParse({ unit: "press/judge", id: [1, 1, 1], state: "AAAA".repeat(Math.ceil(bytes / 3)), because: null }).success;
  assert.deepEqual([spare(limits.siteSpareBytesMax), spare(limits.siteSpareBytesMax + 3)], [true, false]);
  const shift = (atMs: number) => shiftSchema.safeParse({ by: "price", arrivesMs: atMs, deadlineMs: atMs, nextMs: atMs, windows: [{ fromMs: atMs, toMs: atMs }], planned: 1, atOnce: 1, basis: "curve" });
  assert.equal(shift(1e16).success, false);
  const last = shift(8.64e15);
  assert.ok(last.success && shiftText(last.data).length > 0);
});
