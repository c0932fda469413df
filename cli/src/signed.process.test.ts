/** Real nodes, real keys: what the control plane of one machine was told without its publisher does not run on any of them. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test, type TestContext } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { loadManifest } from "./app/load.ts";
import { deployHere } from "./app/deploy-here.ts";
import { publish, type Publication } from "./app/publish.ts";
import { startThree, type Three } from "./machine/three.ts";
import { runHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

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

test("what a publisher signed runs, and what a stolen control plane issues without him does not, after a restart either", async (context) => {
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

test("a publisher of the command line: two of three keys, signed, shown, pinned and deployed", async (context) => {
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
  await three.close();
});
