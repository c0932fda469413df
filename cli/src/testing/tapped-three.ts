/** The three nodes of the main job in this process, with real parts behind every port and a tap on the plaintext of their links. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openControl, type Control } from "@holon/control/index.ts";
import { decodeFrame, type Frame } from "@holon/core/link/frame.ts";
import type { Authority, Connection, Net, Ports } from "@holon/core/ports.ts";
import { nodeConfigSchema, type NodeConfig } from "@holon/core/schema/node.ts";
import { isNodeName } from "@holon/core/units.ts";
import { openNode, type HolonNode } from "@holon/node/index.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createDiscovery } from "@holon/platform/discovery.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createDoor } from "@holon/platform/door.ts";
import { createHostStats } from "@holon/platform/host-stats.ts";
import { openAuthority } from "@holon/platform/identity/authority.ts";
import { certifyHere } from "@holon/platform/identity/here.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import { createModel } from "@holon/platform/model.ts";
import { createNet } from "@holon/platform/net.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createRunner } from "@holon/platform/runner.ts";
import { createSecrets } from "@holon/platform/secrets.ts";
import { createTrace } from "@holon/platform/trace.ts";
import { enrollHere } from "../machine/three.ts";
import { until } from "./wait.ts";

/** One frame as it was before transport security and compression. */
export interface TappedFrame {
  readonly from: string;
  readonly to: string;
  readonly frame: Frame;
  /** Header and payload, decompressed. */
  readonly plain: Buffer;
}

export interface TappedThree {
  readonly cloud: HolonNode;
  readonly edge: HolonNode;
  readonly gateway: HolonNode;
  readonly control: Control;
  /** Every frame that went over either link, in the order of sending. */
  readonly frames: readonly TappedFrame[];
  /** Resolves when the sources have ended, everything is judged, and the cloud has all that may leave. */
  drained(): Promise<void>;
}

const codec = createCodec();

export async function startTappedThree(context: TestContext, data: string): Promise<TappedThree> {
  const frames: TappedFrame[] = [];
  const closing: (() => Promise<void>)[] = [];
  context.after(async () => {
    for (const step of closing.splice(0).reverse()) await step();
  });
  const start = async (fields: Pick<NodeConfig, "name" | "site" | "tier"> & Partial<NodeConfig>, control?: Control): Promise<{ node: HolonNode; ports: Ports }> => {
    const config = nodeConfigSchema.parse({ jurisdiction: "EU/DE", ...fields });
    const folder = join(data, config.name);
    mkdirSync(folder, { recursive: true });
    if (control !== undefined) await enrollHere(folder, config, control);
    const identity = await NodeIdentity.open(folder, createClock());
    const authority = config.control ? await openAuthority(folder, createClock()) : undefined;
    if (authority !== undefined) await certifyHere(identity, authority, { node: config.name, site: config.site, tier: config.tier }, createClock());
    const model = createModel();
    const runner = createRunner();
    closing.push(() => model.close(), () => runner.close());
    const ports = portsOf(config, { folder, identity, authority, model, runner, frames });
    const node = await openNode(config, ports);
    closing.push(() => node.close());
    return { node, ports };
  };
  const cloud = await start({ name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  const control = await openControl({ log: cloud.node.log, blobs: cloud.node.blobs, events: cloud.node.events, ports: cloud.ports, handlers: cloud.node.handlers, address: cloud.node.address, revoked: cloud.node.revoked, states: cloud.node.states, speaksFor: cloud.node.speaksFor, clockOff: (name) => cloud.node.telemetry?.clockWrongBy(name), ask: cloud.node.askNode });
  closing.push(() => control.close());
  const edge = await start({ name: "edge-1", site: "plant", tier: "edge", listen: "127.0.0.1:0", ...parentOf(cloud.node) }, control);
  const gateway = await start({ name: "gateway-1", site: "plant", tier: "gateway", ...parentOf(edge.node) }, control);
  for (const { node } of [cloud, edge, gateway]) await node.announce();
  return { cloud: cloud.node, edge: edge.node, gateway: gateway.node, control, frames, drained: () => drained(gateway.node, edge.node) };
}

const parentOf = ({ address }: HolonNode): { parent: string } => ({ parent: address ?? "" });

interface World {
  readonly folder: string;
  readonly identity: NodeIdentity;
  readonly authority: Authority | undefined;
  readonly model: ReturnType<typeof createModel>;
  readonly runner: ReturnType<typeof createRunner>;
  readonly frames: TappedFrame[];
}

function portsOf(config: NodeConfig, { folder, identity, authority, model, runner, frames }: World): Ports {
  const clock = createClock();
  const { name } = config;
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  return {
    clock,
    random: createRandom(),
    disk: createDisk(folder),
    net: tapped(createNet({ name, identity }), name, frames),
    identity,
    authority,
    discovery: createDiscovery([]),
    crypto: createCrypto(),
    codec,
    model,
    runner,
    door: createDoor({ clock, hostStats: createHostStats(clock) }),
    secrets: createSecrets(folder),
    trace: createTrace({ name, level: "error", output: process.stderr }),
  };
}

const tapped = (net: Net, self: string, frames: TappedFrame[]): Net => ({
  listen: (address, accepted, lobby) => net.listen(address, (connection) => accepted(tap(connection, self, frames)), lobby),
  connect: async (address, expected) => tap(await net.connect(address, expected), self, frames),
});

const tap = (connection: Connection, self: string, frames: TappedFrame[]): Connection => ({
  peer: connection.peer,
  send(bytes) {
    const frame = decodeFrame(bytes, codec);
    frames.push({ from: self, to: connection.peer, frame, plain: Buffer.concat([Buffer.from(JSON.stringify(frame.header)), frame.payload]) });
    connection.send(bytes);
  },
  queuedBytes: () => connection.queuedBytes(),
  traffic: () => connection.traffic(),
  receive: (handlers) => connection.receive(handlers),
  close: (reason) => connection.close(reason),
});

async function drained(gateway: HolonNode, edge: HolonNode): Promise<void> {
  let quiet = 0;
  await until("the three nodes have drained", () => {
    const { agent } = gateway.status();
    const played = agent.state === "settled" && agent.sources.length > 0 && agent.sources.every((source) => source.ended);
    const judged = agent.units.every((unit) => unit.state === "running" && unit.lag === 0);
    const arrived = [gateway, edge].every((node) => node.status().uplink?.state === "open" && node.status().uplink?.backlog === 0);
    quiet = played && judged && arrived ? quiet + 1 : 0;
    return quiet > 30; // longer than what is small waits for company on the way up
  });
}
