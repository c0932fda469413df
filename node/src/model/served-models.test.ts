/** Cascades and monitors as manifests declare them, on the parent and the child of a simulated family. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { StoredEvent, StreamName } from "@holon/core/schema/event.ts";
import type { HolonNode } from "../node.ts";
import { graphOf } from "../testing/sign-graph.ts";
import { childName, parentName, SimFamily } from "../testing/sim-family.ts";

const column = (...values: number[]) => ({ shape: [values.length, 1], values: Float32Array.from(values) });
const cascade = { above: "large", gate: { temperature: 1, threshold: 0.9 }, release: { class: "derived", because: "one number, without a name" } };

class Bed {
  readonly family = new SimFamily();

  /** `child` and `parent`: what their documents say of the models small and large. */
  static async open({ child, parent, egress = [{ class: "derived" }] }: { readonly child: object; readonly parent?: object | undefined; readonly egress?: readonly object[] }): Promise<Bed> {
    const bed = new Bed();
    await bed.family.start();
    await bed.deploy(bed.family.childNode, "small", 1, child, egress);
    if (parent !== undefined) await bed.deploy(bed.family.parentNode, "large", 10, parent, []);
    return bed;
  }

  async deploy(node: HolonNode, model: string, factor: number, more: object, egress: readonly object[], version = 1): Promise<void> {
    const { world } = this.family;
    const graph = await world.drive(node.blobs.put(graphOf(factor)));
    const app = appDocumentSchema.parse({ name: "app", functions: [], models: [{ name: model, graph, ...more }], egress });
    const desired = { apiVersion: "holon/v1", kind: "Desired", node: node.config.name, version, plan: "", apps: [app] };
    await world.drive(node.log.append({ cells: [{ key: `desired/${node.config.name}`, value: new TextEncoder().encode(JSON.stringify(desired)) }] }));
    await this.family.until("it is settled", () => node.status().agent.version === version);
  }

  decide = (...values: number[]) => this.family.world.drive(this.family.childNode.decide("app", "small", column(...values)));

  async events(stream: StreamName, type: string): Promise<readonly StoredEvent[]> {
    const { log } = this.family.childNode;
    const records = await this.family.world.drive(log.read({ origin: childName, stream }, 1, { maxRecords: 1_000, maxBytes: 1 << 20 }));
    return records.map(({ bytes }) => parseStoredEvent(bytes, "test")).filter((event) => event.type.startsWith(type));
  }
}

const answers = { answers: { tier: "edge" } };

test("what the small one is not sure of goes up, with a decision of the guard and the author's word in the trail first; cut off it is kept", async () => {
  const bed = await Bed.open({ child: { cascade }, parent: answers });
  const decided = await bed.decide(5, 0.5);
  assert.deepEqual(decided.map(({ answeredBy, sure, kept }) => [answeredBy, sure, kept]), [[childName, true, undefined], [parentName, true, undefined]]);
  assert.deepEqual((await bed.events("audit", "holon.model.released")).map(({ data }) => data), [{ model: "app/small", above: "large", to: "derived", because: "one number, without a name" }]);
  const [opened] = (await bed.events("audit", "holon.policy.decision.opened")).map(({ data }) => data as { readonly lane: string; readonly allow: boolean }).filter(({ lane }) => lane === "model/app/small");
  assert.equal(opened?.allow, true);

  bed.family.childNode.cutUplink();
  await bed.family.until("the link is down", () => !bed.family.isLinked());
  assert.deepEqual((await bed.decide(5, 0.5)).map(({ answeredBy, sure, kept }) => [answeredBy, sure, kept]), [[childName, true, undefined], [childName, false, "cut"]]);
  bed.family.childNode.healUplink();
  await bed.family.until("the link is open", () => bed.family.isLinked());
  assert.equal((await bed.decide(0.5))[0]?.answeredBy, parentName);
  const [status] = bed.family.childNode.status().models;
  assert.deepEqual([status?.model, status?.here, status?.above, status?.kept?.cut], ["app/small", 2, 2, 1]);
});

test("no row leaves without a rule: it is refused, and kept", async () => {
  const bed = await Bed.open({ child: { cascade }, parent: answers, egress: [{ class: "aggregate" }] });
  assert.deepEqual((await bed.decide(0.5)).map(({ answeredBy, kept }) => [answeredBy, kept]), [[childName, "refused"]]);
  assert.equal(bed.family.sent(childName, "call", "request").filter(({ frame }) => JSON.stringify(frame.header).includes("model.answer")).length, 0);
  await bed.deploy(bed.family.childNode, "small", 1, { cascade }, [{ class: "derived" }], 2);
  assert.equal((await bed.decide(0.5))[0]?.answeredBy, parentName, "the next document allows it");
});

test("where nobody above has the model, or it does not answer there, the row is kept", async () => {
  const nobody = await Bed.open({ child: { cascade } });
  assert.deepEqual((await nobody.decide(0.5)).map(({ kept }) => kept), ["refused"]);
  const silent = await Bed.open({ child: { cascade }, parent: { answers: { tier: "cloud" } } });
  assert.deepEqual((await silent.decide(0.5)).map(({ kept }) => kept), ["refused"]);
});

test("over its bytes an hour it keeps what it would ask", async () => {
  const bed = await Bed.open({ child: { cascade: { ...cascade, bytesPerHour: 4_096 } }, parent: answers });
  const many = column(...Array.from({ length: 200 }, () => 0.123));
  const kept = new Set((await bed.family.world.drive(bed.family.childNode.decide("app", "small", many))).map((row) => row.kept));
  assert.deepEqual([...kept], [undefined], "the bucket is full at first");
  assert.deepEqual((await bed.decide(0.123)).map((row) => row.kept), ["bytes"]);
});

test("a drift is told when it begins and when it ends", async () => {
  const bed = await Bed.open({ child: { drift: { windowRows: 200 } } });
  const rows = (shift: number) => Array.from({ length: 200 }, (_, index) => shift + ((index * 37) % 200) / 100);
  for (const shift of [0, 0, 3, 0]) await bed.decide(...rows(shift));
  await bed.family.pass(1_000);
  const told = (await bed.events("telemetry", "holon.model.drift")).map(({ data }) => data as { readonly model: string; readonly side: string; readonly state: string }).filter(({ side }) => side === "input");
  assert.deepEqual(told.map(({ model, state }) => [model, state]), [["app/small", "began"], ["app/small", "ended"]]);
});
