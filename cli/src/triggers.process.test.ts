/** Functions that are triggered by the time, by requests, by another's state and by a pattern of types, on three real nodes. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { z } from "zod";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { deployHere } from "./app/deploy-here.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { startThree, type Three } from "./machine/three.ts";
import { until } from "./testing/wait.ts";

const modules = {
  "stock.ts": `import { defineFunction, Reply } from "@holon/sdk";
    export default defineFunction({
      on: { http: { method: "PUT", path: "/stock/{item}" } },
      emits: { "shop.sold": { stream: "data", class: "aggregate" }, "shop.out": { stream: "data", class: "aggregate" } },
      run({ params, body }, { state, emit }) {
        const left = Number(state.get(params.item) ?? 3) - Number(body.sold);
        if (left < 0) return new Reply(409, { left: left + Number(body.sold) });
        state.set(params.item, left);
        emit(left === 0 ? "shop.out" : "shop.sold", { subject: params.item, data: { left } });
        return { item: params.item, left };
      },
    });`,
  "low.ts": `import { defineFunction } from "@holon/sdk";
    export default defineFunction({
      on: { state: { function: "stock", key: "tea" } },
      emits: { "shop.low": { stream: "data", class: "derived" } },
      run: ({ data }, { emit }) => { if (Number(data.value) < 2) emit("shop.low", { subject: data.key, data: data.value }); },
    });`,
  "count.ts": `import { defineFunction } from "@holon/sdk";
    export default defineFunction({
      on: { type: "shop.*", subject: "te*" },
      emits: { "count.all": { stream: "data", class: "aggregate" } },
      run: ({ type }, { emit }) => emit("count.all", { data: type }),
    });`,
  "clock.ts": `import { defineFunction } from "@holon/sdk";
    export default defineFunction({
      on: { schedule: { everyMs: 1000 } },
      emits: { "clock.tick": { stream: "data", class: "aggregate" } },
      run: ({ data }, { emit }) => emit("clock.tick", { data: data.dueMs % 1000 }),
    });`,
};

async function toldAtCloud(three: Three, type: string, stream = "data"): Promise<readonly unknown[]> {
  const found = three.cloud.node.log.heads().get(`gateway-1/${stream}`);
  if (found === undefined) return [];
  const records = await three.cloud.node.log.read(found.lane, 1, { maxRecords: 1_000, maxBytes: 1 << 20 });
  return records.map(({ bytes }) => parseStoredEvent(bytes, "test")).filter((event) => event.type === type).map(({ data }) => data);
}

test("what is no event becomes one: requests are answered, states followed, times told", async (context) => {
  const folder = tempFolder(context);
  const app = join(folder, "shop");
  mkdirSync(app);
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(app, name), text);
  const functions = Object.keys(modules).map((module) => `{ name: ${module.replace(".ts", "")}, module: ${module} }`).join(", ");
  writeFileSync(join(app, "holon.app.yaml"), `name: shop\nfunctions: [${functions}]\negress: [{ class: aggregate }, { class: derived }]\n`);
  const three = await startThree({ data: join(folder, "data"), portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  await deployHere(three, await publish(await loadManifest(app)));
  await until("all functions run", () => three.gateway.node.status().agent.units.filter(({ state }) => state === "running").length === 4, 120_000);

  const token = readFileSync(join(folder, "data/api-token"), "utf8").trim();
  const ask = async (method: string, path: string, body?: unknown, more: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`http://${three.gateway.api}/v1/apps/shop/http${path}`.replace("http://http://", "http://"), { method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...more }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return [answer.status, (await answer.json()) as { readonly error?: { readonly code: string } }] as const;
  };
  assert.deepEqual(await ask("PUT", "/stock/tea", { sold: 1 }), [200, { item: "tea", left: 2 }]);
  assert.deepEqual(await ask("PUT", "/stock/tea", { sold: 1 }), [200, { item: "tea", left: 1 }]);
  assert.deepEqual(await ask("PUT", "/stock/milk", { sold: 3 }), [200, { item: "milk", left: 0 }]);
  assert.deepEqual(await ask("PUT", "/stock/tea", { sold: 2 }), [409, { left: 1 }]);
  const many = await Promise.all(Array.from({ length: 20 }, (_, index) => ask("PUT", `/stock/item-${index}`, { sold: 2 })));
  assert.deepEqual(many.map(([status, body]) => [status, body]), many.map((_, index) => [200, { item: `item-${index}`, left: 1 }]));
  const [traceId, spanId] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  await ask("PUT", "/stock/milk", { sold: 9 }, { traceparent: `00-${traceId}-${spanId}-01` });
  const [status, refused] = await ask("GET", "/stock/tea");
  assert.deepEqual([status, refused.error?.code], [400, "HOLON_ARGUMENT_BAD"]);

  await until("the state was followed", async () => (await toldAtCloud(three, "shop.low")).length === 1, 120_000);
  assert.deepEqual(await toldAtCloud(three, "shop.low"), [1]);
  await until("all of the pattern and subject were counted", async () => (await toldAtCloud(three, "count.all")).length === 3, 120_000);
  assert.deepEqual((await toldAtCloud(three, "count.all")).toSorted(), ["shop.low", "shop.sold", "shop.sold"]);
  const spanSchema = z.object({ traceId: z.string(), name: z.string() });
  const spans = async () => (await toldAtCloud(three, "holon.trace.span", "telemetry")).map((data) => spanSchema.parse(data));
  await until("the request is followed", async () => (await spans()).length > 0, 120_000);
  assert.deepEqual((await spans()).map(({ name }) => name), ["shop/stock"]);
  const all = JSON.stringify(await toldAtCloud(three, "holon.trace.span", "telemetry"));
  assert.ok(!all.includes(traceId) && !all.includes(spanId), "by ids of its own: what a caller chose may not leave");
  await until("the clock ticked", async () => (await toldAtCloud(three, "clock.tick")).length >= 2, 120_000);
  assert.deepEqual([...new Set(await toldAtCloud(three, "clock.tick"))], [0]);
});
