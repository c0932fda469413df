/** Identities bound to a TPM, with TPMs in software (swtpm) and control's own judgement of what they sign. */
import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Registrar } from "@holon/control/identity/registrar.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { Renewal } from "@holon/core/identity/messages.ts";
import { limits } from "@holon/core/limits.ts";
import { readToken } from "@holon/platform/identity/token.ts";
import type { NodeIdentity } from "@holon/platform/identity.ts";
import { softwareTpm } from "@holon/platform/testing/software-tpm.ts";
import { withTpm } from "@holon/platform/tpm/tools.ts";
import { z } from "zod";
import { need } from "../../../scripts/testing/need.ts";
import { onItsTurn } from "../../../scripts/testing/turns.ts";
import { enrolled, Office } from "../testing/office.ts";

const skip = need("swtpm").skip === false ? need("tpm2").skip : need("swtpm").skip;
const day = 86_400_000;
const fileSchema = z.looseObject({ chip: z.looseObject({ tcti: z.string() }).optional() });
const codeSchema = z.object({ code: z.string(), node: z.string() });

const asks = (registrar: Registrar) => async (): Promise<string> => (await registrar.challenge()).nonce;

async function renewed(office: Office, identity: NodeIdentity): Promise<Renewal> {
  const registrar = office.registrar ?? assert.fail();
  office.monotonicMs += limits.refusalTellMs; // not a moment after the last one
  const request = await identity.renewal(asks(registrar));
  await identity.adopt(await registrar.renew(request));
  return request;
}

/** A copy of a node's folder, on a machine with another TPM. */
function stolen(office: Office, folder: string, change: (file: z.infer<typeof fileSchema>) => object): string {
  const copy = `${folder}-stolen`;
  cpSync(join(office.folder, folder), join(office.folder, copy), { recursive: true, force: true });
  const path = join(office.folder, copy, "identity/identity.json");
  writeFileSync(path, JSON.stringify(change(fileSchema.parse(JSON.parse(readFileSync(path, "utf8"))))), { mode: 0o600 });
  return copy;
}

test("a bound node renews in time and beyond it; a copy of its disk and key does not, nor does a request that was heard", onItsTurn(0, 3, skip), async (context) => {
  const [tcti, elsewhere] = [await softwareTpm(context), await softwareTpm(context)];
  const office = new Office(context);
  const registrar = await office.open();
  const gateway = await office.nodeIn("gateway", { tcti });
  const { token } = await registrar.invite({ node: "gateway-1", site: "plant" });
  await enrolled(registrar, gateway, token);
  assert.deepEqual(gateway.binding(), { isBound: true });
  assert.equal(gateway.validity()?.expiresMs, office.wallMs + limits.boundCertificateMs);
  const told = async (): Promise<readonly unknown[]> => (await office.trail("holon.node.refused")).map((data) => codeSchema.parse(data));
  const tellAgain = (): void => void (office.monotonicMs += limits.refusalTellMs);
  const refusesChip = async (work: () => Promise<unknown>, naming: RegExp): Promise<void> => {
    tellAgain();
    const before = (await told()).length;
    await assert.rejects(work(), { code: "HOLON_CHIP_REFUSED", message: naming });
    assert.deepEqual((await told()).slice(before), [{ code: "HOLON_CHIP_REFUSED", node: "gateway-1" }], "in the trail");
  };

  const first = await renewed(office, gateway);
  await refusesChip(() => registrar.renew(first), /no answer to a question of control's, or one that was given before/);
  const second = await gateway.renewal(asks(registrar));
  const { chip: _, ...bare } = second;
  await refusesChip(() => registrar.renew(bare), /not signed by it/);
  assert.ok(second.chip !== undefined && first.chip !== undefined);
  await refusesChip(() => registrar.renew({ ...second, chip: first.chip }), /the request is not signed by the TPM whose key it shows/);
  await refusesChip(async () => registrar.renew({ ...(await gateway.renewal()), chip: { ...(second.chip ?? assert.fail()), nonce: (await registrar.challenge()).nonce } }), /not signed by the TPM/);

  // A copy elsewhere: the chip's key does not load there, and another chip is not the one.
  const copy = await office.nodeIn(stolen(office, "gateway", (file) => ({ ...file, chip: { ...file.chip, tcti: elsewhere } })));
  await assert.rejects(copy.renewal(asks(registrar)), (error) => error instanceof HolonError && error.code === "HOLON_CHIP_LOST" && error.next.includes("holon node enroll"));
  const forger = await office.nodeIn(stolen(office, "gateway", ({ chip: __, ...file }) => file), { tcti: elsewhere });
  await refusesChip(async () => registrar.renew(await forger.renewal(asks(registrar))), /signed by another/);

  // Beyond its date it proves nothing with the key alone, and comes back with its chip.
  const text = new TextEncoder().encode("holon test");
  const vouched = gateway.vouch(text);
  assert.equal(await registrar.signerOf(text, vouched), "gateway-1");
  office.wallMs += 40 * day;
  await assert.rejects(registrar.signerOf(text, vouched), { code: "HOLON_IDENTITY_EXPIRED" });
  await refusesChip(async () => registrar.renew(await copy.renewal()), /not signed by it/);
  await renewed(office, gateway);
  assert.equal(gateway.validity()?.expiresMs, office.wallMs + limits.boundCertificateMs);

  // Control's next life asks anew, and knows whom it has bound.
  const late = await gateway.renewal(asks(registrar));
  const again = await office.again();
  await assert.rejects(again.renew(late), { code: "HOLON_CHIP_REFUSED" });
  await renewed(office, gateway);

  // A cleared TPM: the node says so with the next step, and a person enrols it anew.
  withTpm(tcti, (bench) => bench.run("tpm2_clear", "-Q"));
  await assert.rejects(gateway.renewal(asks(again)), { code: "HOLON_CHIP_LOST" });
  assert.equal(gateway.binding().problem?.code, "HOLON_CHIP_LOST");
  await enrolled(again, gateway, (await again.invite({ node: "gateway-1" })).token);
  assert.deepEqual(gateway.binding(), { isBound: true });
  await renewed(office, gateway);
});

test("a node that gains a TPM binds itself with its next certificate, and is unbound by a new invitation alone", onItsTurn(1, 3, skip), async (context) => {
  const tcti = await softwareTpm(context);
  const office = new Office(context);
  const registrar = await office.open();
  await enrolled(registrar, await office.nodeIn("gateway"), (await registrar.invite({ node: "gateway-1", site: "plant" })).token);

  // One that cannot be used, and a control of before: all is as it was.
  const broken = await office.nodeIn("gateway", { tcti: "swtpm:path=/nowhere" });
  await renewed(office, broken);
  assert.equal(broken.binding().isBound, false);
  assert.equal(broken.binding().problem?.code, "HOLON_TPM_FAILED");
  const gateway = await office.nodeIn("gateway", { tcti });
  assert.equal((await gateway.renewal(() => Promise.reject(new HolonError("HOLON_CALL_UNKNOWN", "no such method")))).chip, undefined);
  await assert.rejects(gateway.renewal(() => Promise.reject(new HolonError("HOLON_LINK_UNREACHABLE", "cut"))), { code: "HOLON_LINK_UNREACHABLE" }, "asked again later");

  office.monotonicMs += limits.refusalTellMs;
  const request = await gateway.renewal(asks(registrar));
  await registrar.renew(request); // its answer is lost on the way, and the node's power with it
  const next = await office.nodeIn("gateway", { tcti });
  await renewed(office, next);
  assert.deepEqual(next.binding(), { isBound: true });
  assert.equal((await office.trail("holon.node.bound")).length, 1);
  office.monotonicMs += limits.refusalTellMs;
  await assert.rejects(registrar.renew(await next.renewal()), { code: "HOLON_CHIP_REFUSED" });

  const plain = await office.nodeIn("other");
  await enrolled(registrar, plain, (await registrar.invite({ node: "gateway-1" })).token);
  await renewed(office, plain);
  assert.equal(plain.validity()?.expiresMs, office.wallMs + limits.certificateMs);
});

test("who passes an enrolment on can neither leave the TPM out of it nor put another in, and a used one is not answered once the node went on", onItsTurn(2, 3, skip), async (context) => {
  const office = new Office(context);
  const registrar = await office.open();
  const [gateway, other] = [await office.node({ tcti: await softwareTpm(context) }), await office.node({ tcti: await softwareTpm(context) })];
  const token = readToken((await registrar.invite({ node: "gateway-1", site: "plant" })).token);
  const [request, theirs] = [await gateway.enrolment(token), await other.enrolment(token)];
  const { chip, ...bare } = request;
  assert.ok(chip !== undefined && theirs.chip !== undefined);
  await assert.rejects(registrar.enroll(bare), { code: "HOLON_IDENTITY_UNTRUSTED" });
  await assert.rejects(registrar.enroll({ ...request, chip: theirs.chip }), { code: "HOLON_IDENTITY_UNTRUSTED" });
  await assert.rejects(registrar.enroll({ ...request, chip: { ...chip, nonce: "f".repeat(16) } }), { code: "HOLON_CHIP_REFUSED" });
  await assert.rejects(registrar.enroll({ ...request, chip: { ...chip, vouched: theirs.chip.vouched } }), { code: "HOLON_CHIP_REFUSED", message: /does not vouch/ });
  await gateway.adoptFirst(await registrar.enroll(request), token);
  await registrar.enroll(request); // the answer may have been lost
  await renewed(office, gateway);
  await assert.rejects(registrar.enroll(request), { code: "HOLON_INVITATION_USED" });
});
