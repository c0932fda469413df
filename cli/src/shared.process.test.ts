/** Functions at two tiers that share state, on three real nodes. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { deployHere } from "./app/deploy-here.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { startThree, type Three } from "./machine/three.ts";
import { runHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";

const stock = `import { defineFunction } from "@holon/sdk";
export default defineFunction({
  on: { http: { method: "POST", path: "/PLACE" } },
  run({ body }, { shared }) {
    shared.counter("sold").add(body.sold);
    shared.register("price", "tea").set({ cents: body.cents });
    shared.set("places").add("PLACE");
    return { sold: shared.counter("sold").value(), places: shared.set("places").values() };
  },
});`;
const manifest = `name: shop
shared:
  - { name: sold, kind: counter, class: aggregate }
  - { name: price, kind: register, class: derived }
  - { name: places, kind: set, class: derived }
functions:
  - { name: till, module: till.ts }
  - { name: office, module: office.ts, run: { tier: edge } }
egress: [{ class: aggregate }, { class: derived }]
`;
const answerSchema = z.object({ shared: z.array(z.object({ name: z.string(), key: z.string(), value: z.unknown() })) });

test("what a gateway and an edge site count and write is the same everywhere", onItsTurn(0, 2), async (context) => {
  const folder = tempFolder(context);
  const app = join(folder, "shop");
  mkdirSync(app);
  for (const place of ["till", "office"]) writeFileSync(join(app, `${place}.ts`), stock.replaceAll("PLACE", place));
  writeFileSync(join(app, "holon.app.yaml"), manifest);
  const data = join(folder, "data");
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  await deployHere(three, await publish(await loadManifest(app)));
  const runs = ({ node }: Three["edge"]): boolean => node.status().agent.units.some(({ state }) => state === "running");
  await until("both functions run", () => runs(three.gateway) && runs(three.edge), 120_000);

  const authorization = `Bearer ${readFileSync(join(data, "api-token"), "utf8").trim()}`;
  const sell = async ({ api }: Three["edge"], place: string, body: unknown): Promise<unknown> =>
    (await fetch(`${api}/v1/apps/shop/http/${place}`, { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) })).json();
  assert.deepEqual(await sell(three.gateway, "till", { sold: 2, cents: 100 }), { sold: 2, places: ["till"] });
  assert.deepEqual(await sell(three.gateway, "till", { sold: 3, cents: 110 }), { sold: 5, places: ["till"] });
  const places = ({ node }: Three["edge"]): number => {
    const state = node.shared.entry("shop/set/places/")?.state;
    return state?.kind === "set" ? state.elements.size : 0;
  };
  await until("the edge heard of the till", () => places(three.edge) === 1, 120_000);
  assert.deepEqual(await sell(three.edge, "office", { sold: 10, cents: 120 }), { sold: 15, places: ["office", "till"] });
  await until("the cloud heard of both", () => places(three.cloud) === 2, 120_000);
  // What comes from above is asked for about once a minute, and as soon as a link opens.
  three.gateway.node.cutUplink();
  three.gateway.node.healUplink();
  await until("all three are equal", () => [three.gateway, three.edge, three.cloud].every((machine) => places(machine) === 2), 120_000);

  for (const { api } of [three.cloud, three.edge, three.gateway]) {
    const shown = await runHolon(context, ["app", "shared", "shop", "--json", "--api", api, "--data", data]);
    assert.equal(shown.exitCode, 0, shown.stderr);
    const values = Object.fromEntries(answerSchema.parse(JSON.parse(shown.stdout)).shared.map(({ name, key, value }) => [`${name}/${key}`, value]));
    assert.deepEqual(values, { "sold/": 15, "price/tea": { cents: 120 }, "places/": ["office", "till"] });
  }
});
