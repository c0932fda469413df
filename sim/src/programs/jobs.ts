/** The program under test with jobs: what is timed tells each time that it was told, and `work` counts what gateways tell, slowly. */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { controlOf } from "./moving.ts";
import type { SubjectProgram } from "../subject.ts";

export const jobEveryMs = 8 * 3_600_000;

const timedSource = `export default {
  kind: "holon.function",
  on: { schedule: { everyMs: ${jobEveryMs} } },
  emits: { "job.ran": { stream: "data", class: "derived" } },
  models: [],
  run(event, context) {
    context.emit("job.ran", { data: { dueMs: event.data.dueMs, missed: event.data.missed } });
  },
};
`;
const workSource = `export default {
  kind: "holon.function",
  on: { type: "sim.reading" },
  emits: { "job.worked": { stream: "data", class: "derived" } },
  models: [],
  run(event, context) {
    context.emit("job.worked", { data: {} });
  },
};
`;
const encoder = new TextEncoder();
const codes = { timed: encoder.encode(timedSource), work: encoder.encode(workSource) };
const hashOf = (code: Uint8Array): string => createHash("sha256").update(code).digest("hex");

export interface TimedJob {
  readonly name: string;
  readonly needs: object;
}

/** `work` handles an event in ten minutes, and pauses between its hours. */
export const jobsApp = (timed: readonly TimedJob[]): AppDocument =>
  appDocumentSchema.parse({
    name: "jobs",
    version: "1",
    sources: [{ kind: "replay", name: "device", type: "sim.reading", files: [{ path: "device", subject: "device" }], columns: { value: "value" } }],
    functions: [
      ...timed.map(({ name, needs }) => ({ name, code: hashOf(codes.timed), on: { schedule: { everyMs: jobEveryMs } }, emits: { "job.ran": { stream: "data", class: "derived" } }, needs })),
      ...(timed.length === 0
        ? []
        : [{ name: "work", code: hashOf(codes.work), on: { type: "sim.reading" }, emits: { "job.worked": { stream: "data", class: "derived" } }, eventsPerSecondMax: 1 / 600, needs: { tiers: ["gateway"], sources: [{ site: "plant" }], deferrableHours: 4, job: { hours: 3, interruptible: true, by: "carbon", schedule: { everyMs: jobEveryMs } } } }]),
      // So that what nodes say of themselves may leave them, whether jobs are there or not.
      { name: "idle", code: hashOf(codes.work), on: { type: "sim.never" }, emits: {}, run: { tier: "edge" } },
    ],
    models: [],
    egress: [{ class: "derived", to: "*" }, { class: "aggregate", to: "*" }],
  });

export const prepareJobs = async (prepare: (name: string, code: Uint8Array) => Promise<void>): Promise<void> => {
  for (const [name, code] of Object.entries(codes)) await prepare(name, code);
};

/** The same nodes and the same control, without jobs at first: control has to hear what the fleet is made of. */
export const jobsProgram = (program: SubjectProgram): SubjectProgram => ({
  ...program,
  async prepare(nodes) {
    const control = [...nodes.values()].map(controlOf).find((candidate) => candidate !== undefined);
    if (control === undefined) throw new HolonError("HOLON_INTERNAL", "no node of the fleet carries the control plane");
    for (const code of Object.values(codes)) await control.blobs.put(code);
    await control.deploy(jobsApp([]));
  },
});
