/** Enrolling again what is enrolled. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { NodeIdentity } from "../identity.ts";
import { testClock, testFleet } from "../testing/test-fleet.ts";
import { enroll, enrollThrough } from "./ask.ts";
import { readToken } from "./token.ts";

const fleet = await testFleet();
const scope = { node: "gateway-7", site: "plant", tier: "gateway" } as const;
const validity = { issuedMs: Date.now(), expiresMs: Date.now() + 86_400_000 };
const invite = async (): Promise<string> => (await fleet.authority.invitation({ ...scope, address: "wss://127.0.0.1:1" })).token;

test("a node that was enrolled by an invitation knows so afterwards, renewed or not, and not of another one, of one whose certificate it did not keep, or when it was revoked", async () => {
  const [one, two] = [await invite(), await invite()];
  const { folder } = await fleet.unenrolled("gateway-7");
  const open = (): Promise<NodeIdentity> => NodeIdentity.open(folder, testClock());
  const knows = async (): Promise<readonly boolean[]> => {
    const identity = await open();
    return Promise.all([one, two].map((token) => identity.isEnrolledBy(readToken(token))));
  };
  const enrolBy = async (token: string, number: number): Promise<void> => enrollThrough(await open(), token, ({ csr }) => fleet.authority.issue(csr, { ...scope, number, validity }));
  assert.deepEqual(await knows(), [false, false]);
  await enrolBy(one, 1);
  assert.deepEqual(await knows(), [true, false]);
  const renewing = await open();
  await renewing.adopt(await fleet.authority.issue((await renewing.renewal()).csr, { ...scope, number: 2, validity }));
  assert.deepEqual(await knows(), [true, false], "renewed");

  const path = join(folder, "identity/identity.json");
  const before = readFileSync(path, "utf8");
  await enrolBy(two, 3);
  const kept = readFileSync(path, "utf8");
  writeFileSync(path, before);
  assert.deepEqual(await knows(), [false, false], "the power went before its certificate was kept");
  writeFileSync(path, kept);
  assert.deepEqual(await knows(), [false, true]);
  await (await open()).revoke(await fleet.authority.sign({ version: 9, revoked: [{ node: "gateway-7", through: 3 }] }));
  assert.deepEqual(await knows(), [false, false]);
});

test("a folder of before, which does not say by which invitation, is told that it may be enrolled, and another is not", async (t) => {
  const { net } = await fleet.member("cloud-1");
  const refuse = () => Promise.reject(new HolonError("HOLON_INVITATION_USED", "it was used already, by another key"));
  const listener = await net.listen("127.0.0.1:0", () => undefined, { turnedAway: () => undefined, reachesAuthority: () => true, ask: refuse });
  t.after(() => listener.close());
  const token = await invite();
  const nextOf = (identity: NodeIdentity): Promise<string> => enroll(identity, token, listener.address).then(() => "", (error: unknown) => (error instanceof HolonError && error.code === "HOLON_INVITATION_USED" ? error.next : String(error)));
  assert.match(await nextOf((await fleet.member("gateway-7")).identity), /holds a certificate of gateway-7 of plant already: if it came of this token, start the node/);
  for (const { identity } of [await fleet.unenrolled("gateway-7"), await fleet.member("gateway-7", { site: "elsewhere" })]) assert.match(await nextOf(identity), /if nobody of yours used it, revoke/);
});
