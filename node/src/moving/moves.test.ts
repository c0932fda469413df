import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import { appDocumentSchema, blobHashSchema } from "@holon/core/schema/app.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import { departedSchema, type Departed, type Moving } from "@holon/core/schema/moving.ts";
import { toBase64 } from "@holon/core/series/base64.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createRandom } from "@holon/platform/random.ts";
import { openBlobStore } from "../blob/store.ts";
import { createEvents } from "../event/events.ts";
import type { SharedOutgoing } from "../policy/guard.ts";
import { nodeName } from "../testing/sim-family.ts";
import { integrity, openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import { keepNamed } from "../run/fitted.ts";
import { encodeUnitState, parseUnitState, unitStateOf } from "./unit-state.ts";
import { pieceOf } from "./pieces.ts";
import { createMoves, type MovesContext } from "./moves.ts";

const lane: Lane = { origin: nodeName("edge-1"), stream: "local" };
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const app = (on: object): Desired["apps"][number] => appDocumentSchema.parse({ name: "a", version: "1", models: [], egress: [], functions: [{ name: "f", code: "ab".repeat(32), models: [], on, emits: {}, needs: {} }] });
const noState = blobHashSchema.parse("cd".repeat(32));
const asked = app({ http: { method: "GET", path: "/f" } });
const desired = (version: number, moving: Moving, apps: Desired["apps"] = []): Desired => desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: "edge-1", version, plan: "", apps, moving });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

/** Timers that the test lets run out. */
class Timers {
  readonly #acts = new Set<() => void>();
  readonly clock: Clock = {
    ...createClock(),
    monotonicMs: () => 0,
    after: (_, act) => {
      this.#acts.add(act);
      return { cancel: () => void this.#acts.delete(act) };
    },
  };

  run(): void {
    for (const act of [...this.#acts]) if (this.#acts.delete(act)) act();
  }
}

async function bed(context: TestContext, parts: Partial<MovesContext> = {}) {
  const folder = tempFolder(context);
  const log = await openTempLog(folder, { name: "edge-1" });
  context.after(() => log.close());
  const timers = new Timers();
  const blobs = await openBlobStore(createDisk(folder), integrity);
  const events = createEvents({ name: "edge-1", jurisdiction: "EU/DE" }, createClock());
  const ports = { clock: timers.clock, random: createRandom(), trace: { note: () => undefined } };
  const moves = createMoves({ log, events, blobs, guard: { mayShare: () => Promise.resolve(true) }, ports, above: { jurisdiction: "EU" }, integrity, askState: () => Promise.reject(new Error("not asked for")), askTake: () => Promise.resolve({ granted: true }), askMoved: () => Promise.resolve({ over: false }), running: () => undefined, changed: () => undefined, ...parts });
  context.after(() => moves.close());
  const told = async (): Promise<Departed> => {
    const audit = { origin: log.origin, stream: "audit" } as const;
    const last = (await log.read(audit, log.head(audit)?.sequence ?? 1, { maxRecords: 1, maxBytes: 1 << 20 })).at(-1);
    return departedSchema.parse(JSON.parse(new TextDecoder().decode(last?.bytes)).data);
  };
  return { log, blobs, moves, timers, told };
}

test("what is raw stays where the destination may not have it, at the root as well, and where nobody said what the destination is", async (context) => {
  const questions: (string | undefined)[] = [];
  const guard = { mayShare: ({ destination }: SharedOutgoing) => Promise.resolve(questions.push(destination) > 0 && destination !== "US") };
  for (const [above, jurisdiction, kept, expected] of [
    [undefined, "US", true, ["US"]],
    [{ jurisdiction: "EU" }, "US", true, ["EU", "US"]],
    [{ jurisdiction: "EU" }, "EU/FR", false, ["EU", "EU/FR"]],
    [{ jurisdiction: "EU" }, undefined, true, []],
  ] as const) {
    const { log, moves, told } = await bed(context, { above, guard });
    await log.append({ cells: [{ key: "state/a/f/last", value: text("a reading") }] });
    moves.follow(desired(1, { leaves: [{ unit: "a/f", id: "1", to: "edge-2", ...(jurisdiction === undefined ? {} : { jurisdiction }) }] }, [asked]));
    moves.begin([]);
    await moves.depart("a/f");
    const { kept: reason, state } = await told();
    assert.deepEqual([reason !== null, state === null, questions.splice(0)], [kept, kept, expected], `${above?.jurisdiction} ${jurisdiction}`);
  }
});

test("what a unit holds leaves as what it was handed, whatever its app says that that is", async (context) => {
  const classes: string[] = [];
  const guard = { mayShare: ({ class: own }: SharedOutgoing) => Promise.resolve(classes.push(own) > 0 && own === "derived") };
  for (const [born, kept] of [[undefined, false], ["derived", false], ["personal", true], ["raw", true]] as const) {
    const { log, moves, told } = await bed(context, { above: { jurisdiction: "EU" }, guard });
    await log.append({ cells: [{ key: "state/a/f/last", value: text("a reading") }, ...(born === undefined ? [] : [{ key: "born/a/f", value: new TextEncoder().encode(born) }])] });
    moves.follow(desired(1, { leaves: [{ unit: "a/f", id: "1", to: "edge-2", jurisdiction: "EU" }] }, [app({ type: "x.y" })]));
    moves.begin([]);
    await moves.depart("a/f");
    assert.deepEqual([(await told()).kept !== null, classes.splice(0)[0]], [kept, born ?? "derived"]);
  }
});

test("a unit that has fitted more than a departure can name stays, and departs with the reason", async (context) => {
  for (const [count, kept] of [[limits.moveBlobsMax, null], [limits.moveBlobsMax + 1, `it has fitted ${limits.moveBlobsMax + 1} sets of parameters, and ${limits.moveBlobsMax} may travel`]] as const) {
    const { log, moves, told } = await bed(context);
    await log.append({ cells: Array.from({ length: count }, (_, index) => ({ key: `fitted/a/f/m/pump-${index}`, value: text({ blob: index.toString(16).padStart(64, "0"), model: "m", subject: `pump-${index}`, note: "" }) })) });
    moves.follow(desired(1, { leaves: [{ unit: "a/f", id: "1", to: "edge-2", jurisdiction: "EU" }] }, [app({ type: "x.y" })]));
    moves.begin([]);
    assert.deepEqual(moves.ended(), ["a/f"]);
    await moves.depart("a/f");
    assert.deepEqual([moves.ended(), (await told()).kept], [[], kept]);
  }
});

test("what is told of a departure names what the unit held by what nobody can guess, and it is found by that, also after a restart", async (context) => {
  const names = new Set<string>();
  for (const _ of [1, 2]) {
    const { log, moves, told } = await bed(context);
    await log.append({ cells: [{ key: "state/a/f/last", value: text(true) }] });
    moves.follow(desired(1, { leaves: [{ unit: "a/f", id: "1", to: "edge-2", jurisdiction: "EU" }] }, [asked]));
    moves.begin([]);
    await moves.depart("a/f");
    const { state } = await told();
    const guess = encodeUnitState({ ...unitStateOf("a/f", "1", log), salt: undefined });
    assert.notEqual(toHex(integrity.sha256(guess)), state);
    assert.equal(toHex(integrity.sha256(encodeUnitState(unitStateOf("a/f", "1", log)))), state);
    assert.equal(parseUnitState(encodeUnitState(unitStateOf("a/f", "1", log)), "a/f").cells.length, 1);
    names.add(String(state));
  }
  assert.equal(names.size, 2, "the same state is another name each time");
});

test("what was fetched of what a unit fitted is gone again where it is not given, where it is wanted no more, and at a start after a crash", async (context) => {
  const blob = (word: string): BlobHash => blobHashSchema.parse(toHex(integrity.sha256(text(word))));
  const state = (unit: string, ...words: readonly string[]) => encodeUnitState({ apiVersion: "holon/v1", kind: "UnitState", unit, id: "1", positions: {}, cells: words.map((word) => ({ family: "fitted", key: `m/${word}`, value: toBase64(text({ blob: blob(word), model: "m", subject: word, note: "" })) })), blobs: words.map(blob) });
  const pieces = new Map<string, Uint8Array>();
  const put = (bytes: Uint8Array): BlobHash => {
    const hash = blobHashSchema.parse(toHex(integrity.sha256(bytes)));
    pieces.set(hash, bytes);
    return hash;
  };
  for (const word of ["own", "shared", "kept"]) put(text(word));
  const take = (unit: string, ...words: readonly string[]) => ({ unit, id: `${unit} 1`, from: "edge-2", state: put(state(unit, ...words)) });
  const asks: string[] = [];
  const { log, blobs, moves, timers } = await bed(context, { askState: (_, __, hash, offset) => Promise.resolve(pieceOf(pieces.get(hash) ?? assert.fail(hash), offset)), askTake: (unit) => Promise.resolve({ granted: asks.push(unit) > 0 && unit === "a/h" }) });
  const here = async (): Promise<readonly boolean[]> => [await blobs.own.has(blob("own")), await blobs.own.has(blob("shared")), await blobs.own.has(blob("kept"))];
  await blobs.own.put(text("kept"));
  await log.append({ cells: [{ key: "fitted/a/k/m/kept", value: text({ blob: blob("kept"), model: "m", subject: "kept", note: "" }) }] });
  moves.follow(desired(1, { takes: [take("a/g", "own", "shared", "kept"), take("a/h", "shared")] }));
  moves.begin(["a/g"]);
  await until(() => moves.status().some(({ problem }) => problem?.code === "HOLON_MOVE_REFUSED"));
  assert.deepEqual(await here(), [false, false, true], "it is elsewhere by now");
  moves.begin(["a/g", "a/h"]);
  await until(() => log.cell("moved/a/h") !== undefined);
  timers.run(); // asks for the other again
  await until(() => asks.filter((unit) => unit === "a/g").length > 1);
  while (await blobs.own.has(blob("own"))) await new Promise(setImmediate);
  assert.deepEqual(await here(), [false, true, true], "another took it over");
  moves.follow(desired(2, {}));
  await blobs.own.put(text("own"));
  await keepNamed({ blobs, log });
  assert.deepEqual(await here(), [false, true, true], "what a crash left");
});

test("a second move of a unit is looked after while the first has not come to rest", async (context) => {
  const questions: string[] = [];
  const { promise: fetched, reject: giveUp } = Promise.withResolvers<never>();
  const running = { hasReached: () => false, reached: () => 0 };
  const { moves, timers } = await bed(context, { running: () => running, askState: () => fetched, askTake: (_, id) => Promise.resolve({ granted: questions.push(id) < 0 }) });
  const leave = (id: string): Moving => ({ leaves: [{ unit: "a/f", id, to: "edge-2" }] });
  const take = (id: string): Moving => ({ takes: [{ unit: "a/g", id, from: "edge-1" }] });
  moves.follow(desired(1, leave("1")));
  moves.begin([]);
  moves.follow(desired(2, leave("2")));
  moves.begin([]);
  timers.run();
  running.hasReached = () => true;
  timers.run();
  assert.deepEqual(moves.ended(), ["a/f"]);
  moves.follow(desired(3, { takes: [{ unit: "a/g", id: "3", from: "edge-2", state: noState }] }));
  moves.begin(["a/g"]); // its state is on the way
  moves.follow(desired(4, take("4")));
  moves.begin(["a/g"]);
  await until(() => questions.length > 0);
  assert.deepEqual(questions, ["4"]);
  giveUp(new Error("too late"));
});

test("a unit whose state was on the way when a newer document came is asked for once that is reached, and only then", async (context) => {
  const questions: string[] = [];
  const { promise: fetched, resolve: arrive } = Promise.withResolvers<void>();
  const pieces = new Map<string, Uint8Array>();
  const askState: MovesContext["askState"] = (_, __, hash, offset) => fetched.then(() => pieceOf(pieces.get(hash) ?? assert.fail(hash), offset));
  const { moves, log } = await bed(context, { askState, askTake: (_, id) => Promise.resolve({ granted: questions.push(id) > 0 }) });
  const stateOf = (unit: string): Uint8Array => encodeUnitState({ apiVersion: "holon/v1", kind: "UnitState", unit, id: "1", positions: {}, cells: [], blobs: [] });
  const take = (unit: string) => ({ unit, id: `${unit} 1`, from: "edge-2", state: blobHashSchema.parse(toHex(integrity.sha256(stateOf(unit)))) });
  const coming = { takes: [take("a/g"), take("a/h")] };
  moves.follow(desired(1, coming));
  moves.begin(["a/g"]);
  for (const unit of ["a/g", "a/h"]) pieces.set(take(unit).state, stateOf(unit));
  moves.follow(desired(2, coming));
  arrive();
  moves.begin(["a/h"]);
  await until(() => log.cell("moved/a/h") !== undefined);
  assert.deepEqual(questions, ["a/h 1"], "the other could not start here");
  moves.begin(["a/g"]);
  await until(() => log.cell("moved/a/g") !== undefined);
  assert.deepEqual(questions, ["a/h 1", "a/g 1"]);
});

test("what a unit has read and made nothing of is not told as left", async (context) => {
  let reached = 0;
  const { log, moves, told } = await bed(context, { running: () => ({ hasReached: () => true, reached: () => reached }) });
  await log.append({ records: Array.from({ length: 100 }, () => record("local", '{"type":"other"}')), cells: [{ key: "position/a/f", value: text({ [laneName(lane)]: 1 }) }] });
  const head = log.head(lane)?.sequence ?? 0;
  for (const [id, behind] of [["1", 0], ["2", 7]] as const) {
    reached = head - behind;
    moves.follow(desired(Number(id), { leaves: [{ unit: "a/f", id, to: "edge-2" }] }));
    moves.begin([]);
    await moves.depart("a/f");
    assert.deepEqual((await told()).left, behind === 0 ? {} : { [laneName(lane)]: behind });
  }
});

test("a unit that begins anew where it departed once is this node's again, also after a start with an older document", async (context) => {
  const { log, moves } = await bed(context);
  moves.follow(desired(1, { leaves: [{ unit: "a/f", id: "1", to: "edge-2" }] }, [asked]));
  moves.begin([]);
  await moves.depart("a/f");
  const own = (): number => moves.ownOf(desired(1, {}, [asked]))[0]?.functions.length ?? 0;
  moves.follow(desired(2, {}));
  await moves.beganAnew();
  assert.deepEqual([own(), log.cell("moved/a/f") === undefined], [0, false], "it is elsewhere");
  moves.follow(desired(3, {}, [asked]));
  assert.equal(own(), 0, "the document is not reached yet");
  await moves.beganAnew();
  assert.deepEqual([own(), log.cell("moved/a/f")], [1, undefined]);
});

test("what a unit held is forgotten when control says that it goes on elsewhere, not before, and not while the unit is to run here", async (context) => {
  const answers = { over: false, asked: 0 };
  const { log, blobs, moves, timers } = await bed(context, { askMoved: () => (answers.asked++, Promise.resolve({ over: answers.over })) });
  const fitted = await blobs.own.put(text("fitted by f"));
  const shared = await blobs.own.put(text("fitted by f and by g"));
  const parameters = (blob: string) => text({ blob, model: "m", subject: "s", note: "" });
  await log.append({ cells: [["state/a/f/last", text(17)], ["position/a/f", text({})], ["fitted/a/f/m/1", parameters(fitted)], ["fitted/a/f/m/2", parameters(shared)], ["fitted/a/g/m/1", parameters(shared)], ["state/a/g/last", text(18)]].map(([key, value]) => ({ key: String(key), value: value instanceof Uint8Array ? value : null })) });
  moves.follow(desired(1, { leaves: [{ unit: "a/f", id: "1", to: "edge-2", jurisdiction: "EU" }] }, [app({ type: "x.y" })]));
  moves.begin([]);
  await moves.depart("a/f");
  const look = async (): Promise<void> => {
    const before = answers.asked;
    await until(() => {
      timers.run();
      return answers.asked > before;
    });
  };
  timers.run();
  assert.equal(answers.asked, 0, "the document names it still");
  moves.follow(desired(2, {}));
  await look();
  assert.ok(log.cell("state/a/f/last") !== undefined, "the other has not taken it");
  answers.over = true;
  await look();
  await until(() => {
    timers.run();
    return log.cell("state/a/f/last") === undefined;
  });
  await until(() => moves.mayRun("a/f"));
  assert.deepEqual(["position/a/f", "fitted/a/f/m/1", "state/a/g/last", "moved/a/f"].map((key) => log.cell(key) !== undefined), [false, false, true, true]);
  assert.deepEqual([await blobs.own.has(fitted), await blobs.own.has(shared)], [false, true]);
  assert.deepEqual(moves.ownOf(desired(1, {}, [app({ type: "x.y" })]))[0]?.functions, [], "it never starts here from what was verified before");
});
