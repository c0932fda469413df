/**
 * One case of a fleet across borders, all of it from a seed: a tree of real nodes in drawn jurisdictions, drawn policies one after the other, and an
 * app with every transform. Readings hold markers that say whose they are; a function fails on some of them and says so.
 */
import { createHash } from "node:crypto";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import type { Policy } from "@holon/core/policy/policy.ts";
import type { Transform } from "@holon/core/policy/transform.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { statusMethods } from "@holon/core/schema/links-report.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import { isNodeName } from "@holon/core/units.ts";
import { openNode, type HolonNode } from "@holon/node/index.ts";
import { BorderWatch, type BorderNode, type Planted } from "./checkers/borders.ts";
import { markerPrefix } from "./checkers/raw-stays.ts";
import { createModel } from "./model.ts";
import { SimNet } from "./net.ts";
import { NodeMachine } from "./node-machine.ts";
import type { SeededRandom } from "./random.ts";
import { drawPolicy, places } from "./residency-policy.ts";
import { createRunner, type SimulatedRunner } from "./runner.ts";
import { World } from "./world.ts";

export interface ResidencyResult {
  readonly seed: number;
  readonly violations: readonly string[];
  /** Markers that crossed a link, by right. */
  readonly crossed: number;
  readonly policies: readonly string[];
}

/** Says what it was told to say, and fails with all that it knows. */
const source = `export default {
  kind: "holon.function",
  on: { type: "door.passed" },
  emits: { "out.derived": { stream: "data", class: "derived" }, "out.aggregate": { stream: "telemetry", class: "aggregate" }, "out.public": { stream: "alarm", class: "public" } },
  models: [],
  run(event, context) {
    context.status("saw " + JSON.stringify(event.data));
    if (event.data.fails) throw new Error("cannot handle " + JSON.stringify(event.data));
    for (const [kind, text] of Object.entries(event.data.says)) context.emit("out." + kind, { data: { text } });
    context.shared.register("mode").set(event.data.shares);
  },
};
`;
/** Answers what it is asked with a marker of its own. */
const telling = `export default {
  kind: "holon.function",
  on: { http: { method: "GET", path: "/told" } },
  emits: { "holon.response": { stream: "local", class: "raw" } },
  models: [],
  run(event, context) {
    context.emit("holon.response", { data: { request: event.data.request, body: "${markerPrefix}" + event.data.query.words + "~" } });
  },
};
`;
const encoder = new TextEncoder();
const code = encoder.encode(source);
const tellingCode = encoder.encode(telling);
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const k = 3;
/** Cases of one tree: a tree with one policy, which may be stricter or looser than the one before. */
export const policiesEach = 8;
/** Virtual time for a document to be reached, and for what may leave to have left: it lingers half a second at each hop. */
const settleMs = 300;
const crossMs = 6_000;

const app = (own: DataClass): AppDocument =>
  appDocumentSchema.parse({
    name: "doors",
    sources: [{ kind: "host", name: "in", type: "door.passed", class: own }],
    functions: [{ name: "tell", code: hashOf(tellingCode), on: { http: { method: "GET", path: "/told", class: "derived" } }, timeoutMs: 2_000, emits: { "holon.response": { stream: "local", class: "raw" } } }, { name: "judge", code: hashOf(code), on: { type: "door.passed" }, retriesMax: 0, emits: { "out.derived": { stream: "data", class: "derived" }, "out.aggregate": { stream: "telemetry", class: "aggregate" }, "out.public": { stream: "alarm", class: "public" } } }],
    models: [],
    reductions: [
      { kind: "redact", name: "less", on: "door.passed", emits: "out.less", fields: ["kept"], because: "a test" },
      { kind: "pseudonymise", name: "alias", on: "door.passed", emits: "out.alias", fields: ["beside"], replace: ["name"], because: "a test" },
      { kind: "k-anonymise", name: "crowd", on: "door.passed", emits: "out.crowd", fields: ["group"], quasi: { group: { exact: true } }, k, everyMs: 1_000 },
    ],
    shared: [{ name: "mode", kind: "register", class: "derived" }],
  });

let prepared: Promise<SimulatedRunner> | undefined;
async function preparedRunner(): Promise<SimulatedRunner> {
  const runner = createRunner();
  await runner.prepare("doors/judge", code);
  await runner.prepare("doors/tell", tellingCode);
  return runner;
}

/** `withPolicy` is given the policy that the nodes really get, for planting a bug. */
export async function runResidency(seed: number, withPolicy: (text: string) => string = (text) => text): Promise<ResidencyResult> {
  const runner = await (prepared ??= preparedRunner());
  const world = new World(seed);
  const random = world.random.fork("residency");
  const nodes = drawTree(random.fork("tree"));
  const own: DataClass = random.chance(0.5) ? "raw" : "personal";
  const watch = new BorderWatch(nodes);
  const net = new SimNet(world);
  net.tap = (frame) => watch.see(frame);
  const machines = nodes.map((node, index) => machineOf(node, { world, net, index, runner, watch }));
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
    const origin = drawOrigin(running(), random.fork(`origin ${phase}`));
    for (const node of running()) await world.drive(deploy(node, { version: phase, apps: node === origin ? [app(own)] : [], text: given }));
    for (const node of running()) for (const { name } of nodes) if (leadsTo(nodes, node.config.name, name)) await world.drive(node.log.append({ cells: [desiredCell(name, { version: phase, apps: name === origin.config.name ? [app(own)] : [], text: given })] }));
    await world.run({ timeMs: world.nowMs + settleMs });
    watch.adopt([policy]);
    before = policy;
    await world.drive(plantAt(origin, { phase, own, watch, policy, random: random.fork(`plant ${origin.config.name} ${phase}`) }));
    await world.run({ timeMs: world.nowMs + crossMs });
    await world.drive(askHow(running(), origin));
    for (const node of running()) if (node !== origin) await world.drive(askFor(node, { origin: origin.config.name, phase, watch, policy }));
  }
  for (const machine of machines) await world.drive(machine.close());
  return { seed, violations: watch.violations, crossed: watch.crossed.size, policies };
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
}

function machineOf({ name, jurisdiction, parent, knowsParent }: BorderNode, { world, net, index, runner, watch }: Surroundings): NodeMachine<HolonNode> {
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  const above = parent === undefined ? undefined : watch.jurisdictionOf(parent);
  const config = nodeConfigSchema.parse({
    name, site: `site-${index}`, tier: parent === undefined ? "cloud" : name.startsWith("edge") ? "edge" : "gateway", jurisdiction, policy: "required",
    ...(name.startsWith("gateway") ? {} : { listen: `${name}:7401` }),
    ...(parent === undefined ? {} : { parent: `wss://${parent}:7401` }),
    ...(knowsParent && above !== undefined ? { uplink: { jurisdiction: above } } : {}),
  });
  return new NodeMachine(world, net, index + 1, {
    name,
    async boot(ports) {
      const node = await openNode(config, ports);
      await node.announce();
      return node;
    },
    sandbox: () => ({ model: createModel(), runner }),
    listener: ({ node, message }) => watch.hear(node, message),
  });
}

interface Deployed extends Pick<Desired, "version" | "apps"> {
  readonly text: string;
}

async function deploy(node: HolonNode, deployed: Deployed): Promise<void> {
  if (deployed.apps.length > 0) for (const bytes of [code, tellingCode]) await node.blobs.put(bytes);
  await node.log.append({ cells: [desiredCell(node.config.name, deployed)] });
}

function desiredCell(node: string, { version, apps, text }: Deployed): CellChange {
  const document: Desired = { apiVersion: "holon/v1", kind: "Desired", node, version, plan: "plan", apps, policy: { text, hash: hashOf(encoder.encode(text)) } };
  return { key: `desired/${node}`, value: encoder.encode(JSON.stringify(document)) };
}

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
  readonly watch: BorderWatch;
  readonly policy: Policy;
}

/** A question crosses each link on its way as what the asker shares, and its answer as what the one who runs the function shares. */
async function askFor(node: HolonNode, { origin, phase, watch, policy }: Asking): Promise<void> {
  const way = (from: string): Planted => ({ origin: from, action: "share", resource: "doors/tell", class: "derived", lowered: undefined });
  const words = `answered-${phase}.at-${origin}`;
  watch.plant(words, [way(origin)], policy);
  const body = watch.plant(`asked-${phase}.at-${node.config.name}`, [way(node.config.name)], policy);
  await node.ask("doors", { method: "GET", path: "/told", query: { words }, body }).catch(() => undefined); // what is refused crosses nothing
}

/** One node of a case has the app and data, and the others pass on what leaves it: mostly one with something above it, since records go up only. */
function drawOrigin(nodes: readonly HolonNode[], random: SeededRandom): HolonNode {
  const among = random.chance(0.95) ? nodes.filter(({ config }) => config.parent !== undefined) : nodes;
  const origin = among[random.integer(0, among.length - 1)];
  if (origin === undefined) throw new Error("a tree has a node below its root");
  return origin;
}

interface Planting {
  readonly phase: number;
  readonly own: DataClass;
  readonly watch: BorderWatch;
  readonly policy: Policy;
  readonly random: SeededRandom;
}

async function plantAt(node: HolonNode, { phase, own, watch, policy, random }: Planting): Promise<void> {
  const { name } = node.config;
  const at = (words: string): string => `${words}-${phase}.at-${name}`;
  const never = (words: string): string => watch.plant(at(words), [], policy);
  const way = (unit: string, into: DataClass, stream: string, through: Transform): Planted => ({ origin: name, action: "leave", resource: stream, class: into, lowered: { unit: `doors/${unit}`, from: own, through } });
  const made = (words: string, unit: string, into: DataClass, stream: string, through: Transform): string => watch.plant(at(words), [way(unit, into, stream, through)], policy);
  const born = watch.plant(at("born"), [{ origin: name, action: "leave", resource: "data", class: "public", lowered: undefined }], policy);
  // Of what is raw a function tells the subject, unless it says another.
  const judged = [way("judge", "derived", "data", { kind: "function" }), way("judge", "aggregate", "telemetry", { kind: "function" }), way("judge", "public", "alarm", { kind: "function" })];
  const named = (subject: string): string => watch.plant(at(`subject-${subject}`), own === "personal" ? [] : judged, policy);
  const reading = (subject: string, timeMs: number, more: object): object => ({ stream: "local", type: "door.passed", class: own, producer: "test", subject: named(subject), timeMs, data: { secret: never("secret"), name: never(`name-${subject}`), ...more } });
  const common = {
    kept: made("kept", "less", "derived", "data", { kind: "redact" }),
    beside: made("beside", "alias", "derived", "data", { kind: "pseudonymise" }),
    says: { derived: made("derived", "judge", "derived", "data", { kind: "function" }), aggregate: made("aggregate", "judge", "aggregate", "telemetry", { kind: "function" }), public: made("public", "judge", "public", "alarm", { kind: "function" }) },
    shares: watch.plant(at("shares"), [{ origin: name, action: "share", resource: "doors/mode", class: "derived", lowered: undefined }], policy),
  };
  const group = made("group", "crowd", "derived", "data", { kind: "k-anonymise", k });
  const readings = [...["a", "b", "c"].map((subject) => reading(subject, 1_000 * phase, { ...common, group })), reading("d", 1_000 * phase, { ...common, group: never("lone") })];
  const record = (input: object): NewRecord => node.events.record(input as Parameters<HolonNode["events"]["record"]>[0]);
  const plain = [record({ stream: "data", type: "test.born", class: "public", producer: "test", data: { text: born } })];
  // What no unit would do: raw readings in a stream that leaves.
  if (random.chance(0.1)) plain.push(record({ stream: random.pick(["data", "alarm", "telemetry"]), type: "test.slipped", class: random.pick(["raw", "personal"]), producer: "test", data: { text: never("slipped") } }));
  await node.log.append({ records: [...readings.map(record), ...plain] });
  // By itself: a batch in which one fails is done again one by one, and that costs more than all the rest.
  await node.log.append({ records: [record(reading("e", 900_000 * phase, { fails: true, more: never("fails") }))] });
}
