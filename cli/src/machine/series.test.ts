/** The authority's intermediate was stolen: control's own judgement of who comes back under the next series, with a real authority and a real log. */
import assert from "node:assert/strict";
import { createPublicKey, sign } from "node:crypto";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Renewal } from "@holon/core/identity/messages.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Authority } from "@holon/core/ports.ts";
import { openAuthority, renewIntermediate } from "@holon/platform/identity/authority.ts";
import { tierOf } from "@holon/platform/identity/certificate.ts";
import { certifyHere } from "@holon/platform/identity/here.ts";
import { makeRequest } from "@holon/platform/identity/x509.ts";
import { renewalText, type NodeIdentity } from "@holon/platform/identity.ts";
import { z } from "zod";
import { enrolled, Office } from "../testing/office.ts";

const text = new TextEncoder().encode("test\n1");
const codeSchema = z.object({ code: z.string(), node: z.string().nullable() });
const refusedWith = (code: string, saying = /./) => (error: unknown): boolean => error instanceof HolonError && error.code === code && saying.test(error.message);

async function renewed(office: Office, identity: NodeIdentity): Promise<void> {
  office.monotonicMs += limits.refusalTellMs; // not a moment after the last one
  office.wallMs += 1;
  await identity.adopt(await (office.registrar ?? assert.fail()).renew(await identity.renewal()));
}

async function joined(office: Office, name: string, folder = name): Promise<NodeIdentity> {
  const registrar = office.registrar ?? assert.fail();
  const identity = await office.nodeIn(folder);
  await enrolled(registrar, identity, (await registrar.invite({ node: name, site: "plant" })).token);
  return identity;
}

/** What a thief of control's disk signs with. */
function thiefOf(office: Office): Promise<Authority> {
  cpSync(join(office.folder, "authority"), join(office.folder, "thief/authority"), { recursive: true });
  return openAuthority(join(office.folder, "thief"), office.clock);
}

/** Control ends, the root's key is brought, control starts. */
async function replaced(office: Office): Promise<void> {
  await office.close();
  await renewIntermediate(office.folder, office.clock, { isStolen: true });
  await office.again();
}

test("after a theft nodes come back by the keys that control certified, also by the one of before whose answer was lost; the list of the revoked is signed anew", async (context) => {
  const office = new Office(context);
  const registrar = await office.open();
  const [gateway, edge] = [await joined(office, "gateway-1"), await joined(office, "edge-1")];
  await joined(office, "gateway-2");
  await registrar.revoke("gateway-2", "it was lost");
  await renewed(office, gateway);
  office.monotonicMs += limits.refusalTellMs;
  await registrar.renew(await edge.renewal()); // the answer never comes
  await replaced(office);
  assert.equal((await office.nodeIn(".")).self()?.series, 2, "control has a certificate of the new series");
  await renewed(office, gateway);
  await renewed(office, edge);
  assert.deepEqual([gateway.self()?.series, edge.self()?.series, gateway.self()?.site], [2, 2, "plant"]);
  const list = office.identity?.revocations() ?? assert.fail();
  assert.equal(await gateway.revoke(list), true);
  assert.equal(gateway.revocationsVersion(), registrar.revocations().version);
  await renewed(office, gateway);
});

test("stolen intermediate: no certificate that the thief made is renewed, whomever it names, and the trail tells", async (context) => {
  const office = new Office(context);
  await office.open();
  const gateway = await joined(office, "gateway-1");
  const thief = await thiefOf(office);
  await replaced(office);
  const control = office.registrar ?? assert.fail();
  for (const name of ["cloud-1", "gateway-1", "nobody-1"]) {
    const identity = await office.nodeIn(`false-${name}`);
    await certifyHere(identity, thief, { node: name, site: "plant", tier: "cloud" }, office.clock);
    await assert.rejects(control.renew(await identity.renewal()), refusedWith("HOLON_IDENTITY_UNTRUSTED", new RegExp(`${name} is of series 1, which is over`)), name);
    await assert.rejects(control.signerOf(text, identity.vouch(text)), refusedWith("HOLON_IDENTITY_SERIES"), name);
  }
  const told = (await office.trail("holon.node.refused")).map((data) => codeSchema.parse(data));
  assert.ok(told.some(({ code, node }) => code === "HOLON_IDENTITY_UNTRUSTED" && node === "gateway-1"), JSON.stringify(told));
  assert.ok(told.every(({ node }) => node !== "nobody-1"), "names that nobody has fill no trail");
  await renewed(office, gateway);
  assert.equal(await control.signerOf(text, gateway.vouch(text)), "gateway-1");
});

test("stolen intermediate: of a node that is in league with the thief counts what control remembers of its key, not what he wrote beside it", async (context) => {
  const office = new Office(context);
  const registrar = await office.open();
  const [gateway, revoked, cloud] = [await joined(office, "gateway-1"), await joined(office, "gateway-2"), await office.nodeIn(".")];
  const thief = await thiefOf(office);
  await registrar.revoke("gateway-2", "it turned");
  await replaced(office);
  const control = office.registrar ?? assert.fail();
  /** The same key under a certificate of the thief's: of another tier and site, with a number that is on no list. */
  const dressed = async (identity: NodeIdentity, node: string): Promise<Renewal> => {
    const { keyPem } = identity.credentials();
    const own = await makeRequest(keyPem, createPublicKey(keyPem).export({ type: "spki", format: "pem" }).toString());
    const { chain } = await thief.issue(own, { node, site: "elsewhere", tier: "cloud", number: 2 ** 45, validity: { issuedMs: office.wallMs, expiresMs: office.wallMs + 1_000 } });
    const { csr } = await identity.renewal();
    return { csr, chain: [...chain], proof: sign("sha256", renewalText(csr), keyPem).toString("base64url") };
  };
  await assert.rejects(control.renew(await dressed(revoked, "gateway-2")), refusedWith("HOLON_IDENTITY_REVOKED"));
  await assert.rejects(control.renew(await dressed(revoked, "gateway-1")), refusedWith("HOLON_IDENTITY_UNTRUSTED"), "in another's name");
  await assert.rejects(control.renew(await dressed(cloud, "cloud-1")), refusedWith("HOLON_IDENTITY_UNTRUSTED"), "control's own key lay beside the one that was stolen");
  const issued = await control.renew(await dressed(gateway, "gateway-1"));
  await gateway.adopt(issued); // of the site that it is of, or it would not take it
  assert.equal(tierOf(gateway.self()?.certificate ?? assert.fail()), "gateway");
});

test("control of before kept no list of keys: it is made from the trail", async (context) => {
  const office = new Office(context);
  await office.open();
  const [gateway, edge] = [await joined(office, "gateway-1"), await joined(office, "edge-1")];
  await renewed(office, edge);
  await office.forget("issued/gateway-1", "issued/edge-1", "authority/issued-filled");
  await replaced(office);
  await renewed(office, gateway);
  await renewed(office, edge);
  assert.deepEqual([gateway.self()?.series, edge.self()?.series], [2, 2]);
});
