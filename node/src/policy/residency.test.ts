import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { decodeFrame } from "@holon/core/link/frame.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { DataClass, StoredEvent } from "@holon/core/schema/event.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import type { NodeName } from "@holon/core/units.ts";
import { createCodec } from "@holon/sim/codec.ts";
import { createModel } from "@holon/sim/model.ts";
import { SimNet } from "@holon/sim/net.ts";
import { NodeMachine } from "@holon/sim/node-machine.ts";
import { createRunner } from "@holon/sim/runner.ts";
import { World } from "@holon/sim/world.ts";
import { openNode, type HolonNode } from "../node.ts";
import { graphOf } from "../testing/sign-graph.ts";
import { nodeName } from "../testing/sim-family.ts";

const encoder = new TextEncoder();
const codec = createCodec();
const rules = (version: number, ...statements: readonly string[]): string => [`policy plant ${version}`, "permit what-runs\n  who any\n  does run open use\n  what *", ...statements].join("\n");
const flow = (name: string, own: string, from: string, to: string, through?: string): string => `permit ${name}\n  who node *\n  does leave share\n  class ${own}\n  from ${from}\n  to ${to}${through === undefined ? "" : `\n  through ${through}`}`;

/** Gateway in Germany, edge in Switzerland, cloud in America. */
class Chain {
  readonly world = new World(3);
  readonly net = new SimNet(this.world);
  readonly frames: { readonly from: string; readonly text: string }[] = [];
  readonly machines: Record<"cloud" | "edge" | "gateway", NodeMachine<HolonNode>>;

  constructor(policy: "optional" | "required" = "required") {
    this.net.tap = ({ from, frame }) => {
      const { header, payload } = decodeFrame(frame, codec);
      this.frames.push({ from, text: JSON.stringify(header) + new TextDecoder().decode(payload) });
    };
    this.machines = {
      cloud: this.#machine(1, nodeName("cloud"), { tier: "cloud", jurisdiction: "US", listen: "cloud:7401", policy }),
      edge: this.#machine(2, nodeName("edge"), { tier: "edge", jurisdiction: "CH", listen: "edge:7401", parent: "wss://cloud:7401", uplink: { jurisdiction: "US" }, policy }),
      gateway: this.#machine(3, nodeName("gateway"), { tier: "gateway", jurisdiction: "EU/DE", parent: "wss://edge:7401", uplink: { jurisdiction: "CH" }, policy }),
    };
  }

  #machine(number: number, name: NodeName, more: Record<string, unknown>): NodeMachine<HolonNode> {
    const config = nodeConfigSchema.parse({ name, site: `site-${name}`, ...more });
    return new NodeMachine(this.world, this.net, number, {
      name,
      async boot(ports) {
        const node = await openNode(config, ports);
        await node.announce();
        return node;
      },
      sandbox: () => ({ model: createModel(), runner: createRunner() }),
    });
  }

  async start(): Promise<void> {
    for (const machine of Object.values(this.machines)) machine.start();
    await this.until("all are linked", () => [this.machines.edge, this.machines.gateway].every(({ subject }) => subject?.status().uplink?.state === "open"));
  }

  node(name: "cloud" | "edge" | "gateway"): HolonNode {
    const { subject } = this.machines[name];
    assert.ok(subject !== undefined, `${name} is down`);
    return subject;
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    await this.world.run({ condition, timeMs: this.world.nowMs + 60_000 });
    assert.ok(condition(), what);
  }

  pass(ms: number): Promise<unknown> {
    return this.world.run({ timeMs: this.world.nowMs + ms });
  }

  async deploy(name: "cloud" | "edge" | "gateway", version: number, text: string | undefined, apps: readonly unknown[] = [], hash?: string): Promise<void> {
    const policy = text === undefined ? {} : { policy: { text, hash: hash ?? createHash("sha256").update(text).digest("hex") } };
    const document = { apiVersion: "holon/v1", kind: "Desired", node: name, version, plan: "plan", apps, ...policy };
    await this.world.drive(this.node(name).log.append({ cells: [{ key: `desired/${name}`, value: encoder.encode(JSON.stringify(document)) }] }));
  }

  async deployAll(version: number, text: string): Promise<void> {
    for (const name of ["cloud", "edge", "gateway"] as const) await this.deploy(name, version, text);
  }

  say(own: DataClass, text: string, stream: "data" | "telemetry" | "alarm" = "data"): Promise<unknown> {
    const { log, events } = this.node("gateway");
    return this.world.drive(log.append({ records: [events.record({ stream, type: "test.said", class: own, producer: "test", data: { text } })] }));
  }

  wentFrom(name: string, text: string): boolean {
    return this.frames.some((frame) => frame.from === name && frame.text.includes(text));
  }

  async audit(name: "cloud" | "edge" | "gateway"): Promise<readonly StoredEvent[]> {
    const records = await this.world.drive(this.node(name).log.read({ origin: nodeName(name), stream: "audit" }, 1, { maxRecords: 1_000, maxBytes: 1 << 20 }));
    return records.map(({ bytes }) => parseStoredEvent(bytes, "test"));
  }
}

const dataOf = (event: StoredEvent | undefined): Record<string, unknown> => ({ ...(event?.data as object) });

test("every hop decides by where the data was born: what may go to the neighbour may not go on from there", async () => {
  const chain = new Chain();
  await chain.start();
  await chain.deployAll(1, rules(1, flow("to-the-neighbour", "derived", "EU", "CH"), flow("to-america", "aggregate", "EU", "CH US")));
  await chain.say("derived", "stays on the continent");
  await chain.say("aggregate", "goes everywhere", "telemetry");
  await chain.until("the aggregate is on its way to the cloud", () => chain.wentFrom("edge", "goes everywhere"));
  await chain.pass(10_000);
  assert.ok(chain.wentFrom("gateway", "stays on the continent"));
  assert.ok(!chain.wentFrom("edge", "stays on the continent"));
  const denied = (await chain.audit("edge")).map(dataOf).find((data) => data["allow"] === false);
  assert.deepEqual([denied?.["principal"], denied?.["lane"], denied?.["destination"], denied?.["jurisdictions"], denied?.["rule"]], ["node edge", "gateway/data", "US", ["EU/DE"], "default"]);
  assert.match(String(denied?.["reason"]), /no rule of policy plant 1 lets node edge leave data of class derived from EU\/DE to US/);
});

test("where a policy is required, nothing but what is public leaves before it has come, and all that may leaves then", async () => {
  const chain = new Chain();
  await chain.start();
  await chain.say("derived", "has to wait");
  await chain.pass(10_000);
  assert.ok(!chain.wentFrom("gateway", "has to wait"));
  assert.ok(chain.wentFrom("gateway", "holon.node.started"));
  await chain.deployAll(1, rules(1, flow("all", "derived aggregate", "*", "*")));
  await chain.until("it leaves without a new link", () => chain.wentFrom("edge", "has to wait"));
});

test("a policy holds again from the first moment of a start, and one that is not what its hash says never does", async () => {
  const chain = new Chain("optional");
  await chain.start();
  // A blob that nobody has: the document is never reached, its policy holds all the same.
  const app = { name: "a", functions: [{ name: "f", code: "0".repeat(64), on: { type: "a.b" }, emits: {} }], models: [], egress: [{ class: "derived" }] };
  await chain.deploy("gateway", 1, rules(1), [app]);
  await chain.world.drive(chain.machines.gateway.close());
  chain.machines.gateway.start();
  await chain.until("it is linked again", () => chain.machines.gateway.subject?.status().uplink?.state === "open");
  await chain.say("derived", "not by the egress of apps");
  await chain.pass(5_000);
  assert.ok(!chain.wentFrom("gateway", "not by the egress of apps"));
  await chain.deploy("gateway", 2, rules(2, flow("all", "derived", "*", "*")), [], "f".repeat(64));
  await chain.pass(5_000);
  assert.equal(chain.node("gateway").status().agent.problem?.code, "HOLON_POLICY_BAD");
  assert.equal(chain.node("gateway").guard.inForce().own.policy.version, 1);
  assert.ok(!chain.wentFrom("gateway", "not by the egress of apps"));
});

test("a document without a policy decides by the egress of its apps, as ever", async () => {
  const chain = new Chain("optional");
  await chain.start();
  await chain.say("derived", "nobody let it leave");
  await chain.say("public", "anybody may know", "alarm");
  await chain.pass(5_000);
  assert.ok(!chain.wentFrom("gateway", "nobody let it leave") && chain.wentFrom("edge", "anybody may know"));
  await chain.deploy("gateway", 1, undefined, [{ name: "a", functions: [], models: [], egress: [{ class: "derived", to: "CH" }] }]);
  await chain.pass(5_000);
  assert.ok(!chain.wentFrom("gateway", "nobody let it leave"), "to the neighbour alone cannot be promised without a policy there");
  await chain.deploy("gateway", 2, undefined, [{ name: "a", functions: [], models: [], egress: [{ class: "derived" }] }]);
  await chain.until("it leaves, and is relayed", () => chain.wentFrom("edge", "nobody let it leave"));
});

test("a rule that asks for a transform is held to what stands on each event", async () => {
  const chain = new Chain();
  await chain.start();
  await chain.deployAll(1, rules(1, flow("totals", "aggregate", "EU", "*", "aggregate count 20")));
  const { log, events } = chain.node("gateway");
  const tell = (stream: "data" | "telemetry" | "alarm", count: number | undefined, text: string) =>
    chain.world.drive(log.append({ records: [events.record({ stream, type: "test.total", class: "aggregate", producer: "test", ...(count === undefined ? {} : { through: { kind: "aggregate", count } }), data: { text } })] }));
  await tell("data", 20, "of enough");
  await tell("telemetry", 19, "of too few");
  await tell("alarm", undefined, "of nobody knows");
  await chain.until("what is of enough arrives", () => chain.wentFrom("edge", "of enough"));
  await chain.pass(5_000);
  assert.ok(!chain.wentFrom("gateway", "of too few") && !chain.wentFrom("gateway", "of nobody knows"));
});

test("what a policy lets nobody run does not run, the rest does, and both are in the trail", async () => {
  const chain = new Chain();
  await chain.start();
  const reduction = (name: string) => ({ kind: "aggregate", name, on: "a.b", emits: `a.${name}`, stream: "local" });
  await chain.deploy("gateway", 1, "policy plant 1\npermit one\n  who node gateway\n  does run\n  what app/one\n", [{ name: "app", functions: [], models: [], egress: [], reductions: [reduction("one"), reduction("two")] }]);
  await chain.until("it is said", () => chain.node("gateway").status().agent.problem?.code === "HOLON_POLICY_DENIED");
  const { units, problem } = chain.node("gateway").status().agent;
  assert.deepEqual(units.map(({ name }) => name), ["one"]);
  assert.match(problem?.message ?? "", /lets node gateway run app\/two/);
  const decided = (await chain.audit("gateway")).filter(({ type }) => type === "holon.policy.decided").map(dataOf);
  assert.deepEqual(decided.map(({ action, resource, allow, rule }) => [action, resource, allow, rule]), [["run", "app/one", true, "one"], ["run", "app/two", false, "default"]]);
  // The same app under a policy that turns it round: what ran and may no longer is stopped, a door too.
  const source = { kind: "host", name: "door", type: "a.b" };
  const both = { name: "app", functions: [], models: [], egress: [], sources: [source], reductions: [reduction("one"), reduction("two")] };
  const agent = () => chain.node("gateway").status().agent;
  await chain.deploy("gateway", 2, "policy plant 2\npermit all\n  who node gateway\n  does run open\n", [both]);
  await chain.until("all of it runs", () => agent().units.length === 2 && agent().sources.length === 1 && agent().state === "settled");
  await chain.deploy("gateway", 3, "policy plant 3\npermit two\n  who node gateway\n  does run\n  what app/two\n", [both]);
  await chain.until("the rest is stopped", () => agent().sources.length === 0 && agent().units.length === 1);
  assert.deepEqual(agent().units.map(({ name }) => name), ["two"]);
});

test("a class is lowered only by whom the policy lets: else the output keeps the class of its input, and stays", async () => {
  const chain = new Chain();
  await chain.start();
  const app = { name: "app", functions: [], models: [], egress: [], sources: [], reductions: ["less", "more"].map((name) => ({ kind: "redact", name, on: "a.b", emits: `a.${name}`, fields: ["text"], because: "a test" })) };
  await chain.deploy("gateway", 1, rules(1, flow("all", "derived", "*", "*"), "permit less\n  who function app/less\n  does lower\n  class raw\n  into derived\n  through redact"), [app]);
  await chain.until("both run", () => chain.node("gateway").status().agent.units.filter(({ state }) => state === "running").length === 2);
  const { log, events } = chain.node("gateway");
  await chain.world.drive(log.append({ records: [events.record({ stream: "local", type: "a.b", class: "raw", producer: "test", data: { text: "a secret" } })] }));
  await chain.until("what was redacted leaves", () => chain.wentFrom("gateway", '{"type":"a.less"'));
  await chain.pass(5_000);
  assert.ok(!chain.wentFrom("gateway", '{"type":"a.more"'));
  const local = await chain.world.drive(log.read({ origin: nodeName("gateway"), stream: "local" }, 1, { maxRecords: 100, maxBytes: 1 << 20 }));
  assert.deepEqual(local.map(({ bytes }) => parseStoredEvent(bytes, "test")).filter(({ type }) => type === "a.more").map((event) => [event.class, event.through]), [["raw", undefined]]);
});

test("what an event was born as counts, whatever the app that reads it says of its type, or does not say", async () => {
  const people = { name: "people", functions: [], models: [], egress: [], sources: [{ kind: "host", name: "in", type: "door.passed", class: "personal" }] };
  const less = { kind: "redact", name: "less", on: "door.passed", emits: "stats.less", fields: ["text"], keepSubject: true, because: "a test" };
  const released = { kind: "keep", name: "less", on: "door.passed", emits: "stats.less", rows: 1, release: { class: "derived", because: "a test" } };
  const asPublic = [{ kind: "host", name: "in", type: "door.passed", class: "public" }];
  const lowers = "permit lower-raw\n  who function stats/less\n  does lower\n  class raw\n  into derived\n  through redact, release";
  for (const { sources, reduction, more } of [{ sources: [], reduction: less, more: [lowers] }, { sources: asPublic, reduction: less, more: [] }, { sources: [], reduction: released, more: [lowers] }]) {
    const chain = new Chain();
    await chain.start();
    const stats = { name: "stats", functions: [], models: [], egress: [], sources, reductions: [reduction] };
    await chain.deploy("gateway", 1, rules(1, flow("all", "derived", "*", "*"), ...more), [people, stats]);
    await chain.until("it runs", () => chain.node("gateway").status().agent.units.length === 1);
    const { log, events } = chain.node("gateway");
    await chain.world.drive(log.append({ records: [1, 2, 3].map((pulse) => events.record({ stream: "local", type: "door.passed", class: "personal", producer: "people/in", subject: "jane-doe", data: { text: "a secret", pulse } })) }));
    const made = async (): Promise<readonly StoredEvent[]> => (await chain.world.drive(log.read({ origin: log.origin, stream: "local" }, 1, { maxRecords: 100, maxBytes: 1 << 20 }))).map(({ bytes }) => parseStoredEvent(bytes, "test")).filter(({ type }) => type === "stats.less");
    await chain.pass(10_000);
    assert.ok((await made()).length > 0 && (await made()).every((event) => event.class === "personal"), `${reduction.kind}: what is made of it is as personal`);
    assert.ok(!chain.wentFrom("gateway", "jane-doe") && !chain.wentFrom("gateway", "a secret"), `${reduction.kind} of a type that is declared ${sources.length === 0 ? "by nobody" : "public"}`);
  }
});

test("what a reduction tells of data that is born more sensitive than its app says is lowered only where its kind says the truth of it, whatever the policy lets it do", async () => {
  const asPublic = [{ kind: "host", name: "in", type: "door.passed", class: "public" }];
  const all = "permit lower-all\n  who any\n  does lower\n  class raw personal derived\n  into derived aggregate";
  const window = { everyMs: 1_000, countMin: 6 };
  for (const [what, rule, tells] of [
    ["names of fields", { kind: "aggregate", ...window, measures: ["mean"] }, true],
    ["a least value", { kind: "aggregate", ...window, fields: ["weight"], measures: ["min"] }, true],
    ["few readings", { kind: "aggregate", ...window, fields: ["weight"], countMin: 2, measures: ["mean"] }, true],
    ["a release", { kind: "keep", rows: 1, release: { class: "derived", because: "a test" } }, true],
    ["a crowd of all", { kind: "k-anonymise", everyMs: 1_000, k: 2, fields: ["weight"], quasi: {} }, true],
    ["a person's name that is to be kept", { kind: "redact", fields: ["weight"], keepSubject: true, because: "a test" }, false],
    ["totals", { kind: "aggregate", ...window, fields: ["weight"], measures: ["mean"] }, false],
  ] as const) {
    const chain = new Chain();
    await chain.start();
    const stats = { name: "stats", functions: [], models: [], egress: [], sources: asPublic, reductions: [{ name: "less", on: "door.passed", emits: "stats.less", ...rule }] };
    await chain.deploy("gateway", 1, rules(1, flow("all", "derived aggregate", "*", "*"), all), [stats]);
    await chain.until("it runs", () => chain.node("gateway").status().agent.units[0]?.state === "running");
    const { log, events } = chain.node("gateway");
    const passed = (timeMs: number) => events.record({ stream: "local", type: "door.passed", class: "personal", producer: "people/in", subject: timeMs % 2 === 0 ? "jane-doe" : "joe-doe", timeMs, data: { weight: 71.5, "Jane is ill": 1 } });
    await chain.world.drive(log.append({ records: Array.from({ length: 12 }, (_, index) => passed(60_000 + index)) }));
    await chain.world.drive(log.append({ records: [passed(70_000), passed(70_001)] }));
    const made = async (stream: "local" | "data"): Promise<readonly StoredEvent[]> => (await chain.world.drive(log.read({ origin: log.origin, stream }, 1, { maxRecords: 100, maxBytes: 1 << 20 }))).map(({ bytes }) => parseStoredEvent(bytes, "test")).filter(({ type }) => type === "stats.less");
    await chain.pass(10_000);
    const [kept, sent] = [await made("local"), await made("data")];
    assert.deepEqual([kept.length > 0, sent.length > 0], [tells, !tells], what);
    assert.ok(kept.every((event) => event.class === "personal" && event.through === undefined), what);
    assert.ok(!chain.wentFrom("gateway", "Jane is ill") && !chain.wentFrom("gateway", "jane-doe"), what);
    assert.equal(chain.node("gateway").status().agent.units[0]?.problem?.code, tells ? "HOLON_REDUCTION_TELLS" : undefined, what);
  }
});

test("rows that a cascade asks about may not go on from a node that passes the question on, unless the policy lets them", async () => {
  const chain = new Chain();
  await chain.start();
  const ask = (version: number, to: string) => rules(version, `permit ask\n  who node *\n  does ask\n  class derived\n  from EU\n  to ${to}`);
  const apps = async (name: "cloud" | "gateway", model: object, factor: number) => [{ name: "app", functions: [], models: [{ graph: await chain.world.drive(chain.node(name).blobs.put(graphOf(factor))), ...model }], egress: [] }];
  const small = { name: "small", cascade: { above: "large", gate: { temperature: 1, threshold: 0.9 }, release: { class: "derived", because: "one number" } } };
  const [below, above] = [await apps("gateway", small, 1), await apps("cloud", { name: "large", answers: { tier: "cloud" } }, 10)];
  const deploy = async (version: number, text: string) => {
    await chain.deploy("cloud", version, text, above);
    await chain.deploy("edge", version, text);
    await chain.deploy("gateway", version, text, below);
    await chain.until("all follow it", () => (["cloud", "edge", "gateway"] as const).every((name) => chain.node(name).status().agent.version === version));
  };
  const decide = async () => (await chain.world.drive(chain.node("gateway").decide("app", "small", { shape: [1, 1], values: Float32Array.of(0.5) }))).map(({ answeredBy, kept }) => [answeredBy, kept]);
  await deploy(1, ask(1, "CH"));
  assert.deepEqual(await decide(), [["gateway", "refused"]]);
  assert.ok(chain.wentFrom("gateway", "model.answer") && !chain.wentFrom("edge", "model.answer"));
  const denied = (await chain.audit("edge")).map(dataOf).find(({ lane, allow }) => lane === "model/app/large/relayed" && allow === false);
  assert.deepEqual([denied?.["destination"], denied?.["classes"], denied?.["jurisdictions"]], ["US", ["derived"], ["EU/DE"]]);
  await deploy(2, ask(2, "CH US"));
  assert.deepEqual(await decide(), [["cloud", undefined]]);
  await deploy(3, `${ask(3, "CH US")}\nforbid edges-ask-nothing\n  who node edge\n  does use\n  what model/large`);
  assert.deepEqual(await decide(), [["gateway", "refused"]]);
  const refused = (await chain.audit("cloud")).filter(({ type }) => type === "holon.policy.decided").map(dataOf).find(({ rule }) => rule === "edges-ask-nothing");
  assert.deepEqual([refused?.["principal"], refused?.["action"], refused?.["resource"], refused?.["allow"]], ["node edge", "use", "model/large", false]);
});
