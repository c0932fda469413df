/** The program under test with an app whose unit `beat`, at each tick, counts in its state and tells the count: control leaves it to the site. */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { controlOf } from "./moving.ts";
import type { SubjectProgram } from "../subject.ts";

const beatSource = `export default {
  kind: "holon.function",
  on: { schedule: { everyMs: 1000 } },
  emits: { "sim.beat": { stream: "data", class: "derived" } },
  models: [],
  run(event, context) {
    const count = (context.state.get("count") ?? 0) + 1;
    context.state.set("count", count);
    context.emit("sim.beat", { data: { count } });
  },
};
`;
export const beatCode = new TextEncoder().encode(beatSource);
export const islandUnit = "island/beat";

/** `needs` undefined: there is no `beat` yet. */
export const islandApp = (needs: object | undefined, others: readonly { readonly name: string; readonly needs: object }[] = []): AppDocument => {
  const beat = (name: string, own: object) => ({ name, code: createHash("sha256").update(beatCode).digest("hex"), on: { schedule: { everyMs: 1_000 } }, emits: { "sim.beat": { stream: "data", class: "derived" } }, needs: own });
  return appDocumentSchema.parse({
    name: "island",
    version: "1",
    functions: [{ name: "idle", code: createHash("sha256").update(beatCode).digest("hex"), on: { type: "sim.never" }, emits: {}, run: { tier: "gateway" } }, ...(needs === undefined ? [] : [beat("beat", needs)]), ...others.map((one) => beat(one.name, one.needs))],
    models: [],
    egress: [{ class: "derived", to: "*" }, { class: "aggregate", to: "*" }],
  });
};

export const prepareIsland = (prepare: (name: string, code: Uint8Array) => Promise<void>): Promise<void> => prepare("beat", beatCode);

export const islandProgram = (program: SubjectProgram): SubjectProgram => ({
  ...program,
  async prepare(nodes) {
    const control = [...nodes.values()].map(controlOf).find((candidate) => candidate !== undefined);
    if (control === undefined) throw new HolonError("HOLON_INTERNAL", "no node of the fleet carries the control plane");
    await control.blobs.put(beatCode);
    await control.deploy(islandApp(undefined));
  },
});
