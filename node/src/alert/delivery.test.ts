import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import type { NotifierAnswer, NotifierMessage } from "@holon/core/ports.ts";
import { routeSchema, type MailTarget, type WebhookTarget } from "@holon/core/schema/alerting.ts";
import type { Alert } from "@holon/core/telemetry/alert.ts";
import { createRandom } from "@holon/platform/random.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import fc from "fast-check";
import { createEvents } from "../event/events.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import { openBook } from "./book.ts";
import { createDelivery } from "./delivery.ts";

const beginMs = Date.UTC(2026, 0, 1);
const from = isoTime(beginMs);
const to = isoTime(beginMs + 60_000);

type Outcome = "taken" | "away" | "lost" | "busy";
interface Said {
  readonly key: string;
  readonly subject: string;
  readonly text: string;
  readonly alerts: readonly (Pick<Alert, "id" | "state" | "since" | "until" | "message"> & { readonly key: string })[];
}

/** A route to a receiver that answers as it is told to, and knows messages that it has had by their keys. */
async function bed(context: Pick<TestContext, "after" | "name">, route: object = {}) {
  const log = await openTempLog(tempFolder(context as TestContext));
  const { sha256 } = integrity;
  const world = new World(1);
  const clock = createClock(new Incarnation(world, { name: log.origin, number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const book = openBook({ log, jurisdiction: "EU/DE", sha256, isOwed: () => true });
  const receiver = { outcome: "away" as Outcome, /** What no outcome changes. */ fails: (_id: string): boolean => false, tries: 0, tried: [] as { readonly ids: readonly string[]; readonly atMs: number }[], taken: [] as Said[], to: [] as (readonly string[])[], left: undefined as readonly string[] | undefined, kept: () => log.cell("alert/left/ops") };
  async function send(target: WebhookTarget | MailTarget, { key, subject, text, body }: NotifierMessage): Promise<NotifierAnswer> {
    receiver.tries += 1;
    if (target.kind === "email") receiver.to.push(target.to);
    const { alerts } = JSON.parse(body) as Said;
    receiver.tried.push({ ids: alerts.map(({ id }) => id), atMs: world.nowMs });
    if (receiver.outcome === "busy") return { outcome: "later", why: "it is busy", afterMs: 120_000 };
    if (receiver.outcome === "away" || alerts.some(({ id }) => receiver.fails(id))) throw new Error("nobody answers");
    if (!receiver.taken.some((said) => said.key === key)) receiver.taken.push({ key, subject, text, alerts });
    if (receiver.outcome === "lost") throw new Error("the answer was lost");
    return { outcome: "taken", ...(receiver.left === undefined ? {} : { left: receiver.left }) };
  }
  const notes: string[] = [];
  const delivery = createDelivery({
    routes: [routeSchema.parse({ name: "ops", jurisdiction: "EU/DE", to: { kind: "webhook", url: "http://ops", secret: "key" }, ...route })],
    log, book, events: createEvents({ name: log.origin, jurisdiction: "EU/DE" }, clock), notifier: { send }, ports: { clock, random: createRandom(), trace: { note: (level, message) => void notes.push(`${level} ${message}`) } }, sha256,
    mayGo: () => Promise.resolve({ allow: true, reason: "" }),
    keep,
  });
  async function keep(records: Parameters<typeof log.append>[0]["records"] = [], cells: Parameters<typeof log.append>[0]["cells"] = []): Promise<void> {
    const changes = book.changes();
    await log.append({ records, cells: [...changes.cells, ...cells] });
    changes.saved();
  }
  async function hear(id: string, state: "firing" | "resolved", about: Partial<Alert> = {}): Promise<void> {
    book.hear({ class: "public", jurisdiction: "EU/DE", node: "edge-1", alert: { id, rule: "silence", kind: "silence", subject: id, severity: "page", state, since: from, until: state === "resolved" ? to : null, value: 1, threshold: 0, message: `${id} is silent`, count: 1, node: "edge-1", ...about } });
    await keep();
    delivery.wake();
  }
  /** Until the receiver was tried once more, or nothing is left to be told. */
  async function tried(): Promise<void> {
    const before = receiver.tries;
    const isIdle = (): boolean => receiver.tries > before || (delivery.status()[0]?.waiting === 0 && log.cells("alert/out/ops").size === 0);
    for (let turn = 0; turn < 10_000 && !isIdle(); turn++) await pass(turn);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }
  /** The clock is the world's, and the disk is real: now and then it gets some time of its own. */
  async function pass(turn: number): Promise<void> {
    await world.run({ timeMs: world.nowMs + 1_000 });
    await new Promise(setImmediate);
    if (turn % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  async function settle(): Promise<void> {
    receiver.outcome = "taken";
    const isDone = (): boolean => delivery.status()[0]?.waiting === 0 && log.cells("alert/out/ops").size === 0;
    for (let turn = 0; turn < 10_000 && !isDone(); turn++) await pass(turn);
    assert.ok(isDone(), "something is still to be told");
  }
  async function waitFor(isSo: () => boolean): Promise<void> {
    for (let turn = 0; turn < 10_000 && !isSo(); turn++) await pass(turn);
    assert.ok(isSo());
  }
  const said = () => receiver.taken.flatMap(({ alerts }) => alerts.map(({ id, state, since, until }) => [id, state, since, until] as const));
  const close = async (): Promise<void> => {
    await delivery.close();
    await log.close();
  };
  /** A look of the node, with or without something new, and what it does by itself: no time of the world goes by. */
  async function looked(): Promise<void> {
    delivery.wake();
    for (let turn = 0; turn < 3; turn++) await log.append({ cells: [] }).then(() => new Promise(setImmediate));
  }
  /** By looks alone: no time of the world goes by. */
  async function soon(isSo: () => boolean): Promise<void> {
    for (let turn = 0; turn < 4_000 && !isSo(); turn++) await looked().then(() => new Promise((resolve) => setTimeout(resolve, 2)));
    assert.ok(isSo());
  }
  const status = () => delivery.status()[0];
  const letPass = async (ms: number): Promise<void> => {
    for (const untilMs = world.nowMs + ms; world.nowMs < untilMs; ) await pass(world.nowMs / 1_000);
  };
  return { hear, tried, settle, receiver, said, book, close, waitFor, looked, soon, letPass, status, log, notes };
}

test("what is over when its receiver is back is told once: that it was, from when to when", async (context) => {
  const { hear, tried, settle, receiver, said, close } = await bed(context);
  await hear("a", "firing");
  await tried();
  await tried();
  await hear("a", "resolved");
  await settle();
  assert.deepEqual(said(), [["a", "resolved", from, to]]);
  assert.match(receiver.taken[0]?.text ?? "", new RegExp(`over: a was silent from ${from} to ${to}`));
  assert.match(receiver.taken[0]?.subject ?? "", /^\[resolved\] a was silent from/);
  assert.doesNotMatch(JSON.stringify(receiver.taken[0]), /a is silent/);
  await close();
});

test("where the receiver took it and its answer was lost, it is told of the end all the same; what goes on is told under the key that it had", async (context) => {
  const { hear, tried, settle, receiver, said, close, waitFor } = await bed(context);
  receiver.outcome = "away";
  await hear("a", "firing");
  await tried();
  await hear("b", "firing");
  receiver.outcome = "lost";
  await waitFor(() => receiver.taken.some(({ alerts }) => alerts.some(({ id }) => id === "a")));
  await hear("a", "resolved");
  await settle();
  assert.deepEqual(said().filter(([id]) => id === "a"), [["a", "firing", from, null], ["a", "resolved", from, to]]);
  assert.deepEqual(said().filter(([id]) => id === "b"), [["b", "firing", from, null]]);
  await close();
});

/** A ticket is told of, and becomes a page. */
async function rise({ hear, tried, settle, receiver }: Awaited<ReturnType<typeof bed>>): Promise<void> {
  receiver.outcome = "taken";
  await hear("a", "firing", { severity: "ticket" });
  await tried();
  await hear("a", "firing", { severity: "page" });
  await settle();
}

test("a ticket that becomes a page is told as one too, under a key of its own, and over once", async (context) => {
  const ops = await bed(context);
  const { hear, settle, receiver, said, book, close } = ops;
  await rise(ops);
  await hear("a", "firing", { severity: "page" });
  await settle();
  await hear("a", "resolved", { severity: "page" });
  await settle();
  assert.deepEqual(said().map(([, state]) => state), ["firing", "firing", "resolved"]);
  assert.deepEqual(receiver.taken.map(({ subject }) => /^\[\w+\]/.exec(subject)?.[0]), ["[ticket]", "[page]", "[resolved]"]);
  assert.equal(new Set(receiver.taken.map(({ key }) => key)).size, 3);
  assert.equal(new Set(receiver.taken.flatMap(({ alerts }) => alerts.map(({ key }) => key))).size, 3);
  assert.deepEqual(book.find("a")?.told.map(({ state, severity }) => [state, severity]), [["firing", "ticket"], ["firing", "page"], ["resolved", "page"]]);
  await close();
});

test("who is told of tickets alone, and was told of one, hears that it is over, whatever it has become; who is told of pages hears of both", async (context) => {
  for (const [severity, states] of [["ticket", ["firing", "resolved"]], ["page", ["firing", "resolved"]]] as const) {
    const ops = await bed(context, { severity });
    const { hear, settle, said, close } = ops;
    await rise(ops);
    await hear("a", "resolved", { severity: "page" });
    await settle();
    assert.deepEqual(said().map(([, state]) => state), states, severity);
    await close();
  }
});

test("who wants to know only what is, is not told of what was; it is noted why", async (context) => {
  const { hear, tried, settle, said, book, close } = await bed(context, { resolved: false });
  await hear("a", "firing");
  await tried();
  await hear("a", "resolved");
  await settle();
  assert.deepEqual(said(), []);
  assert.deepEqual(book.find("a")?.told.map(({ state, refused }) => [state, refused]), [["firing", "it was over before it could be told"]]);
  await close();
});

test("for whom it was not taken at first it is told again, and no one else, also over what is told meanwhile; what is over by then is not", async (context) => {
  const { hear, tried, settle, receiver, close, waitFor } = await bed(context, { to: { kind: "email", host: "mail", port: 25, security: "plain", from: "h@plant.test", to: ["ops@plant.test", "night@plant.test"] } });
  receiver.outcome = "taken";
  receiver.left = ["night@plant.test"];
  await hear("a", "firing");
  await tried();
  await hear("b", "firing");
  await tried();
  const toBoth = (): number => receiver.to.filter((names) => names.join() === "ops@plant.test,night@plant.test").length;
  const toOne = (): number => receiver.to.filter((names) => names.join() === "night@plant.test").length;
  await waitFor(() => toBoth() === 2);
  await hear("b", "resolved");
  receiver.left = undefined;
  await settle();
  // How often the one was tried meanwhile is nobody's promise; the other hears of what is new alone.
  await waitFor(() => toBoth() === 3 && toOne() > 0);
  await waitFor(() => receiver.kept() === undefined);
  assert.deepEqual([toBoth(), toBoth() + toOne()], [3, receiver.to.length]);
  await close();
});

const ticket = { severity: "ticket" } as const;

/** The backoff of what waits has grown to minutes. */
async function waitsLong({ hear, letPass, receiver }: Awaited<ReturnType<typeof bed>>): Promise<void> {
  await hear("a", "firing", ticket);
  await letPass(1_200_000);
  assert.ok(receiver.tries > 5 && receiver.tries < 30, `${receiver.tries}`);
}

test("what is new is tried when it comes, once, whatever waits; what is back is told of all at once, pages first, and of what is before what was", async (context) => {
  const bench = await bed(context);
  const { hear, receiver, looked, soon, letPass, close, said, status, notes } = bench;
  await waitsLong(bench);
  const since = status()?.since;
  assert.ok(typeof since === "string");
  const tries = (id: string): number => receiver.tried.filter(({ ids }) => ids.includes(id)).length;
  const beforeMs = receiver.tried.at(-1)?.atMs ?? 0;
  await hear("b", "firing");
  await soon(() => tries("b") > 0);
  for (let look = 0; look < 5; look++) await looked();
  assert.equal(tries("b"), 1, "it was tried over and over");
  assert.ok((receiver.tried.at(-1)?.atMs ?? 0) - beforeMs < 300_000);
  const older = isoTime(beginMs - 60_000);
  await hear("t", "firing", { ...ticket, kind: "loss", since: older });
  await hear("p", "firing", { kind: "freshness" });
  await letPass(2_000_000);
  assert.ok(receiver.tries < 60, `${receiver.tries} tries of four messages within an hour`);
  assert.ok(["a", "b", "t", "p"].every((id) => tries(id) > 1));
  const triedBefore = { a: tries("a"), p: tries("p") };
  await hear("a", "resolved", ticket);
  await hear("p", "resolved", { kind: "freshness" });
  await soon(() => tries("p") > triedBefore.p && tries("a") > triedBefore.a);
  assert.deepEqual([status()?.isFailing, status()?.problem, status()?.waiting], [true, "nobody answers", 4]);
  assert.equal(status()?.since, since, "since it failed first");
  receiver.outcome = "taken";
  const before = receiver.tried.length;
  await hear("c", "firing", { ...ticket, kind: "latency" });
  await soon(() => status()?.waiting === 0 && status()?.problem === null);
  assert.deepEqual(receiver.tried.slice(before).map(({ ids }) => ids.join()), ["c", "b", "t", "p", "a"]);
  assert.deepEqual(said().map(([id, state]) => `${id} ${state}`), ["c firing", "b firing", "t firing", "p resolved", "a resolved"]);
  assert.deepEqual([status()?.isFailing, status()?.problem, status()?.since], [false, null, null]);
  assert.equal(notes.filter((line) => line.includes("nobody answers")).length, 1, notes.join("\n"));
  assert.match(notes.at(-1) ?? "", /^info alerts: ops is told again; nothing was since 2026-/);
  await close();
});

test("a receiver that fails is not flooded by what is new, however much of it there is", async (context) => {
  const bench = await bed(context);
  const { hear, receiver, looked, soon, letPass, settle, close } = bench;
  await waitsLong(bench);
  const before = receiver.tries;
  for (let number = 0; number < 30; number++) await hear(`n${number}`, "firing", { site: `site-${number}` });
  await soon(() => receiver.tries - before === limits.alertMessagesTriedMax);
  for (let look = 0; look < 40; look++) await looked();
  assert.equal(receiver.tries - before, limits.alertMessagesTriedMax);
  await letPass(3_600_000);
  assert.ok(receiver.tries - before < 40, `${receiver.tries - before}`);
  await settle();
  await close();
});

test("one message that a receiver never takes holds back no other", async (context) => {
  const { hear, receiver, waitFor, said, close } = await bed(context);
  await hear("a", "firing", { site: "one" });
  await hear("b", "firing", { site: "two" });
  await hear("c", "firing", { ...ticket, site: "three" });
  receiver.outcome = "taken";
  receiver.fails = (id) => id === "a";
  await waitFor(() => said().length === 2);
  assert.deepEqual(said().map(([id]) => id).sort(), ["b", "c"]);
  await close();
});

test("a receiver that says when it wants to be asked again is not asked before, for nothing", async (context) => {
  const { hear, receiver, looked, waitFor, close } = await bed(context);
  receiver.outcome = "busy";
  await hear("a", "firing", ticket);
  await waitFor(() => receiver.tries === 1);
  receiver.outcome = "taken";
  await hear("b", "firing");
  await looked();
  assert.equal(receiver.tries, 1);
  await waitFor(() => receiver.taken.length === 2);
  assert.ok((receiver.tried[1]?.atMs ?? 0) - (receiver.tried[0]?.atMs ?? 0) >= 120_000);
  await close();
});

test("a message that an earlier version put together is sent under its key", async (context) => {
  const { hear, receiver, log, tried, settle, close } = await bed(context);
  await hear("a", "firing");
  await tried();
  const [name, value] = [...log.cells("alert/out/ops")][0] ?? ["", new Uint8Array()];
  const { key } = JSON.parse(new TextDecoder().decode(value)) as { readonly key: string };
  await log.append({ cells: [{ key: name, value: null }, { key: "alert/out/ops", value }] });
  await settle();
  assert.deepEqual(receiver.taken.map((one) => one.key), [key]);
  assert.equal(log.cells("alert/out/").size, 0);
  await close();
});

test("whatever the receiver does meanwhile: each state once, never as firing what is over, and at the end over", async (context) => {
  const steps = fc.array(fc.oneof(fc.record({ id: fc.constantFrom("a", "b", "c"), state: fc.constantFrom("firing" as const, "resolved" as const) }), fc.record({ outcome: fc.constantFrom<Outcome>("taken", "away", "lost") })), { minLength: 1, maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(steps, async (what) => {
      const { hear, tried, settle, receiver, said, book, close } = await bed(context);
      const over = new Set<string>();
      for (const step of what) {
        if ("outcome" in step) {
          receiver.outcome = step.outcome;
          const before = receiver.taken.length;
          await tried();
          const isWrong = receiver.taken.slice(before).flatMap(({ alerts }) => alerts).filter(({ id, state }) => state === "firing" && over.has(id));
          assert.deepEqual(isWrong, [], "told as firing what is over");
        } else if (step.state === "firing" || book.find(step.id) !== undefined) {
          await hear(step.id, step.state);
          if (step.state === "resolved") over.add(step.id);
        }
      }
      await settle();
      const keys = said().map(([id, state]) => `${id} ${state}`);
      assert.equal(new Set(keys).size, keys.length, keys.join());
      const open = ["a", "b", "c"].filter((id) => book.find(id) !== undefined);
      for (const id of open) assert.equal(keys.includes(`${id} ${over.has(id) ? "resolved" : "firing"}`), true, `${id}: ${keys.join()}`);
      await close();
    }),
    { numRuns: 40, seed: 7 },
  );
});
