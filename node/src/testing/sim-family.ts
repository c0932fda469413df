/** Real nodes in the simulated world: a parent that listens and a child that looks for it, each on a machine of its own. */
import { decodeFrame, type Frame } from "@holon/core/link/frame.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import type { Net, Ports } from "@holon/core/ports.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { createCodec } from "@holon/sim/codec.ts";
import { createModel } from "@holon/sim/model.ts";
import { SimNet } from "@holon/sim/net.ts";
import { NodeMachine } from "@holon/sim/node-machine.ts";
import { createRunner } from "@holon/sim/runner.ts";
import type { Note } from "@holon/sim/trace.ts";
import { World } from "@holon/sim/world.ts";
import { openNode, type HolonNode } from "../node.ts";

export const nodeName = (text: string): NodeName => {
  if (!isNodeName(text)) throw new Error(`${text} is no node name`);
  return text;
};
export const parentName = nodeName("edge-1");
export const childName = nodeName("gateway-1");

export interface SentFrame {
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
  readonly frame: Frame;
}

const codec = createCodec();

export class SimFamily {
  readonly world: World;
  readonly net: SimNet;
  readonly frames: SentFrame[] = [];
  readonly notes: Note[] = [];
  readonly parent: NodeMachine<HolonNode>;
  readonly child: NodeMachine<HolonNode>;
  readonly #wrap: (name: string, ports: Ports) => Ports;
  #machines = 0;

  /** `wrap` puts other ports in the place of a node's own. */
  constructor(seed = 1, wrap: (name: string, ports: Ports) => Ports = (_, ports) => ports) {
    this.#wrap = wrap;
    this.world = new World(seed);
    this.net = new SimNet(this.world);
    this.net.tap = ({ from, to, frame }) => this.frames.push({ from, to, atMs: this.world.nowMs, frame: decodeFrame(frame, codec) });
    this.parent = this.machine(parentName, { listen: `${parentName}:7401` });
    this.child = this.machine(childName, { parent: `wss://${parentName}:7401` });
  }

  /** A machine with an empty disk; two of one name are a clone. `around` puts something between the node and the net. */
  machine(name: NodeName, links: { readonly listen?: string; readonly parent?: string; readonly telemetry?: object }, around: (net: Net) => Net = (net) => net): NodeMachine<HolonNode> {
    const wrap = this.#wrap;
    const config = nodeConfigSchema.parse({ name, site: "site", tier: "listen" in links ? "edge" : "gateway", jurisdiction: "EU/DE", ...links });
    return new NodeMachine(this.world, this.net, (this.#machines += 1), {
      name,
      async boot(ports) {
        const node = await openNode(config, wrap(name, { ...ports, net: around(ports.net) }));
        await node.announce();
        return node;
      },
      sandbox: () => ({ model: createModel(), runner: createRunner() }),
      listener: (note) => this.notes.push(note),
    });
  }

  async start(): Promise<void> {
    this.parent.start();
    this.child.start();
    await this.until("both are up and linked", () => this.isLinked());
  }

  isLinked(): boolean {
    return this.child.subject?.status().uplink?.state === "open";
  }

  /** Lets virtual time pass until the condition holds; fails if it does not within the bound. */
  async until(what: string, condition: () => boolean, boundMs = 120_000): Promise<void> {
    await this.world.run({ condition, timeMs: this.world.nowMs + boundMs });
    if (!condition()) throw new Error(`never came true in ${boundMs} ms of virtual time: ${what}`);
  }

  pass(milliseconds: number): Promise<unknown> {
    return this.world.run({ timeMs: this.world.nowMs + milliseconds });
  }

  /** Frames of a kind and operation, in the order of sending. */
  sent(from: string, kind: Frame["kind"], op: Frame["header"]["op"]): readonly SentFrame[] {
    return this.frames.filter((sent) => sent.from === from && sent.frame.kind === kind && sent.frame.header.op === op);
  }

  get parentNode(): HolonNode {
    return running(this.parent);
  }

  get childNode(): HolonNode {
    return running(this.child);
  }
}

export function running(machine: NodeMachine<HolonNode>): HolonNode {
  if (machine.subject === undefined) throw new Error(`${machine.name} is down`);
  return machine.subject;
}

/** Appends so many aggregates to the node's `data`, each in a commit of its own. */
export async function appendCounts(node: HolonNode, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await node.log.append({ records: [node.events.record({ stream: "data", type: "test.count", class: "public", producer: "test", data: { index } })] });
  }
}

/** The texts of a lane's records in a node's log. */
export async function textsOf(node: HolonNode, lane: Lane): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let next = 1; ; ) {
    const records = await node.log.read(lane, next, { maxRecords: 1000, maxBytes: 1 << 20 });
    const last = records.at(-1);
    if (last === undefined) return texts;
    for (const record of records) texts.push(`${laneName(lane)}/${record.epoch}/${record.sequence} ${new TextDecoder().decode(record.bytes)}`);
    next = last.sequence + 1;
  }
}
