import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import type { OpenShell } from "@holon/core/ports.ts";
import type { CommandLine } from "@holon/core/diagnosis/commands.ts";
import { hottest } from "@holon/core/diagnosis/profile.ts";
import { grantWords, heardAbout, type ShellGrant } from "@holon/core/diagnosis/shell.ts";
import { diagnosticsContract } from "@holon/sim/contracts/diagnostics.ts";
import { makeSessionKeys, makeSigner, readSigner } from "./diagnostics/keys.ts";
import { createDiagnostics } from "./diagnostics.ts";
import { createLines } from "./lines.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";

const line = (more: Partial<CommandLine> & Pick<CommandLine, "words">): CommandLine => ({ timeoutMs: 10_000, outputBytesMax: 10_000, ...more });
diagnosticsContract("platform", () => createDiagnostics(join(import.meta.dirname, "none")), (word) => line({ words: ["/bin/echo", word] }), (work) => work);

test("a command has no shell, no environment of the node's, and both of its outputs are told", async (context) => {
  const { run } = createDiagnostics(scratchFolder(context));
  process.env["HOLON_TEST_SECRET"] = "not-to-be-seen";
  context.after(() => delete process.env["HOLON_TEST_SECRET"]);
  assert.equal((await run(line({ words: ["/bin/echo", "$(id); $HOME && x"] }))).output, "$(id); $HOME && x\n");
  assert.ok(!(await run(line({ words: ["/usr/bin/env"] }))).output.includes("not-to-be-seen"));
  const { exitCode, output } = await run(line({ words: ["/bin/ls", "/is/not/there"] }));
  assert.ok(exitCode !== 0 && output.includes("/is/not/there"));
});

test("a command ends with its time and with its output, and what it started ends with it", async (context) => {
  const { run } = createDiagnostics(scratchFolder(context));
  assert.equal((await run(line({ words: ["/bin/sh", "-c", "sleep 60 & sleep 60"], timeoutMs: 200 }))).ended, "time");
  // What has left its group holds the output for longer than anybody waits.
  assert.equal((await run(line({ words: ["/bin/sh", "-c", "setsid sleep 20 & sleep 20"], timeoutMs: 200 }))).ended, "time");
  const { ended, output } = await run(line({ words: ["/usr/bin/yes"], outputBytesMax: 1_000 }));
  assert.deepEqual([ended, output.length], ["output", 1_000]);
  await assert.rejects(run(line({ words: ["/is/not/there"] })), { code: "HOLON_COMMAND_FAILED" });
});

test("a shell that holds its output in another group, or reads nothing, ends when it is closed", async (context) => {
  const { shell: openShell } = createDiagnostics(scratchFolder(context));
  const ended = async (shell: OpenShell): Promise<void> => {
    while (shell.isOpen()) {
      shell.read();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const away = openShell();
  away.write("setsid sleep 20 & echo there\n");
  for (let said = ""; !said.includes("there"); said += away.read()) await new Promise((resolve) => setTimeout(resolve, 5));
  away.close();
  await ended(away);
  const deaf = openShell();
  deaf.write("exec sleep 20\n");
  assert.throws(() => {
    for (let count = 0; count < 1_000; count++) deaf.write("x".repeat(4_000));
  }, { code: "HOLON_SHELL_ENDED" });
  await ended(deaf);
});

test("exit ends a shell whose background children hold its output, within their group and out of it, and all that it said itself is read", async (context) => {
  const { shell: openShell } = createDiagnostics(scratchFolder(context));
  for (const left of ["sleep 300 &", "setsid sleep 20 &", "(while :; do echo chatter; sleep 0.05; done) &"]) {
    const shell = openShell();
    shell.write(`${left}\nyes word | head -c 300000; echo; echo the-end\nexit\n`);
    let said = "";
    while (shell.isOpen()) {
      said += shell.read();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    said += shell.read();
    const own = said.replaceAll(/chatter\r?\n/g, ""); // said in the middle of a word, too
    assert.deepEqual([own.split("word").length - 1, own.includes("the-end")], [60_000, true], left);
    shell.close();
  }
});

test("its secrets are those of its files, also the one above", async (context) => {
  const data = scratchFolder(context);
  const folder = join(data, "gateway-1");
  mkdirSync(join(folder, "identity"), { recursive: true });
  const key = randomBytes(36).toString("base64");
  writeFileSync(join(data, "api-token"), "the-token-of-the-machine\n");
  writeFileSync(join(folder, "secrets.json"), JSON.stringify({ a: "first secret", b: "second secret" }));
  writeFileSync(join(folder, "identity/identity.json"), JSON.stringify({ keyPem: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`, chain: ["-----BEGIN CERTIFICATE-----\nabcdefghijklmnopqrstuvwxyz\n-----END CERTIFICATE-----\n"], node: "gateway-1" }));
  const set = { PWD: "/somewhere/in/every/path", HOLON_TRIED_PASSWORD: "of-the-environment" };
  const before = { ...process.env };
  Object.assign(process.env, set);
  const secrets = await createDiagnostics(folder).secrets().finally(() => (process.env = before));
  for (const secret of ["of-the-environment", "the-token-of-the-machine", "first secret", "second secret", key]) assert.ok(secrets.includes(secret), secret);
  for (const word of ["gateway-1", "abcdefghijklmnopqrstuvwxyz", set.PWD]) assert.ok(!secrets.includes(word), word);
});

test("a profile says where the time goes", async (context) => {
  const { profile } = createDiagnostics(scratchFolder(context));
  let isTaken = false;
  const taken = profile(200).finally(() => (isTaken = true));
  while (!isTaken) {
    burnOnPurpose();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const hot = hottest(JSON.parse(await taken));
  assert.ok(hot.some(({ function: name }) => name === "burnOnPurpose"), JSON.stringify(hot.slice(0, 5)));
});

function burnOnPurpose(): number {
  let sum = 0;
  for (let index = 0; index < 50_000; index++) sum += Math.sqrt(index);
  return sum;
}

test("signatures are checked, and what is sealed to a session is opened by it alone, in its place", (context) => {
  const { verify, seal } = createDiagnostics(scratchFolder(context));
  const { privatePem, publicKey } = makeSigner();
  const keys = makeSessionKeys(randomBytes);
  const grant: ShellGrant = { node: "gateway-1", id: "0123456789abcdef", because: "why", sessionKey: keys.sessionKey, boxKey: keys.boxKey, until: "2026-01-02T03:04:05.000Z" };
  const signature = readSigner(privatePem).sign(grantWords(grant));
  assert.ok(verify(publicKey, grantWords(grant), signature));
  assert.ok(!verify(publicKey, grantWords({ ...grant, because: "another" }), signature));
  assert.ok(!verify(makeSigner().publicKey, grantWords(grant), signature));
  const { enc, sealed } = seal(keys.boxKey, heardAbout(grant.id, 1), Buffer.from("what it says"));
  assert.equal(keys.open(enc, sealed, heardAbout(grant.id, 1)), "what it says");
  assert.throws(() => keys.open(enc, sealed, heardAbout(grant.id, 2)), { code: "HOLON_SHELL_UNSIGNED" });
  assert.throws(() => makeSessionKeys(randomBytes).open(enc, sealed, heardAbout(grant.id, 1)), { code: "HOLON_SHELL_UNSIGNED" });
});

test("lines outlive the node, within their bound, and a disk that takes none is no trouble", async (context) => {
  const folder = scratchFolder(context);
  const keeper = createLines(folder);
  keeper.write(["one", "two"]);
  assert.deepEqual(await createLines(folder).read(), ["one", "two"]);
  const long = "x".repeat(1_000);
  for (let count = 0; count < 3_000; count += 100) keeper.write(Array.from({ length: 100 }, (_, index) => `${count + index} ${long}`));
  const kept = await createLines(folder).read();
  const bytes = ["newer.jsonl", "older.jsonl"].reduce((sum, name) => sum + readFileSync(join(folder, "lines", name)).length, 0);
  assert.ok(bytes <= 2 * diagnosisBounds.linesFileBytesMax);
  assert.match(kept.at(-1) ?? "", /^2999 /);
  const numbers = kept.map((text) => Number(text.split(" ")[0]));
  assert.deepEqual(numbers, numbers.map((_, index) => (numbers[0] ?? 0) + index), "without a gap");
  writeFileSync(join(folder, "file"), "");
  createLines(join(folder, "file")).write(["lost"]);
});
