import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { boundWasmMemory } from "@holon/core/run/wasm-memory.ts";
import { eventsOf, fails } from "@holon/sim/contracts/runner.ts";
import { createRunner } from "../runner.ts";
import { rehearsedModule } from "./inside-wasm-rehearsal.ts";
import { wasmBodies, wasmUnit } from "../testing/wasm-unit.ts";

const runner = createRunner();
after(() => runner.close());

const start = (code: Uint8Array, options: Partial<UnitProgram> = {}): Promise<UnitInstance> =>
  runner.start({
    name: "probe",
    code,
    runtime: "wasm",
    declared: { on: { type: "in.came" }, emits: { "out.made": { stream: "data", class: "derived" } }, models: [] },
    models: {},
    fitted: [],
    state: new Map(),
    timeoutMs: 5_000,
    memoryBytesMax: limits.unitMemoryBytesMin,
    ...options,
  });

describe("a WebAssembly function", () => {
  it("emits, and is handed its event as JSON", async () => {
    const unit = await start(wasmUnit(wasmBodies.emit));
    assert.deepEqual((await unit.handle(eventsOf(1, 2))).outputs.map(({ data, cause }) => [data, cause]), [[{ n: 1 }, 0], [{ n: 1 }, 1]]);
    await unit.stop();
    const echo = await start(wasmUnit(wasmBodies.echo));
    assert.deepEqual((await echo.handle(eventsOf({ text: "grün ✓ 😀" }))).outputs[0]?.data, eventsOf({ text: "grün ✓ 😀" })[0]);
    await echo.stop();
  });

  it("keeps state", async () => {
    const unit = await start(wasmUnit(wasmBodies.state));
    const { outputs, state } = await unit.handle(eventsOf(1));
    assert.deepEqual([outputs[0]?.data, state], [{ n: 1 }, [{ key: "k", value: `{"n":1}` }]]);
    await unit.stop();
  });

  it("is ended when it spins, traps, names memory that is not there, or grows over its limit", async () => {
    await fails((await start(wasmUnit(wasmBodies.loop), { timeoutMs: 200 })).handle(eventsOf(1)), "HOLON_UNIT_TIMEOUT", /probe/);
    await fails((await start(wasmUnit(wasmBodies.trap))).handle(eventsOf(1)), "HOLON_UNIT_THREW", /RuntimeError/);
    await fails((await start(wasmUnit(wasmBodies.astray))).handle(eventsOf(1)), "HOLON_UNIT_THREW", /memory that it does not have/);
    await fails((await start(wasmUnit(wasmBodies.grow))).handle(eventsOf(1)), "HOLON_UNIT_THREW", /RuntimeError/);
    await fails((await start(wasmUnit(wasmBodies.growTable, { tables: [1, 0x6f, 0, 1] }))).handle(eventsOf(1)), "HOLON_UNIT_THREW", /RuntimeError/);
  });

  it("may have tables, of as many entries as modules have functions", async () => {
    const unit = await start(wasmUnit(wasmBodies.emit, { tables: [2, 0x70, 0, 10, 0x6f, 1, 1, 2] }));
    assert.equal((await unit.handle(eventsOf(1))).outputs.length, 1);
    await unit.stop();
    const million = [0xc0, 0x84, 0x3d];
    await fails(start(wasmUnit(wasmBodies.emit, { tables: [1, 0x6f, 0, ...million] })), "HOLON_UNIT_BAD", /table of 1000000 entries.*100000/);
    await fails(start(wasmUnit(wasmBodies.emit, { tables: [5, ...Array.from({ length: 5 }, () => [0x70, 0, 1]).flat()] })), "HOLON_UNIT_BAD", /5 tables.*4/);
    await fails(start(wasmUnit(wasmBodies.emit, { tables: [1, 0x63, 0x70, 0, 1] })), "HOLON_UNIT_BAD", /kind that is not supported/);
  });

  it("is refused if it is no module, wants too much memory, shares it, or imports what there is not", async () => {
    await fails(start(new TextEncoder().encode("no module")), "HOLON_UNIT_BAD", /probe.*is none/);
    await fails(start(wasmUnit(wasmBodies.emit, { pages: 30_000 })), "HOLON_UNIT_BAD", /30000 pages/);
    await fails(start(wasmUnit(wasmBodies.emit, { memory: [1, 3, 1, 2] })), "HOLON_UNIT_BAD", /shared/);
    await fails(start(wasmUnit(wasmBodies.emit).subarray(0, 60)), "HOLON_UNIT_BAD", /ends too early/);
  });
});

it("the limit is written into the module whatever it declares", () => {
  for (const memory of [[1, 0, 1], [1, 1, 2, 5], [1, 1, 1, 0xff, 0xff, 3]]) {
    const bounded = boundWasmMemory("probe", wasmUnit(wasmBodies.emit, { memory }), 3);
    assert.ok(Buffer.from(bounded).includes(Uint8Array.of(5, 4, 1, 1, memory[2] ?? 0, 3)), "one memory, with the limit");
  }
});

it("a limit is written into its tables too", () => {
  const bounded = boundWasmMemory("probe", wasmUnit(wasmBodies.emit, { tables: [2, 0x70, 0, 10, 0x6f, 1, 1, 0xff, 0xff, 0xff, 0x7f] }), 3);
  assert.ok(Buffer.from(bounded).includes(Uint8Array.of(4, 13, 2, 0x70, 1, 10, 0xa0, 0x8d, 6, 0x6f, 1, 1, 0xa0, 0x8d, 6, 5, 4, 1, 1)), Buffer.from(bounded).toString("hex"));
});

it("what an isolate rehearses is the module that the tests make", () => {
  assert.deepEqual(Uint8Array.from(rehearsedModule), wasmUnit(wasmBodies.state));
});
