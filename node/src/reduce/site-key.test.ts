import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { createSeals } from "@holon/sim/seals.ts";
import type { HolonNode } from "../node.ts";
import { SimFamily } from "../testing/sim-family.ts";

const alias = (keyOf: string | undefined) => ({ kind: "pseudonymise", name: "alias", on: "door.passed", emits: "door.alias", fields: ["floor"], replace: ["badge"], stream: "local", because: "a test", ...(keyOf === undefined ? {} : { keyOf }) });

async function open(keyOf: string | undefined, siteOf: (name: string) => string | undefined) {
  const family = new SimFamily(1, (name, ports) => ({ ...ports, seals: createSeals(siteOf(name)) }));
  await family.start();
  const nodes = [family.parentNode, family.childNode];
  for (const { config: { name }, log, events } of nodes) {
    const document = desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: name, version: 1, plan: "plan", apps: [{ name: "doors", functions: [], models: [], egress: [], reductions: [alias(keyOf)] }] });
    const passed = ["badge-x", "badge-y"].map((badge) => events.record({ stream: "local", type: "door.passed", class: "personal", producer: "test", subject: "ada", data: { floor: 3, badge } }));
    await family.world.drive(log.append({ records: passed, cells: [{ key: `desired/${name}`, value: new TextEncoder().encode(JSON.stringify(document)) }] }));
  }
  const unit = (node: HolonNode) => node.status().agent.units.find(({ name }) => name === "alias");
  await family.until("each has handled them, or says why not", () => nodes.every((node) => unit(node)?.handled === 2 || unit(node)?.problem !== undefined));
  const told = async ({ log }: HolonNode): Promise<readonly string[]> => {
    const records = await family.world.drive(log.read({ origin: log.origin, stream: "local" }, 1, { maxRecords: 1_000, maxBytes: 1 << 20 }));
    return records.map(({ bytes }) => parseStoredEvent(bytes, "")).filter(({ type }) => type === "door.alias").map(({ subject, data }) => JSON.stringify([subject, data]));
  };
  return { told: [await told(family.parentNode), await told(family.childNode)], problems: nodes.map((node) => unit(node)?.problem?.code) };
}

test("under the key of the site all nodes that hold it give the same person one name, and nobody has to be told the key of another", async () => {
  const { told: [one, other] } = await open("site", () => "plant");
  assert.equal(one?.length, 2);
  assert.deepEqual(one, other);
  assert.doesNotMatch(JSON.stringify(one), /ada|badge-/);
  const apart = await open(undefined, () => "plant");
  assert.equal(apart.told[0]?.length, 2);
  assert.notDeepEqual(apart.told[0], apart.told[1], "without it each node has its own");
});

test("a node that does not hold the key of its site tells nothing under another one", async () => {
  const { told, problems } = await open("site", (name) => (name === "gateway-1" ? undefined : "plant"));
  assert.deepEqual([told[0]?.length, told[1], problems], [2, [], [undefined, "HOLON_SEAL_CLOSED"]]);
});
