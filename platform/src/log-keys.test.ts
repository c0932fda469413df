import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Cipher } from "@holon/core/ports.ts";
import { openLogCipher, rotateLogKeys } from "./log-keys.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";
import { makeVault } from "./vault.ts";
import { sweepUnfinished, writeWhole } from "./whole-file.ts";
import { z } from "zod";

const [first, second] = ["log-keys.json", "log-keys.copy.json"] as const;
const nothing = new Uint8Array(12);

function nodeFolder(context: TestContext): string {
  const folder = join(scratchFolder(context), "gateway-1");
  makeVault(folder, { by: "file" });
  return folder;
}

async function opened(folder: string): Promise<Cipher & { readonly generation: number }> {
  const cipher = await openLogCipher(folder, true);
  assert.ok(cipher?.generation !== undefined);
  return { ...cipher, generation: cipher.generation };
}

test("the log's keys outlive one of their two files, and rotate; without a vault there are none", async (context) => {
  const folder = join(scratchFolder(context), "gateway-1");
  assert.equal(await openLogCipher(folder, false), undefined);
  await assert.rejects(openLogCipher(folder, true), { code: "HOLON_VAULT_CLOSED" });
  makeVault(folder, { by: "file" });
  const before = await opened(folder);
  const place = { generation: before.generation, segment: 3 };
  const { bytes, tag } = before.encrypt(place, nothing, Buffer.from("words"), nothing);
  const next = await rotateLogKeys(folder);
  assert.notEqual(next, before.generation);
  writeFileSync(join(folder, first), "rubbish");
  const after = await opened(folder);
  assert.equal(after.generation, next);
  assert.equal(Buffer.from(after.decrypt(place, nothing, bytes, nothing, tag).bytes).toString(), "words");
  assert.equal(after.decrypt({ ...place, segment: 4 }, nothing, bytes, nothing, tag).isAuthentic, false);
  rmSync(join(folder, second));
  assert.equal((await openLogCipher(folder, false))?.generation, undefined);
  assert.ok(existsSync(join(folder, second)));
});

test("keys that were put back from before a rotation, and rotated once more, take no other's number", async (context) => {
  const folder = nodeFolder(context);
  const { generation } = await opened(folder);
  const backup = readFileSync(join(folder, first));
  const lost = await rotateLogKeys(folder);
  for (const name of [first, second]) writeFileSync(join(folder, name), backup);
  const rotated = await rotateLogKeys(folder);
  const cipher = await opened(folder);
  assert.equal(new Set([generation, lost, rotated]).size, 3);
  assert.deepEqual([generation, lost, rotated].map((one) => cipher.holds(one)), [true, false, true], "and what was encrypted under the lost ones is not read under others");
});

test("of two copies that a crash left unlike, all keys are there; two that differ under one number open nothing", async (context) => {
  const folder = nodeFolder(context);
  const { generation } = await opened(folder);
  copyFileSync(join(folder, second), join(folder, "of-before"));
  const next = await rotateLogKeys(folder);
  for (const [old, name] of [[first, second], [second, first]] as const) {
    copyFileSync(join(folder, "of-before"), join(folder, old));
    // Sealed under its own name: what is not is damaged, and the other copy counts.
    const cipher = await opened(folder);
    assert.equal(cipher.generation, next, name);
    assert.deepEqual([cipher.holds(generation), cipher.holds(next)], [true, true]);
  }
  const schema = z.object({ newest: z.int(), masters: z.record(z.string(), z.string()) });
  const ring = (await readSecretFile(join(folder, second), schema)) ?? assert.fail();
  await writeSecretFile(join(folder, second), { ...ring, masters: { ...ring.masters, [generation]: Buffer.alloc(32, 1).toString("base64") } });
  await assert.rejects(openLogCipher(folder, true), { code: "HOLON_LOG_SEALED", message: new RegExp(`different keys of generation ${generation}`) });
});

test("what a process left that was ended in the middle of writing is swept, and nothing of anybody else's", async (context) => {
  const folder = nodeFolder(context);
  await opened(folder);
  mkdirSync(join(folder, "identity"));
  const kept = ["log-keys.json.202611221206", "log-keys.json.part", "identity/identity.json.abcdef012345"];
  for (const name of [...kept, "log-keys.json.abcdef012345.part", "identity/next.json.0123456789ab.part"]) writeFileSync(join(folder, name), "");
  await sweepUnfinished(folder);
  assert.deepEqual([...readdirSync(folder), ...readdirSync(join(folder, "identity")).map((name) => `identity/${name}`)].sort(), ["identity", "identity/identity.json.abcdef012345", first, second, "log-keys.json.202611221206", "log-keys.json.part", "vault.json"].sort());
  // One that is swept from under its writer is written all the same.
  const path = join(folder, "api");
  await Promise.all([writeWhole(path, "x".repeat(1 << 20), 0o600), sweepUnfinished(folder)]);
  assert.equal(readFileSync(path, "utf8").length, 1 << 20);
  assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith("api")), ["api"]);
});
