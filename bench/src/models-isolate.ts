/** Calls a model as a function in its isolate does, which is what a function is by default: many calls in one batch, less what a batch without calls takes. */
import type { UnitEvent, UnitInstance } from "@holon/core/ports.ts";
import { createRunner } from "@holon/platform/runner.ts";
import type { Work } from "./rounds.ts";

const source = `export default {kind:"holon.function",on:{type:"bench.asked"},emits:{"bench.answered":{stream:"local",class:"derived"}},models:["model"],
  async run(event, context) {
    const values = Float32Array.from({ length: 784 }, (_, index) => (index % 7) / 7);
    let sum = 0;
    for (let call = 0; call < event.data; call++) sum += (await context.models.model.run({ x: { shape: [1, 784], values } })).y.values[0];
    context.emit("bench.answered", { data: sum });
  }};`;

export interface IsolateCalls {
  readonly work: Work;
  end(): Promise<void>;
}

export async function startIsolateCalls(graph: Uint8Array, calls: number): Promise<IsolateCalls> {
  const runner = createRunner();
  const unit = await runner.start({ name: "bench/asks", code: new TextEncoder().encode(source), models: { model: graph }, fitted: [], state: new Map(), timeoutMs: 60_000 });
  return {
    async work(durationMs) {
      const taken: number[] = [];
      for (const endMs = performance.now() + durationMs; performance.now() < endMs || taken.length === 0; ) {
        const withoutMs = await timed(unit, 0);
        taken.push(((await timed(unit, calls)) - withoutMs) / calls);
      }
      return taken;
    },
    end: () => runner.close(),
  };
}

async function timed(unit: UnitInstance, calls: number): Promise<number> {
  const event: UnitEvent = { id: "bench/0/local/1", type: "bench.asked", source: "/bench", subject: undefined, timeMs: 0, arrivedMs: 0, data: calls };
  const startMs = performance.now();
  await unit.handle([event]);
  return performance.now() - startMs;
}
