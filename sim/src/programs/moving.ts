/** The program under test with an app that has a unit to be moved: gateways tell each reading, and `sum`, which has needs, counts what they tell. */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { Control } from "@holon/control/index.ts";
import type { SimSubject, SubjectProgram } from "../subject.ts";

const tellSource = `export default {
  kind: "holon.function",
  on: { type: "sim.reading" },
  emits: { "sim.seen": { stream: "data", class: "derived" } },
  models: [],
  run(event, context) {
    context.emit("sim.seen", { data: {} });
  },
};
`;
const sumSource = `export default {
  kind: "holon.function",
  on: { type: "sim.seen" },
  emits: { "sim.sum": { stream: "data", class: "derived" } },
  models: [],
  run(event, context) {
    const count = (context.state.get("count") ?? 0) + 1;
    context.state.set("count", count);
    context.emit("sim.sum", { data: { count } });
  },
};
`;
const encoder = new TextEncoder();
const codes = { tell: encoder.encode(tellSource), sum: encoder.encode(sumSource) };
const hashOf = (code: Uint8Array): string => createHash("sha256").update(code).digest("hex");

export const movedUnit = "moving/sum";

/** Without needs there is no `sum`: control first has to hear what the fleet is made of. */
export const movingApp = (needs: object | undefined): AppDocument =>
  appDocumentSchema.parse({
    name: "moving",
    version: "1",
    sources: [{ kind: "replay", name: "device", type: "sim.reading", files: [{ path: "device", subject: "device" }], columns: { value: "value" } }],
    functions: [
      { name: "tell", code: hashOf(codes.tell), on: { type: "sim.reading" }, emits: { "sim.seen": { stream: "data", class: "derived" } } },
      // So that what edges say of themselves may leave them, whether the unit is there or not.
      { name: "idle", code: hashOf(codes.tell), on: { type: "sim.never" }, emits: {}, run: { tier: "edge" } },
      ...(needs === undefined ? [] : [{ name: "sum", code: hashOf(codes.sum), on: { type: "sim.seen" }, emits: { "sim.sum": { stream: "data", class: "derived" } }, needs }]),
    ],
    models: [],
    egress: [{ class: "derived", to: "*" }, { class: "aggregate", to: "*" }],
  });

/** The code has to be prepared before the simulation begins: loading a module is real work. */
export const prepareMoving = async (prepare: (name: string, code: Uint8Array) => Promise<void>): Promise<void> => {
  for (const [name, code] of Object.entries(codes)) await prepare(name, code);
};

export function controlOf(subject: SimSubject | undefined): Control | undefined {
  return subject !== undefined && "control" in subject ? (subject.control as Control | undefined) : undefined; // as the program boots it
}

/** The same nodes and the same control with this app in the place of the usual one. */
export const movingProgram = (program: SubjectProgram): SubjectProgram => ({
  ...program,
  async prepare(nodes) {
    const control = [...nodes.values()].map(controlOf).find((candidate) => candidate !== undefined);
    if (control === undefined) throw new HolonError("HOLON_INTERNAL", "no node of the fleet carries the control plane");
    for (const code of Object.values(codes)) await control.blobs.put(code);
    await control.deploy(movingApp(undefined));
  },
});
