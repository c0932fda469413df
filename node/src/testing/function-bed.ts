/** One simulated node with functions given as source, for tests of what functions get and give. */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { Runner } from "@holon/core/ports.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { StoredEvent, StreamName } from "@holon/core/schema/event.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { createModel } from "@holon/sim/model.ts";
import { SimNet } from "@holon/sim/net.ts";
import { NodeMachine } from "@holon/sim/node-machine.ts";
import { createRunner } from "@holon/sim/runner.ts";
import type { Note } from "@holon/sim/trace.ts";
import { World } from "@holon/sim/world.ts";
import { openNode, type HolonNode } from "../node.ts";
import { nodeName, running } from "./sim-family.ts";

export interface BedFunction {
  readonly name: string;
  /** Its trigger, as a document has it. */
  readonly on: object;
  /** Body of `run(event, context)`; it may emit `out.made`, as aggregate `out.sum`, and `out.alarm`. */
  readonly body: string;
  /** More of its document. */
  readonly extra?: object;
}

export interface BedOptions {
  readonly functions: readonly BedFunction[];
  readonly secrets?: Readonly<Record<string, string>>;
  /** More of the app's document. */
  readonly app?: object;
  readonly around?: (runner: Runner) => Runner;
}

const emits = { "out.made": { stream: "data", class: "derived" }, "out.sum": { stream: "data", class: "aggregate" }, "out.alarm": { stream: "alarm", class: "derived" } };
const self = nodeName("gateway-1");

export class FunctionBed {
  readonly world = new World(11);
  readonly machine: NodeMachine<HolonNode>;
  readonly notes: Note[] = [];

  static async open(options: BedOptions): Promise<FunctionBed> {
    const runner = createRunner();
    const codes = new Map<string, Uint8Array>();
    for (const { name, on, body } of options.functions) {
      const source = `export default {kind:"holon.function",on:${JSON.stringify(on)},emits:${JSON.stringify(emits)},models:[],run: (event, context) => {${body}}};`;
      codes.set(name, new TextEncoder().encode(source));
    }
    for (const [name, code] of codes) await runner.prepare(name, code);
    const bed = new FunctionBed(options, options.around?.(runner) ?? runner);
    await bed.#deploy(options, codes);
    return bed;
  }

  private constructor({ secrets = {} }: BedOptions, runner: Runner) {
    const config = nodeConfigSchema.parse({ name: self, site: "site", tier: "gateway", jurisdiction: "EU/DE" });
    this.machine = new NodeMachine<HolonNode>(this.world, new SimNet(this.world), 1, {
      name: self,
      boot: (ports) => openNode(config, ports),
      sandbox: () => ({ model: createModel(), runner }),
      secrets,
      listener: (note) => this.notes.push(note),
    });
    this.machine.start();
  }

  get node(): HolonNode {
    return running(this.machine);
  }

  async #deploy({ functions, app }: BedOptions, codes: ReadonlyMap<string, Uint8Array>): Promise<void> {
    await this.until("it is up", () => this.machine.subject !== undefined);
    const documents = [];
    for (const { name, on, extra } of functions) documents.push({ name, code: await this.settle(this.node.blobs.put(codes.get(name) ?? new Uint8Array())), on, emits, ...extra });
    const document = appDocumentSchema.parse({ name: "app", functions: documents, models: [], egress: [{ class: "derived" }, { class: "aggregate" }], ...app });
    const desired = { apiVersion: "holon/v1", kind: "Desired", node: self, version: 1, plan: "", apps: [document] };
    await this.settle(this.node.log.append({ cells: [{ key: `desired/${self}`, value: new TextEncoder().encode(JSON.stringify(desired)) }] }));
    await this.until("its app was looked at", () => ["settled", "refused"].includes(this.node.status().agent.state));
  }

  /** Lets virtual time pass until the work is done. */
  async settle<T>(work: Promise<T>): Promise<T> {
    let done: { readonly value: T } | undefined;
    let failed: { readonly error: unknown } | undefined;
    work.then((value) => (done = { value }), (error: unknown) => (failed = { error }));
    await this.until("what was asked for is done", () => done !== undefined || failed !== undefined);
    if (done !== undefined) return done.value;
    throw failed?.error;
  }

  async until(what: string, condition: () => boolean, boundMs = 600_000): Promise<void> {
    await this.world.run({ condition, timeMs: this.world.nowMs + boundMs });
    if (!condition()) throw new Error(`never came true in ${boundMs} ms of virtual time: ${what}`);
  }

  /** Appends events to `local`, all in one. */
  async send(type: string, ...events: readonly { readonly data: unknown; readonly timeMs?: number; readonly traceparent?: string }[]): Promise<void> {
    const records = events.map((event) => this.node.events.record({ stream: "local", type, class: "raw", producer: "test", ...event }));
    await this.settle(this.node.log.append({ records }));
  }

  unit(name: string) {
    return this.node.status().agent.units.find((unit) => unit.name === name);
  }

  async handled(name: string, count: number): Promise<void> {
    await this.until(`${name} has handled ${count}`, () => (this.unit(name)?.handled ?? 0) >= count);
  }

  /** Events of a type in a stream of the node. */
  async events(stream: StreamName, type: string): Promise<readonly StoredEvent[]> {
    const records = await this.settle(this.node.log.read({ origin: self, stream }, 1, { maxRecords: 10_000, maxBytes: 64 << 20 }));
    return records.map(({ bytes }) => parseStoredEvent(bytes, "test")).filter((event) => event.type === type);
  }

  /** The text of every record and cell that the node holds. */
  async allTexts(): Promise<string> {
    const texts = [...this.node.log.cells("")].map(([key, value]) => `${key} ${new TextDecoder().decode(value)}`);
    for (const [, { lane }] of this.node.log.heads()) {
      const records = await this.settle(this.node.log.read(lane, 1, { maxRecords: 10_000, maxBytes: 64 << 20 }));
      texts.push(...records.map(({ bytes }) => new TextDecoder().decode(bytes)));
    }
    return texts.join("\n");
  }
}
