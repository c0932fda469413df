/** An app that is sealed to a site, from the key on its node to the word that it answers with; and what the control plane that carries it can see of it. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { assertRefused } from "./testing/assert-refused.ts";
import { runHolon } from "./testing/holon-process.ts";
import { isOpen, Machines, plant } from "./testing/machines.ts";
import { until } from "./testing/wait.ts";

const marker = "a-word-that-competitors-would-like";
const keySchema = z.object({ site: z.string(), fingerprint: z.string() });

/** Every file below a folder. */
const filesBelow = (folder: string): readonly string[] => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));

test("code that is sealed to a site runs on that site's node, is given to no other, and control holds nothing of it that can be read", { timeout: 120_000 }, async (context) => {
  const machines = new Machines(context);
  const { data } = machines;
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  const publisher = join(data, "keys");
  await machines.holon("publisher", "init", publisher);
  const enrolled = async (name: string, site: string) => {
    await machines.holon("node", "enroll", "--publisher", publisher, "--token", await machines.invite(cloud, name, "--site", site), "--data", data);
    const node = await machines.start({ ...plant, name, site, tier: "gateway", parent: cloud.node.address });
    await until(`${name} is linked`, isOpen(node));
    return node;
  };
  const [inPlant, inHarbour] = [await enrolled("gateway-1", "plant"), await enrolled("gateway-2", "harbour")];

  const app = join(data, "app");
  mkdirSync(app);
  writeFileSync(join(app, "tell.ts"), `import { defineFunction } from "@holon/sdk";
export default defineFunction({ on: { http: { method: "GET", path: "/word" } }, emits: {}, run: () => ({ word: ${JSON.stringify(marker)} }) });`);
  writeFileSync(join(app, "holon.app.yaml"), "name: teller\nfunctions: [{ name: tell, module: tell.ts }]\n");
  const deploy = (...more: readonly string[]) => runHolon(context, ["app", "deploy", app, "--publisher", publisher, "--seal-to", "plant", "--api", cloud.api, "--data", data, ...more]);
  assertRefused(await deploy(), "HOLON_SEAL_KEY_MISSING", /trusts no key of plant/);

  const statement = join(data, "plant.json");
  const { fingerprint } = keySchema.parse(JSON.parse(await machines.holon("site", "key", "--node", "gateway-1", "--data", data, "--make", "--public", statement, "--json")));
  assertRefused(await runHolon(context, ["publisher", "trust", publisher, statement, "--fingerprint", "0".repeat(64)]), "HOLON_SEAL_KEY_OTHER", /plant/);
  assert.match(await machines.holon("publisher", "trust", publisher, statement, "--fingerprint", fingerprint), /seals to plant/);
  const { exitCode, stdout, stderr } = await deploy("--json");
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(z.object({ sealedTo: z.array(z.string()) }).parse(JSON.parse(stdout)).sealedTo, ["plant"]);

  await until("it runs in the plant", () => inPlant.node.status().agent.units.some(({ state }) => state === "running"));
  const answered = await inPlant.node.ask("teller", { method: "GET", path: "/word", query: {}, body: undefined });
  assert.deepEqual(answered.body, { word: marker });
  assert.deepEqual(inHarbour.node.status().agent.units, []);
  for (const place of ["cloud-1", "gateway-2"]) {
    const readable = filesBelow(join(data, place)).filter((file) => readFileSync(file).includes(marker));
    assert.deepEqual(readable, [], place);
  }
  assert.deepEqual(filesBelow(join(data, "gateway-1", "blobs")).filter((file) => readFileSync(file).includes(marker)), [], "nor does the node that runs it keep it open on its disk");
});
