/** The contract of identities and of the authority that certifies them, the same for every adapter. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import type { Authority, Identity } from "@holon/core/ports.ts";
import { type CreateSubject, withSubject } from "./subject.ts";

/** Two nodes of one fleet, and the authority of another. */
export interface IdentitySubject {
  /** `gateway-1` and `gateway-2` of the site `plant`, gateways, certified. */
  readonly one: Identity;
  readonly other: Identity;
  readonly authority: Authority;
  readonly foreign: Authority;
  /** The same authority after its intermediate was stolen and made anew; `authority` is what the thief has. */
  stolen(): Promise<Authority>;
}

const day = 86_400_000;
const fails = (work: Promise<unknown>, code: ErrorCode, why?: string): Promise<void> => assert.rejects(work, (error) => error instanceof HolonError && error.code === code, why);
const validity = { issuedMs: Date.UTC(2030, 0, 1), expiresMs: Date.UTC(2030, 0, 1) + 30 * day };

export function identityContract(name: string, create: CreateSubject<IdentitySubject>): void {
  describe(`identity contract: ${name}`, () => {
    const test = (what: string, work: (subject: IdentitySubject) => Promise<void>): void => {
      it(what, () => withSubject(create, work));
    };

    test("asks with one request until it is answered, and shows what it was given from then on", async ({ one, authority }) => {
      const first = await one.renewal();
      assert.deepEqual((await one.renewal()).csr, first.csr);
      const { key, heldKey, number, validity: before, series, ...who } = await authority.checkRenewal(first);
      assert.deepEqual([who, series], [{ node: "gateway-1", site: "plant", tier: "gateway" }, authority.series]);
      assert.deepEqual(before, one.validity());
      await one.adopt(await authority.issue(first.csr, { ...who, number: number + 1, validity }));
      assert.deepEqual(one.validity(), validity);
      const next = await one.renewal();
      assert.notEqual(next.csr, first.csr);
      const then = await authority.checkRenewal(next);
      assert.deepEqual([then.number, then.heldKey], [number + 1, key], "the key that was certified is the one that asks now");
      assert.notEqual(heldKey, key);
    });

    test("takes no certificate that it did not ask for, nor another's", async ({ one, other, authority }) => {
      const [mine, theirs] = [await one.renewal(), await other.renewal()];
      const issued = await authority.issue(theirs.csr, { node: "gateway-2", site: "plant", tier: "gateway", number: 2 ** 42, validity });
      await fails(one.adopt(issued), "HOLON_IDENTITY_UNTRUSTED");
      await fails(one.adopt(await authority.issue(mine.csr, { node: "gateway-2", site: "plant", tier: "gateway", number: 2 ** 42, validity })), "HOLON_IDENTITY_UNTRUSTED");
      await other.adopt(issued);
      await fails(other.adopt(issued), "HOLON_IDENTITY_UNTRUSTED");
    });

    test("a request is refused that another key signed, or that another fleet's certificate stands behind", async ({ one, other, authority, foreign }) => {
      const [mine, theirs] = [await one.renewal(), await other.renewal()];
      await fails(authority.checkRenewal({ ...mine, proof: theirs.proof }), "HOLON_IDENTITY_UNTRUSTED");
      await fails(authority.checkRenewal({ ...mine, csr: theirs.csr }), "HOLON_IDENTITY_UNTRUSTED");
      await fails(foreign.checkRenewal(mine), "HOLON_IDENTITY_UNTRUSTED");
    });

    test("what an older series of the authority signed is over for whoever has heard of the newer one: vouchers, lists with any version, certificates", async ({ one, other, authority, stolen }) => {
      const text = new TextEncoder().encode("test\n1");
      const before = one.vouch(text);
      assert.equal((await authority.checkVouched(text, before)).node, "gateway-1");
      const lies = await authority.sign({ version: 1_000_000, revoked: [{ node: "gateway-1", through: Number.MAX_SAFE_INTEGER }] });
      assert.equal(await one.revoke(lies), true);
      const after = await stolen();
      assert.equal(after.series, authority.series + 1);
      const { number, heldKey: _, key: __, series, ...who } = await after.checkRenewal(await one.renewal());
      assert.equal(series, authority.series, "it is told which one the request stands under");
      const issued = await after.issue((await one.renewal()).csr, { ...who, number: number + 1, validity });
      await one.adopt(issued);
      assert.equal(one.revocationsVersion(), 0, "a thief's list with a high version does not stand in the way of the true one");
      assert.equal(one.revocations(), undefined);
      assert.deepEqual([one.seriesHeard(), other.seriesHeard()], [{ own: after.series, newest: after.series }, { own: authority.series, newest: authority.series }]);
      await fails(one.revoke(lies), "HOLON_IDENTITY_SERIES");
      assert.equal(await one.revoke(await after.sign({ version: 2, revoked: [] })), true);
      assert.equal(one.revocationsVersion(), 2);
      await fails(after.checkVouched(text, before), "HOLON_IDENTITY_SERIES");
      assert.equal((await after.checkVouched(text, one.vouch(text))).node, "gateway-1");
      const again = await one.renewal();
      await fails(one.adopt(await authority.issue(again.csr, { ...who, number: number + 2, validity })), "HOLON_IDENTITY_SERIES");
      assert.equal(await other.revoke(await after.sign({ version: 2, revoked: [] })), true);
      assert.deepEqual(other.seriesHeard(), { own: authority.series, newest: after.series }, "a node that has heard of it and has no certificate of it yet");
      await fails(other.revoke(lies), "HOLON_IDENTITY_SERIES", "a list tells of the series too");
    });

    test("keeps the newest list of the revoked, and none that its authority did not sign", async ({ one, authority, foreign }) => {
      assert.deepEqual([one.revocationsVersion(), one.revocations()], [0, undefined]);
      const [second, third] = [await authority.sign({ version: 2, revoked: [{ node: "gateway-2", through: 5 }] }), await authority.sign({ version: 3, revoked: [] })];
      assert.equal(await one.revoke(third), true);
      assert.equal(await one.revoke(third), false);
      assert.equal(await one.revoke(second), false);
      assert.deepEqual([one.revocationsVersion(), one.revocations()], [3, third]);
      await fails(one.revoke(await foreign.sign({ version: 9, revoked: [{ node: "gateway-1", through: 1 }] })), "HOLON_IDENTITY_UNTRUSTED");
      assert.equal(one.revocationsVersion(), 3);
    });
  });
}
