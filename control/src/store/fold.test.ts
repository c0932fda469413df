import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test, type TestContext } from "node:test";
import { canonicalJson } from "@holon/core/json.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import { openControl, type Control } from "../control.ts";
import { openHost, type TestHost } from "../testing/control-host.ts";
import { createFold } from "./fold.ts";

const code = new TextEncoder().encode("export default 1;");
const hash = createHash("sha256").update(code).digest("hex");

const app = (name: string, version = "1", rule = "derived"): AppDocument =>
  appDocumentSchema.parse({
    name,
    version,
    functions: [{ name: "judge", code: hash, on: { type: "in.came" }, emits: { "out.went": { stream: "data", class: "derived" } }, models: [] }],
    models: [],
    egress: [{ class: rule, to: "*" }],
  });

async function control(context: TestContext, host: TestHost): Promise<Control> {
  const opened = await openControl(host);
  context.after(() => opened.close());
  await opened.blobs.put(code);
  return opened;
}

const desired = (host: TestHost, node: string): Desired | undefined => {
  const cell = host.log.cell(`desired/${node}`);
  return cell && desiredSchema.parse(JSON.parse(new TextDecoder().decode(cell)));
};

/** A state as text: what is equal has equal texts. */
async function folded(host: TestHost): Promise<string> {
  const fold = createFold(host.log);
  await fold.catchUp();
  return canonicalJson({ nodes: Object.fromEntries(fold.state.nodes), apps: Object.fromEntries(fold.state.apps) });
}

test("the state is a fold of the log: thrown away and folded again, in one go or step by step, it is the same", async (context) => {
  const host = await openHost(context);
  const opened = await control(context, host);
  const stepwise = createFold(host.log);
  for (const step of [() => host.nodeStarted("gateway-1", "gateway"), () => opened.deploy(app("pump")), () => host.nodeReported("gateway-1", 1), () => opened.deploy(app("pump", "2")), () => opened.deploy(app("fan")), () => opened.remove("pump"), () => host.nodeStarted("edge-1", "edge")]) {
    await step();
    await stepwise.catchUp();
  }
  const once = await folded(host);
  assert.equal(await folded(host), once);
  assert.equal(canonicalJson({ nodes: Object.fromEntries(stepwise.state.nodes), apps: Object.fromEntries(stepwise.state.apps) }), once);
  assert.deepEqual(opened.apps().map(({ document }) => document.name), ["fan"]);
  assert.deepEqual(opened.nodes().map(({ name }) => name).sort(), ["edge-1", "gateway-1"]);
  await opened.close();
  await host.reopen();
  assert.equal(await folded(host), once, "after a restart too");
});

test("a change of an app makes a new version of the document of each node it concerns, and of no other", async (context) => {
  const host = await openHost(context);
  const opened = await control(context, host);
  await host.nodeStarted("gateway-1", "gateway");
  await host.nodeStarted("edge-1", "edge");
  await opened.deploy(app("pump"));
  assert.equal(desired(host, "gateway-1")?.version, 1);
  assert.equal(desired(host, "edge-1"), undefined);
  await opened.deploy(app("pump"));
  assert.equal(desired(host, "gateway-1")?.version, 1, "the same again is no change");
  await opened.deploy(app("pump", "2"));
  const second = desired(host, "gateway-1");
  assert.deepEqual([second?.version, second?.apps.map(({ version }) => version)], [2, ["2"]]);
  await opened.remove("pump");
  assert.deepEqual([desired(host, "gateway-1")?.version, desired(host, "gateway-1")?.apps], [3, []]);
});

test("a node that is heard for the first time is told what to run, and a restart of control issues nothing again", async (context) => {
  const host = await openHost(context);
  const opened = await control(context, host);
  await opened.deploy(app("pump"));
  await host.nodeStarted("gateway-7", "gateway");
  while (desired(host, "gateway-7") === undefined) await new Promise((resolve) => setImmediate(resolve));
  await opened.close();
  await host.reopen();
  const again = await control(context, host);
  assert.equal(desired(host, "gateway-7")?.version, 1);
  await host.nodeReported("gateway-7", 1);
  while (again.nodes()[0]?.reported === undefined) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(again.nodes().map(({ name, desiredVersion, reported }) => [name, desiredVersion, reported?.outcome]), [["gateway-7", 1, "settled"]]);
});

test("what may not be is refused before it is written", async (context) => {
  const host = await openHost(context);
  const opened = await control(context, host);
  const before = await folded(host);
  const raw = { ...app("pump"), functions: app("pump").functions.map((fn) => ({ ...fn, emits: { "out.went": { stream: "alarm" as const, class: "raw" as const } } })) };
  await assert.rejects(opened.deploy(raw), { code: "HOLON_POLICY_DENIED", message: /judge.*out\.went.*raw.*alarm/ });
  const modelless = { ...app("pump"), functions: app("pump").functions.map((fn) => ({ ...fn, models: ["pca"] })) };
  await assert.rejects(opened.deploy(modelless), { code: "HOLON_APP_BAD", message: /judge.*pca/ });
  const blobless = { ...app("pump"), models: [{ name: "pca", graph: "f".repeat(64) }] };
  await assert.rejects(opened.deploy(appDocumentSchema.parse(blobless)), { code: "HOLON_BLOB_MISSING", message: /pump.*ffff/ });
  await assert.rejects(opened.remove("pump"), { code: "HOLON_APP_MISSING", message: /pump/ });
  assert.equal(await folded(host), before);
});

test("an app that another node's trail claims to have deployed is nobody's", async (context) => {
  const host = await openHost(context);
  const opened = await control(context, host);
  await host.foreignRecord("gateway-1", "holon.app.deployed", app("evil"));
  await host.nodeStarted("gateway-1", "gateway");
  assert.deepEqual(opened.apps(), []);
  assert.doesNotMatch(await folded(host), /evil/);
});
