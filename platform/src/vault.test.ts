import assert from "node:assert/strict";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { sealSecrets } from "./seal/secrets.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";
import { createSecrets } from "./secrets.ts";
import { HolonError } from "@holon/core/errors.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";
import { makeVault, openVault } from "./vault.ts";

const schema = z.strictObject({ keyPem: z.string() });
const secret = { keyPem: "-----BEGIN what nobody is to read" };

test("secrets that lay in the clear are sealed, read as before, and open nowhere without the key", async (context) => {
  const data = scratchFolder(context);
  const folder = join(data, "gateway-1");
  const identity = join(folder, "identity", "identity.json");
  await writeSecretFile(identity, secret);
  writeFileSync(join(folder, "secrets.json"), JSON.stringify({ token: "a secret of an app" }), { mode: 0o600 });
  assert.match(readFileSync(identity, "utf8"), /nobody is to read/);
  makeVault(folder, { by: "file" });
  assert.deepEqual(await sealSecrets(folder), ["secrets.json", "identity/identity.json"]);
  assert.deepEqual(await sealSecrets(folder), []);
  for (const file of [identity, join(folder, "secrets.json")]) assert.doesNotMatch(readFileSync(file, "utf8"), /nobody|secret of/);
  assert.equal(statSync(join(data, "keys", "gateway-1.key")).mode & 0o777, 0o600);
  assert.deepEqual(await readSecretFile(identity, schema), secret);
  assert.deepEqual(await createSecrets(folder).read(["token"]), { token: "a secret of an app" });
  // A copy of the node's folder is not a copy of its key; nor is one sealed file good in another's place.
  const copy = join(data, "gateway-2");
  cpSync(folder, copy, { recursive: true });
  await assert.rejects(readSecretFile(join(copy, "identity", "identity.json"), schema), { code: "HOLON_VAULT_CLOSED" });
  cpSync(join(folder, "secrets.json"), identity);
  await assert.rejects(readSecretFile(identity, schema), { code: "HOLON_VAULT_CLOSED" });
});

test("a key that others could read is not used, and one that is gone is said to be gone", (context) => {
  const data = scratchFolder(context);
  makeVault(join(data, "a"), { by: "file" });
  const sealed = makeVault(join(data, "b"), { by: "file" }).seal("x", Buffer.from("x"));
  assert.equal(Buffer.from(openVault(join(data, "b"))?.open("x", sealed) ?? []).toString(), "x");
  cpSync(join(data, "a"), join(data, "c"), { recursive: true });
  assert.throws(() => openVault(join(data, "c")), { code: "HOLON_VAULT_CLOSED" });
  cpSync(join(data, "keys", "a.key"), join(data, "keys", "c.key"));
  chmodSync(join(data, "keys", "c.key"), 0o644);
  assert.throws(() => openVault(join(data, "c")), { code: "HOLON_SECRETS_EXPOSED" });
});

test("a passphrase seals too: the same one opens, another does not", (context) => {
  const data = scratchFolder(context);
  const path = join(data, "credential");
  writeFileSync(path, "correct horse battery", { mode: 0o600 });
  const folder = join(data, "gateway-1");
  const sealed = makeVault(folder, { by: "passphrase", path }).seal("x", Buffer.from("x"));
  assert.ok(!existsSync(join(data, "keys")));
  const elsewhere = join(data, "elsewhere");
  mkdirSync(elsewhere);
  cpSync(join(folder, "vault.json"), join(elsewhere, "vault.json"));
  assert.equal(Buffer.from(openVault(elsewhere)?.open("x", sealed) ?? []).toString(), "x");
  writeFileSync(path, "another one", { mode: 0o600 });
  const third = join(data, "third");
  cpSync(elsewhere, third, { recursive: true });
  assert.throws(() => openVault(third)?.open("x", sealed), (error) => error instanceof HolonError && error.code === "HOLON_VAULT_CLOSED" && error.message.startsWith(`x does not open with the passphrase in ${path}: it is another passphrase`) && /^Put the passphrase .*Only where that is lost for good, remove/.test(error.next));
});

test("what could not be opened again is not made, so that the mended configuration is taken", (context) => {
  const data = scratchFolder(context);
  const folder = join(data, "gateway-1");
  for (const sealing of [{ by: "passphrase" }, { by: "passphrase", path: join(data, "none") }] as const) {
    assert.throws(() => makeVault(folder, sealing), { code: "HOLON_VAULT_CLOSED" });
    assert.ok(!existsSync(join(folder, "vault.json")));
  }
  const path = join(data, "pass");
  writeFileSync(path, "words", { mode: 0o600 });
  assert.equal(makeVault(folder, { by: "passphrase", path }).by, "passphrase");
});
