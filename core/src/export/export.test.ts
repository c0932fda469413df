import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { appDocumentSchema } from "../schema/app.ts";
import type { PlacementNeeds } from "../schema/needs.ts";
import { exportApp, type Exported } from "./export.ts";
import { exportFormats, workloadOf, type ExportFormat } from "./workload.ts";

const code = "0".repeat(64);
const functionOf = (name: string, needs?: unknown): object => ({ name, code, on: { type: "pump.minute" }, emits: {}, models: [], ...(needs === undefined ? {} : { needs }) });

function exported(format: ExportFormat, ...needs: readonly unknown[]): Exported {
  const app = appDocumentSchema.parse({ name: "pump", version: "1", functions: needs.map((each, index) => functionOf(`f${index}`, each)), models: [] });
  return exportApp(app, { format, jurisdiction: "EU/DE", image: "registry.example/holon:1", program: "holon", folder: "/opt/holon" }, new Map([[code, new Uint8Array(8)]]));
}

const firstText = ({ files }: Exported): string => files[0]?.text ?? assert.fail();
const statefulSchema = z.looseObject({ spec: z.looseObject({ template: z.looseObject({ spec: z.looseObject({ containers: z.tuple([z.looseObject({ resources: z.looseObject({ requests: z.record(z.string(), z.string()), limits: z.record(z.string(), z.string()) }) })]) }) }), volumeClaimTemplates: z.tuple([z.looseObject({ spec: z.looseObject({ resources: z.looseObject({ requests: z.object({ storage: z.string() }) }) }) })]) }) });
const kubernetes = (...needs: readonly unknown[]) => {
  const { items } = z.object({ items: z.tuple([z.unknown(), z.unknown(), statefulSchema]) }).parse(JSON.parse(firstText(exported("kubernetes", ...needs))));
  const { template, volumeClaimTemplates } = items[2].spec;
  const { limits } = template.spec.containers[0].resources;
  return { gpus: limits["nvidia.com/gpu"], memory: limits["memory"], storage: volumeClaimTemplates[0].spec.resources.requests.storage };
};
const compose = (...needs: readonly unknown[]): unknown => z.object({ services: z.object({ pump: z.looseObject({ deploy: z.unknown().optional() }) }) }).parse(JSON.parse(firstText(exported("compose", ...needs)))).services.pump.deploy;
const systemd = (...needs: readonly unknown[]): readonly string[] => firstText(exported("systemd", ...needs)).split("\n");

const required = (more: object = {}): PlacementNeeds => ({ accelerator: { need: "required", count: 1, milli: 1000, models: [], ...more } });

test("what is required of accelerators is asked for where a format has words for it", () => {
  assert.deepEqual([kubernetes({}).gpus, kubernetes(required({ need: "preferred" })).gpus, kubernetes(required({ count: 2 }), required()).gpus], [undefined, undefined, "3"]);
  assert.deepEqual([compose({}), compose(required({ count: 2 }))], [undefined, { resources: { reservations: { devices: [{ driver: "nvidia", count: 2, capabilities: ["gpu"] }] } } }]);
  assert.ok(systemd({}).includes("PrivateDevices=yes") && !systemd({}).some((line) => line.startsWith("Device")));
  const open = systemd(required());
  assert.ok(!open.some((line) => line.startsWith("PrivateDevices")), "a unit with devices of its own sees no accelerator");
  assert.ok(open.includes("DevicePolicy=closed") && open.includes("DeviceAllow=char-nvidia* rw"));
});

test("parts of accelerators share whole ones, of the same models only", () => {
  assert.equal(kubernetes(required({ milli: 250 })).gpus, "1");
  assert.equal(kubernetes(required({ milli: 600 }), required({ milli: 600 }), required({ milli: 600 })).gpus, "3", "two of 600 fit no device");
  assert.equal(kubernetes(required({ milli: 300 }), required({ milli: 700 }), required({ milli: 500 }), required({ count: 1 })).gpus, "3");
  assert.equal(kubernetes(required({ milli: 300, models: ["a100"] }), required({ milli: 300, models: ["t4"] })).gpus, "2");
});

test("a volume has room for what is needed, where that is more than a node has anyway", () => {
  assert.deepEqual([kubernetes({}).storage, kubernetes({ diskBytes: 1e9 }).storage, kubernetes({ diskBytes: 6 * 2 ** 30 }, { diskBytes: 4 * 2 ** 30 + 1 }).storage], ["8Gi", "8Gi", "10241Mi"]);
});

test("what its models need counts as what its functions do", () => {
  const needs = { processors: 2, memoryBytes: 2 ** 30, diskBytes: 16 * 2 ** 30, ...required(), replicas: 2 };
  const app = appDocumentSchema.parse({ name: "pump", version: "1", functions: [functionOf("f0", { memoryBytes: 2 ** 20, processors: 0.5 })], models: [{ name: "judge", graph: code, needs }] });
  const { processors, memoryBytes, diskBytes, accelerators, leftOut } = workloadOf(app, "kubernetes", "EU/DE");
  assert.deepEqual({ processors, memoryBytes, diskBytes, accelerators }, { processors: 2.75, memoryBytes: (256 + 1 + 1024) * 2 ** 20, diskBytes: 16 * 2 ** 30, accelerators: 1 });
  assert.match(leftOut.join("\n"), /pump\/judge asks for 2 replicas/);
});

test("what a format cannot say is said beside it, and in what it writes", () => {
  const said = (format: ExportFormat, needs: unknown): readonly string[] => exported(format, needs).warnings;
  for (const format of exportFormats) {
    assert.deepEqual(said(format, { processors: 1, memoryBytes: 1e9, jurisdictions: ["EU"], tiers: ["edge"], providers: ["cuda", "cpu"] }), []);
    for (const [needs, what] of [
      [{ replicas: 3 }, /pump\/f0 asks for 3 replicas/],
      [required({ models: ["a100", "h100"] }), /pump\/f0 .*a100 or h100/],
      [required({ need: "preferred" }), /pump\/f0 would rather have an accelerator/],
      [{ providers: ["cuda"] }, /pump\/f0 needs the execution provider cuda/],
      [{ latencyMsMax: 50, trust: "attested" }, /pump\/f0 asks for `latencyMsMax`, `trust`/],
    ] as const) assert.equal(said(format, needs).filter((line) => what.test(line)).length, 1, `${format}: ${String(what)} in ${said(format, needs).join("; ")}`);
  }
  assert.equal(said("kubernetes", { diskBytes: 1e11 }).length, 0);
  for (const format of ["compose", "systemd"] as const) assert.match(said(format, { diskBytes: 1e11 }).join(), /pump needs 100000000000 bytes of disk/);
  for (const format of ["kubernetes", "compose"] as const) assert.match(said(format, required({ milli: 250 })).join("\n"), /pump\/f0 needs 250 thousandths of an accelerator, and a whole one is taken/);
  const unit = systemd({ replicas: 3 });
  for (const line of said("systemd", { replicas: 3 })) assert.ok(unit.includes(`# ${line}`));
});

test("a name with line breaks writes no line of its own", () => {
  const unit = systemd(required({ models: ["a\nExecStart=/bin/other", "b\u2028c"] }));
  assert.equal(unit.filter((line) => line.startsWith("ExecStart=")).length, 1);
});
