import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";
import { readJoin, writeJoin } from "./trust-join.ts";
import { createTrust } from "./trust.ts";

const isConfigBad = (naming: RegExp) => (error: unknown) => error instanceof HolonError && error.code === "HOLON_CONFIG_BAD" && naming.test(error.message);

test("trust is made once and stays the same, and every folder has its own", async (t) => {
  const folder = scratchFolder(t);
  const first = await createTrust(folder);
  const second = await createTrust(folder);
  const other = await createTrust(scratchFolder(t));
  assert.deepEqual(second.joinInfo(), first.joinInfo());
  assert.deepEqual(second.server, first.server);
  assert.notEqual(other.joinInfo().token, first.joinInfo().token);
  assert.notEqual(other.joinInfo().fingerprint, first.joinInfo().fingerprint);
  assert.deepEqual(readdirSync(folder), ["trust.json"], "nothing temporary stays");
  if (process.platform !== "win32") assert.equal(statSync(join(folder, "trust.json")).mode & 0o777, 0o600);
});

test("the server certificate is for loopback, signed by the authority, and valid from 1970 for ten years from now", async (t) => {
  const { server, joinInfo } = await createTrust(scratchFolder(t));
  const authority = new X509Certificate(joinInfo().caPem);
  const certificate = new X509Certificate(server.certificatePem);
  assert.ok(certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
  assert.ok(authority.ca && !certificate.ca);
  for (const address of ["127.0.0.1", "::1"]) assert.ok(certificate.checkIP(address));
  assert.ok(certificate.checkHost("localhost"));
  assert.equal(certificate.checkHost("example.org"), undefined);
  for (const { validFromDate, validToDate } of [authority, certificate]) {
    assert.equal(validFromDate.getTime(), 0);
    assert.ok(validToDate.getTime() > Date.now() + 9.9 * 365 * 86_400_000);
  }
});

test("only the token is admitted", async (t) => {
  const trust = await createTrust(scratchFolder(t));
  const { token } = trust.joinInfo();
  assert.ok(trust.admits(`Bearer ${token}`));
  for (const header of [undefined, "", token, `Bearer ${token}x`, `Bearer ${token.slice(1)}`, "Bearer ", `Basic ${token}`, `Bearer ${token} `]) {
    assert.equal(trust.admits(header), false, `admitted ${header}`);
  }
});

test("join information is stored for this user only and read back; where there is none there is none", async (t) => {
  const folder = join(scratchFolder(t), "child");
  assert.equal(await readJoin(folder), undefined);
  const info = (await createTrust(scratchFolder(t))).joinInfo();
  await writeJoin(folder, info);
  await writeJoin(folder, info);
  assert.deepEqual(await readJoin(folder), info);
  assert.deepEqual(readdirSync(folder), ["join.json"]);
  if (process.platform !== "win32") assert.equal(statSync(join(folder, "join.json")).mode & 0o777, 0o600);
});

test("damaged files are refused by name, without their secrets", async (t) => {
  const folder = scratchFolder(t);
  const info = (await createTrust(folder)).joinInfo();
  const stored = readFileSync(join(folder, "trust.json"), "utf8");
  writeFileSync(join(folder, "trust.json"), stored.slice(0, -20));
  await assert.rejects(createTrust(folder), isConfigBad(/trust\.json is damaged/));
  writeFileSync(join(folder, "trust.json"), stored.replace(info.token, "short"));
  await assert.rejects(createTrust(folder), (error) => isConfigBad(/trust\.json is damaged at token/)(error) && !String(error).includes("short"));

  const otherInfo = (await createTrust(scratchFolder(t))).joinInfo();
  await assert.rejects(writeJoin(folder, { ...info, fingerprint: otherInfo.fingerprint }), isConfigBad(/fingerprint/));
  writeFileSync(join(folder, "join.json"), JSON.stringify({ ...info, caPem: otherInfo.caPem }));
  await assert.rejects(readJoin(folder), isConfigBad(/join\.json: the fingerprint/));
  writeFileSync(join(folder, "join.json"), JSON.stringify({ ...info, caPem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }));
  await assert.rejects(readJoin(folder), isConfigBad(/join\.json: caPem is no certificate/));
});
