import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, describe, it } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { eventsOf, fails, programOf, runnerContract } from "@holon/sim/contracts/runner.ts";
import { createRunner } from "./runner.ts";
import { usageOf } from "./runner/process-usage.ts";
import { until } from "./testing/door-sink.ts";
import { spentBy, worksAndFails } from "./testing/spent-runs.ts";

const talk: string[] = [];
const runner = createRunner({ talk: (unit, text) => talk.push(`${unit}: ${text}`) });
after(() => runner.close());

runnerContract("an isolate", (program) => runner.start(program));

/** Doubles. */
const tiny = writeOnnx({
  name: "tiny",
  opset: 13,
  nodes: [{ operator: "Add", domain: "", inputs: ["x", "x"], outputs: ["y"], attributes: {} }],
  constants: [],
  inputs: [{ name: "x", elementType: 1, shape: ["n"] }],
  outputs: [{ name: "y", elementType: 1, shape: ["n"] }],
});

/** What one event made of `body`, which may use `emit(value)`. */
async function given(body: string): Promise<unknown> {
  const unit = await runner.start(programOf(`const emit = (data) => context.emit("out.made", { data }); ${body}`));
  try {
    return (await unit.handle(eventsOf(1))).outputs[0]?.data;
  } finally {
    await unit.stop();
  }
}

describe("a start with its first events", () => {
  it("handles them once, and hands out their answer when they come", async () => {
    const first = eventsOf(1, 2);
    const unit = await runner.start(programOf(`const n = Number(context.state.get("n") ?? 0) + 1; context.state.set("n", n); context.emit("out.made", { data: n })`), first);
    assert.deepEqual((await unit.handle(first)).outputs.map(({ data }) => data), [1, 2]);
    assert.deepEqual((await unit.handle(first)).outputs.map(({ data }) => data), [3, 4]);
    await unit.stop();
  });

  it("tells a bad module at the start, and a bad event when it comes", async () => {
    const first = eventsOf(1);
    await fails(runner.start({ ...programOf(""), code: new TextEncoder().encode("no module") }, first), "HOLON_UNIT_BAD", /does not load/);
    const throwing = await runner.start(programOf("throw new Error('no')"), first);
    await fails(throwing.handle(first), "HOLON_UNIT_THREW", /probe/);
    const ending = await runner.start(programOf("let n = 2n; for (;;) n = n * n;", { timeoutMs: 200 }), first);
    await fails(ending.handle(first), "HOLON_UNIT_TIMEOUT", /probe/);
  });

  it("takes no other events before them", async () => {
    const unit = await runner.start(programOf(""), eventsOf(1));
    await fails(unit.handle(eventsOf(1)), "HOLON_INTERNAL", /other events first/);
  });
});

describe("the process of all isolates", () => {
  it("is another one from the first function with models on; who was in the one before is interrupted at rest, not at work", async () => {
    const own = createRunner();
    const body = `context.emit("out.made", { data: 1 })`;
    try {
      const resting = await own.start(programOf(body, { name: "resting" }));
      const working = await own.start(programOf("let n = 2n ** 9n; for (let round = 0; round < 14; round++) n = n * n; " + body, { name: "working", timeoutMs: 100_000 }));
      const work = working.handle(eventsOf(1));
      const withModel = await own.start(programOf(`const { y } = await context.models.tiny.run({ x: { shape: [1], values: Float32Array.of(2) } }); context.emit("out.made", { data: y.values[0] })`, { uses: ["tiny"], models: { tiny } }));
      assert.equal((await withModel.handle(eventsOf(1))).outputs[0]?.data, 4);
      assert.equal((await work).outputs[0]?.data, 1, "it was at work");
      await until("the one before is gone", () => own.pids().length === 1);
      await fails(resting.handle(eventsOf(1)), "HOLON_UNIT_INTERRUPTED", /sandbox/);
      const again = await own.start(programOf(body, { name: "resting" }));
      assert.equal((await again.handle(eventsOf(1))).outputs[0]?.data, 1);
      assert.equal(own.pids().length, 1, "and nobody begins one of the kind before");
    } finally {
      await own.close();
    }
  });
});

describe("what an isolate contains", () => {
  const small = { memoryBytesMax: limits.unitMemoryBytesMin, timeoutMs: 100_000 };
  const bodies: readonly (readonly [string, string, "HOLON_UNIT_DIED" | "HOLON_UNIT_THREW", RegExp])[] = [
    ["arrays without end", "const kept=[]; for(;;) kept.push(new Array(1e5).fill(event))", "HOLON_UNIT_DIED", /probe.*(16 MiB of memory|took its process)/],
    ["buffers without end", "const kept=[]; for(;;) kept.push(new Uint8Array(1e6).fill(1))", "HOLON_UNIT_THREW", /probe.*RangeError/],
    ["one buffer of everything", "new ArrayBuffer(4e9)", "HOLON_UNIT_THREW", /probe.*RangeError/],
    ["recursion without end", "const down = () => down() + 1; down()", "HOLON_UNIT_THREW", /probe.*RangeError/],
    ["what is thrown", "throw null", "HOLON_UNIT_THREW", /probe.*object/],
    ["output without end", `for(;;) context.emit("out.made",{data:"x".repeat(10000)})`, "HOLON_UNIT_THREW", /more in one batch/],
    ["inferences without end", `for(;;) context.models.none.run({})`, "HOLON_UNIT_THREW", /TypeError/],
  ];
  for (const [what, body, code, naming] of bodies) {
    it(`${what}, and the neighbour goes on`, async () => {
      const neighbour = await runner.start(programOf(`context.emit("out.made",{data:event.data})`, {}));
      const unit = await runner.start(programOf(body, { name: "probe", ...small }));
      await fails(unit.handle(eventsOf(1)), code, naming);
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_DIED", /probe/);
      await assert.doesNotReject(neighbour.handle(eventsOf(2)));
      await neighbour.stop();
    });
  }

  it("what takes too long, whether it spins, spins after waiting, or waits", async () => {
    for (const body of ["for(;;);", "await null; for(;;);", "await new Promise(() => {})"]) {
      const unit = await runner.start(programOf(body, { timeoutMs: 200 }));
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_TIMEOUT", /probe took longer than 200 ms/);
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_DIED", /probe/);
    }
  });

  it("what asks a model without end, waiting for each answer; its neighbour has its own meanwhile", async () => {
    const asks = (times: string): string => `const x={shape:[1],values:Float32Array.of(event.data)}; let sum=0; for (let n=0;n<${times};n++) sum+=(await context.models.tiny.run({x})).y.values[0]; context.emit("out.made",{data:sum});`;
    const [neighbour, unit] = await Promise.all([runner.start(programOf(asks("50"), { name: "neighbour", uses: ["tiny"], models: { tiny } })), runner.start(programOf(asks("Infinity"), { uses: ["tiny"], models: { tiny }, timeoutMs: 1_000 }))]);
    const failing = fails(unit.handle(eventsOf(1)), "HOLON_UNIT_TIMEOUT", /probe took longer than 1000 ms/);
    assert.deepEqual((await neighbour.handle(eventsOf(2))).outputs.map(({ data }) => data), [200]);
    await failing;
    assert.deepEqual((await neighbour.handle(eventsOf(3))).inferences, { tiny: 50 });
    await neighbour.stop();
  });

  it("what goes on after it has returned", async () => {
    const unit = await runner.start(programOf("(async () => { for (let i = 0; i < 1e3; i++) await null; for (;;); })();", { timeoutMs: 1_000 }));
    for (;;) {
      const ended = await unit.handle(eventsOf(1)).then(() => false, () => true);
      if (ended) break;
    }
    assert.equal(await given("emit(3)"), 3);
  });

  it("a module that never ends to load", async () => {
    const code = new TextEncoder().encode(`for (let n = 2n; ; n *= n);`);
    const own = createRunner();
    await assert.rejects(own.start({ ...programOf(""), code, memoryBytesMax: limits.unitMemoryBytesMin, startMs: 300 }));
    assert.deepEqual(own.pids(), [], "the process that cannot end it went on");
    await own.close();
  });

  it("what V8 cannot end: the process goes, whose fault it was is known, and the neighbour starts again at once", async () => {
    const own = createRunner();
    const neighbour = await own.start({ ...programOf(`context.emit("out.made",{data:1})`), name: "neighbour" });
    const [before] = own.pids();
    const unit = await own.start(programOf("let n = 2n; for (;;) n = n * n;", { timeoutMs: 200, memoryBytesMax: limits.unitMemoryBytesMax }));
    await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_TIMEOUT", /probe/);
    const again = await neighbour.handle(eventsOf(1)).then(
      () => neighbour,
      async () => own.start({ ...programOf(`context.emit("out.made",{data:1})`), name: "neighbour" }),
    );
    assert.equal((await again.handle(eventsOf(1))).outputs.length, 1);
    const apart = await own.start(programOf(`context.emit("out.made",{data:1})`));
    assert.equal(own.pids().length, 2, "what did harm starts apart");
    assert.ok(before !== undefined && !own.pids().includes(before), "the process that cannot end it went on");
    await apart.stop();
    await own.close();
  });

  it("what takes memory that no count shows, in one batch or over many: it is named, and starts apart from then on", async () => {
    const formats = `(globalThis.kept ??= []).push(new Intl.DateTimeFormat("de", { timeZone: "Europe/Berlin" }));`;
    for (const body of [`for(;;) ${formats}`, `for (let n = 0; n < 1000; n++) ${formats}`]) {
      const own = createRunner();
      try {
        const neighbour = await own.start({ ...programOf(`context.emit("out.made",{data:1})`), name: "neighbour" });
        const unit = await own.start(programOf(body, { timeoutMs: 60_000 }));
        const many = async (): Promise<void> => {
          for (let n = 0; n < 200; n++) await unit.handle(eventsOf(1));
        };
        await fails(many(), "HOLON_UNIT_DIED", /function probe was ended: its process came to hold \d+ MiB, \d+ of them while it was at work; it may have 64/);
        await fails(neighbour.handle(eventsOf(1)), "HOLON_UNIT_INTERRUPTED", /ended/);
        const again = await own.start(programOf(`context.emit("out.made",{data:1})`));
        await own.start({ ...programOf(`context.emit("out.made",{data:1})`), name: "neighbour" });
        assert.equal(own.pids().length, 2, "apart");
        await again.stop();
      } finally {
        await own.close();
      }
    }
  });

  it("what V8 cannot end, stopped while it is at work: the process goes", async () => {
    const own = createRunner();
    const unit = await own.start(programOf("let n = 2n; for (;;) n = n * n;", { memoryBytesMax: limits.unitMemoryBytesMax }));
    const [before] = own.pids();
    const failing = assert.rejects(unit.handle(eventsOf(1)));
    assert.ok(before !== undefined);
    const taken = (): number => usageOf(before)?.processorMs ?? Infinity;
    const takenBefore = taken();
    await until("far into it", () => taken() > takenBefore + 500);
    await unit.stop();
    await failing;
    assert.deepEqual(own.pids(), []);
    await own.close();
  });

  it("what fails again and again starts apart from the third time, and whose neighbour failed once does not", async () => {
    const own = createRunner();
    const fail = async (name: string): Promise<void> => {
      const unit = await own.start(programOf("throw 1", { name }));
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_THREW", /throws|once/);
    };
    await fail("throws");
    await fail("once");
    await fail("throws");
    assert.equal(own.pids().length, 1);
    const other = await own.start(programOf("", { name: "once" }));
    assert.equal(own.pids().length, 1);
    const apart = await own.start(programOf("", { name: "throws" }));
    assert.equal(own.pids().length, 2);
    await Promise.all([other.stop(), apart.stop()]);
    await own.close();
  });

  it("what is killed from outside: who ran is told, and nobody else", async () => {
    const own = createRunner();
    const idle = await own.start({ ...programOf(`context.emit("out.made",{data:1})`), name: "idle" });
    const [one, other] = await Promise.all(["one", "other"].map((name) => own.start({ ...programOf("await new Promise(() => {})"), name })));
    const failing = [fails(one?.handle(eventsOf(1)) ?? Promise.resolve(), "HOLON_UNIT_INTERRUPTED", /sandbox/), fails(other?.handle(eventsOf(1)) ?? Promise.resolve(), "HOLON_UNIT_INTERRUPTED", /sandbox/)];
    const [pid] = own.pids();
    assert.ok(pid !== undefined);
    process.kill(pid, "SIGKILL");
    await Promise.all(failing);
    await fails(idle.handle(eventsOf(1)), "HOLON_UNIT_INTERRUPTED", /sandbox/);
    await own.close();
  });

  it("what it prints, up to what is kept", async () => {
    talk.length = 0;
    const unit = await runner.start(programOf(`console.log("hello", {n:1}); for (let i=0;i<100;i++) console.error("y".repeat(1000));`));
    await unit.handle(eventsOf(1));
    assert.match(talk.join(""), /probe: hello \{"n":1\}/);
    assert.ok(talk.join("").length < limits.unitTalkBytesMax + 1_000);
    await unit.stop();
  });

  it("what it used is told", async () => {
    const unit = await runner.start(programOf("for (let i = 0, x = 0; i < 3e6; i++) x += Math.sqrt(i);"));
    const { usage } = await unit.handle(eventsOf(1));
    assert.ok(usage !== undefined && usage.processorMs > 0.5 && usage.memoryBytes > 100_000, JSON.stringify(usage));
    await unit.stop();
  });

  it("what it used is told where it comes to nothing too: it throws, takes too long or fills its memory", async () => {
    for (const [how, body] of Object.entries(worksAndFails)) {
      const spent = await spentBy(await runner.start(programOf(body, { timeoutMs: how === "timesOut" ? 1_000 : 60_000 })));
      assert.ok(spent.processorMs > 5, `${how}: ${JSON.stringify(spent)}`);
    }
    const waited = await spentBy(await runner.start(programOf("await new Promise(() => {})", { timeoutMs: 1_000 })));
    assert.ok(waited.processorMs < 500, JSON.stringify(waited));
  });
});

describe("attempts to escape from an isolate", () => {
  it("find no way to files, network, processes, environment or the machine", async () => {
    process.env["HOLON_TEST_MARK"] = "visible";
    const names = ["process", "require", "module", "Buffer", "fetch", "setTimeout", "WebAssembly", "SharedArrayBuffer", "Atomics", "Worker", "Deno", "holonInside", "ivm", "global"];
    const body = `const found=[]; for (const name of ${JSON.stringify(names)}) if (globalThis[name] !== undefined) found.push(name); emit(found);`;
    assert.deepEqual(await given(body), []);
    const imports = `const codes=[]; for (const name of ["node:fs","fs","node:child_process","/etc/passwd","data:text/javascript,export default 1","isolated-vm"]) await import(name).then(() => codes.push(name), () => 0); emit(codes);`;
    assert.deepEqual(await given(imports), []);
  });

  it("through constructors of whatever it is handed, errors and stacks included, end in the same isolate", async () => {
    const tries = [
      `context.constructor.constructor("return typeof process")()`,
      `context.emit.constructor("return typeof process")()`,
      `context.models.constructor.constructor("return typeof process")()`,
      `console.log.constructor("return typeof require")()`,
      `Reflect.getPrototypeOf(async () => 1).constructor("return typeof process")().then`,
      `(() => { try { null.x } catch (error) { return error.constructor.constructor("return typeof process")() } })()`,
      `(() => { Error.prepareStackTrace = (_, frames) => frames.map((frame) => typeof (frame.getThis?.() ?? {}).process).join(); const { stack } = new Error(); return /object/.test(stack) ? "found" : "undefined"; })()`,
      `(() => { try { context.emit("wrong.type", {}) } catch (error) { return error.constructor.constructor("return typeof process")() } })()`,
    ];
    const body = `const seen=[]; ${tries.map((attempt) => `try { seen.push(String(${attempt})); } catch (error) { seen.push("undefined"); }`).join("")} emit(seen);`;
    const seen = await given(body);
    assert.ok(Array.isArray(seen) && seen.every((word) => word === "undefined" || String(word).startsWith("function then")), JSON.stringify(seen));
  });

  it("through what is on the stack while it is handed to a model, end in the same isolate", async () => {
    const body = `const found=[]; Error.prepareStackTrace=(_, frames)=>frames; const m=context.models.tiny; const values=Float32Array.of(1);
      const look=()=>{ for (const frame of new Error().stack) for (const name of ["getThis","getFunction"]) { const one=frame[name]?.(); if (one===undefined||one===null) continue; try { found.push(one.constructor.constructor("return typeof process")()) } catch { found.push("undefined") } } return values; };
      for (let n=0;n<20;n++) await m.run({x:{shape:[1],get values(){return look()}}});
      context.emit("out.made",{data:[...new Set(found)].filter((word)=>word!=="undefined")});`;
    const unit = await runner.start(programOf(body, { uses: ["tiny"], models: { tiny } }));
    assert.deepEqual((await unit.handle(eventsOf(1))).outputs[0]?.data, []);
    await unit.stop();
  });

  it("through a crooked result or polluted prototypes fail the function alone", async () => {
    const forgeries = [
      `Object.prototype.toJSON = () => ({ forged: true });`,
      `JSON.stringify = () => '{"outputs":[{"type":"x"}],"state":[],"inferenceMs":[]}';`,
      `JSON.stringify = () => ({ length: 1 });`,
      `Array.prototype.push = () => { throw 1 };`,
      `Map.prototype[Symbol.iterator] = function* () { for (;;) yield ["a", "b".repeat(1e5)] };`,
      `Object.defineProperty(Object.prototype, "then", { get() { throw new Error("then") } });`,
      `JSON.stringify = () => "x".repeat(5e7);`,
    ];
    for (const forgery of forgeries) {
      const unit = await runner.start(programOf(`context.emit("out.made",{data:1}); context.state.set("k",1); ${forgery}`, { timeoutMs: 2_000 }));
      await unit.handle(eventsOf(1)).then(
        ({ outputs }) => assert.ok(outputs.length <= 1, forgery),
        (error: unknown) => assert.match(String(error), /HOLON|function|sandbox/),
      );
      await unit.stop();
    }
    assert.equal(await given("emit(7)"), 7);
    assert.equal(Object.hasOwn(Object.prototype, "toJSON"), false);
  });

  it("to memory that is not counted: resizable buffers are plain ones", async () => {
    const body = `const buffer = new ArrayBuffer(8, { maxByteLength: 1e9 }); const other = new (new Uint8Array(1).buffer.constructor)(8, { maxByteLength: 1e9 }); class Own extends ArrayBuffer {} const own = new Own(8, { maxByteLength: 1e9 }); emit([buffer.resizable, other.resizable, own.resizable, buffer instanceof ArrayBuffer, buffer.byteLength, new Uint8Array(buffer).length]);`;
    assert.deepEqual(await given(body), [false, false, false, true, 8, 8]);
  });

  it("to the clock: it stands at the event", async () => {
    const body = `emit([Date.now(), new Date().getTime(), new (new Date(5).constructor)().getTime(), new Date(2020, 0, 2).getFullYear(), Date() === String(new Date(0)), new Intl.DateTimeFormat("en",{year:"numeric"}).format(), typeof Temporal, typeof performance]);`;
    assert.deepEqual(await given(body), [0, 0, 0, 2020, true, "1970", "undefined", "undefined"]);
  });

  it("to another function's data: each instance has an isolate of its own", async () => {
    const secret = await runner.start({ ...programOf(`globalThis.secret = 4711; Array.prototype.secret = 4711; context.emit("out.made",{data:[typeof secret]});`), name: "secret" });
    await secret.handle(eventsOf(1));
    assert.deepEqual(await given(`emit([typeof secret, typeof [].secret, Object.keys(globalThis)])`), ["undefined", "undefined", []]);
    await secret.stop();
    assert.deepEqual(await given(`emit([typeof secret, typeof [].secret])`), ["undefined", "undefined"]);
  });

  it("out of the process, if the isolate itself were broken, find neither files nor network nor processes", async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { probeWarden } = await import("./testing/probe-warden.ts");
      const denied = "ERR_ACCESS_DENIED";
      const found = { read: denied, write: denied, spawn: denied, connect: denied, native: denied, sizes: denied, environment: [] };
      assert.deepEqual(await probeWarden(server.address(), { last: false, threads: true }), { ...found, thread: "allowed", givesBack: false });
      assert.deepEqual(await probeWarden(server.address(), { last: false, threads: false }), { ...found, thread: denied, givesBack: process.platform === "linux" && process.getBuiltinModule("node:ffi") !== undefined }, "a thread would have again what was given up");
    } finally {
      server.close();
    }
  });
});
