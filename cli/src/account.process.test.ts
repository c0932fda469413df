/** Every answer about the fleet says as of when it is, and of how many nodes how much is known: all routes that there are, but those that are named here with what they are about. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { accountHeader } from "@holon/core/api/account.ts";
import { completenessSchema } from "@holon/core/telemetry/completeness.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { z } from "zod";
import { startThree } from "./machine/three.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { until } from "./testing/wait.ts";

/** Of one thing that is here and is all of it: documents, people, what this node itself measures. */
const notAboutTheFleet = [
  "/v1/approvals", "/v1/apps/{app}/export", "/v1/authority", "/v1/blobs/{hash}", "/v1/login", "/v1/plan/adopted", "/v1/plan/inputs", "/v1/policy", "/v1/session", "/v1/tokens", "/v1/users", "/metrics", "/metrics/fleet", "/v1/alerts/routes", "/v1/alerts/silences",
  "/v1/apps/{app}/http/{path}", "/v1/errors/{code}", "/v1/health", "/v1/metrics", "/v1/openapi.json", "/v1/policy/node", "/v1/proof", "/v1/requests", "/v1/requests/{request}", "/v1/requests/{request}/result", "/v1/scale/{app}/{function}",
  "/v1/top", "/v1/enrolled",
];
/** Of one node, which gives it at this moment. */
const ofOneNode = ["/v1/nodes/{node}/status", "/v1/nodes/{node}/commands", "/v1/nodes/{node}/events", "/v1/nodes/{node}/logs"];
const answerSchema = z.looseObject({ asOf: z.iso.datetime(), completeness: completenessSchema });
const openApiSchema = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

test("what an answer knows of the fleet stands in it, at control and at a gateway with its uplink cut", async (context) => {
  const data = join(tempFolder(context), "data");
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", telemetry: () => telemetrySettingsSchema.parse({ everyMs: 1_000 }), trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  const headers = { authorization: `Bearer ${readFileSync(join(data, "api-token"), "utf8").trim()}` };
  const ask = (api: string, path: string): Promise<Response> => fetch(`${api}${path}`, { headers });
  await until("control has heard all three", async () => (await three.cloud.node.telemetry?.fleet({}))?.completeness.reported === 3);
  three.gateway.node.cutUplink();
  await until("control misses the gateway", async () => (await three.cloud.node.telemetry?.fleet({}))?.completeness.states.silent === 1);
  await until("nothing of the gateway is known of late", async () => three.cloud.node.telemetry?.account().completeness?.unknown === 1);
  for (const [{ api }, nodes] of [[three.cloud, 3], [three.gateway, 1]] as const) {
    const { paths } = openApiSchema.parse(await (await ask(api, "/v1/openapi.json")).json());
    const asked = Object.entries(paths).flatMap(([path, methods]) => ("get" in methods && !notAboutTheFleet.includes(path) && !ofOneNode.includes(path) ? [path] : []));
    assert.ok(asked.length >= 8, asked.join());
    for (const path of asked) {
      const address = path.replace("{node}", "gateway-1").replace("{site}", "plant");
      const response = await ask(api, path === "/v1/series" ? `${address}?name=holon.log.records` : address);
      if (response.status === 404 || response.status === 400) continue; // no app, model or plan is there
      assert.equal(response.status, 200, path);
      const body: unknown = await response.json();
      const told: unknown = Array.isArray(body) ? JSON.parse(response.headers.get(accountHeader) ?? "{}") : body;
      if (Array.isArray(body)) assert.partialDeepStrictEqual(told, { nodes, unknown: nodes === 3 ? 1 : 0 }, path);
      else {
        const { completeness } = answerSchema.parse(told, { error: () => `${path} does not say how much it knows` });
        assert.equal(completeness.nodes, nodes, path);
        if (nodes === 3) assert.deepEqual([completeness.unknown, completeness.missing[0]?.node], [1, "gateway-1"], path);
      }
    }
  }
});

test("what a node gives at this moment says how that node stands, and so does that it gives nothing", async (context) => {
  const data = join(tempFolder(context), "data");
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", telemetry: () => telemetrySettingsSchema.parse({ everyMs: 1_000 }), trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  const headers = { authorization: `Bearer ${readFileSync(join(data, "api-token"), "utf8").trim()}` };
  const control = three.cloud.control ?? assert.fail();
  await until("control has heard all three", async () => (await three.cloud.node.telemetry?.fleet({}))?.completeness.reported === 3 && control.node("gateway-1") !== undefined);
  const ask = async (path: string, node: string): Promise<{ readonly status: number; readonly body: unknown }> => {
    const response = await fetch(`${three.cloud.api}${path.replace("{node}", node)}`, { headers });
    return { status: response.status, body: await response.json() };
  };
  for (const path of ofOneNode) assert.partialDeepStrictEqual(await ask(path, "gateway-1"), { status: 200, body: { completeness: { nodes: 1, states: { present: 1 } } } }, path);
  three.gateway.node.cutUplink();
  await until("control misses the gateway", async () => (await three.cloud.node.telemetry?.fleet({}))?.completeness.states.silent === 1);
  for (const path of ofOneNode) {
    const { status, body } = await ask(path, "gateway-1");
    const { completeness } = answerSchema.parse(body, { error: () => `${path} does not say how much it knows` });
    assert.deepEqual([status, completeness.nodes, completeness.states.silent], [503, 1, 1], path);
    assert.partialDeepStrictEqual(await ask(path, "edge-1"), { status: 200, body: { completeness: { nodes: 1, states: { present: 1 } } } }, path);
  }
});
