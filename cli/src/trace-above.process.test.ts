/** The trace of an event whose model asks another one, two nodes further on: the step of the node that answers stands within that of the one that asks, by real sandboxes and links. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { traceSchema, type Trace } from "@holon/core/telemetry/trace.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { connectAsync } from "mqtt";
import { deployHere } from "./app/deploy-here.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { startThree } from "./machine/three.ts";
import { repository } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const manifest = (runtime: string): string => `name: pumps
tracing: {}
sources: [{ kind: mqtt, name: devices, type: pump.reading, class: public, listen: "127.0.0.1:0" }]
functions: [{ name: judge, module: judge.ts, runtime: ${runtime} }]
models:
  - { name: small, graph: small.onnx, licence: Apache-2.0, cascade: { above: large, gate: { temperature: 1, threshold: 1 }, deadlineMs: 30000, release: { class: derived, because: "a drawing of nobody" } } }
  - { name: large, graph: large.onnx, licence: Apache-2.0, answers: { tier: cloud } }
egress: [{ class: derived }]
`;
const judge = `import { defineFunction } from "@holon/sdk";
  export default defineFunction({
    on: { type: "pump.reading" },
    emits: { "pump.judged": { stream: "local", class: "raw" } },
    models: ["small"],
    async run({ data }, { models, emit }) {
      const [one] = await models.small.decide({ shape: [1, 784], values: new Float32Array(784) });
      emit("pump.judged", { data: { by: one?.answeredBy } });
    },
  });`;

for (const runtime of ["javascript", "worker"]) {
  test(`a question to a model above carries its trace along (${runtime})`, { timeout: 240_000 }, async (context) => {
    const folder = tempFolder(context);
    const app = join(folder, "pumps");
    mkdirSync(app);
    writeFileSync(join(app, "holon.app.yaml"), manifest(runtime));
    writeFileSync(join(app, "judge.ts"), judge);
    for (const model of ["small", "large"]) copyFileSync(join(repository, "examples/digits/models/small.onnx"), join(app, `${model}.onnx`));
    const data = join(folder, "data");
    const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", telemetry: () => telemetrySettingsSchema.parse({ everyMs: 1_000 }), trace: { level: "error", output: process.stderr } });
    context.after(() => three.close());
    await deployHere(three, await publish(await loadManifest(app)));
    const { gateway, edge, cloud } = three;
    const source = (): string | undefined => gateway.node.status().agent.sources[0]?.address;
    await until("the door is open and the function runs", () => source() !== undefined && gateway.node.status().agent.units[0]?.state === "running", 120_000);
    await until("control answers for the large one", () => cloud.node.status().models.some(({ model }) => model === "pumps/large"), 120_000);
    const headers = { authorization: `Bearer ${readFileSync(join(data, "api-token"), "utf8").trim()}` };
    const traceOf = async (id: string): Promise<Trace | undefined> => {
      const response = await fetch(`${cloud.api}/v1/traces/${id}`, { headers });
      return response.ok ? traceSchema.parse(await response.json()) : undefined;
    };
    const pump = await connectAsync(source() ?? "", { protocolVersion: 5, reconnectPeriod: 0 }, false);
    context.after(() => pump.endAsync(true));
    const ids = ["4bf92f3577b34da6a3ce929d0e0e4736", "5bf92f3577b34da6a3ce929d0e0e4737", "6bf92f3577b34da6a3ce929d0e0e4738"];
    // At once, so that they come in one batch: each question is of its own event. The second is not followed.
    await Promise.all(ids.map((id, index) => pump.publishAsync("pump/1", "{}", { qos: 1, properties: { userProperties: { traceparent: `00-${id}-00f067aa0ba902b7-0${index === 1 ? 0 : 1}` } } })));
    for (const id of [ids[0] ?? "", ids[2] ?? ""]) {
      await until(`control knows all of ${id}`, async () => (await traceOf(id))?.isWhole === true && (await traceOf(id))?.spans.length === 4, 120_000);
      const found = await traceOf(id);
      assert.deepEqual(found?.spans.map(({ depth, kind, name, node }) => `${"  ".repeat(depth)}${kind}: ${name} at ${node}`), ["door: door pumps/devices at gateway-1", "  function: pumps/judge at gateway-1", "    model: model small at gateway-1", "      model: model large at cloud-1"]);
    }
    assert.equal(await traceOf(ids[1] ?? ""), undefined);
    assert.equal(edge.node.status().models.length, 0, "it was passed on there");
  });
}
