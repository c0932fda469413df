/** One gateway with functions that add up, in the simulated world. */
import assert from "node:assert/strict";
import type { Runner, UnitProgram } from "@holon/core/ports.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { createModel } from "@holon/sim/model.ts";
import { SimNet } from "@holon/sim/net.ts";
import { NodeMachine } from "@holon/sim/node-machine.ts";
import { createRunner } from "@holon/sim/runner.ts";
import { World } from "@holon/sim/world.ts";
import { openNode, type HolonNode } from "../node.ts";
import { nodeName, running, textsOf } from "./sim-family.ts";

/** Adds up what it is given; throws on 13 while `mended` is not in its state. */
const sums = `export default {kind:"holon.function",on:{type:"TYPE"},emits:{"out.made":{stream:"data",class:"derived"}},models:[],run(event,context){ if (event.data===13 && !globalThis.holonTestMended) throw new RangeError("13"); const sum=Number(context.state.get("sum")??0)+event.data; context.state.set("sum",sum); context.emit("out.made",{data:sum}); }};`;

export interface UnitBed {
  readonly world: World;
  readonly machine: NodeMachine<HolonNode>;
  /** Programs started, by name, in order. */
  readonly started: string[];
  send(type: string, ...values: readonly unknown[]): Promise<void>;
  until(what: string, condition: () => boolean, boundMs?: number): Promise<void>;
  pass(ms: number): Promise<void>;
  outputs(): Promise<readonly unknown[]>;
}

export async function bed(functions: readonly { readonly name: string; readonly type: string; /** Of its document, beside its code; `on` too. */ readonly extra?: object }[], around: (runner: Runner) => Runner = (runner) => runner, /** Of its configuration. */ more: object = {}): Promise<UnitBed> {
  const world = new World(7);
  const net = new SimNet(world);
  const name = nodeName("gateway-1");
  const config = nodeConfigSchema.parse({ name, site: "site", tier: "gateway", jurisdiction: "EU/DE", prices: { currency: "EUR", perMillionInvocations: 1 }, ...more });
  const codes = new Map(functions.map(({ name: fn, type }) => [fn, new TextEncoder().encode(sums.replace("TYPE", type))]));
  const started: string[] = [];
  const runner = createRunner();
  for (const [fn, code] of codes) await runner.prepare(fn, code);
  const counted: Runner = {
    start(program: UnitProgram) {
      started.push(program.name);
      return runner.start(program);
    },
  };
  const machine = new NodeMachine<HolonNode>(world, net, 1, {
    name,
    async boot(ports) {
      const node = await openNode(config, ports);
      await node.announce();
      return node;
    },
    sandbox: () => ({ model: createModel(), runner: around(counted) }),
  });
  machine.start();
  const until = async (what: string, condition: () => boolean, boundMs = 600_000): Promise<void> => {
    await world.run({ condition, timeMs: world.nowMs + boundMs });
    assert.ok(condition(), `never came true: ${what}`);
  };
  await until("it is up", () => machine.subject !== undefined);
  const node = running(machine);
  const documents = [];
  for (const { name: fn, type, extra } of functions) {
    let code: string | undefined;
    void node.blobs.put(codes.get(fn) ?? new Uint8Array()).then((hash) => (code = hash));
    await until("its blob is kept", () => code !== undefined);
    documents.push({ name: fn, code, on: { type }, emits: { "out.made": { stream: "data", class: "derived" } }, ...extra });
  }
  const app = appDocumentSchema.parse({ name: "app", functions: documents, models: [], egress: [{ class: "derived", to: "*" }] });
  const desired = { apiVersion: "holon/v1", kind: "Desired", node: name, version: 1, plan: "", apps: [app] };
  let stored = false;
  void node.log.append({ cells: [{ key: `desired/${name}`, value: new TextEncoder().encode(JSON.stringify(desired)) }] }).then(() => (stored = true));
  await until("it runs", () => stored && node.status().agent.state === "settled");
  return {
    world,
    machine,
    started,
    until,
    async send(type, ...values) {
      const on = running(machine);
      let done = false;
      const records = values.map((data) => on.events.record({ stream: "local", type, class: "raw", producer: "test", data }));
      void on.log.append({ records }).then(() => (done = true));
      await until("they are on disk", () => done);
    },
    pass: async (ms) => void (await world.run({ timeMs: world.nowMs + ms, condition: () => false })),
    async outputs() {
      let texts: readonly string[] | undefined;
      void textsOf(running(machine), { origin: name, stream: "data" }).then((found) => (texts = found));
      await until("it is read", () => texts !== undefined);
      return (texts ?? []).filter((text) => text.includes("out.made")).map((text) => JSON.parse(text.slice(text.indexOf("{"))).data);
    },
  };
}

export const unitOf = (machine: NodeMachine<HolonNode>, name: string) => running(machine).status().agent.units.find((unit) => unit.name === name);
