import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { aloneOf } from "@holon/core/export/alone.ts";
import { blobsOf, exportApp, type Exported } from "@holon/core/export/export.ts";
import { exportFormats, type ExportFormat } from "@holon/core/export/workload.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { StatefulSet } from "kubernetes-models/apps/v1";
import { ConfigMap, Service } from "kubernetes-models/v1";
import { parse } from "yaml";
import { z } from "zod";
import { binaryPath, need } from "../../scripts/testing/need.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { readToken } from "./machine/token.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { repository } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const program = `${process.execPath} ${join(repository, "cli/src/holon.ts")}`;
const options = { jurisdiction: "EU/DE", image: "registry.invalid/holon:1", program, folder: "/etc/holon/totals" };

/** An app that counts what this machine tells of itself: at home on a gateway, its sum at an edge within the EU. */
async function publication(folder: string, more: object = {}) {
  writeFileSync(join(folder, "sum.ts"), 'export default { kind: "holon.function", on: { type: "host.reading" }, emits: {}, models: [], run() {} };\n');
  const functions = [{ name: "sum", module: "sum.ts", needs: { tiers: ["edge"], jurisdictions: ["EU"], ...more } }, { name: "at-birth", module: "sum.ts" }];
  writeFileSync(join(folder, "holon.app.json"), JSON.stringify({ name: "totals", sources: [{ kind: "host", name: "host", type: "host.reading" }], functions }));
  return publish(await loadManifest(folder));
}

function write(place: string, { files, blobs }: Exported, contents: ReadonlyMap<string, Uint8Array>): void {
  const put = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), content);
  };
  for (const { path, text } of files) put(path, text);
  for (const hash of blobs) put(`app/blobs/${hash}`, contents.get(hash) ?? assert.fail(hash));
}

const textOf = ({ files }: Exported, path: string): string => files.find((file) => file.path === path)?.text ?? assert.fail(path);
const listSchema = z.object({ kind: z.literal("List"), items: z.array(z.looseObject({ kind: z.string() })) });
const containerSchema = z.looseObject({ command: z.array(z.string()) });
const statefulSchema = z.looseObject({ spec: z.looseObject({ template: z.looseObject({ spec: z.looseObject({ nodeSelector: z.record(z.string(), z.string()), containers: z.tuple([containerSchema]), volumes: z.array(z.looseObject({ configMap: z.looseObject({ items: z.array(z.object({ key: z.string(), path: z.string() })) }).optional() })) }) }) }) });

function exported(format: ExportFormat, document: AppDocument, blobs: ReadonlyMap<string, Uint8Array>, folder = options.folder): Exported {
  return exportApp(document, { ...options, format, folder }, blobs);
}

test("what is exported for Kubernetes fits its schemas, and carries the app whole", async (context) => {
  const { document, blobs } = await publication(tempFolder(context));
  const { items } = listSchema.parse(JSON.parse(textOf(exported("kubernetes", document, blobs), "kubernetes.yaml")));
  const [config, service, stateful] = items;
  assert.ok(config !== undefined && service !== undefined && stateful !== undefined && items.length === 3);
  assert.ok(ConfigMap.is(config) && Service.is(service) && StatefulSet.is(stateful));
  for (const [model, manifest] of [[ConfigMap, config], [Service, service], [StatefulSet, stateful]] as const) new model(manifest as object).validate();
  assert.throws(() => new StatefulSet({ ...(stateful as object), spec: { replicas: "one" } } as never).validate(), "the schemas refuse what is none");
  const { data, binaryData } = z.looseObject({ data: z.record(z.string(), z.string()), binaryData: z.record(z.string(), z.string()) }).parse(config);
  const { spec } = statefulSchema.parse(stateful).spec.template;
  assert.deepEqual(spec.nodeSelector, { "holon/jurisdiction": "EU.DE" }, "what is held to a place is held to it there too");
  const keys = spec.volumes.flatMap(({ configMap }) => configMap?.items.map(({ key }) => key) ?? []);
  assert.deepEqual(keys.sort(), [...Object.keys(data), ...Object.keys(binaryData)].sort());
  for (const [hash, text] of Object.entries(binaryData)) assert.deepEqual(Buffer.from(text, "base64"), Buffer.from(blobs.get(hash) ?? []));
  assert.deepEqual(JSON.parse(data["app.json"] ?? ""), JSON.parse(JSON.stringify(aloneOf(document, "EU/DE"))));
});

test("an app is not exported to where a part of it may not run, nor into a ConfigMap that it does not fit", async (context) => {
  const { document, blobs } = await publication(tempFolder(context));
  for (const format of exportFormats) assert.throws(() => exportApp(document, { ...options, format, jurisdiction: "US/CA" }, blobs), { code: "HOLON_PLACEMENT_UNMET", message: /totals\/sum may run in EU only/ });
  const [hash = ""] = blobsOf(document);
  assert.throws(() => exported("kubernetes", document, new Map([[hash, new Uint8Array(1_000_000)]])), { code: "HOLON_EXPORT_TOO_LARGE" });
});

test("Compose takes its project, with the same command", need("docker-compose"), async (context) => {
  const { document, blobs } = await publication(tempFolder(context));
  const place = tempFolder(context);
  write(place, exported("compose", document, blobs), blobs);
  const config = execFileSync(binaryPath("docker-compose"), ["-f", join(place, "compose.yaml"), "config", "--no-interpolate"], { cwd: place, encoding: "utf8", env: { ...process.env, COMPOSE_PROJECT_NAME: "totals" } });
  assert.match(config, /totals:[^]*registry\.invalid\/holon:1/);
  const { services } = z.object({ services: z.record(z.string(), containerSchema) }).parse(JSON.parse(textOf(exported("compose", document, blobs), "compose.yaml")));
  const { items } = listSchema.parse(JSON.parse(textOf(exported("kubernetes", document, blobs), "kubernetes.yaml")));
  assert.deepEqual(services["totals"]?.command, statefulSchema.parse(items[2]).spec.template.spec.containers[0].command);
});

/** All that a format has words for, and all that it has not. */
const muchNeeded = { replicas: 3, diskBytes: 1e11, providers: ["cuda"], accelerator: { need: "required", count: 2, models: ["a100"] }, latencyMsMax: 50 };

test("Kubernetes' schemas hold for what needs hardware", async (context) => {
  const { document, blobs } = await publication(tempFolder(context), muchNeeded);
  const { items } = listSchema.parse(JSON.parse(textOf(exported("kubernetes", document, blobs), "kubernetes.yaml")));
  new StatefulSet(items[2] as never).validate();
  const { resources } = z.looseObject({ resources: z.object({ requests: z.record(z.string(), z.string()), limits: z.record(z.string(), z.string()) }) }).parse(statefulSchema.parse(items[2]).spec.template.spec.containers[0]);
  assert.equal(resources.limits["nvidia.com/gpu"], "2");
});

test("Compose takes what needs hardware", need("docker-compose"), async (context) => {
  const { document, blobs } = await publication(tempFolder(context), muchNeeded);
  const place = tempFolder(context);
  write(place, exported("compose", document, blobs), blobs);
  const config = execFileSync(binaryPath("docker-compose"), ["-f", join(place, "compose.yaml"), "config", "--no-interpolate"], { cwd: place, encoding: "utf8", env: { ...process.env, COMPOSE_PROJECT_NAME: "totals" } });
  assert.partialDeepStrictEqual(parse(config), { services: { totals: { deploy: { resources: { reservations: { devices: [{ driver: "nvidia", count: 2, capabilities: ["gpu"] }] } } } } } });
});

test("systemd takes the unit of what needs hardware", need("systemd-analyze"), async (context) => {
  const { document, blobs } = await publication(tempFolder(context), muchNeeded);
  const place = tempFolder(context);
  write(place, exported("systemd", document, blobs, place), blobs);
  const verified = spawnSync(binaryPath("systemd-analyze"), ["verify", join(place, "holon-totals.service")], { encoding: "utf8" });
  assert.deepEqual([verified.status, verified.stderr.split("\n").filter((line) => line.includes("holon-totals.service"))], [0, []]);
});

test("systemd takes its unit", need("systemd-analyze"), async (context) => {
  const { document, blobs } = await publication(tempFolder(context));
  const place = tempFolder(context);
  write(place, exported("systemd", document, blobs, place), blobs);
  execFileSync(binaryPath("systemd-analyze"), ["verify", join(place, "holon-totals.service")], { stdio: "pipe" });
});

test("what the unit starts runs the whole app on a node of its own, again and again", onItsTurn(1, 3), async (context) => {
  const { document, blobs } = await publication(tempFolder(context));
  const [place, state] = [tempFolder(context), tempFolder(context)];
  write(place, exported("systemd", document, blobs, place), blobs);
  const unit = readFileSync(join(place, "holon-totals.service"), "utf8");
  const words = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  const port = await freePortBase();
  const [command = "", ...args] = words.map((word) => word.replace("${STATE_DIRECTORY}", state).replace("127.0.0.1:7402", `127.0.0.1:${port}`));
  const commandOfContainer = (text: string): readonly string[] => z.object({ services: z.record(z.string(), containerSchema) }).parse(JSON.parse(text)).services["totals"]?.command ?? [];
  const inside = commandOfContainer(textOf(exported("compose", document, blobs), "compose.yaml")).map((word) => word.replace("/etc/holon", place).replace("/var/lib/holon", "${STATE_DIRECTORY}"));
  assert.deepEqual([...program.split(" "), ...inside.slice(1)], words, "in a container the same words start the same");
  for (const _ of ["first", "again"]) {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    context.after(() => child.kill("SIGKILL"));
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const functionsSchema = z.object({ functions: z.array(z.looseObject({ name: z.string(), handled: z.number() })) });
    await until("both functions are handed readings", async () => {
      assert.equal(child.exitCode, null, stderr);
      const response = await fetch(`http://127.0.0.1:${port}/v1/functions`, { headers: { authorization: `Bearer ${(await readToken(state)) ?? ""}` } }).catch(() => undefined);
      const { functions } = response?.ok === true ? functionsSchema.parse(await response.json()) : { functions: [] };
      return functions.length === 2 && functions.every(({ handled }) => handled > 0);
    }, 100_000);
    child.kill("SIGTERM");
    assert.equal(await ended, 0, stderr);
  }
});
