import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { appDocumentSchema } from "../schema/app.ts";
import { exportApp } from "./export.ts";

const code = "0".repeat(64);
const metadataSchema = z.object({ name: z.string(), labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()) });
const itemsSchema = z.object({ items: z.tuple([z.object({ metadata: metadataSchema }), z.object({ metadata: metadataSchema, spec: z.object({ selector: z.record(z.string(), z.string()) }) }), z.object({ metadata: metadataSchema, spec: z.object({ serviceName: z.string(), selector: z.object({ matchLabels: z.record(z.string(), z.string()) }), template: z.object({ metadata: metadataSchema.omit({ name: true }), spec: z.object({ nodeSelector: z.record(z.string(), z.string()).default({}), volumes: z.array(z.looseObject({ configMap: z.looseObject({ name: z.string() }).optional() })) }) }) }) })]) });

function manifestsOf(name: string, version: string, jurisdiction = "EU/DE") {
  const app = appDocumentSchema.parse({ name, version, functions: [{ name: "f", code, on: { type: "pump.minute" }, emits: {}, models: [], needs: { jurisdictions: ["EU"] } }], models: [] });
  const { files } = exportApp(app, { format: "kubernetes", jurisdiction, image: "registry.example/holon:1", program: "holon", folder: "/opt/holon" }, new Map([[code, new Uint8Array(8)]]));
  return itemsSchema.parse(JSON.parse(files[0]?.text ?? "")).items;
}

/** As an API server takes them: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ and …/names/. */
const isLabelValue = (text: string): boolean => text.length <= 63 && /^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/.test(text);
/** RFC 1035, for services. */
const isServiceName = (text: string): boolean => text.length <= 63 && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(text);
/** To a StatefulSet's name 11 characters are added in a label of its pods. */
const isSetName = (text: string): boolean => isServiceName(text) && text.length <= 63 - 11;

function hold(name: string, version: string, jurisdiction?: string): void {
  const [config, service, set] = manifestsOf(name, version, jurisdiction);
  const { selector, serviceName, template } = set.spec;
  assert.ok(isServiceName(service.metadata.name), service.metadata.name);
  assert.ok(isSetName(set.metadata.name), set.metadata.name);
  for (const label of [config, service, set].flatMap(({ metadata }) => Object.values(metadata.labels)).concat(Object.values(template.metadata.labels), Object.values(template.spec.nodeSelector))) assert.ok(isLabelValue(label), label);
  assert.equal(serviceName, service.metadata.name);
  assert.equal(template.spec.volumes.find(({ configMap }) => configMap !== undefined)?.configMap?.name, config.metadata.name);
  for (const [key, value] of Object.entries({ ...service.spec.selector, ...selector.matchLabels })) assert.equal(template.metadata.labels[key], value);
}

test("an API server takes all names and labels, whatever an app and its version are called", () => {
  for (const version of ["1.0-rc.1-", "+1", "v".repeat(64), "---", "ß", ".", "1.0 (of may)"]) hold("pump", version);
  for (const name of ["p".repeat(52), "p".repeat(53), "p".repeat(63), `${"p".repeat(42)}-${"q".repeat(12)}`, "9to5", "7"]) hold(name, "1");
  hold("pump", "1", `EU/${"ABCDEFGH/".repeat(8)}A`);
  const first = fc.constantFrom(..."abz059");
  const names = fc.tuple(first, fc.string({ unit: fc.constantFrom(..."az09-"), maxLength: 61 }), first).map((parts) => parts.join(""));
  fc.assert(fc.property(names, fc.string({ minLength: 1, maxLength: 64 }), (name, version) => hold(name, version)), { numRuns: 300, seed: 7 });
});

test("what was legal stays as it is, and what is cut differs as the whole does", () => {
  const [, service, set] = manifestsOf("pump-watch", "1.2.3+4");
  assert.deepEqual([service.metadata.name, set.metadata.name, set.metadata.labels["app.kubernetes.io/version"]], ["pump-watch", "pump-watch", "1.2.3_4"]);
  const long = "p".repeat(60);
  const sets = [`${long}a`, `${long}b`, "p".repeat(43)].map((name) => manifestsOf(name, "1")[2]);
  assert.equal(new Set(sets.map(({ metadata }) => metadata.name)).size, 3);
  const versions = [`${"1".repeat(63)}a`, `${"1".repeat(63)}b`, "1-", "1"].map((version) => manifestsOf("pump", version)[2].metadata.labels["app.kubernetes.io/version"]);
  assert.equal(new Set(versions).size, 4);
});

test("the whole of what was changed stands in an annotation", () => {
  const name = "p".repeat(60);
  const { labels, annotations } = manifestsOf(name, "1.0-")[2].metadata;
  assert.deepEqual([annotations["holon/app"], annotations["holon/version"], labels["app.kubernetes.io/name"]], [name, "1.0-", name]);
  assert.deepEqual(Object.keys(manifestsOf("pump", "1.0")[2].metadata.annotations), ["holon/jurisdiction"]);
});
