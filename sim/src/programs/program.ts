/** The program under test: the real node and the real control plane, with a small app that exercises state, streams and classes. */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { openControl, type Control } from "@holon/control/index.ts";
import { openNode, type NodeParts, type NodeStatus } from "@holon/node/index.ts";
import type { MoveBook } from "@holon/control/plan/moving.ts";
import { createModel } from "../model.ts";
import { prepareElastic } from "./elastic.ts";
import { prepareIsland } from "./island.ts";
import { prepareJobs } from "./jobs.ts";
import { prepareMoving } from "./moving.ts";
import { createRunner } from "../runner.ts";
import type { SimSubject, SubjectProgram } from "../subject.ts";

interface HolonSubject extends SimSubject {
  readonly control: Control | undefined;
}

/** Counts readings in its state; every tenth is told as an aggregate, every 37th as an alarm. Nothing of a reading's own content leaves. */
const counterSource = `export default {
  kind: "holon.function",
  on: { type: "sim.reading" },
  emits: { "sim.count": { stream: "data", class: "aggregate" }, "sim.alarm": { stream: "alarm", class: "derived" } },
  models: [],
  run(event, context) {
    const count = (context.state.get("count") ?? 0) + 1;
    context.state.set("count", count);
    if (count % 10 === 0) context.emit("sim.count", { data: { count } });
    if (count % 37 === 0) context.emit("sim.alarm", { data: { count } });
  },
};
`;
const appOf = (code: Uint8Array, more: Partial<AppDocument>): AppDocument => appDocumentSchema.parse({
  name: "counter",
  sources: [{ kind: "replay", name: "device", type: "sim.reading", files: [{ path: "device", subject: "device" }], columns: { value: "value" } }],
  functions: [
    {
      name: "count",
      code: createHash("sha256").update(code).digest("hex"),
      on: { type: "sim.reading" },
      emits: { "sim.count": { stream: "data", class: "aggregate" }, "sim.alarm": { stream: "alarm", class: "derived" } },
    },
  ],
  models: [],
  egress: [
    { class: "derived", to: "*" },
    { class: "aggregate", to: "*" },
  ],
  ...more,
});

/** It runs what it should, or has nothing to run, every function has read all that is there, and no child holds credit that it asked for. */
const isIdle = ({ agent: { state, units, moving }, admission }: NodeStatus): boolean =>
  (state === "settled" || state === "idle") && (moving?.length ?? 0) === 0 && units.every((unit) => unit.state === "running" && (unit.lag === 0 || unit.job !== undefined)) && (admission?.askedBytes ?? 0) === 0;

/** Prepared once for all seeds: loading a module is real work. `source` is the function that runs on the gateways, `more` what else its app has, `others` are sources of functions of other apps. */
export async function holonProgram({ moveBook, ...parts }: NodeParts & { readonly moveBook?: MoveBook } = {}, source = counterSource, more: Partial<AppDocument> = {}, others: readonly string[] = []): Promise<SubjectProgram> {
  const code = new TextEncoder().encode(source);
  const runner = createRunner();
  for (const text of [source, ...others]) await runner.prepare("count", new TextEncoder().encode(text));
  await prepareMoving(runner.prepare);
  await prepareJobs(runner.prepare);
  await prepareIsland(runner.prepare);
  await prepareElastic(runner.prepare);
  return {
    async boot(config, ports): Promise<HolonSubject> {
      const node = await openNode(config, ports, parts);
      const control = config.control ? await openControl({ log: node.log, blobs: node.blobs, events: node.events, ports, handlers: node.handlers, address: node.address, revoked: node.revoked, states: node.states, speaksFor: node.speaksFor, clockOff: (name) => node.telemetry?.clockWrongBy(name), timeHere: (name, atMs, epoch) => node.telemetry?.view.here(name, atMs, epoch) ?? atMs, ask: node.askNode, moveBook, placement: config.placement, certificateMs: config.authority?.certificateMs }) : undefined;
      await node.announce();
      return {
        log: node.log,
        events: node.events,
        ask: node.ask,
        decide: node.decide,
        shared: node.shared,
        control,
        missing: (lane) => node.log.missing(lane),
        isDiskFull: () => node.log.diskState === "full",
        isIdle: () => isIdle(node.status()),
        leads: () => node.leads(),
        leadKnown: () => node.status().election?.lead ?? undefined,
        status: node.status,
        releaseHeld: node.releaseHeld,
        policyInForce: () => node.guard.inForce().hash,
        telemetry: node.telemetry,
        diagnosis: node.diagnosis,
        async close() {
          await control?.close();
          await node.close();
        },
      };
    },
    async prepare(nodes) {
      const controls = [...nodes.values()].map((subject) => ("control" in subject ? (subject as HolonSubject).control : undefined));
      const control = controls.find((candidate) => candidate !== undefined);
      if (control === undefined) throw new HolonError("HOLON_INTERNAL", "no node of the fleet carries the control plane");
      await control.blobs.put(code);
      await control.deploy(appOf(code, more));
    },
    sandbox: () => ({ model: createModel(), runner }),
  };
}
