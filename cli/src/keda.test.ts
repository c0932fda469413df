/** What KEDA's `metrics-api` scaler does, done by hand: it reads a number from JSON at a place, from the address in the manifest that the docs give. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { exportApp } from "@holon/core/export/export.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { scaleRoutes } from "@holon/node/api/scale-routes.ts";
import { Fleet } from "@holon/sim/fleet.ts";
import { holonProgram } from "@holon/sim/programs/program.ts";
import { World } from "@holon/sim/world.ts";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

const named = z.object({ name: z.string() });
/** Of keda.sh/v1alpha1, what the manifest uses of it. */
const kinds = {
  Secret: z.strictObject({ apiVersion: z.literal("v1"), kind: z.literal("Secret"), metadata: named, type: z.literal("Opaque"), stringData: z.object({ token: z.string() }) }),
  TriggerAuthentication: z.strictObject({ apiVersion: z.literal("keda.sh/v1alpha1"), kind: z.literal("TriggerAuthentication"), metadata: named, spec: z.strictObject({ secretTargetRef: z.array(z.strictObject({ parameter: z.literal("token"), name: z.string(), key: z.string() })) }) }),
  ScaledObject: z.strictObject({
    apiVersion: z.literal("keda.sh/v1alpha1"),
    kind: z.literal("ScaledObject"),
    metadata: named,
    spec: z.strictObject({
      scaleTargetRef: named.extend({ apiVersion: z.string(), kind: z.string() }).strict(),
      minReplicaCount: z.int(),
      maxReplicaCount: z.int(),
      cooldownPeriod: z.int(),
      fallback: z.strictObject({ failureThreshold: z.int(), replicas: z.int() }),
      triggers: z.array(z.strictObject({ type: z.literal("metrics-api"), metadata: z.strictObject({ url: z.url(), valueLocation: z.string(), targetValue: z.string().regex(/^\d+$/), authMode: z.literal("bearer") }), authenticationRef: named })).length(1),
    }),
  }),
};

const manifest = (): readonly unknown[] => parseAllDocuments(readFileSync(new URL("../../docs/reference/keda-scaled-object.yaml", import.meta.url), "utf8")).map((document): unknown => document.toJS());

test("what is scaled is what an app is exported as", () => {
  const totals = appDocumentSchema.parse({ name: "totals", version: "1", functions: [{ name: "sum", code: "0".repeat(64), on: { type: "pump.minute" }, emits: {}, models: [] }], models: [] });
  const { files: [file] } = exportApp(totals, { format: "kubernetes", jurisdiction: "EU/DE", image: "registry.example/holon:1", program: "holon", folder: "/opt/holon" }, new Map([["0".repeat(64), new Uint8Array(8)]]));
  const { items } = z.object({ items: z.array(z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: named, spec: z.looseObject({ replicas: z.int().optional() }).optional() })) }).parse(JSON.parse(file?.text ?? ""));
  const { apiVersion, kind, name } = kinds.ScaledObject.parse(manifest()[2]).spec.scaleTargetRef;
  const scalable = items.filter((item) => item.spec?.replicas !== undefined);
  assert.deepEqual(scalable.map((item) => [item.apiVersion, item.kind, item.metadata.name]), [[apiVersion, kind, name]]);
});

test("the manifest names an address that answers with a number where it says, and where nobody knows it is an error", async () => {
  const documents = manifest();
  const secret = kinds.Secret.parse(documents[0]);
  const access = kinds.TriggerAuthentication.parse(documents[1]);
  const { triggers: [trigger] } = kinds.ScaledObject.parse(documents[2]).spec;
  assert.ok(trigger !== undefined);
  assert.deepEqual([access.spec.secretTargetRef[0]?.name, trigger.authenticationRef.name], [secret.metadata.name, access.metadata.name]);
  const [, app, fn] = /^\/v1\/scale\/([^/]+)\/([^/]+)$/.exec(new URL(trigger.metadata.url).pathname) ?? [];
  assert.deepEqual([app, fn], ["totals", "sum"]);

  const world = new World(5);
  const fleet = new Fleet(world, await holonProgram());
  fleet.add({ name: "cloud", tier: "cloud", telemetry: telemetrySettingsSchema.parse({ everyMs: 10_000 }) });
  for (const name of ["gateway-1", "gateway-2"]) fleet.add({ name, tier: "gateway", parent: "cloud", telemetry: telemetrySettingsSchema.parse({ everyMs: 10_000 }), devices: { readingsPerSecond: 0.2, burstChance: 0, burstMax: 1, markerEvery: 10 } });
  await fleet.bringUp();
  const [route] = scaleRoutes(fleet.root.machine.subject?.telemetry);
  assert.ok(route !== undefined);
  const read = (name: string) => world.drive(route.handle({ params: { app: "counter", function: name }, query: {}, body: undefined }));
  await assert.rejects(read("nothing"), { code: "HOLON_UNIT_UNKNOWN" });
  await world.run({ timeMs: world.nowMs + 60_000 });
  const { body } = await read("count");
  const queue = z.looseObject({ [trigger.metadata.valueLocation]: z.number(), nodes: z.literal(2), unknown: z.literal(0) }).parse(body);
  assert.ok(Number(queue[trigger.metadata.valueLocation]) >= 0);
  fleet.net.cut("gateway-2", "cloud", { reset: true });
  await world.run({ timeMs: world.nowMs + 120_000 });
  assert.partialDeepStrictEqual((await read("count")).body, { nodes: 1, unknown: 1 });
});
