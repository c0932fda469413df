/**
 * One case of a fleet across borders, all of it from a seed: a tree of real nodes in drawn jurisdictions, drawn policies one after the other, and two
 * apps with every transform and every way out. Readings hold markers that say whose they are; a function fails on some of them and says so; the node that
 * has them starts anew in between.
 */
import { createHash } from "node:crypto";
import { encodeFrame, parseJson } from "@holon/core/link/frame.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import type { Policy } from "@holon/core/policy/policy.ts";
import type { Connection, Net } from "@holon/core/ports.ts";
import { blobHashSchema } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { statusMethods } from "@holon/core/schema/links-report.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import { isNodeName } from "@holon/core/units.ts";
import { z } from "zod";
import { openNode, type HolonNode } from "@holon/node/index.ts";
import { createCodec } from "./codec.ts";
import { BorderWatch, type BorderNode, type Planted } from "./checkers/borders.ts";
import { createModel } from "./model.ts";
import { SimNet } from "./net.ts";
import { NodeMachine } from "./node-machine.ts";
import type { SeededRandom } from "./random.ts";
import { askedClasses, blobs, codes, doorsApp, othersApp, yardApp, type AskedClass } from "./residency/apps.ts";
import { liedReply } from "./residency/lies.ts";
import { plantAt, wakeAt } from "./residency/plants.ts";
import { spanType } from "@holon/core/telemetry/span.ts";
import { drawPolicy, places } from "./residency/policy.ts";
import { createRunner, type SimulatedRunner } from "./runner.ts";
import { World } from "./world.ts";

export interface ResidencyResult {
  readonly seed: number;
  readonly violations: readonly string[];
  /** Markers that crossed a link, by right. */
  readonly crossed: number;
  /** First words of those. */
  readonly kinds: ReadonlySet<string>;
  /** Steps of traces that are told of at another node than their own. */
  readonly spans: number;
  readonly policies: readonly string[];
  /** Of all that was seen at the ports: two runs of a seed are the same run if this is the same. */
  readonly traceHash: string;
}

const encoder = new TextEncoder();
const codec = createCodec();
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** Cases of one tree: a tree with one policy, which may be stricter or looser than the one before. */
export const policiesEach = 8;
/** Virtual time for a document to be reached, and for what may leave to have left: it lingers half a second at each hop. */
const settleMs = 300;
const crossMs = 6_000;

let prepared: Promise<SimulatedRunner> | undefined;
async function preparedRunner(): Promise<SimulatedRunner> {
  const runner = createRunner((name) => (name.startsWith("doors/liar") ? liedReply : undefined));
  for (const [name, code] of codes) await runner.prepare(name, code);
  return runner;
}

/** `withPolicy` is given the policy that the nodes really get, for planting a bug. */
export async function runResidency(seed: number, withPolicy: (text: string) => string = (text) => text): Promise<ResidencyResult> {
  const runner = await (prepared ??= preparedRunner());
  const world = new World(seed);
  const random = world.random.fork("residency");
  const nodes = drawTree(random.fork("tree"));
  const own: DataClass = random.chance(0.5) ? "raw" : "personal";
  const others = random.pick(["public", "derived", "raw", "personal"] as const);
  const asked = world.random.fork("asked").pick(askedClasses);
  const yardsRandom = world.random.fork("yards");
  const watch = new BorderWatch(nodes);
  const net = new SimNet(world);
  net.tap = (frame) => watch.see(frame);
  const below = new Set<Connection>();
  const machines = nodes.map((node, index) => machineOf(node, { world, net, index, runner, watch, below }));
  for (const machine of machines) {
    machine.devices.quieten();
    machine.start();
  }
  const running = (): readonly HolonNode[] => machines.flatMap(({ subject }) => subject ?? []);
  await world.run({ condition: () => running().length === nodes.length && running().every((node) => node.config.parent === undefined || node.status().uplink?.state === "open"), timeMs: world.nowMs + 60_000 });
  const policies: string[] = [];
  let before: Policy | undefined;
  for (let phase = 1; phase <= policiesEach; phase++) {
    const text = drawPolicy(random.fork(`policy ${phase}`), nodes.map(({ name }) => name));
    policies.push(text);
    const given = withPolicy(text);
    const policy = parsePolicy(text);
    watch.adopt(before === undefined ? [policy] : [before, policy]);
    const origin = drawOrigin(machines, random.fork(`origin ${phase}`));
    const yards = nodes.filter(({ name }) => name !== origin.name && yardsRandom.chance(0.5)).map(({ name }) => name);
    const apps = (name: string): Desired["apps"] => (name === origin.name ? [doorsApp({ own, asked }, phase, name), othersApp(others)] : yards.includes(name) ? [yardApp()] : []);
    const documents = new Map(nodes.map(({ name }) => [name, documentOf(name, phase, apps(name), given)]));
    for (const node of running()) await world.drive(deploy(node, documents));
    for (const node of running()) for (const [name, document] of documents) if (leadsTo(nodes, node.config.name, name)) await world.drive(node.log.append({ cells: [desiredCell(document)] }));
    await world.run({ timeMs: world.nowMs + settleMs });
    watch.adopt([policy]);
    before = policy;
    const planting = { phase, own, others, asked, watch, policy, random: random.fork(`plant ${origin.name} ${phase}`) };
    await world.drive(plantAt(subjectOf(origin), planting));
    await world.run({ timeMs: world.nowMs + crossMs / 2 });
    if (planting.random.chance(0.3)) await restart(world, origin);
    await world.drive(wakeAt(subjectOf(origin), phase));
    await world.run({ timeMs: world.nowMs + crossMs / 2 });
    await world.drive(askHow(running(), subjectOf(origin)));
    await askForFitted({ world, below }, subjectOf(origin));
    for (const node of running()) if (node.config.name !== origin.name) await world.drive(askFor(node, { origin: origin.name, phase, asked, watch, policy }));
  }
  let spans = 0;
  for (const node of running()) spans += (await world.drive(node.log.find({ accepts: ({ origin }) => origin !== node.log.origin, type: spanType, limit: 10_000 }))).length;
  for (const machine of machines) await world.drive(machine.close());
  return { seed, spans, violations: watch.violations, crossed: watch.crossed.size, kinds: watch.kinds(), policies, traceHash: world.trace.digest() };
}

function drawTree(random: SeededRandom): readonly BorderNode[] {
  const place = (): string => random.pick(places);
  const nodes: BorderNode[] = [{ name: "cloud", jurisdiction: place(), parent: undefined, knowsParent: false }];
  const hasEdge = random.chance(0.6);
  if (hasEdge) nodes.push({ name: "edge-1", jurisdiction: place(), parent: "cloud", knowsParent: random.chance(0.9) });
  for (let number = random.integer(1, 2); number > 0; number--) nodes.push({ name: `gateway-${number}`, jurisdiction: place(), parent: hasEdge ? "edge-1" : "cloud", knowsParent: random.chance(0.9) });
  return nodes;
}

interface Surroundings {
  readonly world: World;
  readonly net: SimNet;
  readonly index: number;
  readonly runner: SimulatedRunner;
  readonly watch: BorderWatch;
  /** Connections that nodes took from below. */
  readonly below: Set<Connection>;
}

function watched(net: Net, below: Set<Connection>): Net {
  return { ...net, listen: (address, accepted, lobby) => net.listen(address, (connection) => (below.add(connection), accepted(connection)), lobby) };
}

/** Whoever was stolen asks those below for what lies on their disks, by whatever name it knows; here it knows them all. */
async function askForFitted({ world, below }: Pick<Surroundings, "world" | "below">, origin: HolonNode): Promise<void> {
  const hashes = [...origin.log.cells("fitted/").values()].map((value) => z.object({ blob: blobHashSchema }).parse(parseJson(value)).blob);
  for (const connection of below) for (const hash of hashes) connection.send(encodeFrame({ kind: "blob", header: { op: "want", hash, offset: 0 } }, codec));
  await world.run({ timeMs: world.nowMs + settleMs });
}

function machineOf({ name, jurisdiction, parent, knowsParent }: BorderNode, { world, net, index, runner, watch, below }: Surroundings): NodeMachine<HolonNode> {
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  const above = parent === undefined ? undefined : watch.jurisdictionOf(parent);
  const config = nodeConfigSchema.parse({
    name, site: `site-${index}`, tier: parent === undefined ? "cloud" : name.startsWith("edge") ? "edge" : "gateway", jurisdiction, policy: "required",
    ...(name.startsWith("gateway") ? {} : { listen: `${name}:7401`, telemetry: {} }),
    ...(parent === undefined ? {} : { parent: `wss://${parent}:7401` }),
    ...(knowsParent && above !== undefined ? { uplink: { jurisdiction: above } } : {}),
  });
  return new NodeMachine(world, net, index + 1, {
    name,
    async boot(ports) {
      const node = await openNode(config, { ...ports, net: watched(ports.net, below) });
      await node.announce();
      return node;
    },
    sandbox: () => ({ model: createModel(), runner }),
    listener: ({ node, message }) => watch.hear(node, message),
  });
}

async function deploy(node: HolonNode, documents: ReadonlyMap<string, Desired>): Promise<void> {
  const document = documents.get(node.config.name);
  if (document === undefined) throw new Error(`${node.config.name} is not of the tree`);
  if (document.apps.length > 0) for (const bytes of blobs) await node.blobs.put(bytes);
  await node.log.append({ cells: [desiredCell(document)] });
}

const documentOf = (node: string, version: number, apps: Desired["apps"], text: string): Desired => ({ apiVersion: "holon/v1", kind: "Desired", node, version, plan: "plan", apps, policy: { text, hash: hashOf(encoder.encode(text)) } });

/** Of its own bytes for each node that keeps it. */
const desiredCell = (document: Desired): CellChange => ({ key: `desired/${document.node}`, value: encoder.encode(JSON.stringify(document)) });

/** Who leads to another keeps its document. */
function leadsTo(nodes: readonly BorderNode[], name: string, to: string): boolean {
  const parent = nodes.find((node) => node.name === to)?.parent;
  return parent !== undefined && (parent === name || leadsTo(nodes, name, parent));
}

/** Who stands above asks what runs there and what it says: the answer crosses every link between. */
async function askHow(nodes: readonly HolonNode[], origin: HolonNode): Promise<void> {
  const root = nodes.find(({ config }) => config.parent === undefined);
  if (root === undefined || root === origin) return;
  await root.askNode(origin.log.origin, statusMethods.node, {}, 5_000).catch(() => undefined); // a link that breaks under it is no finding: what crossed was seen
}

interface Asking {
  readonly origin: string;
  readonly phase: number;
  readonly asked: AskedClass;
  readonly watch: BorderWatch;
  readonly policy: Policy;
}

/** A question crosses each link on its way as what the asker shares, and its answer as what the one who runs the function shares. */
async function askFor(node: HolonNode, { origin, phase, asked, watch, policy }: Asking): Promise<void> {
  const way = (from: string): Planted => ({ origin: from, action: "share", resource: "doors/tell", class: asked, lowered: [] });
  const words = `answered-${phase}.at-${origin}`;
  watch.plant(words, [way(origin)], policy);
  const body = watch.plant(`asked-${phase}.at-${node.config.name}`, [way(node.config.name)], policy);
  await node.ask("doors", { method: "GET", path: "/told", query: { words, about: String(phase) }, body }).catch(() => undefined); // what is refused crosses nothing
}

/** One node of a case has the apps and data, and the others pass on what leaves it: mostly one with something above it, since records go up only. */
function drawOrigin(machines: readonly NodeMachine<HolonNode>[], random: SeededRandom): NodeMachine<HolonNode> {
  const among = random.chance(0.95) ? machines.filter(({ subject }) => subject?.config.parent !== undefined) : machines;
  const origin = among[random.integer(0, among.length - 1)];
  if (origin === undefined) throw new Error("a tree has a node below its root");
  return origin;
}

function subjectOf({ name, subject }: NodeMachine<HolonNode>): HolonNode {
  if (subject === undefined) throw new Error(`${name} is down`);
  return subject;
}

/** What it holds is from its disk then. */
async function restart(world: World, machine: NodeMachine<HolonNode>): Promise<void> {
  await world.drive(machine.close());
  machine.start();
  await world.run({ condition: () => machine.subject !== undefined, timeMs: world.nowMs + 60_000 });
  await world.run({ timeMs: world.nowMs + settleMs });
}
