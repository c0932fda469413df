import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, describe, it } from "node:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { eventsOf, fails, programOf as isolated, runnerContract } from "@holon/sim/contracts/runner.ts";
import { spentUntil } from "@holon/core/run/spent.ts";
import { createRunner } from "../runner.ts";
import { spentBy, worksAndFails } from "../testing/spent-runs.ts";

const talk: string[] = [];
const runner = createRunner({ talk: (unit, text) => talk.push(`${unit}: ${text}`) });
after(() => runner.close());

const programOf: typeof isolated = (body, options) => ({ ...isolated(body, options), runtime: "worker" });

runnerContract("a worker thread", (program) => runner.start({ ...program, runtime: "worker" }));

describe("a worker", () => {
  it("is ended when it takes too long, whether it spins or waits", async () => {
    for (const body of ["for(;;);", "await new Promise(() => {})"]) {
      const unit = await runner.start(programOf(body, { timeoutMs: 200 }));
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_TIMEOUT", /probe took longer than 200 ms/);
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_TIMEOUT", /probe/);
    }
  });

  it("that ends by itself, or of memory, is told apart from one that throws", async () => {
    const bodies: readonly (readonly [string, RegExp])[] = [
      ["process.exit(3)", /code 3/],
      ["const kept=[]; for(;;) kept.push(new Array(1e5).fill(event))", /MiB of memory/],
      ["setTimeout(() => { throw new TypeError('later') }, 1); await new Promise(() => {})", /TypeError outside of a run/],
    ];
    for (const [body, naming] of bodies) {
      const unit = await runner.start(programOf(body));
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_DIED", naming);
    }
  });

  it("that keeps buffers without end, which no heap counts, is named", async () => {
    const own = createRunner();
    try {
      const unit = await own.start(programOf("const kept = []; for (let n = 0; n < 8000; n++) kept.push(Buffer.alloc(1 << 20, 1));", { timeoutMs: 60_000 }));
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_DIED", /function probe was ended: its process came to hold \d+ MiB/);
    } finally {
      await own.close();
    }
  });

  it("that goes on after it has returned, at work or with memory, is ended and named at its next batch, and one that looks at something now and then is not", async () => {
    const busy = await runner.start(programOf("setInterval(() => { for (const end = Date.now() + 50; Date.now() < end; ); }, 51);"));
    const greedy = await runner.start({ ...programOf("globalThis.kept = []; setInterval(() => { if (kept.length < 900) for (let n = 0; n < 50; n++) kept.push(Buffer.alloc(1 << 20, 1)); }, 50);"), name: "greedy" });
    const honest = await runner.start({ ...programOf("globalThis.seen = 0; setInterval(() => { seen += 1; }, 20); "), name: "honest" });
    for (const unit of [busy, greedy, honest]) await unit.handle(eventsOf(1));
    const ended = async (unit: typeof busy): Promise<HolonError> => {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 8_000));
        const error = await unit.handle(eventsOf(2)).then(() => undefined, (told: unknown) => told);
        if (error instanceof HolonError) return error;
      }
    };
    const [first, second] = await Promise.all([ended(busy), ended(greedy)]);
    assert.match(`${first.code} ${first.message}`, /HOLON_UNIT_DIED the worker of function probe ended: it went on after it had returned, for \d+ ms of a processor/);
    assert.match(`${second.code} ${second.message}`, /HOLON_UNIT_DIED the worker of function greedy ended: it held \d+ MiB after it had returned/);
    assert.ok((spentUntil(first)?.processorMs ?? 0) > 1_000, "what it took is told");
    await honest.handle(eventsOf(1));
    await honest.stop();
  });

  it("is metered: what each batch took, memory, and what those took that came to nothing", async () => {
    const unit = await runner.start(programOf("if (event.data === 1) for (let i = 0, x = 0; i < 3e7; i++) x += Math.sqrt(i); else globalThis.kept = new Uint8Array(8 << 20);"));
    const [busy, large, rested] = [(await unit.handle(eventsOf(1))).usage, (await unit.handle(eventsOf(0))).usage, (await unit.handle(eventsOf(0))).usage];
    await unit.stop();
    assert.ok(busy !== undefined && large !== undefined && rested !== undefined);
    assert.ok(busy.processorMs > 5 && busy.processorMs > rested.processorMs, JSON.stringify([busy, rested]));
    assert.ok(busy.memoryBytes > 1 << 20 && large.memoryBytes > busy.memoryBytes + (6 << 20), JSON.stringify([busy, large]));
    for (const [how, body] of Object.entries(worksAndFails)) {
      const spent = await spentBy(await runner.start(programOf(body, { timeoutMs: how === "timesOut" ? 1_000 : 60_000 })));
      assert.ok(spent.processorMs > 5, `${how}: ${JSON.stringify(spent)}`);
    }
  });

  it("that holds up its process is apart the next time, and holds up nobody", async () => {
    const own = createRunner();
    try {
      const stopper = await own.start(programOf(`process.kill(process.pid, "SIGSTOP"); for(;;);`, { timeoutMs: 200 }));
      await fails(stopper.handle(eventsOf(1)), "HOLON_UNIT_TIMEOUT", /no longer answers/);
      await stopper.stop();
      const again = await own.start(programOf(`process.kill(process.pid, "SIGSTOP"); for(;;);`, { timeoutMs: 200 }));
      const other = await own.start({ ...programOf(`context.emit("out.made",{data:1});`), name: "other" });
      assert.equal(own.pids().length, 2);
      const stuck = again.handle(eventsOf(1));
      assert.equal((await other.handle(eventsOf(1))).outputs.length, 1, "it is in another process");
      await fails(stuck, "HOLON_UNIT_TIMEOUT", /no longer answers/);
    } finally {
      await own.close();
    }
  });

  it("has no files, network, processes, threads or environment, and takes none from this thread", async () => {
    process.env["HOLON_TEST_MARK"] = "visible";
    const tries = [
      `(await import("node:fs")).readFileSync("/etc/passwd")`,
      `(await import("node:fs")).writeFileSync("never-written","x")`,
      `(await import("node:child_process")).spawnSync("true")`,
      `new (await import("node:worker_threads")).Worker("1",{eval:true})`,
      `await new Promise((yes,no)=>{const s=process.getBuiltinModule("node:net").connect(1,"127.0.0.1");s.on("connect",yes);s.on("error",e=>e.code==="ERR_ACCESS_DENIED"?no(e):yes())})`,
      `if (process.env.HOLON_TEST_MARK===undefined) throw Object.assign(new Error(),{code:"ERR_ACCESS_DENIED"})`,
    ];
    const body = `const codes=[];${tries.map((attempt) => `try { ${attempt}; codes.push("allowed"); } catch (error) { codes.push(error.code); }`).join("")} context.emit("out.made",{data:codes});`;
    const unit = await runner.start(programOf(body));
    const { outputs } = await unit.handle(eventsOf(1));
    assert.deepEqual(outputs[0]?.data, tries.map(() => "ERR_ACCESS_DENIED"));
    await unit.stop();
    assert.ok(readFileSync(new URL(import.meta.url)).length > 0);
  });

  it("imports of Node what stays within its thread, and names alone of all else, whatever it does to what is global", async () => {
    const vm = `(await import("node:vm"))`;
    const tries = [
      `new (process.getBuiltinModule("node:sqlite")).DatabaseSync(":memory:")`,
      `new (await import("node:sqlite")).DatabaseSync(":memory:")`,
      `await new (${vm}.Script)('import("node:sqlite").then((found) => new found.DatabaseSync(":memory:"))', { importModuleDynamically: ${vm}.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER }).runInThisContext()`,
      `(await import("node:module")).registerHooks({})`,
      `process.getBuiltinModule("module").createRequire("/")`,
      `(await import("fs")).default.writeSync(3, "x")`,
      `new (await import("node:tty")).WriteStream(3)`,
      `(await import("node:v8")).setFlagsFromString("--expose-gc")`,
      `String.prototype.startsWith = () => false; Object.hasOwn = () => true; Object.prototype["node:sqlite"] = true; Reflect.apply = () => { throw new Error(); }; new (await import("node:sqlite")).DatabaseSync(":memory:")`,
    ];
    const harmless = `(await import("node:path")).join("a", "b") + (await import("node:tty")).isatty(1) + typeof (await import("node:http")).createServer + process.getBuiltinModule("node:zlib").crc32("a")`;
    const body = `const codes=[];${tries.map((attempt) => `try { ${attempt}; codes.push("allowed"); } catch (error) { codes.push(error.code); }`).join("")} context.emit("out.made",{data:[codes, ${harmless}]});`;
    const unit = await runner.start(programOf(body));
    const { outputs } = await unit.handle(eventsOf(1));
    assert.deepEqual(outputs[0]?.data, [tries.map(() => "ERR_ACCESS_DENIED"), "a/bfalsefunction3904355907"]);
    await unit.stop();
  });

  it("may not read or write where its own modules come from", async (context) => {
    const cache = mkdtempSync(join(tmpdir(), "holon-cache-"));
    context.after(() => rmSync(cache, { recursive: true }));
    const before = process.env["NODE_COMPILE_CACHE"];
    process.env["NODE_COMPILE_CACHE"] = cache;
    try {
      const path = JSON.stringify(join(cache, "planted"));
      const body = `const fs=await import("node:fs"); const codes=[]; for (const attempt of [()=>fs.writeFileSync(${path},"x"),()=>fs.readdirSync(${JSON.stringify(cache)}),()=>fs.readFileSync(${JSON.stringify(fileURLToPath(new URL("./worker.ts", import.meta.url)))})]) try { attempt(); codes.push("allowed"); } catch (error) { codes.push(error.code); } context.emit("out.made",{data:codes});`;
      const unit = await runner.start(programOf(body));
      const { outputs } = await unit.handle(eventsOf(1));
      assert.deepEqual(outputs[0]?.data, ["ERR_ACCESS_DENIED", "ERR_ACCESS_DENIED", "ERR_ACCESS_DENIED"]);
      await unit.stop();
    } finally {
      if (before === undefined) delete process.env["NODE_COMPILE_CACHE"];
      else process.env["NODE_COMPILE_CACHE"] = before;
    }
  });

  it("talks to whom it should, and no more than is kept", async () => {
    talk.length = 0;
    const unit = await runner.start(programOf(`console.log("hello"); for (let i=0;i<100;i++) console.error("y".repeat(1000)); await new Promise((resolve) => setTimeout(resolve, 50)); context.emit("out.made",{data:1});`));
    await unit.handle(eventsOf(1));
    await unit.stop();
    const all = talk.join("");
    assert.match(all, /probe: hello/);
    assert.match(all, /more was printed/);
    assert.ok(all.length < limits.unitTalkBytesMax + 1_000);
  });

  it("that answers with what is no result is ended", async () => {
    const forge = (message: string): string => `const { postMessage } = MessagePort.prototype; MessagePort.prototype.postMessage = function () { postMessage.call(this, ${message}); };`;
    const messages: readonly (readonly [string, RegExp])[] = [
      [`{kind:"result",text:"{}",fitted:[]}`, /does not fit at outputs/],
      ["null", /spoke out of turn/],
      [`{kind:"result",text:{outputs:[]},fitted:[]}`, /no text/],
      [`{kind:"result",text:JSON.stringify({outputs:[{type:"out.made",timeMs:0,data:1,cause:5}],state:[],inferenceMs:[]}),fitted:[]}`, /cause outside/],
      [`{kind:"result",text:JSON.stringify({outputs:[],state:[],inferenceMs:[]}),fitted:[{model:"m",subject:"s",note:"",parameters:{x:{shape:[2],values:new Float32Array(1)}}}]}`, /fitted parameters/],
    ];
    for (const [message, naming] of messages) {
      const unit = await runner.start(programOf(forge(message)));
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_DIED", naming);
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_DIED", /probe/);
    }
  });

  it("runs the models that it uses, where it runs", async () => {
    const pca = readFileSync(new URL("../../../examples/pump-watch/models/pca.onnx", import.meta.url));
    const unit = await runner.start(programOf(`const scored=await context.models.pca.run({}).catch((error)=>error.code); context.emit("out.made",{data:scored});`, { uses: ["pca"], models: { pca } }));
    assert.equal((await unit.handle(eventsOf(1))).outputs[0]?.data, "HOLON_MODEL_INPUT_BAD");
    await unit.stop();
  });

  it("signals no other process, whichever way it tries", async () => {
    const victim = spawn(process.execPath, ["-e", "setInterval(() => 0, 1e6)"], { stdio: "ignore" });
    try {
      await once(victim, "spawn");
      const ways = [`process.kill(${victim.pid}, "SIGKILL")`, `process.kill("${victim.pid}", 9)`, `process.kill({ valueOf: () => ${victim.pid}, [Symbol.toPrimitive]: () => ${victim.pid} }, 9)`, `process.kill(-${victim.pid}, 9)`, "process.kill(0, 0)", `if (process._kill(${victim.pid}, 9) < 0) throw 1`, `process.binding("process_methods")._kill(${victim.pid}, 9)`, `delete process.kill; process.kill(${victim.pid}, 9)`, `Object.getPrototypeOf(process).kill(${victim.pid}, 9)`, `(await import("node:process")).default.kill(${victim.pid}, 9)`, `(await import("node:process")).kill(${victim.pid}, 9)`, `process._debugProcess(${victim.pid})`, `(await import("node:os")).setPriority(${victim.pid}, 19)`, `(await import("node:os")).default.setPriority(${victim.pid}, 19)`, `process.dlopen({ exports: {} }, "/x.node")`];
      for (const way of ways) {
        const unit = await runner.start(programOf(`let said = "done"; try { ${way} } catch (error) { said = "refused" } context.emit("out.made",{data:said});`));
        assert.deepEqual([way, (await unit.handle(eventsOf(1))).outputs[0]?.data], [way, "refused"]);
        await unit.stop();
      }
      assert.deepEqual([victim.exitCode, victim.signalCode], [null, null]);
    } finally {
      victim.kill("SIGKILL");
    }
  });

  it("that ends its process ends no more than that: who ran alone did it, and starts apart from then on", async () => {
    const bodies = [`process.kill(process.pid, "SIGKILL")`, "process.abort()", "process.reallyExit(0)", `(await import("node:v8")).setFlagsFromString("--stack-size=100000000"); (function deep(){ deep(); deep(); })()`];
    const own = createRunner();
    for (const [place, body] of bodies.entries()) {
      const neighbour = await own.start({ ...programOf(`context.emit("out.made",{data:1})`), name: "neighbour" });
      const unit = await own.start({ ...programOf(`${body}; await new Promise(() => {})`), name: `ender-${place}` });
      const ended = await unit.handle(eventsOf(1)).then(() => undefined, (error: unknown) => error);
      assert.ok(ended instanceof HolonError && ["HOLON_UNIT_DIED", "HOLON_UNIT_THREW"].includes(ended.code), `${body}: ${String(ended)}`);
      const isGone = !own.pids().length || await neighbour.handle(eventsOf(1)).then(() => false, (error: unknown) => error instanceof HolonError && error.code === "HOLON_UNIT_INTERRUPTED");
      if (isGone) {
        const again = await own.start({ ...programOf(`context.emit("out.made",{data:1})`), name: "neighbour" });
        const [before] = own.pids();
        const apart = await own.start({ ...programOf(`${body}; await new Promise(() => {})`), name: `ender-${place}` });
        await apart.handle(eventsOf(1)).catch(() => undefined);
        assert.equal((await again.handle(eventsOf(1))).outputs.length, 1, `${body}: the next time it takes nobody with it`);
        assert.equal(own.pids()[0], before);
      }
      await neighbour.stop().catch(() => undefined);
    }
    await own.close();
  });
});
