/** What a site that shares work promises of both ends: of who has the events, and of who does pieces of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { UnitEvent, UnitInstance, UnitResult } from "@holon/core/ports.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { helpMethod } from "@holon/core/schema/elastic.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { createClock, ClockHardware } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import type { CallHandler } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import type { UnitKind } from "../run/unit-kind.ts";
import { nodeName } from "../testing/sim-family.ts";
import { workTogether } from "./batch.ts";
import { createElasticUnit } from "./elastic-unit.ts";
import { createHelping } from "./helping.ts";
import { createLending, type Lent } from "./lending.ts";
import { keepsSomething } from "./stand-in.ts";

const [g1, g2, g3] = [nodeName("g1"), nodeName("g2"), nodeName("g3")];
const key = (digit: string): string => digit.repeat(64);
const result = (outputs: UnitResult["outputs"] = [], more: Partial<UnitResult> = {}): UnitResult => ({ outputs, state: [], fitted: [], status: undefined, inferenceMs: [], ...more });
const events = (count: number, data: unknown = 1): UnitEvent[] => Array.from({ length: count }, (_, index) => ({ id: `g1/0/local/${index}`, type: "a.b", source: "/g1", subject: undefined, timeMs: 1, arrivedMs: 1, data }));
const output = (cause: number, data: unknown, type = "o.p"): UnitResult["outputs"][number] => ({ type, subject: undefined, timeMs: 1, data, cause });
const app = appDocumentSchema.parse({ name: "a", version: "1", models: [], functions: [{ name: "f", code: "a".repeat(64), on: { type: "a.b" }, emits: { "o.p": { stream: "data", class: "derived" } }, elastic: {} }] });
const lent: Lent = { app, fn: "f", key: key("1"), timeoutMs: 10_000 };
const code = (error: unknown): string => (error instanceof HolonError ? error.code : String(error));
const outcome = (work: Promise<unknown>): Promise<string> => work.then(() => "done", code);

function bed() {
  const world = new World(1);
  const clock = createClock(new Incarnation(world, { name: g3, number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const after = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  return { world, clock, after };
}

/** A sibling, g3: what it has of the function, and each sandbox that it opened. */
function helpingBed({ may = true, isBehind = false } = {}) {
  const { world, clock, after } = bed();
  const has = { key: key("1") as string | undefined };
  const opened: { readonly key: string; busy: number; stopped: boolean }[] = [];
  const handlers = new Map<string, CallHandler>();
  const open = async (): Promise<UnitInstance> => {
    const one = { key: has.key ?? "", busy: 0, stopped: false };
    opened.push(one);
    await after(5);
    return {
      async handle(pieces) {
        one.busy += 1;
        for (let step = 0; step < 10; step++) {
          await after(10);
          if (one.stopped) throw new HolonError("HOLON_UNIT_DIED", "it was stopped");
        }
        one.busy -= 1;
        return result(pieces.map((_, index) => output(index, 1)));
      },
      async stop() {
        await after(30);
        one.stopped = true;
      },
    };
  };
  const helping = createHelping({
    self: g3, siblings: [g1, g2], handlers, ports: { clock, trace: { note: () => undefined } }, full: () => undefined,
    lending: { may: async () => (await after(1), may) },
    standIn: async () => (has.key === undefined ? undefined : { lent, key: has.key, memoryBytes: 1, isBehind: () => isBehind, open: async () => ({ instance: await open(), born: { take: (classes) => [...classes] }, beside: new Set() }) }),
  });
  const ask = (from: typeof g1, version: string, more: object = {}): Promise<string> => outcome(handlers.get(helpMethod)?.({ unit: "a/f", key: key(version), classes: ["derived"], events: [{ ...events(1)[0], subject: "s", data: 1 }], ...more }, from) ?? Promise.reject(new Error("no handler")));
  const drive = <T>(work: Promise<T>): Promise<T> => world.drive(work);
  return { world, helping, has, opened, ask, drive, after };
}

test("a sibling helps members of its site alone, with what it may let go, and not while it is behind itself", async () => {
  const well = helpingBed();
  assert.equal(await well.drive(well.ask(g1, "1")), "done");
  assert.equal(await well.drive(well.ask(nodeName("stranger"), "1")), "HOLON_SIBLING_UNKNOWN");
  assert.equal(await well.drive(well.ask(g1, "2")), "HOLON_CALL_UNKNOWN");
  assert.deepEqual(well.helping.status(), [{ unit: "a/f", for: "g1", events: 1 }]);
  const denied = helpingBed({ may: false });
  assert.equal(await denied.drive(denied.ask(g1, "1")), "HOLON_POLICY_DENIED");
  const behind = helpingBed({ isBehind: true });
  assert.equal(await behind.drive(behind.ask(g1, "1")), "HOLON_CALL_BUSY");
  assert.deepEqual([denied.opened, behind.opened], [[], []]);
});

test("an event without data is an event", async () => {
  const { ask, drive } = helpingBed();
  const [{ data: _, subject: __, ...without } = { data: 1, subject: undefined }] = events(1);
  assert.equal(await drive(ask(g1, "1", { events: [without] })), "done");
});

test("who asks for another version ends nothing that serves those of this one", async () => {
  const { ask, drive, after, opened } = helpingBed();
  const right = ask(g2, "1");
  await drive(after(40));
  assert.equal(await drive(ask(g1, "2")), "HOLON_CALL_UNKNOWN");
  assert.equal(await drive(right), "done");
  assert.deepEqual(opened.map(({ stopped }) => stopped), [false]);
});

test("of two siblings that ask while another version is being ended, both are helped by one sandbox, and none is left over at the end", async () => {
  const { ask, drive, after, has, opened, helping } = helpingBed();
  await drive(ask(g1, "1"));
  has.key = key("2");
  const first = ask(g1, "2");
  await drive(after(10));
  assert.deepEqual(await drive(Promise.all([first, ask(g2, "2")])), ["done", "done"]);
  await drive(helping.close());
  assert.deepEqual(opened.map(({ key: of, stopped }) => [of.slice(0, 1), stopped]), [["1", true], ["2", true]]);
});

test("a sandbox that was being opened when the node closes is ended", async () => {
  const { ask, drive, after, opened, helping } = helpingBed();
  const asked = ask(g1, "1");
  await drive(after(3)); // it is being opened
  await drive(helping.close());
  assert.equal(await drive(asked), "HOLON_CALL_BUSY");
  await drive(after(100));
  assert.deepEqual(opened.map(({ stopped }) => stopped), [true]);
  assert.equal(await drive(ask(g1, "1")), "HOLON_CALL_BUSY");
  assert.equal(opened.length, 1);
});

test("a sandbox that was asked about what is more sensitive is not asked about less: its code may have kept something", async () => {
  const { ask, drive, opened } = helpingBed();
  for (const classes of [["personal", "derived"], ["derived"], ["personal"], ["derived", "aggregate"], ["aggregate"]]) assert.equal(await drive(ask(g1, "1", { classes })), "done");
  assert.equal(opened.length, 3, "one of what is personal, one of what is derived, one of aggregates");
});

test("what pieces give together may be no more than one batch may: it fails as a sandbox does, so that it is tried again in smaller batches", async () => {
  const { clock } = bed();
  const here = async (piece: readonly UnitEvent[]): Promise<UnitResult> => result(piece.flatMap((_, index) => Array.from({ length: 100 }, () => output(index, 1))));
  const work = { unit: "a/f", clock, here, siblings: [], eventMs: 1, done: () => undefined };
  assert.equal(await outcome(workTogether(events(100), [{ from: 0, to: 50 }, { from: 50, to: 100 }], work)), "HOLON_UNIT_THREW");
  assert.equal(await outcome(workTogether(events(80), [{ from: 0, to: 40 }, { from: 40, to: 80 }], work)), "done");
});

/** A node, g1, that has events, and siblings which answer as they are told. */
function lendingBed({ answer, may = true, hasState = false, eventMs = 10, siblings = [g2] }: { readonly answer: (asked: { readonly events: readonly unknown[] }) => unknown; readonly may?: boolean; readonly hasState?: boolean; readonly eventMs?: number; readonly siblings?: (typeof g2)[] }) {
  const { world, clock, after } = bed();
  const seen: { readonly classes: string[]; readonly changes: number[]; readonly here: number[]; readonly asked: number[] } = { classes: [], changes: [], here: [], asked: [] };
  const lending = createLending({
    siblings, jurisdiction: "EU/DE", ports: { clock, trace: { note: () => undefined } }, version: () => 1,
    guard: { mayShare: ({ class: dataClass }: { readonly class: DataClass }) => (seen.classes.push(dataClass), Promise.resolve(may)) },
    peer: (name) => ({ name }) as Peer, // nothing else of it is used: what is called is below
    calls: {
      async callPeer(...[, , asked]: readonly unknown[]) {
        await after(1);
        const { events: of } = asked as { readonly events: readonly unknown[] };
        seen.asked.push(of.length);
        return answer({ events: of });
      },
    },
  });
  const unit = createElasticUnit({ lent, elastic: { withinMs: 1_000 }, clock, lending, hasState: () => hasState, changed: (count) => seen.changes.push(count) });
  const own: UnitKind = {
    open: async () => ({
      positions: new Map(),
      instance: {
        handle: async (piece) => {
          seen.here.push(piece.length);
          await after(eventMs * piece.length);
          return result(piece.map((_, index) => output(index, 1)));
        },
        stop: () => Promise.resolve(),
      },
    }),
  };
  const kind = unit.kind(own);
  const opened = kind.open(() => Promise.resolve(), { maker: () => ({ name: "f", from: "derived", emits: {}, through: { kind: "function" }, disguises: "handed" }), take: (classes) => [...classes], told: (declared) => declared, cells: () => [] });
  const handle = async (count: number, lag = 10_000, data: unknown = 1): Promise<UnitResult> => {
    kind.next?.({ events: count, records: count, lag: () => lag, classes: ["derived"] });
    return (await opened).instance.handle(events(count, data));
  };
  return { world, after, kind, seen, handle, drive: <T>(work: Promise<T>): Promise<T> => world.drive(work) };
}
/** As it goes over the way. */
const answered = (whole: UnitResult): unknown => ({ result: JSON.stringify({ ...whole, fitted: undefined }) });
const helps = (asked: { readonly events: readonly unknown[] }): unknown => answered(result(asked.events.map((_one, index) => output(index, 1))));

test("siblings are asked where too much waits, and neither where the guard says no nor where the function holds state", async () => {
  const well = lendingBed({ answer: helps });
  for (let round = 0; round < 3; round++) assert.equal((await well.drive(well.handle(100))).outputs.length, 100);
  assert.ok(well.seen.asked.length > 0 && well.seen.classes.every((one) => one === "derived"));
  for (const refused of [lendingBed({ answer: helps, may: false }), lendingBed({ answer: helps, hasState: true })]) {
    for (let round = 0; round < 3; round++) assert.equal((await refused.drive(refused.handle(100))).outputs.length, 100);
    assert.deepEqual(refused.seen.asked, []);
    assert.ok(refused.kind.elastic?.().because !== undefined);
  }
});

test("a batch of which nobody knows what an event takes is cut by what its first events took, and siblings help with the rest", async () => {
  const { seen, handle, drive } = lendingBed({ answer: helps, eventMs: 100 });
  assert.equal((await drive(handle(256))).outputs.length, 256);
  assert.equal(seen.here[0], limits.elasticFirstEvents);
  assert.ok(Math.max(...seen.here) <= limits.elasticFirstEvents, `a call of ${Math.max(...seen.here)} events is over the time of one`);
  assert.ok(seen.asked.length > 10);
});

test("a sibling that answers with what may not be has failed, and the piece is done here", async () => {
  const bad: readonly UnitResult[] = [result([], { state: [{ key: "k", value: "1" }] }), result([output(0, 1, "not.declared")]), result(Array.from({ length: limits.unitOutputsMax + 1 }, () => output(0, 1)))];
  for (const one of bad) {
    const { seen, handle, drive } = lendingBed({ answer: () => answered(one) });
    for (let round = 0; round < 3; round++) {
      const { outputs } = await drive(handle(100));
      assert.deepEqual([outputs.length, [...new Set(outputs.map(({ type }) => type))]], [100, ["o.p"]]);
    }
    assert.ok(seen.asked.length > 0);
  }
});

test("a piece that is too large for the way stays here, and siblings do the others", async () => {
  const { seen, handle, drive } = lendingBed({ answer: helps, eventMs: 30 });
  await drive(handle(10));
  const mixed = "x".repeat(limits.elasticPieceBytesMax / 3);
  for (let round = 0; round < 3; round++) await drive(handle(20, 10_000, round === 1 ? mixed : 1));
  const before = seen.asked.length;
  await drive(handle(100));
  assert.ok(seen.asked.length > before, "it was no failure of the sibling");
});

test("how many siblings help is told when it has stood for a while; one that does not have the function is not asked every few seconds", async () => {
  const { world, seen, handle, drive } = lendingBed({ answer: () => Promise.reject(new HolonError("HOLON_CALL_UNKNOWN", "it does not have it")) });
  while (world.nowMs < 300_000) await drive(handle(100));
  assert.ok(seen.changes.length <= 2, `told ${seen.changes.join(" ")}`);
  assert.ok(seen.asked.length < 20, `asked ${seen.asked.length} times`);
});

test("who holds something of a function from before it was elastic has no part in it: its state, or what it fitted", () => {
  const logWith = (cell: string) => ({ cells: (prefix: string) => new Map(cell.startsWith(prefix) ? [[cell, new Uint8Array(1)] as const] : []) });
  assert.deepEqual(["state/a/f/offset", "fitted/a/f/m/s", "position/a/f", "state/a/other/offset"].map((cell) => keepsSomething("a/f", logWith(cell))), [true, true, false, false]);
});

test("a unit that is to stop gives up between two pieces", async () => {
  const { after, kind, handle, drive, seen } = lendingBed({ answer: () => new Promise(() => undefined), eventMs: 50 });
  await drive(handle(20, 0));
  const work = outcome(handle(256, 0));
  await drive(after(300));
  kind.interrupt?.();
  assert.equal(await drive(work), "HOLON_UNIT_INTERRUPTED");
  assert.ok(seen.here.length < 20);
});
