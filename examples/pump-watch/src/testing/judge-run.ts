/** The bundled function in the simulator's runner, fed in batches and stopped and started as a node would. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeParameters, encodeParameters } from "@holon/core/model/parameters.ts";
import type { FittedParameters, UnitEvent, UnitInstance, UnitOutput, UnitProgram } from "@holon/core/ports.ts";
import { bundleFunction } from "@holon/platform/bundle.ts";
import { createRunner } from "@holon/sim/runner.ts";

export const pca = readFileSync(new URL("../../models/pca.onnx", import.meta.url));
export const bundle = await bundleFunction(fileURLToPath(new URL("../judge.ts", import.meta.url)));
const runner = createRunner();
await runner.prepare("judge", bundle.code);

const programOf = (state: ReadonlyMap<string, string> = new Map(), fitted: readonly FittedParameters[] = []): UnitProgram => ({
  name: "judge",
  code: bundle.code,
  models: { pca },
  fitted,
  state,
  timeoutMs: 60_000,
});

/** One life of the function after another: what is durable is all that passes between them. */
export class JudgeRun {
  readonly outputs: UnitOutput[] = [];
  status = "";
  readonly state = new Map<string, string>();
  readonly #blobs = new Map<string, Uint8Array>();
  #unit: UnitInstance | undefined;

  async feed(events: readonly UnitEvent[], batch = 256): Promise<readonly UnitOutput[]> {
    const before = this.outputs.length;
    for (let from = 0; from < events.length; from += batch) {
      this.#unit ??= await runner.start(programOf(this.state, [...this.#blobs].map(([name, blob]) => decodeParameters(blob, name).fitted)));
      const result = await this.#unit.handle(events.slice(from, from + batch));
      this.outputs.push(...result.outputs);
      this.status = result.status ?? this.status;
      for (const { key, value } of result.state) {
        if (value === null) this.state.delete(key);
        else this.state.set(key, value);
      }
      for (const fitted of result.fitted) this.#blobs.set(fitted.subject, encodeParameters(fitted, { producer: "node", node: "gateway-1", unit: "pump-watch/judge" }));
    }
    return this.outputs.slice(before);
  }

  /** Ends the instance; the next batch starts another from what is durable. */
  async restart(): Promise<void> {
    await this.#unit?.stop();
    this.#unit = undefined;
  }

  /** Data of the outputs of a type, in order. */
  of(type: string): readonly Record<string, unknown>[] {
    return this.outputs.filter((output) => output.type === type).map((output) => output.data as Record<string, unknown>);
  }
}

/** A repeatable pump: correlated sensors with noise; `change` alters a reading by its index. */
export function pumpEvents(count: number, change: (data: Record<string, unknown>, index: number) => void = () => undefined, timeMsOf = (index: number): number => index * 1_000): readonly UnitEvent[] {
  let seed = 7;
  const chance = (): number => ((seed = (seed * 1_664_525 + 1_013_904_223) >>> 0) + 0.5) / 4_294_967_296 - 0.5;
  return Array.from({ length: count }, (_, index) => {
    const load = chance();
    const data: Record<string, unknown> = { pressure: 5 + load + 0.1 * chance(), current: 2 + 0.5 * load + 0.05 * chance(), temperature: 70 + chance(), memory: 8e9 + 500 * chance() };
    change(data, index);
    return { id: `gateway-1/epoch/local/${index + 1}`, type: "pump.reading", source: "/test", subject: "pump-7", timeMs: timeMsOf(index), arrivedMs: timeMsOf(index), data };
  });
}
