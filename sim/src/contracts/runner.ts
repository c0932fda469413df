import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { elementTypes } from "@holon/core/model/onnx-graph.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import type { UnitEvent, UnitInstance, UnitProgram, UnitResult } from "@holon/core/ports.ts";

/** Starts a program after whatever the runner wants done before. */
export type StartUnit = (program: UnitProgram) => Promise<UnitInstance>;

const scaled = (name: string, ...shape: string[]) => ({ name, elementType: elementTypes.float32, shape });
const scaleGraph = writeOnnx({
  name: "scale",
  opset: 17,
  nodes: [{ operator: "Mul", domain: "", inputs: ["x", "factor"], outputs: ["y"], attributes: {} }],
  constants: [],
  inputs: [scaled("x", "n"), scaled("factor", "n")],
  outputs: [scaled("y", "n")],
});

/** A program around the body of `run(event, context)`. */
export const programOf = (body: string, options: Partial<UnitProgram> & { readonly uses?: readonly string[] } = {}): UnitProgram => {
  const { uses = [], ...rest } = options;
  const emits = `{"out.made":{"stream":"data","class":"derived"}}`;
  const source = `export default {kind:"holon.function",on:{type:"in.came"},emits:${emits},models:${JSON.stringify(uses)},run: async (event, context) => {${body}}};`;
  return { name: "probe", code: new TextEncoder().encode(source), models: {}, fitted: [], state: new Map(), timeoutMs: 60_000, ...rest };
};

export const eventsOf = (...data: readonly unknown[]): readonly UnitEvent[] =>
  data.map((value, index) => ({ id: `origin/epoch/local/${index + 1}`, type: "in.came", source: "/test", subject: `pump-${index % 2}`, timeMs: 1_000 * index, arrivedMs: 1_000 * index, data: value }));

export const fails = (work: Promise<unknown>, code: ErrorCode, naming: RegExp): Promise<void> =>
  assert.rejects(work, (error) => error instanceof HolonError && error.code === code && naming.test(error.message));

/** The state after a batch, as the node keeps it. */
const stored = (before: ReadonlyMap<string, string>, result: UnitResult): ReadonlyMap<string, string> => {
  const after = new Map(before);
  for (const { key, value } of result.state) {
    if (value === null) after.delete(key);
    else after.set(key, value);
  }
  return after;
};

/** What every Runner promises. */
export function runnerContract(name: string, start: StartUnit): void {
  const withUnit = async (program: UnitProgram, work: (unit: UnitInstance) => Promise<void>): Promise<void> => {
    const unit = await start(program);
    try {
      await work(unit);
    } finally {
      await unit.stop();
    }
  };

  describe(`runner contract: ${name}`, () => {
    it("hands over events in order and gathers what is emitted, each with its cause", () =>
      withUnit(programOf(`await null; context.emit("out.made",{data:{twice:event.data*2}}); if (event.data===2) context.emit("out.made",{subject:"other",timeMs:7,data:null});`), async (unit) => {
        const result = await unit.handle(eventsOf(1, 2));
        assert.deepEqual(result.outputs, [
          { type: "out.made", subject: "pump-0", timeMs: 0, data: { twice: 2 }, cause: 0 },
          { type: "out.made", subject: "pump-1", timeMs: 1_000, data: { twice: 4 }, cause: 1 },
          { type: "out.made", subject: "other", timeMs: 7, data: null, cause: 1 },
        ]);
        assert.deepEqual([result.state, result.fitted, result.status, result.inferenceMs], [[], [], undefined, []]);
      }));

    it("keeps state from event to event and batch to batch, and tells only what changed", () =>
      withUnit(programOf(`context.state.set("sum",(context.state.get("sum")??0)+event.data); context.state.set("same",1); if (event.data===9) context.state.delete("gone"); context.state.delete("never");`, { state: new Map([["same", "1"], ["gone", "true"]]) }), async (unit) => {
        assert.deepEqual((await unit.handle(eventsOf(1, 2))).state, [{ key: "sum", value: "3" }]);
        assert.deepEqual((await unit.handle(eventsOf(9))).state, [{ key: "sum", value: "12" }, { key: "gone", value: null }]);
      }));

    it("hands over shared state with the first event of a batch, and gathers what is done to it", () =>
      withUnit(programOf(`const made=context.shared.counter("made"); made.add(event.data); context.shared.register("mode").set({at:made.value()}); const open=context.shared.set("open","key"); if (open.has("x")) open.remove("x"); open.add(event.data); if (event.shared!==undefined) throw new Error("the view is not for functions");`), async (unit) => {
        const declared = [["made", "counter"], ["mode", "register"], ["open", "set"]] as const;
        const withShared = (shared: NonNullable<UnitEvent["shared"]>, ...data: readonly unknown[]): readonly UnitEvent[] => eventsOf(...data).map((event, index) => (index === 0 ? { ...event, shared } : event));
        const first = await unit.handle(withShared({ declared, changed: [["made", "", 40], ["open", "key", [[`"x"`, [["node-1/0000000000000", 3]]]]]] }, 1, 2));
        const at = { name: "open", key: "key" };
        assert.deepEqual(first.shared, [
          { op: "count", name: "made", key: "", amount: 3 },
          { op: "write", name: "mode", key: "", text: `{"at":43}` },
          { op: "exclude", ...at, text: `"x"`, seen: [["node-1/0000000000000", 3]] },
          { op: "include", ...at, text: "1" },
          { op: "include", ...at, text: "2" },
        ]);
        const second = await unit.handle(withShared({ changed: [["made", "", 100], ["open", "key", []]] }, 1));
        assert.deepEqual(second.shared?.map((operation) => (operation.op === "write" ? operation.text : operation.op)), ["count", `{"at":101}`, "include"]);
      }));

    it("says of shared state that is not declared that it is not", () =>
      withUnit(programOf(`context.shared.counter("none").add(1);`), (unit) => fails(unit.handle(eventsOf(1)), "HOLON_UNIT_THREW", /HOLON_SHARED_BAD /)));

    it("asks the node for the models that it answers for, with rows, and gets who is how sure; what the node refuses is refused", () => {
      const asked: unknown[] = [];
      const served: NonNullable<UnitProgram["served"]> = {
        outputs: { small: "y" },
        async decide(model, { shape, values }) {
          asked.push([model, shape, [...values]]);
          if (values[0] === 9) throw new HolonError("HOLON_MODEL_INPUT_BAD", "the node has no such rows");
          return [...values].map((value) => ({ scores: Float32Array.of(value, -value), confidence: 0.75, answeredBy: "cloud-1", sure: value > 1, ...(value > 1 ? {} : { kept: "cut" as const }) }));
        },
      };
      const body = `const m=context.models.small; const x={shape:[2,1],values:Float32Array.of(event.data,1)};
        const decided=await m.decide(x); const {y}=await m.run({x});
        context.emit("out.made",{data:{decided:decided.map(({scores,...rest})=>({scores:[...scores],...rest})),y:[y.shape,[...y.values]],fitted:m.fitted("a")}});`;
      return withUnit(programOf(body, { uses: ["small"], served }), async (unit) => {
        const { outputs, inferences } = await unit.handle(eventsOf(3));
        const decided = [{ scores: [3, -3], confidence: 0.75, answeredBy: "cloud-1", sure: true }, { scores: [1, -1], confidence: 0.75, answeredBy: "cloud-1", sure: false, kept: "cut" }];
        assert.deepEqual(outputs.map(({ data }) => data), [{ decided, y: [[2, 2], [3, -3, 1, -1]], fitted: false }]);
        assert.deepEqual([asked, inferences], [[["small", [2, 1], [3, 1]], ["small", [2, 1], [3, 1]]], { small: 2 }]);
        await fails(unit.handle(eventsOf(9)), "HOLON_UNIT_THREW", /HOLON_MODEL_INPUT_BAD /);
      });
    });

    it("gives time, the span of each event and the secrets of its program, and nothing of them that was not given", async () => {
      const body = `const said=(work)=>{try{return work()}catch(error){return error.code}};
        context.emit("out.made",{data:[context.time.eventMs,context.time.arrivedMs,said(()=>context.time.now().hybrid),context.trace??null,said(()=>context.secrets.get("key")),said(()=>context.secrets.get("toString")),event.moment??event.span??null]});`;
      const moment = { ms: 9_000, state: "synced", hybrid: { ms: 9_001, count: 2 } } as const;
      const span = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true };
      const given = eventsOf(1, 2).map((event, index) => ({ ...event, arrivedMs: event.timeMs + 5, ...(index === 0 ? { moment } : { span }) }));
      await withUnit(programOf(body, { secrets: { key: "k\"4711" } }), async (unit) => {
        const { outputs } = await unit.handle(given);
        assert.deepEqual(outputs.map(({ data }) => data), [[0, 5, moment.hybrid, null, `k"4711`, "HOLON_UNIT_BAD", null], [1_000, 1_005, moment.hybrid, span, `k"4711`, "HOLON_UNIT_BAD", null]]);
        const [later] = (await unit.handle(eventsOf(3))).outputs;
        assert.deepEqual(later?.data, [0, 0, "HOLON_UNIT_BAD", null, `k"4711`, "HOLON_UNIT_BAD", null]);
      });
      await withUnit(programOf(`context.emit("out.made",{data:context.secrets.get("key")});`), (unit) => fails(unit.handle(eventsOf(1)), "HOLON_UNIT_THREW", /HOLON_UNIT_BAD .*secret/));
    });

    it("starts again with all the keys that one batch may set", async () => {
      const body = `let n=context.state.get("n")??0; try { for (;;n++) context.state.set("key-"+n,n); } catch (error) {} context.state.set("key-0","n"); context.emit("out.made",{data:n});`;
      await withUnit(programOf(body, { memoryBytesMax: limits.unitMemoryBytesMin }), async (unit) => {
        const { state } = await unit.handle(eventsOf(1));
        assert.ok(state.length > 50_000, `${state.length}`);
        const held = new Map(state.flatMap(({ key, value }) => (value === null ? [] : [[key, value] as const])));
        await withUnit(programOf(`context.emit("out.made",{data:context.state.get("key-7")});`, { state: held, memoryBytesMax: limits.unitMemoryBytesMin }), async (again) => assert.deepEqual((await again.handle(eventsOf(1))).outputs.map(({ data }) => data), [7]));
      });
    });

    it("hands out copies of state and data", () =>
      withUnit(programOf(`const list=context.state.get("list")??[]; list.push(event.data); if (event.data==="keep") context.state.set("list",list); const data={n:1}; context.emit("out.made",{data}); data.n=2;`), async (unit) => {
        const result = await unit.handle(eventsOf("keep", "lose", "keep"));
        assert.deepEqual(result.state, [{ key: "list", value: `["keep","keep"]` }]);
        assert.deepEqual(result.outputs.map((output) => output.data), [{ n: 1 }, { n: 1 }, { n: 1 }]);
      }));

    it("goes on after a restart as if there had been none", async () => {
      const body = `const before=context.state.get("mean")??0; const mean=before+(event.data-before)/8; context.state.set("mean",mean); context.emit("out.made",{data:mean});`;
      const values = [3, 1, 4, 1, 5, 9];
      const straight: unknown[] = [];
      await withUnit(programOf(body), async (unit) => {
        straight.push(...(await unit.handle(eventsOf(...values))).outputs.map((output) => output.data));
      });
      let state: ReadonlyMap<string, string> = new Map();
      const restarted: unknown[] = [];
      for (const value of values) {
        await withUnit(programOf(body, { state }), async (unit) => {
          const result = await unit.handle(eventsOf(value));
          state = stored(state, result);
          restarted.push(...result.outputs.map((output) => output.data));
        });
      }
      assert.equal(JSON.stringify(restarted), JSON.stringify(straight));
    });

    it("says the last status, cut to its limit", () =>
      withUnit(programOf(`context.status("learning "+event.data); if (event.data===3) context.status("x".repeat(5000));`), async (unit) => {
        assert.equal((await unit.handle(eventsOf(1, 2))).status, "learning 2");
        assert.equal((await unit.handle(eventsOf(3))).status?.length, 200);
      }));

    it("runs models, with what was fitted before and in the batch itself", () => {
      const body = `const m=context.models.scale; const x={shape:[2],values:Float32Array.of(1,event.data)};
        if (event.data===5) m.fit("b",{factor:{shape:[2],values:Float32Array.of(10,20)},extra:{shape:[1],values:Float32Array.of(1)}},"rows 1");
        const s=m.fitted("b")?"b":"a"; const {y}=await m.run({x},{parameters:s});
        context.emit("out.made",{data:[s,...y.values,[...m.parameters(s).factor.values],m.parameters("none")===undefined]});`;
      const fitted = [{ model: "scale", subject: "a", parameters: { factor: { shape: [2], values: Float32Array.of(2, 3) } }, note: "" }];
      return withUnit(programOf(body, { uses: ["scale"], models: { scale: scaleGraph }, fitted }), async (unit) => {
        const result = await unit.handle(eventsOf(4, 5));
        assert.deepEqual(result.outputs.map((output) => output.data), [["a", 2, 12, [2, 3], true], ["b", 10, 100, [10, 20], true]]);
        assert.equal(result.inferenceMs.length, 2);
        assert.ok(result.inferenceMs.every((ms) => ms >= 0));
        const [fit] = result.fitted;
        assert.deepEqual([result.fitted.length, fit?.model, fit?.subject, fit?.note, fit?.parameters["factor"]], [1, "scale", "b", "rows 1", { shape: [2], values: Float32Array.of(10, 20) }]);
        assert.deepEqual((await unit.handle(eventsOf(6))).outputs[0]?.data, ["b", 10, 120, [10, 20], true]);
      });
    });

    it("runs a model with what was fitted last, however often it was asked before", () => {
      const body = `const m=context.models.scale; const x={shape:[2],values:Float32Array.of(1,event.data)}; const seen=[];
        for (let n=0;n<5;n++) { m.fit("a",{factor:{shape:[2],values:Float32Array.of(n,n)}},"again"); for (let i=0;i<3;i++) seen.push((await m.run({x},{parameters:"a"})).y.values[1]); }
        context.emit("out.made",{data:seen});`;
      return withUnit(programOf(body, { uses: ["scale"], models: { scale: scaleGraph } }), async (unit) => {
        const result = await unit.handle(eventsOf(1, 2));
        assert.deepEqual(result.outputs.map((output) => output.data), [1, 2].map((value) => [0, 1, 2, 3, 4].flatMap((factor) => [factor, factor, factor].map((one) => one * value))));
        assert.deepEqual([result.inferenceMs.length, result.inferences], [30, { scale: 30 }]);
        await fails(unit.handle(eventsOf("no number")), "HOLON_UNIT_THREW", /HOLON_MODEL_INPUT_BAD /);
      });
    });

    it("names function and event of what it throws, and keeps its words to the cause", async () => {
      const unit = await start(programOf(`if (event.data===13) throw new RangeError("secret 4711");`));
      await assert.rejects(unit.handle(eventsOf(1, 13)), (error) => {
        assert.ok(error instanceof HolonError);
        assert.equal(error.code, "HOLON_UNIT_THREW");
        assert.match(error.message, /function probe threw on event origin\/epoch\/local\/2: RangeError/);
        assert.ok(!JSON.stringify(error).includes("4711"));
        assert.match(String(error.cause instanceof Error ? error.cause.stack : ""), /4711/);
        return true;
      });
      await assert.rejects(unit.handle(eventsOf(1)), HolonError);
      await unit.stop();
    });

    const misuses: readonly (readonly [string, string, RegExp])[] = [
      ["an event of a type it does not declare", `context.emit("other.made",{data:1})`, /HOLON_UNIT_BAD.*does not declare/],
      ["data that is a bigint", `context.emit("out.made",{data:{count:1n}})`, /HOLON_UNIT_BAD.*out\.made with data that is no JSON/],
      ["data that holds itself", `const ring={}; ring.ring=ring; context.emit("out.made",{data:ring})`, /HOLON_UNIT_BAD.*out\.made with data that is no JSON/],
      ["a function for data", `context.emit("out.made",{data:()=>1})`, /HOLON_UNIT_BAD.*out\.made with a function for data/],
      ["an event at no time", `context.emit("out.made",{timeMs:NaN,data:1})`, /timeMs/],
      ["an event at a time that no date tells", `context.emit("out.made",{timeMs:9e15,data:1})`, /timeMs/],
      ["an event before the year 0", `context.emit("out.made",{timeMs:-7e13,data:1})`, /timeMs/],
      ["data too deep for whoever reads it", `let data=0; for (let n=0;n<65;n++) data=[data]; context.emit("out.made",{data})`, /nests deeper/],
      ["data too deep to be written", `let data=0; for (let n=0;n<100000;n++) data=[data]; context.emit("out.made",{data})`, /nests deeper/],
      ["state of too many keys", `for (let n=0;n<70000;n++) context.state.set("k"+n,1)`, /HOLON_STATE_TOO_LARGE/],
      ["an event of no proper subject", `context.emit("out.made",{subject:"",data:1})`, /subject/],
      ["more than fits a batch", `for(;;) context.emit("out.made",{data:"x".repeat(100000)})`, /more in one batch/],
      ["state that is no JSON", `context.state.set("f",()=>1)`, /no JSON value/],
      ["state over the limit", `context.state.set("k","x".repeat(9e6))`, /HOLON_STATE_TOO_LARGE/],
      ["a model without the parameters it names", `await context.models.scale.run({},{parameters:"nobody"})`, /HOLON_MODEL_INPUT_BAD.*nothing is fitted/],
      ["a model with a wrong input", `await context.models.scale.run({x:{shape:[3],values:Float32Array.of(1)}})`, /HOLON_MODEL_INPUT_BAD /],
    ];
    for (const [what, body, naming] of misuses) {
      it(`refuses ${what}`, async () => {
        const unit = await start(programOf(body, { uses: ["scale"], models: { scale: scaleGraph } }));
        await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_THREW", naming);
        await unit.stop();
      });
    }

    it("refuses a module that does not load, is no function, or wants a model that is not there", async () => {
      const code = (source: string): Uint8Array => new TextEncoder().encode(source);
      await fails(start({ ...programOf(""), code: code("export default {{") }), "HOLON_UNIT_BAD", /probe/);
      await fails(start({ ...programOf(""), code: code("throw new Error('no')") }), "HOLON_UNIT_BAD", /probe/);
      await fails(start({ ...programOf(""), code: code("export default 4") }), "HOLON_UNIT_BAD", /probe.*defineFunction/);
      await fails(start(programOf("", { uses: ["absent"] })), "HOLON_UNIT_BAD", /probe.*absent/);
      await fails(start(programOf("", { uses: ["bad"], models: { bad: code("not a model") } })), "HOLON_MODEL_NOT_ONNX", /model bad/);
    });
  });
}
