import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema, blobHashSchema } from "@holon/core/schema/app.ts";
import { limits } from "@holon/core/limits.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import type { Moving } from "@holon/core/schema/moving.ts";
import { renewSchema } from "@holon/core/schema/node-report.ts";
import { createModel } from "@holon/sim/model.ts";
import { SimNet } from "@holon/sim/net.ts";
import type { Note } from "@holon/sim/trace.ts";
import { NodeMachine } from "@holon/sim/node-machine.ts";
import { createRunner } from "@holon/sim/runner.ts";
import { World } from "@holon/sim/world.ts";
import { openNode, type HolonNode } from "../node.ts";
import { nodeName, running } from "../testing/sim-family.ts";
import { verifiedCell } from "../trust/held.ts";

const program = `export default {kind:"holon.function",on:{type:"x.y"},emits:{},models:[],run(){}};`;

const encode = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const ticks = (node: HolonNode): number => node.log.head({ origin: nodeName("edge-1"), stream: "local" })?.sequence ?? 0;

/** A node that runs only what is signed, and has a control that grants whatever it is asked for. */
function start(signatures: "required" | "optional", more: object = {}) {
  const world = new World(7);
  const questions: unknown[] = [];
  const notes: Note[] = [];
  const config = nodeConfigSchema.parse({ name: "edge-1", site: "site", tier: "edge", jurisdiction: "EU/DE", signatures, ...more });
  const runner = createRunner();
  const machine = new NodeMachine<HolonNode>(world, new SimNet(world), 1, {
    name: nodeName("edge-1"),
    async boot(ports) {
      const node = await openNode(config, ports);
      node.handlers.set("plan.take", (question) => Promise.resolve({ granted: questions.push(question) > 0 }));
      node.handlers.set("plan.renew", (question) => Promise.resolve({ version: renewSchema.parse(question).version }));
      return node;
    },
    sandbox: () => ({ model: createModel(), runner }),
    listener: (note) => notes.push(note),
  });
  machine.start();
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    await world.run({ condition, timeMs: world.nowMs + 60_000 });
    assert.ok(condition(), `never came true: ${what}`);
  };
  return { world, machine, runner, questions, notes, until };
}

/** After a restart, with the newest document refused. */
async function bed(documents: (code: string) => { readonly newest: object; readonly verified?: object }, cells: Readonly<Record<string, object>> = {}) {
  const { world, machine, runner, questions, until } = start("required");
  const code = new TextEncoder().encode(program);
  for (const name of ["f", "g"]) await runner.prepare(name, code);
  await until("it is up", () => machine.subject !== undefined);
  const { log, blobs } = running(machine);
  const { newest, verified } = documents(blobHashSchema.parse(await world.drive(blobs.put(code))));
  const written = { "desired/edge-1": newest, ...(verified === undefined ? {} : { [verifiedCell]: verified }), ...cells };
  await world.drive(log.append({ cells: Object.entries(written).map(([key, value]) => ({ key, value: encode(value) })) }));
  await world.drive(machine.close());
  machine.start();
  await until("the newest is refused", () => machine.subject?.status().agent.state === "refused");
  await world.run({ timeMs: world.nowMs + 10_000 });
  return { units: running(machine).status().agent.units.map(({ app, name }) => `${app}/${name}`), questions, node: running(machine) };
}

const apps = (code: string, version = "1", names = ["f", "g"]) => [appDocumentSchema.parse({ name: "a", version, models: [], egress: [], functions: names.map((name) => ({ name, code, models: [], on: { type: "x.y" }, emits: {} })) })];
const document = (version: number, code: string, moving?: Moving, names?: readonly string[]) => ({ apiVersion: "holon/v1", kind: "Desired", node: "edge-1", version, plan: "", apps: apps(code, String(version), [...(names ?? ["f", "g"])]), ...(moving === undefined ? {} : { moving }) });
const leaves: Moving = { leaves: [{ unit: "a/f", id: "a/f@edge-1#6", to: "edge-2" }] };
const takes: Moving = { takes: [{ unit: "a/f", id: "a/f@edge-2#6", from: "edge-2" }] };

test("a node that starts with a document that it cannot verify runs what it verified before, without what departed since", async () => {
  const departed = { "moved/a/f": { id: "a/f@edge-1#6", as: "sealed", blobs: [] } };
  for (const verified of [leaves, undefined]) {
    const { units } = await bed((code) => ({ newest: document(7, code, undefined, ["g"]), verified: document(6, code, verified) }), departed);
    assert.deepEqual(units, ["a/g"]);
  }
});

test("nor does it run what was to come and was never taken; what was taken it runs", async () => {
  const verified = (code: string) => ({ newest: document(7, code, undefined, ["g"]), verified: document(6, code, takes) });
  assert.deepEqual((await bed(verified)).units, ["a/g"]);
  assert.deepEqual((await bed(verified, { "moved/a/f": { id: "a/f@edge-2#6", as: "taken", blobs: [] } })).units, ["a/f", "a/g"]);
});

test("a node that refuses its document takes nothing that it names", async () => {
  const { units, questions, node } = await bed((code) => ({ newest: document(7, code, takes) }));
  assert.deepEqual([units, questions, node.log.cell("moved/a/f")], [[], [], undefined]);
});

test("a unit that works off what lies before it is told no more times: its next home tells them", async () => {
  const { world, machine, until } = start("optional");
  await until("it is up", () => machine.subject !== undefined);
  const { log, blobs } = running(machine);
  const code = await world.drive(blobs.put(new TextEncoder().encode("export default nothing that starts;")));
  const functions = [{ name: "h", code, models: [], on: { schedule: { everyMs: 1_000 } }, emits: {} }];
  const issue = (version: number, moving?: Moving) => world.drive(log.append({ cells: [{ key: "desired/edge-1", value: encode({ ...document(version, code, moving), apps: [appDocumentSchema.parse({ name: "a", version: "1", models: [], egress: [], functions })] }) }] }));
  await issue(1);
  await until("it is told the time", () => ticks(running(machine)) > 10);
  await issue(2, { leaves: [{ unit: "a/h", id: "a/h@edge-1#2", to: "edge-2" }] });
  await until("it leaves", () => running(machine).status().agent.version === 2);
  const before = ticks(running(machine));
  await world.run({ timeMs: world.nowMs + limits.moveDrainMs / 2 });
  assert.deepEqual([ticks(running(machine)), log.cell("moved/a/h")], [before, undefined]);
  await until("it has departed", () => log.cell("moved/a/h") !== undefined);
  assert.equal(ticks(running(machine)), before);
});

const stopping = { needs: { onIsolation: "stop" } } as const;
const missing = "0".repeat(64);
/** What stops on islands, told the time each second, beside what waits for a blob that is nowhere. */
const withStopping = (version: number, code: string, { names, waits = false, moving, delegation }: { readonly names: readonly string[]; readonly waits?: boolean; readonly moving?: Moving; readonly delegation?: object }) => {
  const functions = [...names.map((name) => ({ name, code, models: [], on: { schedule: { everyMs: 1_000 } }, emits: {}, ...stopping })), ...(waits ? [{ name: "late", code: missing, models: [], on: { type: "x.y" }, emits: {} }] : [])];
  return { ...document(version, code, moving), ...(delegation === undefined ? {} : { delegation }), apps: [appDocumentSchema.parse({ name: "a", version: "1", models: [], egress: [], functions })] };
};

/** What stops on islands runs by document 1; the next one is held, and cannot be reached. */
async function heldUp(next: (code: string) => Parameters<typeof withStopping>[2]) {
  const { world, machine, runner, until } = start("optional", { inventory: { processors: 1 } });
  const code = new TextEncoder().encode(program);
  await runner.prepare("f", code);
  await until("it is up", () => machine.subject !== undefined);
  const { log, blobs } = running(machine);
  const hash = await world.drive(blobs.put(code));
  const issue = (version: number, what: Parameters<typeof withStopping>[2]) => world.drive(log.append({ cells: [{ key: "desired/edge-1", value: encode(withStopping(version, hash, what)) }] }));
  const handled = (): number => running(machine).status().agent.units.find(({ name }) => name === "f")?.handled ?? 0;
  await issue(1, { names: ["f"] });
  await until("it runs", () => handled() > 5);
  await issue(2, { ...next(hash), waits: true });
  await until("the next document is not reached", () => running(machine).status().agent.state === "refused");
  return { world, until, issue, handled, machine };
}

test("a lease that was granted for a document covers nothing that it does not name, however long what ran by the one before takes to end", async () => {
  const { world, until, issue, handled } = await heldUp(() => ({ names: [] }));
  await world.run({ timeMs: world.nowMs + 2_000 });
  const before = handled();
  await world.run({ timeMs: world.nowMs + 2 * limits.nodeLeaseMs });
  assert.equal(handled(), before);
  await issue(3, { names: ["f"], waits: true });
  await until("it goes on where it is named again", () => handled() > before + 5);
});

const delegation = {
  site: "site", serial: 1,
  members: ["edge-1", "edge-2", "edge-3"].map((name) => ({ name, tier: "edge", site: "site", jurisdiction: "EU/DE", capacity: {} })),
  units: [{ unit: "a/f", home: "edge-1", needs: { name: "f", tiers: ["edge"] } }],
};
for (const [what, next] of [["has still to come by it, and was here by the one before", { moving: takes }], ["it leaves to the site, whose lead grants it", { delegation }]] as const) {
  test(`nor what ${what}`, async () => {
    const { world, handled } = await heldUp(() => ({ names: ["f"], ...next }));
    await world.run({ timeMs: world.nowMs + 2_000 });
    const before = handled();
    await world.run({ timeMs: world.nowMs + 2 * limits.nodeLeaseMs });
    assert.equal(handled(), before);
  });
}

test("what the next document names as it was is not touched", async () => {
  const { until, handled } = await heldUp(() => ({ names: ["f"] }));
  const before = handled();
  await until("it goes on", () => handled() > before + 20);
});

test("a document that stays refused is told of once, again with each change of what is said, and as a reminder each hour; tried it is all the while", async () => {
  const { world, machine, notes, until } = start("required");
  await until("it is up", () => machine.subject !== undefined);
  const bring = async (version: number): Promise<void> => {
    await world.drive(running(machine).log.append({ cells: [{ key: "desired/edge-1", value: encode({ ...document(version, "0".repeat(64)), apps: apps("0".repeat(64), String(version)) }) }] }));
    await until(`document ${version} is refused`, () => running(machine).status().agent.state === "refused" && told().some((message) => message.startsWith(`desired document ${version}:`)));
  };
  const told = (): readonly string[] => notes.filter(({ level }) => level === "error").map(({ message }) => message);
  await bring(3);
  const first = world.nowMs;
  await world.run({ timeMs: first + limits.refusedTellMs - 60_000 });
  assert.equal(told().length, 1, "tried again for an hour, told once");
  await world.run({ timeMs: first + limits.refusedTellMs + 2 * limits.unitRestartMaxMs });
  assert.deepEqual([told().length, new Set(told()).size], [2, 1]);
  await bring(4);
  await world.run({ timeMs: world.nowMs + 600_000 });
  assert.deepEqual([told().length, new Set(told()).size], [3, 2], "what is said has changed");
  const reported = await world.drive(running(machine).log.find({ accepts: ({ stream }) => stream === "audit", type: "holon.node.reported", limit: 10 }));
  assert.partialDeepStrictEqual(reported.map(({ event }) => event.data), [{ version: 3, outcome: "refused" }, { version: 4, outcome: "refused" }]);
});
