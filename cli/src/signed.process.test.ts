/** Real nodes, real keys: what the control plane of one machine was told without its publisher does not run on any of them. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PassThrough } from "node:stream";
import type { TestContext } from "node:test";
import { hasCode } from "@holon/core/testing/has-code.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { metadataOf, signTargets } from "@holon/platform/publisher.ts";
import { readPublisher } from "@holon/platform/publisher/folder.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { loadManifest } from "./app/load.ts";
import { deployHere } from "./app/deploy-here.ts";
import { publish, type Publication } from "./app/publish.ts";
import { startThree, type Three } from "./machine/three.ts";
import { repository, runHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";

const turn = takesTurns(2);

async function writeApp(folder: string, word: string): Promise<Publication> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tell.ts"), `import { defineFunction } from "@holon/sdk";
export default defineFunction({ on: { http: { method: "GET", path: "/word" } }, emits: {}, run: () => ({ word: ${JSON.stringify(word)} }) });`);
  writeFileSync(join(folder, "holon.app.yaml"), "name: teller\nfunctions: [{ name: tell, module: tell.ts }]\n");
  return publish(await loadManifest(folder));
}

const open = async (context: TestContext, data: string): Promise<Three> => {
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: new PassThrough().resume() } });
  context.after(() => three.close());
  return three;
};
const settled = ({ gateway }: Three, version: number): boolean => gateway.node.status().agent.state === "settled" && gateway.node.status().agent.version === version;
const word = async ({ gateway }: Three): Promise<unknown> => (await gateway.node.ask("teller", { method: "GET", path: "/word", query: {}, body: undefined })).body;

turn("what a publisher signed runs, and what a stolen control plane issues without him does not, after a restart either", async (context) => {
  const folder = tempFolder(context);
  const data = join(folder, "data");
  const three = await open(context, data);
  await deployHere(three, await writeApp(join(folder, "app"), "signed"));
  await until("it runs", () => settled(three, 1));
  assert.deepEqual(await word(three), { word: "signed" });
  const { signatures } = three.gateway.node.status();
  assert.deepEqual([signatures?.required, signatures?.director], [true, 1]);
  assert.equal(await deployHere(three, await writeApp(join(folder, "app"), "signed")), false, "the same again is no change");

  // All that control has: its API, its disk, its keys. None of them is the publisher's.
  const { control } = three.cloud;
  assert.ok(control !== undefined);
  const evil = await writeApp(join(folder, "app"), "evil");
  for (const content of evil.blobs.values()) await control.blobs.put(content);
  await control.deploy(evil.document);
  const problem = await until("it is refused", () => three.gateway.node.status().agent.problem);
  assert.equal(problem.code, "HOLON_SIGNATURE_MIXED");
  assert.deepEqual(await word(three), { word: "signed" });
  await three.close();
  assert.deepEqual(readdirSync(join(data, "cloud-1")).filter((name) => /publisher|keys/.test(name)), []);

  const again = await open(context, data);
  await until("it is refused again", () => again.gateway.node.status().agent.problem);
  assert.deepEqual(await word(again), { word: "signed" });
  await deployHere(again, await writeApp(join(folder, "app"), "newer"));
  await until("what is signed takes its place", async () => again.gateway.node.status().agent.state === "settled" && JSON.stringify(await word(again)) === '{"word":"newer"}');
  await again.close();
});

/** Starts three nodes, deploys, and says how much of the library was loaded by then. */
const startScript = `
import { createRequire } from "node:module";
const { startThree } = await import("./cli/src/machine/three.ts");
const { deployHere } = await import("./cli/src/app/deploy-here.ts");
const { publish } = await import("./cli/src/app/publish.ts");
const { loadManifest } = await import("./cli/src/app/load.ts");
const { until } = await import("./cli/src/testing/wait.ts");
const [data, app] = process.argv.slice(1);
const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
await deployHere(three, await publish(await loadManifest(app)));
await until("it is settled", () => three.gateway.node.status().agent.state === "settled");
const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => /tuf-js|@tufjs/.test(path)).length;
await three.close();
process.stdout.write(JSON.stringify({ loaded }));
process.exit(0);
`;

turn("a start with what was verified loads nothing that verifies", async (context) => {
  const folder = tempFolder(context);
  await writeApp(join(folder, "app"), "signed");
  const start = async (): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", startScript, join(folder, "data"), join(folder, "app")], { cwd: repository, timeout: 60_000 });
    return z.object({ loaded: z.int() }).parse(JSON.parse(stdout)).loaded;
  };
  assert.notEqual(await start(), 0);
  assert.equal(await start(), 0);
});

turn("a publisher of the command line: two of three keys, signed, shown, pinned and deployed", async (context) => {
  const folder = tempFolder(context);
  const data = join(folder, "data");
  const keys = join(folder, "keys");
  const run = async (...words: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runHolon(context, words);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  await run("publisher", "init", keys, "--keys", "3", "--threshold", "2", "--json");
  await writeApp(join(folder, "app"), "hello");
  const pinned = await run("publisher", "pin", keys, "--node", "gateway-1", "--data", data, "--json");
  assert.deepEqual(JSON.parse(pinned), { node: "gateway-1", pinned: true });
  assert.match(await run("publisher", "sign", keys, "--app", join(folder, "app")), /teller\/0\.1\.0\/function\/tell/);
  const three = await open(context, data);
  const api = ["--api", three.cloud.api, "--data", data];
  await run("app", "deploy", join(folder, "app"), "--publisher", keys, ...api);
  await until("it runs at the gateway, which has pinned these keys", () => settled(three, 1));
  const unsigned = await runHolon(context, ["publisher", "pin", keys, "--node", "edge-1", "--data", data]);
  assert.match(unsigned.stderr, /HOLON_ARGUMENT_BAD.*edge-1 has pinned another publisher's root/);
  await run("publisher", "add", keys);
  await run("app", "deploy", join(folder, "app"), "--publisher", keys, ...api);
  assert.equal(JSON.parse(await run("publisher", "show", keys, "--json")).rootVersion, 2);

  // Two sign what is served, and one of them goes: under the next root the same targets need another's signature.
  const ids = (await readPublisher(keys))?.offline.map(({ id }) => id) ?? [];
  const file = (id: string): string => join(keys, "keys", `${id.slice(0, 16)}.json`);
  for (const id of ids.slice(2)) renameSync(file(id), join(folder, `${id}.json`));
  await writeApp(join(folder, "app"), "by two");
  await run("app", "deploy", join(folder, "app"), "--publisher", keys, ...api);
  await until("what two have signed runs", async () => JSON.stringify(await word(three)) === '{"word":"by two"}');
  for (const id of ids.slice(2)) renameSync(join(folder, `${id}.json`), file(id));
  await run("publisher", "remove", keys, ids[0] ?? "");
  await run("app", "deploy", join(folder, "app"), "--publisher", keys, ...api);
  await writeApp(join(folder, "app"), "without him");
  await run("app", "deploy", join(folder, "app"), "--publisher", keys, ...api);
  await until("nodes follow the next root", async () => three.gateway.node.status().agent.state === "settled" && JSON.stringify(await word(three)) === '{"word":"without him"}');
  await three.close();
});

turn("the publisher's online key was stolen: what its thief drove up nodes take for newer, until the next root has another; nobody visits them", async (context) => {
  const folder = tempFolder(context);
  const data = join(folder, "data");
  const three = await open(context, data);
  await deployHere(three, await writeApp(join(folder, "app"), "first"));
  await until("it runs", () => settled(three, 1));
  const { control } = three.cloud;
  assert.ok(control !== undefined);
  const thief = join(folder, "thief");
  cpSync(three.publisher, thief, { recursive: true });
  const described = await readPublisher(thief);
  for (const { id } of described?.offline ?? []) rmSync(join(thief, "keys", `${id.slice(0, 16)}.json`));
  const timestamp = join(thief, "metadata", "timestamp.json");
  const drive = async (to: number): Promise<void> => {
    writeFileSync(timestamp, readFileSync(timestamp, "utf8").replace(/("_type":"timestamp".*?"version":)\d+|("version":)\d+(?=[^{}]*"_type":"timestamp")/, `$1$2${to}`));
    await signTargets(thief, undefined, { nowMs: Date.now() });
  };
  const serve = async (): Promise<readonly string[]> => {
    const files: Record<string, BlobHash> = {};
    for (const [name, bytes] of await metadataOf(thief)) files[name] = await control.blobs.put(bytes);
    return control.publish(files);
  };
  await drive(900_000);
  await serve();
  await until("nodes take it", () => settled(three, 2));
  await drive(Number.MAX_SAFE_INTEGER - 8);
  await assert.rejects(serve(), hasCode("HOLON_SIGNATURE_AHEAD"));

  const run = async (...words: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> => {
    const { exitCode, stdout, stderr } = await runHolon(context, words);
    assert.equal(exitCode, 0, stderr);
    return { stdout, stderr };
  };
  const deploy = async (text: string) => {
    await writeApp(join(folder, "app"), text);
    return run("app", "deploy", join(folder, "app"), "--publisher", three.publisher, "--api", three.cloud.api, "--data", data);
  };
  assert.match((await deploy("second")).stderr, /version \d+, and those served until now of 900001.*holon publisher rotate/);
  const problem = await until("nodes take the publisher's for older", () => three.gateway.node.status().agent.problem);
  assert.equal(problem.code, "HOLON_SIGNATURE_ROLLED_BACK");
  assert.deepEqual(await word(three), { word: "first" });

  assert.match((await run("publisher", "rotate", three.publisher)).stdout, /root 2, 1 of 1 keys must sign/);
  await deploy("third");
  await until("what the publisher signs runs again", async () => three.gateway.node.status().agent.state === "settled" && JSON.stringify(await word(three)) === '{"word":"third"}');
  await three.close();
});
