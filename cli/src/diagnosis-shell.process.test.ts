/** A shell on a gateway, and what it is made of adopted: two people, two keys that its own configuration names; and what whoever has stolen control can do without them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { grantWords, inputWords, shellMethods, type ShellGrant } from "@holon/core/diagnosis/shell.ts";
import { diagnosisMethods } from "@holon/core/diagnosis/ask.ts";
import { makeSessionKeys, makeSigner, readSigner } from "@holon/platform/diagnostics/keys.ts";
import type { MachineNode } from "./machine/compose.ts";
import { runHolon, startHolon } from "./testing/holon-process.ts";
import { audited, isOpen, Machines, plant } from "./testing/machines.ts";
import { until } from "./testing/wait.ts";

const policy = `policy plant 1

permit shells
  who  person *
  does diagnose
  what node.shell
  when role owner operator

approve adoptions
  who  any
  does diagnose
  what node.adopt
`;
const program = fileURLToPath(new URL("holon.ts", import.meta.url));
const reading = "anna 17.31 bar";

interface Plant {
  readonly machines: Machines;
  readonly cloud: MachineNode;
  readonly gateway: MachineNode;
  /** A person's own folder, with their key and session. */
  home(name: string): string;
}

async function openPlant(context: TestContext): Promise<Plant> {
  const machines = new Machines(context);
  const { data } = machines;
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  await machines.enroll(await machines.invite(cloud, "gateway-1"));
  const home = (name: string): string => join(data, `home-${name}`);
  const signers: Record<string, string> = {};
  for (const name of ["olga", "otto"]) {
    mkdirSync(home(name));
    signers[name] = await machines.holon("node", "signer", join(home(name), "shell.key"));
    writeFileSync(join(home(name), "password"), `${name}-has-a-long-password`);
  }
  const config = { ...plant, name: "gateway-1", tier: "gateway" as const, parent: cloud.node.address, uplink: { node: "cloud-1" }, diagnosis: { commands: [], shell: { signers } } } satisfies Parameters<Machines["start"]>[0];
  const configFile = join(data, "gateway-1.yaml");
  writeFileSync(configFile, JSON.stringify(config));
  await machines.holon("node", "measure", configFile, "--adopt", "--because", "installed", "--data", data);
  const gateway = await machines.start(config, data, configFile);
  await until("the gateway is linked", isOpen(gateway));
  const api = ["--api", cloud.api];
  const file = join(data, "plant.policy");
  writeFileSync(file, policy);
  await machines.holon("policy", "set", file, ...api, "--data", data);
  await until("the gateway has the policy", () => gateway.node.guard.inForce().hash !== undefined);
  await machines.holon("user", "add", "olga", "--role", "owner", "--password-file", join(home("olga"), "password"), ...api, "--data", data);
  await machines.holon("login", "olga", "--password-file", join(home("olga"), "password"), ...api, "--data", home("olga"));
  await machines.holon("user", "add", "otto", "--role", "operator", "--password-file", join(home("otto"), "password"), ...api, "--data", home("olga"));
  await machines.holon("login", "otto", "--password-file", join(home("otto"), "password"), ...api, "--data", home("otto"));
  return { machines, cloud, gateway, home };
}

test("two people open a shell on a gateway; all of it is recorded, and what it says is read by nobody on the way", async (context) => {
  const { cloud, gateway, machines, home } = await openPlant(context);
  const child = spawn(process.execPath, [program, "node", "shell", "gateway-1", "--key", join(home("otto"), "shell.key"), "--as", "otto", "--because", "the pump stands still", "--api", cloud.api, "--data", home("otto")], { stdio: ["pipe", "pipe", "pipe"] });
  context.after(() => child.kill("SIGKILL"));
  const written = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (written.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (written.stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const waits = await until("it waits for another person", () => /approval sign (\w+)/.exec(written.stderr)?.[1]);

  const own = await runHolon(context, ["approval", "sign", waits, "--key", join(home("otto"), "shell.key"), "--as", "otto", "--api", cloud.api, "--data", home("otto")]);
  assert.match(own.stderr, /HOLON_APPROVAL_BAD.*cannot approve/);
  for (const [key, as] of [["otto", "olga"], ["olga", "otto"]] as const) {
    const mistaken = await runHolon(context, ["approval", "sign", waits, "--key", join(home(key), "shell.key"), "--as", as, "--api", cloud.api, "--data", home("olga")]);
    assert.match(mistaken.stderr, /HOLON_APPROVAL_BAD.*(?:key|name) of otto, who asked/, "a mistake spends no approval");
  }
  await machines.holon("node", "signer", join(home("olga"), "other.key"));
  for (const [key, as, why] of [["other.key", "olga", /not signed with the key that gateway-1 has under that name/], ["shell.key", "vera", /names no vera/]] as const) {
    const mistaken = await runHolon(context, ["approval", "sign", waits, "--key", join(home("olga"), key), "--as", as, "--api", cloud.api, "--data", home("olga")]);
    assert.match(mistaken.stderr, /HOLON_APPROVAL_BAD/);
    assert.match(mistaken.stderr, why, "the node says so before the approval is spent");
  }
  await machines.holon("approval", "sign", waits, "--key", join(home("olga"), "shell.key"), "--as", "olga", "--api", cloud.api, "--data", home("olga"));
  await until("the shell is open", () => written.stderr.includes("is open"));
  child.stdin.write(`echo $((40 + 2)) '${reading}'\n`);
  await until("what it says is there", () => written.stdout.includes(`42 ${reading}`));
  child.stdin.end();
  assert.equal(await ended, 0, written.stderr);

  const types = (await audited(gateway, "holon.shell.")).map(({ type }) => type);
  assert.deepEqual([types[0], types.includes("holon.shell.typed"), types.includes("holon.shell.said"), types.at(-1)], ["holon.shell.opened", true, true, "holon.shell.closed"]);
  const kept = await gateway.node.log.find({ accepts: ({ stream }) => stream === "local", type: "holon.shell.", limit: 100 });
  assert.match(JSON.stringify(kept.map(({ event }) => event)), /17\.31/, "word by word where it stays");
  await until("the gateway's trail is at the cloud", () => cloud.node.log.head({ origin: gateway.node.log.origin, stream: "audit" })?.sequence === gateway.node.log.head({ origin: gateway.node.log.origin, stream: "audit" })?.sequence);
  const above = await cloud.node.log.find({ accepts: () => true, limit: 1_000 });
  assert.doesNotMatch(JSON.stringify(above.map(({ event }) => event)), /17\.31/, "and nowhere else");
});

test("two people adopt what a gateway is made of; one alone does not, and is told at once what it takes", async (context) => {
  const { cloud, gateway, machines, home } = await openPlant(context);
  const adopt = ["node", "adopt", "gateway-1", "--because", "upgraded", "--api", cloud.api, "--data", home("otto")];
  await until("it has measured", () => gateway.node.status().measured?.state === "adopted", 120_000);
  assert.match((await runHolon(context, adopt)).stderr, /HOLON_ADOPTION_UNSIGNED.*two people/);
  assert.equal((await machines.holon("approval", "list", "--json", "--api", cloud.api, "--data", home("olga"))).includes("adopt"), false, "and nobody was asked to approve it");

  const { stderr, ended } = startHolon(context, [...adopt, "--key", join(home("otto"), "shell.key"), "--as", "otto"]);
  const waits = await until("it waits for another person", () => /approval sign (\w+)/.exec(stderr())?.[1]);
  const shown = await runHolon(context, ["approval", "sign", waits, "--key", join(home("olga"), "shell.key"), "--as", "olga", "--api", cloud.api, "--data", home("olga")]);
  assert.equal(shown.exitCode, 0, shown.stderr);
  assert.match(shown.stderr, /person otto wants what gateway-1 was found to be made of adopted, [0-9a-f]{64}, until .*: upgraded/);
  const { exitCode, stdout } = await ended;
  assert.equal(exitCode, 0, stderr());
  assert.match(stdout, /^adopted for gateway-1: \d+ files/);
  assert.equal((await audited(gateway, "holon.node.adopted")).map(({ data }) => JSON.stringify(data)).at(-1)?.includes('"by":"person otto at cloud-1, signed by otto and olga"'), true);
});

test("whoever has control and no signer's key gets no shell, types nothing into one, and reads nothing of one", async (context) => {
  const { cloud, gateway, home } = await openPlant(context);
  const keys = makeSessionKeys(randomBytes);
  const grantOf = (more: Partial<ShellGrant> = {}): ShellGrant => ({ node: "gateway-1", id: randomBytes(8).toString("hex"), because: "mine", sessionKey: keys.sessionKey, boxKey: keys.boxKey, until: new Date(Date.now() + 600_000).toISOString(), ...more });
  const by = { principal: "person olga", role: "owner", approvedBy: "person otto", at: "cloud-1" };
  const { ask } = cloud.node.diagnosis.desk;
  const signer = (name: string) => readSigner(readFileSync(join(home(name), "shell.key"), "utf8"));
  const signed = (grant: ShellGrant, ...names: readonly string[]) => names.map((name) => ({ signer: name, signature: signer(name).sign(grantWords(grant)) }));
  const open = (grant: ShellGrant, signatures: readonly { signer: string; signature: string }[]) => ask("gateway-1", shellMethods.open, { by, grant, signatures }, 5_000);
  const unsigned = { code: "HOLON_SHELL_UNSIGNED" };

  const thief = readSigner(makeSigner().privatePem);
  const mine = grantOf();
  await assert.rejects(open(mine, ["olga", "otto"].map((name) => ({ signer: name, signature: thief.sign(grantWords(mine)) }))), unsigned);
  await assert.rejects(open(mine, signed(mine, "olga")), unsigned, "one is not two");
  await assert.rejects(open(mine, signed(mine, "olga", "olga")), unsigned);
  const other = grantOf({ node: "gateway-2" });
  await assert.rejects(open(other, signed(other, "olga", "otto")), unsigned, "for another node");
  const late = grantOf({ until: new Date(Date.now() - 1_000).toISOString() });
  await assert.rejects(open(late, signed(late, "olga", "otto")), unsigned, "of another time");
  const eternal = grantOf({ until: new Date(Date.now() + 86_400_000).toISOString() });
  await assert.rejects(open(eternal, signed(eternal, "olga", "otto")), unsigned, "for ever");
  const changed = grantOf();
  await assert.rejects(open({ ...changed, boxKey: makeSessionKeys(randomBytes).boxKey }, signed(changed, "olga", "otto")), unsigned, "with a key of its own in it");
  await assert.rejects(ask("gateway-1", shellMethods.open, { by: { ...by, approvedBy: undefined }, grant: mine, signatures: signed(mine, "olga", "otto") }, 5_000), { code: "HOLON_POLICY_DENIED" }, "the guard wants two as well");

  // A session that two people want.
  const wanted = grantOf();
  await open(wanted, signed(wanted, "olga", "otto"));
  await assert.rejects(open(wanted, signed(wanted, "olga", "otto")), unsigned, "once");
  const say = (sequence: number, text: string, signature: string) => ask("gateway-1", shellMethods.say, { by, id: wanted.id, sequence, text, signature }, 5_000);
  await assert.rejects(say(1, "cat /etc/shadow\n", thief.sign(inputWords(wanted.id, 1, "cat /etc/shadow\n"))), unsigned, "it types nothing");
  const first = `echo '${reading}'\n`;
  const signature = keys.sign(inputWords(wanted.id, 1, first));
  await say(1, first, signature);
  await assert.rejects(say(1, first, signature), unsigned, "nor again what was typed");
  const heard = JSON.stringify(await ask("gateway-1", shellMethods.hear, { by, id: wanted.id, waitMs: 5_000 }, 8_000));
  assert.doesNotMatch(heard, /17\.31/);
  assert.ok(!Buffer.from(heard, "base64").includes("17.31"));
  await ask("gateway-1", shellMethods.close, { by, id: wanted.id }, 5_000);
  assert.ok((await audited(gateway, "holon.shell.refused")).length >= 5, "each attempt is in the node's own trail");

  // A node whose configuration names nobody has none, whatever policy control writes.
  await assert.rejects(ask("cloud-1", shellMethods.open, { by, grant: grantOf({ node: "cloud-1" }), signatures: signed(grantOf(), "olga", "otto") }, 5_000), { code: "HOLON_SHELL_OFF" });
  // And what it gets without a shell has nothing in it that is raw.
  await gateway.node.log.append({ records: [gateway.node.events.record({ stream: "local", type: "pump.reading", class: "raw", producer: "mqtt", subject: reading, data: { reading } })] });
  assert.doesNotMatch(JSON.stringify(await ask("gateway-1", diagnosisMethods.events, { by, session: "x", stream: "local" }, 5_000)), /17\.31/);
});
