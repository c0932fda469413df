import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { secretsContract } from "@holon/sim/contracts/secrets.ts";
import { createSecrets, withoutSecret } from "./secrets.ts";

const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function folderWith(text: string, mode = 0o600): string {
  const folder = mkdtempSync(join(tmpdir(), "holon-secrets-"));
  folders.push(folder);
  writeFileSync(join(folder, "secrets.json"), text);
  chmodSync(join(folder, "secrets.json"), mode); // whatever the umask
  return folder;
}

const fails = (folder: string, code: string, naming: RegExp): Promise<void> =>
  assert.rejects(createSecrets(folder).read(["a"]), (error) => error instanceof HolonError && error.code === code && naming.test(error.message) && !JSON.stringify(error).includes("s3cr3t"));

secretsContract("real", (held) => Promise.resolve(createSecrets(folderWith(JSON.stringify(held)))));

test("a file that others may read or write is refused, also behind a link", async () => {
  for (const mode of [0o640, 0o604, 0o620, 0o601]) await fails(folderWith(`{"a":"s3cr3ts3cr3t"}`, mode), "HOLON_SECRETS_EXPOSED", new RegExp(`mode 0${mode.toString(8)}`));
  const behind = folderWith("{}");
  rmSync(join(behind, "secrets.json"));
  symlinkSync(join(folderWith(`{"a":"s3cr3ts3cr3t"}`, 0o644), "secrets.json"), join(behind, "secrets.json"));
  await fails(behind, "HOLON_SECRETS_EXPOSED", /mode 0644/);
});

test("a file that does not parse is refused by its place, never with its words", async () => {
  for (const text of [`{"a":"s3cr3t"`, `{"a":"s3cr3t"}`, `{"a":{"b":"s3cr3ts3cr3t"}}`, `"s3cr3ts3cr3t"`, `{"A B":"s3cr3ts3cr3t"}`, `{"a":"${"s3cr3t".repeat(200_000)}"}`]) await fails(folderWith(text), "HOLON_SECRETS_BAD", /secrets\.json does not fit/);
});

test("it is read anew each time, and an absent file holds none", async () => {
  const folder = folderWith(`{"a":"first-one"}`);
  const secrets = createSecrets(folder);
  assert.deepEqual(await secrets.read(["a"]), { a: "first-one" });
  writeFileSync(join(folder, "secrets.json"), `{"a":"second-one"}`);
  assert.deepEqual(await secrets.read(["a"]), { a: "second-one" });
  rmSync(join(folder, "secrets.json"));
  assert.deepEqual(await secrets.read(["a"]), {});
});

test("what lacks a secret says in which file it is looked for", () => {
  const folder = folderWith("{}");
  const { code, message, next } = withoutSecret("alerts want", "hook", createSecrets(folder));
  const place = join(folder, "secrets.json");
  assert.deepEqual([code, message, next.includes(place)], ["HOLON_SECRETS_BAD", `alerts want the secret hook, which is not in ${place}`, true]);
});
