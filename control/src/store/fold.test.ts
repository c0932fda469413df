import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "@holon/core/json.ts";
import type { Log, LogRecord } from "@holon/core/log/log.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { app, ControlFleet } from "../testing/control-fleet.ts";
import { createFold, type Fold } from "./fold.ts";

/** A state as text: what is equal has equal texts. */
const print = ({ state }: Fold): string => canonicalJson({ nodes: Object.fromEntries(state.nodes), apps: Object.fromEntries(state.apps) });

async function foldAgain(fleet: ControlFleet): Promise<string> {
  const fold = createFold(fleet.log);
  await fleet.drive(fold.catchUp());
  return print(fold);
}

test("the state is a fold of the log: thrown away and folded again, in one go or step by step, it is the same", async () => {
  const fleet = await ControlFleet.start();
  const stepwise = createFold(fleet.log);
  const steps: (() => Promise<unknown>)[] = [() => fleet.control.deploy(app("pump")), () => fleet.control.deploy(app("pump", "2")), () => fleet.control.deploy(app("fan")), () => fleet.control.remove("pump")];
  for (const step of steps) {
    await fleet.drive<unknown>(step());
    await fleet.drive(stepwise.catchUp());
  }
  await fleet.restart("gateway-1");
  await fleet.until("all is heard", () => fleet.hasHeard("gateway-1") && fleet.hasHeard("edge-1"));
  await fleet.drive(stepwise.catchUp());
  const once = await foldAgain(fleet);
  assert.equal(await foldAgain(fleet), once);
  assert.equal(print(stepwise), once);
  assert.equal(await fleet.drive(stepwise.catchUp()), false, "there is nothing more to read");
  assert.deepEqual(fleet.control.apps().map(({ document }) => document.name), ["fan"]);
  assert.deepEqual(fleet.control.nodes().map(({ name, tier }) => `${name} ${tier}`).sort(), ["cloud cloud", "edge-1 edge", "gateway-1 gateway"]);
});

test("a restart of the root finds the state again and issues nothing twice", async () => {
  const fleet = await ControlFleet.start();
  await fleet.drive(fleet.control.deploy(app("pump")));
  await fleet.until("the gateway has answered", () => fleet.control.nodes().find(({ name }) => name === "gateway-1")?.reported !== undefined);
  const [apps, issued] = [canonicalJson(fleet.control.apps()), canonicalJson(fleet.desired("gateway-1"))];
  await fleet.restart("cloud");
  assert.equal(canonicalJson(fleet.control.apps()), apps);
  assert.equal(canonicalJson(fleet.desired("gateway-1")), issued);
  assert.notEqual(fleet.control.nodes().find(({ name }) => name === "gateway-1")?.reported, undefined);
});

test("a change of an app makes a new version of the document of each node it concerns, and of no other", async () => {
  const fleet = await ControlFleet.start();
  const version = (): number | undefined => fleet.desired("gateway-1")?.version;
  await fleet.drive(fleet.control.deploy(app("pump")));
  assert.equal(version(), 1);
  await fleet.drive(fleet.control.deploy(app("pump")));
  assert.equal(version(), 1, "the same again is no change");
  await fleet.drive(fleet.control.deploy(app("pump", "2")));
  assert.deepEqual([version(), fleet.desired("gateway-1")?.apps.map((each) => each.version)], [2, ["2"]]);
  await fleet.drive(fleet.control.remove("pump"));
  assert.deepEqual([version(), fleet.desired("gateway-1")?.apps], [3, []]);
  assert.equal(fleet.desired("edge-1"), undefined);
});

test("a node that is heard for the first time is told what to run", async () => {
  const fleet = await ControlFleet.start();
  await fleet.drive(fleet.control.deploy(app("pump")));
  await fleet.join({ name: "gateway-7", tier: "gateway", parent: "edge-1" });
  await fleet.until("its document is issued", () => fleet.desired("gateway-7") !== undefined);
  assert.deepEqual(fleet.desired("gateway-7")?.apps, fleet.desired("gateway-1")?.apps);
  assert.equal(fleet.desired("gateway-1")?.version, 1);
});

test("what may not be is refused before it is written", async () => {
  const fleet = await ControlFleet.start();
  const before = await foldAgain(fleet);
  const pump = app("pump");
  const raw = { ...pump, functions: pump.functions.map((fn) => ({ ...fn, emits: { "out.went": { stream: "alarm" as const, class: "raw" as const } } })) };
  await assert.rejects(fleet.drive(fleet.control.deploy(raw)), { code: "HOLON_POLICY_DENIED", message: /judge.*out\.went.*raw.*alarm/ });
  const modelless = { ...pump, functions: pump.functions.map((fn) => ({ ...fn, models: ["pca"] })) };
  await assert.rejects(fleet.drive(fleet.control.deploy(modelless)), { code: "HOLON_APP_BAD", message: /judge.*pca/ });
  const telling = appDocumentSchema.parse({ name: "people", functions: [], models: [], sources: [{ kind: "host", name: "in", type: "door.passed", class: "personal" }], reductions: [{ kind: "aggregate", name: "hours", on: "door.passed", emits: "door.hours" }] });
  await assert.rejects(fleet.drive(fleet.control.deploy(telling)), { code: "HOLON_APP_BAD", message: /app people: reduction hours: door.passed is personal, and without `fields`.*name those that may be told/ });
  const blobless = appDocumentSchema.parse({ ...pump, models: [{ name: "pca", graph: "f".repeat(64) }] });
  await assert.rejects(fleet.drive(fleet.control.deploy(blobless)), { code: "HOLON_BLOB_MISSING", message: /pump.*ffff/ });
  await assert.rejects(fleet.drive(fleet.control.remove("pump")), { code: "HOLON_APP_MISSING", message: /pump/ });
  assert.equal(await foldAgain(fleet), before);
});

test("only the root's own trail deploys: what another node claims to have deployed is nobody's", async () => {
  const fleet = await ControlFleet.start();
  await fleet.claim("gateway-1", "holon.app.deployed", app("evil"));
  await fleet.until("it is heard", () => fleet.hasHeard("gateway-1"));
  await fleet.drive(fleet.control.deploy(app("pump")));
  assert.deepEqual(fleet.control.apps().map(({ document }) => document.name), ["pump"]);
  assert.doesNotMatch(await foldAgain(fleet), /evil/);
});

test("a claim that is no such event does not stop the control plane", async () => {
  const fleet = await ControlFleet.start();
  for (const [type, data] of [["holon.node.started", { tier: "moon" }], ["holon.node.reported", "nonsense"], ["holon.node.started", null]] as const) await fleet.claim("gateway-1", type, data);
  await fleet.until("they are heard", () => fleet.hasHeard("gateway-1"));
  await fleet.drive(fleet.control.deploy(app("pump")));
  assert.equal(fleet.desired("edge-1"), undefined);
  assert.equal(fleet.desired("gateway-1")?.version, 1);
  await fleet.restart("cloud");
  assert.deepEqual(fleet.control.apps().map(({ document }) => document.name), ["pump"]);
});

test("what a node tells of its electricity counts also where it comes before the word that the node has started", async () => {
  const fleet = await ControlFleet.start();
  await fleet.claim("edge-1", "holon.node.curve", { kind: "carbon", startMs: 1.8e12, values: [100, 200], asOfMs: 1.8e12, from: "file grid.csv" });
  await fleet.until("it is heard", () => fleet.hasHeard("edge-1"));
  const isCurve = ({ bytes }: LogRecord): boolean => Buffer.from(bytes).includes("holon.node.curve");
  const curvesFirst = new Proxy(fleet.log, {
    get(log, name) {
      if (name === "read") return async (...asked: Parameters<Log["read"]>) => (await log.read(...asked)).toSorted((one, other) => Number(isCurve(other)) - Number(isCurve(one)));
      const value: unknown = Reflect.get(log, name, log);
      return typeof value === "function" ? value.bind(log) : value;
    },
  });
  const ignored: LogRecord[] = [];
  const fold = createFold(curvesFirst, { ignored: (record) => void ignored.push(record) });
  await fleet.drive(fold.catchUp());
  assert.deepEqual([ignored.length, fold.state.energy.curves.get("edge-1")?.carbon?.values], [0, [100, 200]]);
});
