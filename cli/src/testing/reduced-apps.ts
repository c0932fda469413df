/** The example for pumps with nothing reduced, each reading sent as it is, and with what leaves declared. */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./holon-process.ts";

/** The judge without its minutes: what is told of readings over time is declared, or, unreduced, the readings themselves are. */
const judge = { name: "judge", module: "judge.ts" };
const judgeSource = `import judge from ${JSON.stringify(join(repository, "examples/pump-watch/src/judge.ts"))};
export default { ...judge, emits: { ...judge.emits, "pump.minute": { stream: "local", class: "aggregate" } } };
`;
const tensors = { origin: [256], mean: [256], scale: [256], components: [256, 256], inverseEigenvalues: [256], limits: [2] };
const base = {
  models: [{ name: "pca", graph: join(repository, "examples/pump-watch/models/pca.onnx"), fit: { by: ["judge"], tensors } }],
  egress: [{ class: "derived" }, { class: "aggregate" }],
};
const copySource = `import { defineFunction } from "@holon/sdk";
export default defineFunction({
  on: { type: "pump.reading" },
  emits: { "pump.copy": { stream: "data", class: "derived" } },
  run: (event, context) => context.emit("pump.copy", { data: event.data }),
});
`;
const because = "the maker of the pump looks at the signal around an alert";
const shaking = ["Accelerometer1RMS", "Accelerometer2RMS", "Current", "Pressure"];
const reductions = [
  { kind: "aggregate", name: "span", on: "pump.reading", emits: "pump.span", everyMs: 600_000, measures: ["mean", "deviation"], digits: 4 },
  { kind: "frames", name: "around", on: "pump.reading", emits: "pump.frame", fields: shaking, around: "pump.alert", when: { state: "open" }, beforeMs: 5_000, afterMs: 5_000, release: { class: "derived", because }, within: { "*": { relative: 0.01 } } },
];

const write = (folder: string, app: object): string => {
  writeFileSync(join(folder, "judge.ts"), judgeSource);
  writeFileSync(join(folder, "holon.app.json"), JSON.stringify({ name: "pump-watch", ...base, ...app }));
  return folder;
};

export function unreducedApp(folder: string): string {
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "copy.ts"), copySource);
  return write(folder, { functions: [judge, { name: "copy", module: "copy.ts" }], reductions: [{ kind: "discard", name: "rest", on: "pump.reading" }] });
}

export const reducedApp = (folder: string): string => write(folder, { functions: [judge], reductions });
