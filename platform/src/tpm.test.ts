import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { need } from "../../scripts/testing/need.ts";
import { makeQuoteKey, quote, verifyQuote } from "./tpm/quote.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";
import { softwareTpm } from "./testing/software-tpm.ts";
import { makeVault, openVault } from "./vault.ts";

const tpm = { skip: need("swtpm").skip === false ? need("tpm2").skip : need("swtpm").skip };
const files = [{ name: "program", hash: "a".repeat(64) }, { name: "configuration", hash: "b".repeat(64) }, { name: "runtime", hash: "c".repeat(64) }];
const [first, second] = ["01".repeat(16), "02".repeat(16)];

test("a TPM signs what a node is made of; what is replayed, altered, or signed with another key is refused", tpm, async (context) => {
  const tcti = await softwareTpm(context);
  const key = makeQuoteKey(tcti);
  const signed = quote(key, files, first, tcti);
  verifyQuote(signed, first, undefined);
  verifyQuote(signed, first, signed.keyPem);
  // The order in which files are told is not theirs to choose.
  verifyQuote({ ...signed, files: [...files].reverse() }, first, signed.keyPem);
  const refused = (attempt: () => void, why: RegExp): void => assert.throws(attempt, (error: { code?: string; message?: string }) => error.code === "HOLON_QUOTE_BAD" && why.test(error.message ?? ""));
  refused(() => verifyQuote(signed, second, signed.keyPem), /not made for this question/);
  refused(() => verifyQuote({ ...signed, files: files.map((file) => ({ ...file, hash: "d".repeat(64) })) }, first, signed.keyPem), /not what the TPM was told/);
  refused(() => verifyQuote({ ...signed, files: files.slice(1) }, first, signed.keyPem), /not what the TPM was told/);
  const other = quote(makeQuoteKey(tcti), files, first, tcti);
  refused(() => verifyQuote(other, first, signed.keyPem), /another key/);
  refused(() => verifyQuote({ ...signed, keyPem: other.keyPem }, first, undefined), /signature does not hold/);
  const message = Buffer.from(signed.message, "base64");
  message[message.length - 1] = (message.at(-1) ?? 0) ^ 1;
  refused(() => verifyQuote({ ...signed, message: message.toString("base64") }, first, signed.keyPem), /signature does not hold/);
  refused(() => verifyQuote({ ...signed, signature: "AAAA" }, first, signed.keyPem), /signature does not hold|does not parse/);
  // The key is of this TPM alone.
  const elsewhere = await softwareTpm(context);
  assert.throws(() => quote(key, files, first, elsewhere), { code: "HOLON_TPM_FAILED" });
});

test("a quote into which another node of the machine came is made again, and one that never comes through is told", tpm, async (context) => {
  const tcti = await softwareTpm(context);
  const key = makeQuoteKey(tcti);
  const folder = scratchFolder(context);
  const before = process.env["PATH"] ?? "";
  context.after(() => void (process.env["PATH"] = before));
  /** Comes in between as often as there are files. */
  const others = join(folder, "tpm2_quote");
  writeFileSync(others, `#!/bin/sh\nPATH="${before}"\nfor one in "${folder}"/left-*; do [ -e "$one" ] && rm "$one" && tpm2_pcrextend 23:sha256=${"0d".repeat(32)} -Q; break; done\nexec tpm2_quote "$@"\n`, { mode: 0o755 });
  process.env["PATH"] = `${folder}:${before}`;
  writeFileSync(join(folder, "left-1"), "");
  verifyQuote(quote(key, files, first, tcti), first, undefined);
  assert.deepEqual(readdirSync(folder), ["tpm2_quote"]);
  writeFileSync(join(folder, "left-1"), "");
  assert.throws(() => quote(key, files, first, tcti, 1), { code: "HOLON_TPM_FAILED" });
});

test("secrets that a TPM sealed open on that machine, and on no other", tpm, async (context) => {
  const tcti = await softwareTpm(context);
  const folder = join(scratchFolder(context), "gateway-1");
  const sealed = makeVault(folder, { by: "tpm", tcti }).seal("x", Buffer.from("a secret"));
  const there = join(folder, "vault.json");
  assert.equal(Buffer.from(openVault(folder)?.open("x", sealed) ?? []).toString(), "a secret");
  const description = readFileSync(there, "utf8");
  writeFileSync(there, `${description} `); // another text: the key is taken from the TPM once more
  assert.equal(Buffer.from(openVault(folder)?.open("x", sealed) ?? []).toString(), "a secret");
  writeFileSync(there, description.replace(tcti, await softwareTpm(context)));
  assert.throws(() => openVault(folder), { code: "HOLON_TPM_FAILED" });
});
