import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Runner, UnitEvent } from "@holon/core/ports.ts";
import { usageSchema, type Usage } from "@holon/core/meter/usage.ts";
import { withSpent } from "@holon/core/run/spent.ts";
import { running } from "../testing/sim-family.ts";
import { bed, unitOf } from "../testing/unit-bed.ts";
import { positionCell, storedUnit } from "./program.ts";

test("an event that a function cannot handle is tried again, set aside with its reason, and holds up nothing; it is replayed when told", async () => {
  const { machine, send, until, outputs } = await bed([{ name: "sums", type: "in.came", extra: { retriesMax: 3 } }]);
  await send("in.came", 1, 13, 2, 3);
  await until("the rest is handled", () => (unitOf(machine, "sums")?.handled ?? 0) === 4);
  assert.deepEqual(await outputs(), [1, 3, 6]);
  const [failed, ...more] = running(machine).failedEvents();
  assert.deepEqual([more.length, failed?.app, failed?.function, failed?.code, failed?.attempts], [0, "app", "sums", "HOLON_UNIT_THREW", 4]);
  assert.match(failed?.message ?? "", /threw on event .*: RangeError/);
  assert.equal(unitOf(machine, "sums")?.failed, 1);

  assert.equal(running(machine).replayFailed({ app: "app", function: "sums" }), 1);
  const restarts = unitOf(machine, "sums")?.restarts ?? 0;
  await until("it fails again", () => (unitOf(machine, "sums")?.restarts ?? 0) > restarts);
  assert.equal(running(machine).failedEvents().length, 1, "what fails again stays where it is");

  Object.assign(globalThis, { holonTestMended: true });
  try {
    await until("it runs again", () => unitOf(machine, "sums")?.state === "running");
    assert.equal(running(machine).replayFailed({ event: failed?.event }), 1);
    await until("it is handled", () => running(machine).failedEvents().length === 0);
  } finally {
    Reflect.deleteProperty(globalThis, "holonTestMended");
  }
  assert.deepEqual(await outputs(), [1, 3, 6, 19]);
  assert.equal(new TextDecoder().decode(running(machine).log.cell("aside/app/sums")), "1", "it was set aside, whatever became of it");
  await send("in.came", 13, 13);
  Object.assign(globalThis, { holonTestMended: undefined });
  await until("two more are set aside", () => running(machine).failedEvents().length === 2);
  assert.equal(new TextDecoder().decode(running(machine).log.cell("aside/app/sums")), "3");
});

test("what one function cannot handle does not have it read its lane record by record", async () => {
  const { machine, send, until } = await bed([{ name: "sums", type: "in.came", extra: { retriesMax: 2 } }]);
  await send("other.came", ...Array.from({ length: 3_000 }, (_, index) => index));
  const { log } = running(machine);
  const read = log.read.bind(log);
  let reads = 0;
  log.read = (...asked) => {
    reads += 1;
    return read(...asked);
  };
  await send("in.came", 13, 1);
  await until("the rest is handled", () => (unitOf(machine, "sums")?.handled ?? 0) === 2);
  assert.equal(running(machine).failedEvents().length, 1);
  assert.ok(reads < 300, `${reads} reads of a lane of 3,000 records`);
});

test("after a failure a function of one subject passes by the events of others as fast as ever", async () => {
  const { machine, until, outputs } = await bed([{ name: "sums", type: "in.came", extra: { on: { type: "in.came", subject: "mine" }, retriesMax: 1 } }]);
  const { log, events } = running(machine);
  const of = (subject: string, data: number) => events.record({ stream: "local", type: "in.came", class: "raw", producer: "test", subject, data });
  let stored = false;
  const others = Array.from({ length: 3_000 }, (_, index) => of("another", index));
  void log.append({ records: [of("mine", 13), ...others, of("mine", 1), of("mine", 2)] }).then(() => (stored = true));
  const read = log.read.bind(log);
  let reads = 0;
  log.read = (...asked) => {
    reads += 1;
    return read(...asked);
  };
  await until("they are on disk", () => stored);
  await until("the first is set aside", () => running(machine).failedEvents().length === 1);
  await until("all is passed", () => unitOf(machine, "sums")?.lag === 0);
  assert.deepEqual(await outputs(), [1, 3]);
  assert.ok(reads < 300, `${reads} reads of a lane of 3,000 records`);
});

test("what waits for a function is what is for it: others' events are no lag of one that sleeps", async () => {
  // So many that what came is looked at once for all.
  const { machine, send, until, pass } = await bed([{ name: "sums", type: "in.came" }, ...Array.from({ length: 9 }, (_, index) => ({ name: `other-${index}`, type: "never.came" }))]);
  await pass(90_000);
  for (let round = 1; round <= 3; round++) {
    await send("other.came", ...Array.from({ length: 40 }, (_, index) => index));
    assert.equal(unitOf(machine, "sums")?.lag, 0, `round ${round}`);
    await send("in.came", 1);
    await until("it is awake again", () => unitOf(machine, "sums")?.handled === round);
    await pass(90_000);
  }
});

test("a function that stops in order says how far it has passed by what is not for it", async () => {
  const { world, machine, send, until } = await bed([{ name: "sums", type: "in.came" }]);
  await send("other.came", ...Array.from({ length: 40 }, (_, index) => index));
  await until("it has passed them", () => unitOf(machine, "sums")?.lag === 0);
  const { log } = running(machine);
  const heads = Object.fromEntries([...log.heads()].map(([lane, { mark }]) => [lane, mark.sequence]));
  assert.equal(log.cell(positionCell("app/sums")), undefined, "nothing was stored for it");
  await world.drive(machine.close());
  machine.start();
  await until("it is up", () => machine.subject !== undefined);
  const told = running(machine).log.cell(positionCell("app/sums"));
  for (const [lane, sequence] of Object.entries(JSON.parse(new TextDecoder().decode(told)))) assert.ok(Number(sequence) >= (heads[lane] ?? 0), lane);
});

test("a function that is called now and then has a sandbox only around its calls, and its state is there each time", async () => {
  const { send, until, machine, outputs, pass, started } = await bed([{ name: "sums", type: "in.came" }]);
  const warm = (): number => running(machine).status().agent.sandboxes?.warm ?? -1;
  for (let call = 1; call <= 20; call++) {
    await send("in.came", 1);
    await until("it is handled", () => (unitOf(machine, "sums")?.handled ?? 0) === call);
    await pass(120_000);
    if (call === 2) assert.equal(warm(), 0, "nothing is known of it: it is kept for a minute and let go");
  }
  assert.deepEqual((await outputs()).at(-1), 20);
  assert.ok(started.length > 15);
  await until("the forecast has it warm before its next call", () => warm() === 1, 130_000);
});

test("a call made warm by the forecast starts nothing new, and one more function than there are places waits for none", async () => {
  const many = Array.from({ length: 20 }, (_, index) => ({ name: `f${index}`, type: `in.f${index}` }));
  const { send, until, machine, outputs } = await bed(many);
  for (const { type } of many) await send(type, 1);
  await until("all are handled", () => many.every(({ name }) => unitOf(machine, name)?.handled === 1));
  assert.equal((await outputs()).length, 20);
  const { warm, places } = running(machine).status().agent.sandboxes ?? { warm: 0, places: 0 };
  assert.ok(warm <= places && places === 16, `${warm} of ${places}`);
});

test("no more events a second than declared", async () => {
  const { send, until, machine, world } = await bed([{ name: "sums", type: "in.came", extra: { eventsPerSecondMax: 2 } }]);
  await send("in.came", ...Array.from({ length: 22 }, () => 1));
  const startMs = world.nowMs;
  await until("all are handled", () => (unitOf(machine, "sums")?.handled ?? 0) === 22);
  const tookMs = world.nowMs - startMs;
  assert.ok(tookMs > 9_000 && tookMs < 12_000, `${tookMs} ms`);
});

test("a process that ends for another's sake is not held against a function, and nothing is done twice", async () => {
  let calls = 0;
  const { send, until, machine, outputs } = await bed([{ name: "sums", type: "in.came" }], (runner) => ({
    async start(program) {
      const unit = await runner.start(program);
      return {
        ...unit,
        handle: (events) => (++calls === 2 ? Promise.reject(new HolonError("HOLON_UNIT_INTERRUPTED", "it ended")) : unit.handle(events)),
        stop: () => unit.stop(),
      };
    },
  }));
  for (const value of [1, 2, 3]) {
    await send("in.came", value);
    await until("it is handled", () => (unitOf(machine, "sums")?.handled ?? 0) >= value);
  }
  assert.deepEqual(await outputs(), [1, 3, 6]);
  assert.deepEqual([unitOf(machine, "sums")?.problem, running(machine).failedEvents()], [undefined, []]);
});

test("what is metered survives a power cut but for the last interval, and is never doubled", async () => {
  const { send, until, machine, pass } = await bed([{ name: "sums", type: "in.came" }]);
  const events = (): number => running(machine).metered().find((row) => row.function === "sums")?.events ?? 0;
  let sent = 0;
  for (let cut = 0; cut < 6; cut++) {
    const before = events();
    for (let call = 0; call < 5; call++) {
      await send("in.came", 1);
      sent += 1;
    }
    await until("they are handled", () => events() === before + 5);
    if (cut % 2 === 0) await pass(61_000);
    machine.crash("power");
    machine.start();
    await until("it is up again", () => machine.subject !== undefined && running(machine).status().agent.state === "settled");
    assert.equal(events(), cut % 2 === 0 ? before + 5 : before, "whole intervals");
    assert.ok(events() <= sent);
  }
  const row = running(machine).metered()[0];
  assert.equal(row?.money?.currency, "EUR");
  assert.equal(row?.money?.amount, (row?.invocations ?? 0) / 1e6);
  const usage: Usage = usageSchema.parse(Object.fromEntries(Object.keys(usageSchema.shape).map((key) => [key, Reflect.get(row ?? {}, key)])));
  assert.equal(usage.events, 15);
});

test("what a run used that came to nothing is metered, with its failure", async () => {
  const failing = () => withSpent(new HolonError("HOLON_UNIT_TIMEOUT", "function app/sums took longer than 1000 ms for its events"), { processorMs: 1_000, memoryBytes: 7 });
  const usage = { processorMs: 3, memoryBytes: 2 };
  const { machine, send, until } = await bed([{ name: "sums", type: "in.came", extra: { retriesMax: 1 } }], (runner) => ({
    async start(program, first) {
      const unit = await runner.start(program, first);
      return {
        async handle(events) {
          if (events.some(({ data }) => data === 14)) throw failing();
          const result = await unit.handle(events);
          return events.some(({ data }) => data === 15) ? { ...result, outputs: [{ type: "never.declared", subject: undefined, timeMs: 0, data: 1, cause: 0 }], usage } : result;
        },
        stop: () => unit.stop(),
      };
    },
  }));
  const metered = () => running(machine).metered().find((row) => row.function === "sums");
  for (const [value, processorMs, memoryByteMs] of [[14, 2_000, 14_000], [15, 2_006, 14_012]] as const) {
    await send("in.came", value);
    await until("it is set aside", () => running(machine).failedEvents().length === value - 13);
    assert.deepEqual([metered()?.processorMs, metered()?.memoryByteMs, metered()?.failures], [processorMs, memoryByteMs, 2 * (value - 13)]);
  }
});

test("what is metered does not go back while it is written, and not when it was", async () => {
  const { send, until, machine, pass } = await bed([{ name: "sums", type: "in.came" }]);
  const node = running(machine);
  const events = (): number => node.metered().find((row) => row.function === "sums")?.events ?? 0;
  const append = node.log.append.bind(node.log);
  const seen: number[] = [];
  node.log.append = async (entry) => {
    seen.push(events());
    try {
      return await append(entry);
    } finally {
      seen.push(events());
    }
  };
  for (let round = 1; round <= 3; round++) {
    await send("in.came", 1, 2);
    await until("they are handled", () => events() === 2 * round);
    await pass(limits.meterEveryMs + 1_000);
  }
  assert.deepEqual(seen, seen.toSorted((one, other) => one - other));
  assert.equal(seen.at(-1), 6);
});

test("of many functions each is handed what is its own and once, however long the others' events are that came in between", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `f${index}`);
  const { machine, send, until, outputs } = await bed([...names.map((name) => ({ name, type: `in.${name}` })), { name: "every", type: "in.*" }]);
  let expected = 0;
  for (let round = 0; round < 6; round++) {
    for (const [index, name] of names.entries()) {
      if ((round * 7 + index) % 3 === 0) continue; // some sleep for longer
      await send(`in.${name}`, ...Array.from({ length: 1 + ((index * round) % 70) }, () => 1), 1);
      expected += 2 + ((index * round) % 70);
      if ((index + round) % 4 === 0) await until("all has been handled", () => unitOf(machine, "every")?.handled === expected);
    }
  }
  const handled = (): readonly number[] => [...names, "every"].map((name) => unitOf(machine, name)?.handled ?? 0);
  await until("all has been handled", () => handled().reduce((sum, count) => sum + count, 0) === 2 * expected);
  const lastOf = handled().map((count) => count);
  const added = (await outputs()).map(Number);
  for (const count of lastOf) assert.ok(added.includes(count), "each event was added up");
  assert.equal(added.length, 2 * expected);
});

test("a job over windows sleeps while its hours are over, whoever has been silent for long", async () => {
  const hourMs = 3_600_000;
  const on = { type: "in.came", window: { kind: "tumbling", sizeMs: hourMs }, watermark: { per: "subject", idleMs: 600_000, aheadMs: hourMs } };
  const needs = { deferrableHours: 1, job: { hours: 1, interruptible: true, schedule: { everyMs: 6 * hourMs } } };
  const { machine, send, until, pass } = await bed([{ name: "sums", type: "in.came", extra: { on, needs } }]);
  await send("in.came", 1);
  await until("its hour has come", () => unitOf(machine, "sums")?.windows?.waiting === 1, 24 * hourMs);
  await until("its run is over", () => unitOf(machine, "sums")?.job?.phase === "idle", 24 * hourMs);
  await pass(hourMs); // by now its one source has been silent for too long
  assert.equal(unitOf(machine, "sums")?.windows?.waiting, 1);
  await send("in.came", 2);
  await until("the next run hands it over", () => unitOf(machine, "sums")?.emitted === 1, 24 * hourMs);
});

test("what a function makes that cannot be recorded is set aside like what it throws on, and holds up nothing", async () => {
  const made = [{ data: "x".repeat(1 << 20) }, { data: 1, timeMs: 9e15 }, { data: 1, type: "never.declared" }];
  const { machine, send, until, outputs } = await bed([{ name: "sums", type: "in.came", extra: { retriesMax: 1 } }], (runner) => ({
    async start(program, first) {
      const unit = await runner.start(program, first);
      return {
        ...unit,
        async handle(events) {
          if (events.some(({ data }) => data === 103)) throw new RangeError("Maximum call stack size exceeded");
          const result = await unit.handle(events);
          const at = Number(events.at(-1)?.data) - 100;
          return made[at] === undefined ? result : { ...result, outputs: result.outputs.map((output) => ({ ...output, ...made[at] })) };
        },
        stop: () => unit.stop(),
      };
    },
  }));
  for (const value of [1, 100, 101, 102, 103, 2]) await send("in.came", value);
  await until("the rest is handled", () => (unitOf(machine, "sums")?.handled ?? 0) === 6);
  assert.deepEqual(await outputs(), [1, 3]);
  assert.deepEqual(running(machine).failedEvents().map(({ code, attempts }) => [code, attempts]).sort(), [["HOLON_EVENT_BAD", 2], ["HOLON_RECORD_TOO_LARGE", 2], ["HOLON_UNIT_THREW", 2], ["HOLON_UNIT_THREW", 2]]);
});

test("a request that a function throws on is not tried again unless the app says so; who asked is told at once, and so are those behind it", async () => {
  const trigger = { http: { method: "POST", path: "/sums" } };
  const { world, machine, until } = await bed([{ name: "sums", type: "holon.request.app.sums", extra: { on: trigger, emits: { "holon.response": { stream: "local", class: "raw" }, "out.made": { stream: "data", class: "derived" } } } }], (runner) => ({
    async start(program, first) {
      const unit = await runner.start(program, first);
      return {
        async handle(events) {
          const requests = events.map(({ data }) => data as { readonly request: string; readonly body: number });
          if (requests.some(({ body }) => body === 13)) throw new HolonError("HOLON_UNIT_THREW", "function app/sums threw on event e: RangeError");
          return { outputs: requests.map(({ request, body }, cause) => ({ type: "holon.response", subject: undefined, timeMs: 0, data: { request, body }, cause })), state: [], fitted: [], status: undefined, inferenceMs: [], inferences: {}, usage: { processorMs: 0, memoryBytes: 0 } };
        },
        stop: () => unit.stop(),
      };
    },
  }));
  const told: string[] = [];
  const beganMs = world.nowMs;
  for (const body of [1, 13, 2, 13, 13, 3]) running(machine).ask("app", { method: "POST", path: "/sums", query: {}, body }).then((answer) => told.push(`${String(answer.body)}`), (error: unknown) => told.push(error instanceof HolonError ? error.code : String(error)));
  await until("all are told", () => told.length === 6);
  assert.deepEqual(told.toSorted(), ["1", "2", "3", "HOLON_UNIT_THREW", "HOLON_UNIT_THREW", "HOLON_UNIT_THREW"]);
  assert.ok(world.nowMs - beganMs < 1_000, `${world.nowMs - beganMs} ms`);
  assert.deepEqual(running(machine).failedEvents().map(({ attempts }) => attempts), [1, 1, 1]);
});

test("a function that says it holds more than it may, whatever its sandbox counted, waits with that, and none of it is stored", async () => {
  const quarter = JSON.stringify("x".repeat(limits.unitStateBytesMax / 4));
  const lying = (runner: Runner): Runner => ({
    async start(program) {
      const instance = await runner.start(program);
      const handle = instance.handle.bind(instance);
      return Object.assign(instance, {
        async handle(events: readonly UnitEvent[]) {
          const result = await handle(events);
          return { ...result, state: [...result.state, ...events.map(({ data }) => ({ key: `more-${JSON.stringify(data)}`, value: quarter }))] };
        },
      });
    },
  });
  const { machine, send, until, outputs } = await bed([{ name: "sums", type: "in.came", extra: { retriesMax: 0 } }], lying);
  for (const value of [1, 2, 3, 4]) await send("in.came", value);
  await until("it waits", () => unitOf(machine, "sums")?.problem?.code === "HOLON_STATE_TOO_LARGE");
  assert.deepEqual([unitOf(machine, "sums")?.handled, unitOf(machine, "sums")?.lag, await outputs()], [3, 1, [1, 3, 6]]);
  assert.ok([...storedUnit("app/sums", running(machine).log).state.values()].reduce((sum, { length }) => sum + length, 0) < limits.unitStateBytesMax);
});

test("an event that is to be handed over again is so once, however often that is said while it is at work or on its way to the disk", async () => {
  let release: (() => void) | undefined;
  const slow = (runner: Runner): Runner => ({
    async start(program) {
      const instance = await runner.start(program);
      const handle = instance.handle.bind(instance);
      const waits = async (events: readonly UnitEvent[]) => {
        const result = await handle(events);
        if (events[0]?.data === 13) await new Promise<void>((resolve) => (release = resolve));
        return result;
      };
      return Object.assign(instance, { handle: waits });
    },
  });
  const { machine, send, until, pass, outputs } = await bed([{ name: "sums", type: "in.came", extra: { retriesMax: 0 } }], slow);
  await send("in.came", 13);
  await until("it is set aside", () => running(machine).failedEvents().length === 1);
  Object.assign(globalThis, { holonTestMended: true });
  try {
    const replay = (): number => running(machine).replayFailed({ app: "app", function: "sums" });
    await until("it runs again", () => unitOf(machine, "sums")?.state === "running");
    const told = [replay(), replay()];
    await until("it is at work", () => release !== undefined);
    told.push(replay(), replay());
    release?.();
    release = undefined;
    await until("it is handled", () => running(machine).failedEvents().length === 0);
    await pass(60_000);
    assert.deepEqual([told, release, replay()], [[1, 0, 0, 0], undefined, 0]);
  } finally {
    Reflect.deleteProperty(globalThis, "holonTestMended");
  }
  assert.deepEqual(await outputs(), [13]);
});
