/** Sealed files and sites' keys: who opens them, who does not, and what an altered one comes to. */
import assert from "node:assert/strict";
import { createCipheriv, createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { encodeSealHead, readEnvelope } from "@holon/core/seal/envelope.ts";
import { certifyHere } from "./identity/here.ts";
import { createPublisher } from "./publisher.ts";
import { sealerOf, trustedSites, trustSite } from "./publisher/sites.ts";
import { aes128, aes256, boxPrivateKey, boxPublicKey, hpkeOpen, hpkeSeal, rawPublicKey } from "./seal/hpke.ts";
import { seal, sealFingerprint, unseal } from "./seal.ts";
import { createSeals, makeSiteKey, requestSiteKey, shareSiteKey, stateSiteKey, takeSiteKey, type SiteStatement } from "./site-key.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";
import { testClock, testFleet, type TestMember } from "./testing/test-fleet.ts";

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const newKey = (): KeyObject => generateKeyPairSync("x25519").privateKey;
const publicOf = (key: KeyObject): KeyObject => boxPublicKey(rawPublicKey(key));
const plain = new TextEncoder().encode("export default 'what a competitor would like to read';");
const secret = hex("07".repeat(32));

test("HPKE gives what RFC 9180 gives (appendix A.1.1, base mode), and opens it", () => {
  const message = {
    info: hex("4f6465206f6e2061204772656369616e2055726e"), aad: hex("436f756e742d30"), plain: hex("4265617574792069732074727574682c20747275746820626561757479"), suite: aes128,
  };
  const ephemeral = boxPrivateKey(hex("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736"));
  const own = boxPrivateKey(hex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"));
  assert.equal(rawPublicKey(own).toString("hex"), "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d");
  const { enc, ciphertext } = hpkeSeal(publicOf(own), ephemeral, message);
  assert.equal(Buffer.from(enc).toString("hex"), "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
  assert.equal(Buffer.from(ciphertext).toString("hex"), "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a");
  assert.deepEqual(hpkeOpen(own, { enc, ciphertext }, message), message.plain);
  const stronger = { ...message, suite: aes256 };
  const sealed = hpkeSeal(publicOf(own), newKey(), stronger);
  assert.deepEqual(hpkeOpen(own, sealed, stronger), message.plain);
  for (const other of [{ ...stronger, info: hex("00") }, { ...stronger, aad: hex("00") }]) assert.equal(hpkeOpen(own, sealed, other), undefined);
  assert.equal(hpkeOpen(newKey(), sealed, stronger), undefined);
  assert.equal(hpkeOpen(own, { ...sealed, enc: new Uint8Array(32) }, stronger), undefined, "a point of low order");
});

test("each of the named sites opens it, no other does, and whatever is altered opens for nobody", () => {
  const [plant, harbour, other] = [newKey(), newKey(), newKey()];
  const to = [{ site: "plant", key: publicOf(plant) }, { site: "harbour", key: publicOf(harbour) }];
  const sealed = seal(plain, "pump/function/judge", to, secret);
  const open = (bytes: Uint8Array, site: string, key: KeyObject, of = "pump/function/judge"): Uint8Array => unseal(bytes, of, { site, key });
  assert.ok(!Buffer.from(sealed).includes("competitor"));
  assert.deepEqual(Buffer.from(open(sealed, "plant", plant)), Buffer.from(plain));
  assert.deepEqual(Buffer.from(open(sealed, "harbour", harbour)), Buffer.from(plain));
  assert.throws(() => open(sealed, "plant", other), hasCode("HOLON_SEAL_CLOSED", /sealed to harbour .*, plant/));
  assert.throws(() => open(sealed, "elsewhere", plant), hasCode("HOLON_SEAL_CLOSED"));
  assert.throws(() => open(sealed, "plant", plant, "pump/function/other"), hasCode("HOLON_SEAL_BAD", /sealed as "pump\/function\/judge"/));
  for (let place = 0; place < sealed.length; place += 3) {
    const altered = new Uint8Array(sealed);
    altered[place] = (altered[place] ?? 0) ^ 1;
    assert.throws(() => open(altered, "plant", plant), (error: unknown) => error instanceof HolonError && error.code.startsWith("HOLON_SEAL_"), `byte ${place}`);
  }
  for (const length of [0, 10, 40, sealed.length - 1]) assert.throws(() => open(sealed.subarray(0, length), "plant", plant), hasCode("HOLON_SEAL_BAD"));
  // A recipient put in the place of another's.
  const { recipients, of, ciphertext } = readEnvelope(sealed, "it");
  const mixed = Buffer.concat([encodeSealHead({ of, recipients: recipients.map((one) => ({ ...one, enc: recipients[0]?.enc ?? "" })) }), ciphertext]);
  assert.throws(() => open(mixed, "plant", plant), hasCode("HOLON_SEAL_BAD", /does not unwrap/));
});

test("a content that somebody put under the hash of another, sealed rightly to the site's key, under the name and for the sites of the first, is not handed out", () => {
  const plant = newKey();
  const of = "pump/function/judge";
  const aad = Buffer.from(`${of}\nplant`);
  /** What who knows a site's public key can make: each layer of it holds. */
  const sealedBy = (hashed: Uint8Array, content: Uint8Array): Uint8Array => {
    const key = hex("05".repeat(32));
    const { enc, ciphertext } = hpkeSeal(publicOf(plant), newKey(), { info: Buffer.from("holon seal v1"), aad, plain: key });
    const head = encodeSealHead({ of, recipients: [{ site: "plant", key: sealFingerprint(plant), enc: Buffer.from(enc).toString("base64url"), wrapped: Buffer.from(ciphertext).toString("base64url") }] });
    const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12), { authTagLength: 16 });
    cipher.setAAD(head);
    return Buffer.concat([head, cipher.update(createHash("sha256").update(hashed).digest()), cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  };
  const other = new TextEncoder().encode("export default 'what somebody else would like to run';");
  assert.deepEqual(Buffer.from(unseal(sealedBy(other, other), of, { site: "plant", key: plant })), Buffer.from(other), "as this test seals, a file opens");
  assert.throws(() => unseal(sealedBy(plain, other), of, { site: "plant", key: plant }), hasCode("HOLON_SEAL_BAD", /does not hold what its publisher put into it/));
  assert.throws(() => unseal(sealedBy(plain, plain.subarray(0, -1)), of, { site: "plant", key: plant }), hasCode("HOLON_SEAL_BAD", /does not hold/));
});

test("the same file for the same sites is the same bytes; another file, name, site or publisher makes others, with other keys", () => {
  const [plant, harbour] = [newKey(), newKey()];
  const to = [{ site: "plant", key: publicOf(plant) }];
  const of = "pump/function/judge";
  const first = Buffer.from(seal(plain, of, to, secret));
  assert.ok(first.equals(seal(plain, of, to, secret)));
  const others = [seal(plain, "pump/function/other", to, secret), seal(plain, of, [...to, { site: "harbour", key: publicOf(harbour) }], secret), seal(plain, of, [{ site: "plant", key: publicOf(harbour) }], secret), seal(plain, of, to, hex("08".repeat(32))), seal(Buffer.concat([plain, hex("20")]), of, to, secret)];
  const tails = [first, ...others].map((bytes) => createHash("sha256").update(readEnvelope(bytes, of).ciphertext.subarray(0, 32)).digest("hex"));
  assert.equal(new Set(tails).size, tails.length, "no two are under one key");
});

async function siteOf(context: TestContext): Promise<{ readonly fleet: Awaited<ReturnType<typeof testFleet>>; readonly first: TestMember; readonly second: TestMember; readonly publisher: string; readonly fingerprint: string; readonly statement: SiteStatement }> {
  const fleet = await testFleet();
  const [first, second] = [await fleet.member("gateway-1"), await fleet.member("gateway-2")];
  const { key } = await makeSiteKey(first.folder, first.identity);
  const publisher = join(scratchFolder(context), "publisher");
  await createPublisher(publisher, { keys: 1, threshold: 1, nowMs: Date.now() });
  return { fleet, first, second, publisher, fingerprint: sealFingerprint(key), statement: await stateSiteKey(first.folder, first.identity) };
}

test("a site's key goes to another member in a file that is for that member alone, and to nobody else", async (context) => {
  const { fleet, first, second, publisher, fingerprint, statement } = await siteOf(context);
  const request = await requestSiteKey(second.folder, second.identity);
  const share = await shareSiteKey(first.folder, first.identity, request);
  assert.ok(!JSON.stringify(share).includes(Buffer.from(readFileSync(join(first.folder, "identity/site-key.json"), "utf8")).toString("base64url")));
  const third = await fleet.member("gateway-3");
  await requestSiteKey(third.folder, third.identity);
  await assert.rejects(takeSiteKey(third.folder, third.identity, share), hasCode("HOLON_IDENTITY_UNTRUSTED", /is for gateway-2/));
  await assert.rejects(takeSiteKey(third.folder, third.identity, { ...share, node: "gateway-3" }), hasCode("HOLON_IDENTITY_UNTRUSTED", /altered/));
  await takeSiteKey(second.folder, second.identity, share);

  await trustSite(publisher, JSON.stringify(statement), { fingerprint });
  const sealed = (await sealerOf(publisher, ["plant"]))(plain, "pump/model/pca");
  for (const member of [first, second]) assert.deepEqual(Buffer.from(await createSeals(member.folder).open(sealed, "pump/model/pca")), Buffer.from(plain));
  const [one, other] = [await createSeals(first.folder).derive("pseudonyms of app a"), await createSeals(second.folder).derive("pseudonyms of app a")];
  assert.deepEqual(one, other, "what follows from it is the same on both");
  assert.notDeepEqual(await createSeals(first.folder).derive("pseudonyms of app b"), one);
  assert.ok(one.length === 32 && !readFileSync(join(first.folder, "identity/site-key.json"), "utf8").includes(Buffer.from(one).toString("base64")));
  await assert.rejects(createSeals(third.folder).derive("pseudonyms of app a"), hasCode("HOLON_SEAL_CLOSED", /holds no key/));
  await assert.rejects(createSeals(third.folder).open(sealed, "pump/model/pca"), hasCode("HOLON_SEAL_CLOSED", /holds no key/));

  const stranger = await fleet.member("gateway-9", { site: "harbour" });
  await assert.rejects(shareSiteKey(first.folder, first.identity, await requestSiteKey(stranger.folder, stranger.identity)), hasCode("HOLON_IDENTITY_UNTRUSTED", /is of harbour/));
  const foreign = await (await testFleet()).member("gateway-4");
  await assert.rejects(shareSiteKey(first.folder, first.identity, await requestSiteKey(foreign.folder, foreign.identity)), hasCode("HOLON_IDENTITY_UNTRUSTED", /another fleet/));
  await assert.rejects(shareSiteKey(first.folder, first.identity, { ...request, key: share.enc }), hasCode("HOLON_IDENTITY_UNTRUSTED", /did not sign/));
  first.clock.state = "synced";
  const copied = await fleet.member("gateway-2", { validMs: 1_000, clock: testClock() });
  first.clock.ms = Date.now() + 60_000;
  await assert.rejects(shareSiteKey(first.folder, first.identity, await requestSiteKey(copied.folder, copied.identity)), hasCode("HOLON_IDENTITY_EXPIRED"));
  await first.identity.revoke(await fleet.authority.sign({ version: 1, revoked: [{ node: "gateway-2", through: Number.MAX_SAFE_INTEGER }] }));
  await assert.rejects(shareSiteKey(first.folder, first.identity, request), hasCode("HOLON_IDENTITY_REVOKED"));
});

test("a control plane that shows a publisher a key of its own for a site is found out: before the first time by the fingerprint, later by what is trusted", async (context) => {
  const { fleet, publisher, fingerprint, statement } = await siteOf(context);
  // Whoever has the authority certifies a node of his own in that site: the certificate is good, the key is his.
  const thief = await fleet.member("gateway-1");
  mkdirSync(thief.folder, { recursive: true });
  const { key } = await makeSiteKey(thief.folder, thief.identity);
  const forged = JSON.stringify(await stateSiteKey(thief.folder, thief.identity));
  await assert.rejects(trustSite(publisher, forged, { fingerprint }), hasCode("HOLON_SEAL_KEY_OTHER", /fingerprint that was given is another/));
  await assert.rejects(sealerOf(publisher, ["plant"]), hasCode("HOLON_SEAL_KEY_MISSING", /plant/));
  await trustSite(publisher, JSON.stringify(statement), { fingerprint });
  await assert.rejects(trustSite(publisher, forged, { fingerprint: sealFingerprint(key) }), hasCode("HOLON_SEAL_KEY_OTHER", /another key of plant is trusted already/));
  assert.deepEqual((await trustedSites(publisher)).map(({ site, fingerprint: known }) => [site, known]), [["plant", fingerprint]]);
  // A statement that was altered on its way.
  await assert.rejects(trustSite(publisher, JSON.stringify({ ...statement, site: "harbour" }), { fingerprint }), hasCode("HOLON_IDENTITY_UNTRUSTED"));
  await assert.rejects(trustSite(publisher, "{}", { fingerprint }), hasCode("HOLON_ARGUMENT_BAD"));
  // It makes a new key, and says so.
  await trustSite(publisher, forged, { fingerprint: sealFingerprint(key), replace: true });
});

test("stolen intermediate: once a publisher was shown a statement of the new series, one of the thief's is refused whatever he is told of its fingerprint; what was trusted stays, also from a folder of before", async (context) => {
  const { fleet, first, publisher, fingerprint, statement } = await siteOf(context);
  await trustSite(publisher, JSON.stringify(statement), { fingerprint });
  const file = join(publisher, "sites.json");
  writeFileSync(file, readFileSync(file, "utf8").replace(/,\s*"series": 1/, "")); // as a version of before writes it
  assert.ok(!readFileSync(file, "utf8").includes("series"));
  assert.deepEqual((await trustedSites(publisher)).map(({ site, series }) => [site, series]), [["plant", 1]]);
  const thief = await fleet.thief();
  const after = await fleet.stolen();
  const impostor = await fleet.unenrolled("gateway-1");
  await certifyHere(impostor.identity, thief, { node: "gateway-1", site: "harbour", tier: "gateway" }, testClock());
  const { key } = await makeSiteKey(impostor.folder, impostor.identity);
  const forged = JSON.stringify(await stateSiteKey(impostor.folder, impostor.identity));
  await certifyHere(first.identity, after, { node: "gateway-1", site: "plant", tier: "gateway" }, testClock());
  await trustSite(publisher, JSON.stringify(await stateSiteKey(first.folder, first.identity)), { fingerprint });
  assert.deepEqual((await trustedSites(publisher)).map(({ site, series }) => [site, series]), [["plant", 2]]);
  for (const replace of [false, true]) await assert.rejects(trustSite(publisher, forged, { fingerprint: sealFingerprint(key), replace }), hasCode("HOLON_IDENTITY_SERIES", /certificate of gateway-1 that vouches for the key of harbour is of series 1/));
  await assert.rejects(trustSite(publisher, JSON.stringify(statement), { fingerprint }), hasCode("HOLON_IDENTITY_SERIES"));
  assert.equal((await sealerOf(publisher, ["plant"]))(plain, "pump/model/pca").length > 0, true);
});
