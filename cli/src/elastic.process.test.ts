/** Three real gateways of one site: one has more waiting than it gets through, all three drain it, and each works alone again. Real TLS between them, real sandboxes, real disks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeStoredEvent } from "@holon/core/event/stored.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { HolonNode } from "@holon/node/index.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { startMachines } from "./testing/start-machines.ts";
import { until } from "./testing/wait.ts";

const names = ["gateway-1", "gateway-2", "gateway-3"] as const;
const work = 400;
/** Waits for each event, as one does for a slow device: whatever the processor does, a sibling takes work off it. */
const source = `export default {
  kind: "holon.function",
  on: { type: "test.work" },
  emits: { "test.done": { stream: "data", class: "derived" } },
  models: [],
  async run(event, context) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    context.emit("test.done", { data: { number: event.data.number } });
  },
};
`;

test("a site of three drains a queue with all three, each event once and in order, and shrinks again", { ...onItsTurn(0, 2), timeout: 220_000 }, async (context) => {
  const { control, gateways } = await startMachines(context, names);
  const [first] = gateways;
  assert.ok(first !== undefined);
  const code = await control.blobs.put(new TextEncoder().encode(source));
  await control.deploy(appDocumentSchema.parse({
    name: "shared-work",
    version: "1",
    functions: [{ name: "slow", runtime: "worker", code, on: { type: "test.work" }, emits: { "test.done": { stream: "data", class: "derived" } }, models: [], elastic: { withinMs: 500 } }],
    models: [],
    egress: [{ class: "derived", to: "*" }],
  }));
  const unitOf = (node: HolonNode) => node.status().agent.units.find(({ name }) => name === "slow");
  await until("all run it", () => gateways.every((node) => unitOf(node)?.state === "running"), 120_000);
  await until("the first reaches its siblings", () => first.status().election?.reachable.length === names.length, 120_000);

  for (const node of gateways) node.cutUplink(); // an island: nobody is asked but siblings
  await first.log.append({ records: Array.from({ length: work }, (_, number) => first.events.record({ stream: "local", type: "test.work", class: "derived", producer: "test", data: { number } })) });
  await until("all of it is done", () => (unitOf(first)?.handled ?? 0) >= work, 120_000);

  const helped = unitOf(first)?.elastic?.helped ?? {};
  assert.deepEqual(Object.keys(helped).sort(), ["gateway-2", "gateway-3"], JSON.stringify(helped));
  for (const sibling of gateways.slice(1)) assert.ok((sibling.status().helped ?? []).some((row) => row.for === "gateway-1" && row.unit === "shared-work/slow" && row.events > 0), JSON.stringify(sibling.status().helped));

  const given = (await eventsOf(first, "local")).filter(({ type }) => type === "test.work").map(({ name }) => name);
  const done = (await eventsOf(first, "data")).filter(({ type }) => type === "test.done").map(({ causedby }) => causedby);
  assert.deepEqual(done, given, "each once, and in the order of the events");
  await until("it works alone again", () => unitOf(first)?.elastic?.siblings === 0, 120_000);
});

async function eventsOf({ log }: HolonNode, stream: "local" | "data"): Promise<readonly { readonly name: string; readonly type: string; readonly causedby: string | undefined }[]> {
  const lane = { origin: log.origin, stream } as const;
  const found = [];
  for (let from = 1; from <= (log.head(lane)?.sequence ?? 0); ) {
    const records = await log.read(lane, from, { maxRecords: 1_000, maxBytes: 1 << 20 });
    for (const record of records) {
      const { type, causedby } = decodeStoredEvent(record.bytes);
      found.push({ name: printRecordName(record), type, causedby });
    }
    from = (records.at(-1)?.sequence ?? Number.POSITIVE_INFINITY) + 1;
  }
  return found;
}
