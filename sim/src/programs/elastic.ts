/** The program under test with an app whose function `work` takes its time for each event and is elastic; `feed` gives two of the gateways more than one of them gets through. A node has one processor. */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import type { Runner } from "@holon/core/ports.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { createTurns } from "@holon/core/turns.ts";
import { controlOf } from "./moving.ts";
import type { SubjectProgram } from "../subject.ts";

/** Ticks in which a gateway is fed, and events in each. */
const feeds = { "gateway-1": { from: 3, to: 43, events: 25 }, "gateway-2": { from: 20, to: 28, events: 15 } };
/** What one event of `work` takes of the processor. */
const eventMs = 100;

const feedSource = `const feeds = ${JSON.stringify(feeds)};
export default {
  kind: "holon.function",
  on: { schedule: { everyMs: 1000 } },
  emits: { "sim.work": { stream: "data", class: "derived" } },
  models: [],
  run(event, context) {
    const count = (context.state.get("count") ?? 0) + 1;
    context.state.set("count", count);
    const feed = feeds[event.source.split("/")[1]];
    if (feed === undefined || count < feed.from || count > feed.to) return;
    for (let index = 0; index < feed.events; index++) context.emit("sim.work", { subject: "key-" + (index % 5), data: { number: count * 1000 + index } });
  },
};
`;
const workSource = `export default {
  kind: "holon.function",
  on: { type: "sim.work" },
  emits: { "sim.done": { stream: "data", class: "derived" } },
  models: [],
  run(event, context) {
    context.emit("sim.done", { data: { number: event.data.number } });
  },
};
`;
const encoder = new TextEncoder();
const codes = { feed: encoder.encode(feedSource), work: encoder.encode(workSource) };
const hashOf = (code: Uint8Array): string => createHash("sha256").update(code).digest("hex");

export const elasticUnit = "elastic/work";
export const elasticApp = (elastic: object | undefined): AppDocument =>
  appDocumentSchema.parse({
    name: "elastic",
    version: "1",
    functions: [
      { name: "feed", code: hashOf(codes.feed), on: { schedule: { everyMs: 1_000 } }, emits: { "sim.work": { stream: "data", class: "derived" } }, run: { tier: "gateway" } },
      { name: "work", code: hashOf(codes.work), on: { type: "sim.work" }, emits: { "sim.done": { stream: "data", class: "derived" } }, run: { tier: "gateway" }, timeoutMs: 60_000, ...(elastic === undefined ? {} : { elastic }) },
    ],
    models: [],
    egress: [{ class: "derived", to: "*" }, { class: "aggregate", to: "*" }],
  });

export const prepareElastic = async (prepare: (name: string, code: Uint8Array) => Promise<void>): Promise<void> => {
  for (const [name, code] of Object.entries(codes)) await prepare(name, code);
};

export const elasticProgram = (elastic: object | undefined) => (program: SubjectProgram): SubjectProgram => ({
  ...program,
  sandbox(tools) {
    const { runner, ...rest } = program.sandbox(tools);
    return { ...rest, runner: slow(runner, (ms) => tools.sleep(ms)) };
  },
  async prepare(nodes) {
    const control = [...nodes.values()].map(controlOf).find((candidate) => candidate !== undefined);
    if (control === undefined) throw new HolonError("HOLON_INTERNAL", "no node of the fleet carries the control plane");
    for (const code of Object.values(codes)) await control.blobs.put(code);
    await control.deploy(elasticApp(elastic));
  },
});

/** One processor, which `work` has for some time for each event, wherever the events came from. */
function slow(runner: Runner, sleep: (ms: number) => Promise<void>): Runner {
  const processor = createTurns();
  return {
    async start(program, first) {
      const instance = await runner.start(program, first);
      if (program.name !== elasticUnit) return instance;
      return {
        handle: (events) => processor(async () => (await sleep(eventMs * events.length), instance.handle(events))),
        stop: () => instance.stop(),
      };
    },
  };
}
