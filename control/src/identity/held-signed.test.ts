/** Who stands above a node says that two people wanted its altered program adopted: it is held to the signatures of two whom the node's own configuration names. */
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { adoptionWords, type AdoptionGrant } from "@holon/core/diagnosis/adoption.ts";
import { diagnosisMethods } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { signsMethod } from "@holon/core/diagnosis/signs.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import type { Diagnostics, Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { SimMeasurer } from "@holon/sim/measurer.ts";
import { ControlFleet } from "../testing/control-fleet.ts";
import type { FleetHost } from "../fleet/link-watch.ts";
import type { OpenApproval } from "../people/approvals.ts";
import { refuseMistaken } from "../people/mistaken.ts";

const gateway = "gateway-1";
const by = { principal: "person olga", role: "owner", approvedBy: "person otto", at: "cloud" };
const rule = (word: "approve" | "permit") => `policy plant 1\n\n${word} two\n  who  any\n  does diagnose\n  what node.adopt\n`;
const unsigned = { code: "HOLON_ADOPTION_UNSIGNED" };

const people = new Map(["olga", "otto", "thief"].map((name) => [name, generateKeyPairSync("ed25519").privateKey] as const));
const keyOf = (name: string): KeyObject => people.get(name) ?? assert.fail(name);
const publicKey = (name: string): string => Buffer.from(createPublicKey(keyOf(name)).export({ format: "jwk" }).x ?? "", "base64url").toString("base64");
const signature = (name: string, grant: AdoptionGrant): string => sign(null, adoptionWords(grant), keyOf(name)).toString("base64");
const signers = { olga: publicKey("olga"), otto: publicKey("otto") };

const verifying: Pick<Diagnostics, "verify"> = {
  verify: (key, message, signed) => verify(null, message, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(key, "base64").toString("base64url") }, format: "jwk" }), Buffer.from(signed, "base64")),
};

/** A gateway that is held, below a cloud that asks it what it likes. */
async function held(diagnosis: Partial<NonNullable<NodeConfig["diagnosis"]>>, word: "approve" | "permit") {
  const measurer = new SimMeasurer();
  measurer.adoptHere("installed");
  let clock: Ports["clock"] | undefined;
  const ports = (config: NodeConfig, given: Ports): Ports => ((clock = given.clock), config.name === gateway ? { ...given, measurer, ...(given.diagnostics === undefined ? {} : { diagnostics: { ...given.diagnostics, ...verifying } }) } : given);
  const fleet: ControlFleet = await ControlFleet.start(undefined, { ports, config: (config) => (config.name === gateway ? { ...config, diagnosis: { commands: [], ...diagnosis } } : config) });
  const subject = (name: string) => fleet.fleet.members.get(name)?.machine.subject ?? assert.fail("it is down");
  const row = () => subject(gateway).status?.().measured?.held;
  await fleet.drive(fleet.control.adoptPolicy(rule(word)));
  await fleet.until("the policy is in force", () => subject(gateway).policyInForce?.() !== undefined);
  const become = async (program: string): Promise<void> => {
    measurer.files.set("program", program);
    await fleet.restart(gateway);
    await fleet.until("it has found out, and is linked", () => row() !== undefined && subject(gateway).status?.().uplink?.state === "open");
  };
  await become("export default 2;");
  const found = row()?.found ?? assert.fail();
  const { desk } = subject("cloud").diagnosis ?? assert.fail();
  let session = 0;
  const adopt = (signed?: object, at = found) => fleet.drive(desk.ask(gateway, diagnosisMethods.adopt, { by, session: `s-${session++}`, because: "upgraded", found: at, ...(signed === undefined ? {} : { signed }) }, 10_000));
  let last = 0;
  const grantOf = (more: Partial<AdoptionGrant> = {}): AdoptionGrant => ({ node: gateway, id: (++last).toString(16).padStart(16, "0"), until: isoTime((clock?.wall().ms ?? 0) + diagnosisBounds.shellGrantMs - 60_000), because: "upgraded", found, ...more });
  const signedBy = (grant: AdoptionGrant, ...names: readonly string[]) => ({ id: grant.id, until: grant.until, signatures: names.map((name) => ({ signer: name, signature: signature(name, grant) })) });
  return { fleet, become, row, found, adopt, grantOf, signedBy };
}

test("a stolen parent that says that two people approved an adoption lifts nothing, with whatever signatures it has; two signers do, once", async () => {
  const { fleet, become, row, found, adopt, grantOf, signedBy } = await held({ adopt: { signers } }, "approve");
  await assert.rejects(adopt(), unsigned, "its word alone");
  const forged = grantOf();
  await assert.rejects(adopt({ ...signedBy(forged), signatures: ["olga", "otto"].map((signer) => ({ signer, signature: signature("thief", forged) })) }), unsigned, "keys of its own");
  await assert.rejects(adopt(signedBy(grantOf(), "olga")), unsigned, "one is not two");
  await assert.rejects(adopt(signedBy(grantOf(), "olga", "olga")), unsigned);
  await assert.rejects(adopt(signedBy(grantOf({ node: "edge-1" }), "olga", "otto")), unsigned, "for another node");
  await assert.rejects(adopt(signedBy(grantOf({ found: "0".repeat(64) }), "olga", "otto")), unsigned, "for another program");
  assert.notEqual(row(), undefined);
  assert.ok((await fleet.told(gateway, "holon.diagnosis.decided")).every((data) => data["allow"] === false), "each is a denial in its trail");
  const good = signedBy(grantOf(), "olga", "otto");
  await adopt(good);
  assert.equal(row(), undefined);
  assert.equal((await fleet.told(gateway, "holon.node.adopted")).at(-1)?.["by"], "person olga at cloud, signed by olga and otto");
  await become("export default 1;");
  const before = row()?.found ?? assert.fail();
  await adopt(signedBy(grantOf({ found: before }), "olga", "otto"), before);
  assert.equal(row(), undefined);
  await become("export default 2;");
  assert.equal(row()?.found, found, "the same program as was signed for");
  await assert.rejects(adopt(good), { ...unsigned, message: /was used before/ }, "once");
  await adopt(signedBy(grantOf(), "olga", "otto"));
});

test("a node says of what is signed for it whether it takes it, to who stands above it; and one that is not there keeps nobody from signing", async () => {
  const { fleet, grantOf, signedBy } = await held({ adopt: { signers } }, "approve");
  const { node, ...adoption } = grantOf();
  const signed = (name: string, as = name) => ({ ...(signedBy({ node, ...adoption }, name).signatures[0] ?? assert.fail()), signer: as });
  const { desk } = fleet.fleet.members.get("cloud")?.machine.subject?.diagnosis ?? assert.fail();
  const call: FleetHost["call"] = (to, method, parameters, deadlineMs) => desk.ask(to, method, parameters, deadlineMs);
  const waiting = (first: object, of = node): OpenApproval => ({ id: "a1", who: "person otto", person: "otto", resource: "POST/v1/nodes/{node}/adopt", rule: "two", reason: "", askedAt: "", endsMs: 0, by: undefined, params: { node: of }, query: {}, body: { because: adoption.because, found: adoption.found, signed: { id: adoption.id, until: adoption.until, signature: first } } });
  const refused = (first: object, second: ReturnType<typeof signed>, of = node) => fleet.drive(refuseMistaken(waiting(first, of), second, call));
  await refused(signed("otto"), signed("olga"));
  await assert.rejects(refused(signed("otto"), signed("thief", "olga")), { code: "HOLON_APPROVAL_BAD", message: /is not signed as gateway-1 takes it: what olga signed/ });
  await assert.rejects(refused(signed("otto"), signed("olga", "vera")), { code: "HOLON_APPROVAL_BAD", message: /names no vera/ });
  await assert.rejects(refused(signed("thief", "otto"), signed("olga")), { code: "HOLON_APPROVAL_BAD", message: /comes to nothing: what otto signed/ });
  await assert.rejects(fleet.drive(fleet.fleet.members.get(gateway)?.machine.subject?.diagnosis?.desk.ask("cloud", signsMethod, {}, 1_000) ?? assert.fail()), { code: "HOLON_CALL_DENIED" });
  await refused(signed("otto"), signed("olga"), "nobody");
});

test("where its configuration names who signs, no policy that control writes takes their place", async () => {
  const { row, adopt, grantOf, signedBy } = await held({ adopt: { signers } }, "permit");
  await assert.rejects(adopt(), unsigned);
  await adopt(signedBy(grantOf(), "olga", "otto"));
  assert.equal(row(), undefined);
});

test("those who sign for shells sign for adoptions where the policy wants two, and where nobody is named nobody adopts from above", async () => {
  const shells = await held({ shell: { signers } }, "approve");
  await assert.rejects(shells.adopt(), unsigned);
  await shells.adopt(shells.signedBy(shells.grantOf(), "otto", "olga"));
  assert.equal(shells.row(), undefined);
  const nobody = await held({}, "approve");
  await assert.rejects(nobody.adopt(nobody.signedBy(nobody.grantOf(), "olga", "otto")), { ...unsigned, message: /names none who could/ });
  assert.notEqual(nobody.row(), undefined);
});
