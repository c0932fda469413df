import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import type { SignedTarget, TrustAnswer } from "@holon/core/ports.ts";
import { createPublisher, metadataOf, rootOf, signTargets, waitingOf } from "./publisher.ts";
import { readPublisher, type PublisherDescription } from "./publisher/folder.ts";
import { addKey, removeKey, rotateOnline } from "./publisher/root.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";
import { createTrustTuf } from "./trust/tuf.ts";

const nowMs = Date.UTC(2026, 5, 1);
const target = (letter: string): SignedTarget => ({ hash: letter.repeat(64), lengthBytes: 3 });
const app = (name: string, letter: string, version = "1", keep = false) => ({ name, targets: new Map([[`${name}/${version}/app.json`, target(letter)]]), keep });
const fails = (work: Promise<unknown>, code: ErrorCode) => assert.rejects(work, (error) => error instanceof HolonError && error.code === code);

/** What a node that pinned the first root says of what the folder serves. */
async function ask(folder: string, targets: readonly string[], before?: TrustAnswer): Promise<TrustAnswer> {
  const files = await metadataOf(folder);
  return createTrustTuf(folder).verify({ trusted: before?.trusted ?? new Map([["root.json", await rootOf(folder)]]), targets, atMs: nowMs, fetch: (file) => Promise.resolve(files.get(file)) });
}

test("what a publisher signs a node finds; a release takes the place of the one before, unless that is kept", async (t) => {
  const folder = scratchFolder(t);
  await createPublisher(folder, { keys: 1, threshold: 1, nowMs });
  assert.equal((await ask(folder, [])).problem, undefined, "an empty repository is one too");
  await signTargets(folder, app("a", "1"), { nowMs });
  await signTargets(folder, app("b", "2"), { nowMs });
  await signTargets(folder, app("a", "3", "2"), { nowMs });
  const names = ["a/1/app.json", "a/2/app.json", "b/1/app.json"];
  const answer = await ask(folder, names);
  assert.deepEqual([...answer.targets], [["a/2/app.json", target("3")], ["b/1/app.json", target("2")]]);
  await signTargets(folder, app("a", "4", "3", true), { nowMs });
  assert.deepEqual([...(await ask(folder, ["a/2/app.json", "a/3/app.json"], answer)).targets.keys()], ["a/2/app.json", "a/3/app.json"]);
  await signTargets(folder, { name: "b", targets: new Map(), keep: false }, { nowMs });
  assert.deepEqual([...(await ask(folder, ["a/2/app.json", "b/1/app.json"], answer)).targets.keys()], ["a/2/app.json"], "what is withdrawn is signed no more");
  assert.deepEqual(readdirSync(join(folder, "metadata")).filter((name) => /targets|snapshot/.test(name)), ["6.snapshot.json", "6.targets.json"], "what nobody asks for is gone");
});

test("the same again signs nothing while it is fresh, and makes it fresh after", async (t) => {
  const folder = scratchFolder(t);
  await createPublisher(folder, { keys: 1, threshold: 1, nowMs });
  await signTargets(folder, app("a", "1"), { nowMs });
  const before = await metadataOf(folder);
  await signTargets(folder, app("a", "1"), { nowMs });
  assert.deepEqual(await metadataOf(folder), before);
  await signTargets(folder, app("a", "1"), { nowMs: nowMs + 300 * 86_400_000 });
  assert.notDeepEqual((await metadataOf(folder)).get("timestamp.json"), before.get("timestamp.json"));
  assert.equal((await ask(folder, [])).problem, undefined);
});

test("two of three: nothing is served before a second holder has signed, on a machine of his own", async (t) => {
  const [folder, second] = [scratchFolder(t), scratchFolder(t)];
  const { offline } = await createPublisher(folder, { keys: 3, threshold: 2, nowMs });
  const keyFile = (index: number): string => `${offline[index]?.id.slice(0, 16) ?? ""}.json`;
  cpSync(folder, second, { recursive: true });
  for (const index of [1, 2]) rmSync(join(folder, "keys", keyFile(index)));
  for (const index of [0, 2]) rmSync(join(second, "keys", keyFile(index)));
  const short = offline.map(({ id }) => id.slice(0, 12));
  assert.equal(await waitingOf(folder), undefined);
  await assert.rejects(signTargets(folder, app("a", "1"), { nowMs }), hasCode("HOLON_SIGNATURE_UNMET", new RegExp(`targets 2, by which a/1 changes, has 1 of 2 signatures \\(${short[0]}\\): it lacks 1 more of ${short[1]}, ${short[2]}`)));
  assert.deepEqual(await waitingOf(folder), { version: 2, threshold: 2, signed: [offline[0]?.id], missing: [offline[1]?.id, offline[2]?.id], changes: ["a/1"] });
  assert.equal((await ask(folder, ["a/1/app.json"])).targets.size, 0);
  cpSync(join(folder, "pending"), join(second, "pending"), { recursive: true });
  await signTargets(second, undefined, { nowMs });
  assert.deepEqual([...(await ask(second, ["a/1/app.json"])).targets.keys()], ["a/1/app.json"]);
  assert.deepEqual([readdirSync(join(second, "pending")), await waitingOf(second)], [[], undefined]);
});

test("who alters on the way what waits for signatures gets none: neither those who hold keys, one after the other, nor one who is told that nobody has signed it yet", async (t) => {
  const folders = [scratchFolder(t), scratchFolder(t), scratchFolder(t)] as const;
  const { offline } = await createPublisher(folders[0], { keys: 3, threshold: 2, nowMs });
  for (const folder of folders.slice(1)) cpSync(folders[0], folder, { recursive: true });
  for (const [own, folder] of folders.entries()) for (const [index, { id }] of offline.entries()) if (index !== own) rmSync(join(folder, "keys", `${id.slice(0, 16)}.json`));
  const [first, second, third] = folders;
  const pending = (folder: string): string => join(folder, "pending", "targets.json");
  await fails(signTargets(first, app("a", "1"), { nowMs }), "HOLON_SIGNATURE_UNMET");
  const altered = readFileSync(pending(first), "utf8").replaceAll("1".repeat(64), "6".repeat(64));
  writeFileSync(pending(second), altered);
  await assert.rejects(signTargets(second, undefined, { nowMs }), hasCode("HOLON_SIGNATURE_MIXED", new RegExp(`signature of ${offline[0]?.id.slice(0, 12) ?? ""} does not hold`)));
  assert.deepEqual([(await waitingOf(second))?.signed, readFileSync(pending(second), "utf8")], [[], altered], "it is not counted, and nothing was added");
  writeFileSync(pending(second), JSON.stringify({ ...JSON.parse(altered), signatures: [] }));
  await assert.rejects(signTargets(second, undefined, { nowMs }), hasCode("HOLON_SIGNATURE_UNMET", /nobody who may has signed/));
  cpSync(pending(second), pending(third));
  await assert.rejects(signTargets(third, undefined, { nowMs }), hasCode("HOLON_SIGNATURE_UNMET", /nobody/));
  assert.deepEqual([...(await ask(third, ["a/1/app.json"])).targets], []);
  // Who says himself what it is signs that, whatever lies there.
  await fails(signTargets(second, app("a", "1"), { nowMs }), "HOLON_SIGNATURE_UNMET");
  assert.deepEqual((await waitingOf(second))?.changes, ["a/1"]);
  cpSync(pending(second), pending(third));
  await signTargets(third, undefined, { nowMs });
  assert.deepEqual([...(await ask(third, ["a/1/app.json"])).targets], [["a/1/app.json", target("1")]]);
});

test("targets that wait for signatures wait on over another online key, and are completed behind it", async (t) => {
  const [folder, second] = [scratchFolder(t), scratchFolder(t)];
  const { offline } = await createPublisher(folder, { keys: 2, threshold: 2, nowMs });
  const away = `${offline[1]?.id.slice(0, 16) ?? ""}.json`;
  cpSync(join(folder, "keys", away), join(second, away));
  rmSync(join(folder, "keys", away));
  await fails(signTargets(folder, app("a", "1"), { nowMs }), "HOLON_SIGNATURE_UNMET");
  cpSync(join(second, away), join(folder, "keys", away));
  const waited = await waitingOf(folder);
  await rotateOnline(folder, { nowMs });
  assert.deepEqual([waited?.version, await waitingOf(folder)], [2, waited]);
  await signTargets(folder, undefined, { nowMs });
  assert.deepEqual([(await ask(folder, ["a/1/app.json"])).targets.size, await waitingOf(folder)], [1, undefined]);
});

test("keys are sealed with the passphrase, for this user only, and without it nothing is signed", async (t) => {
  const folder = scratchFolder(t);
  await createPublisher(folder, { keys: 1, threshold: 1, passphrase: "correct horse", nowMs });
  for (const name of readdirSync(join(folder, "keys"))) {
    const path = join(folder, "keys", name);
    assert.doesNotMatch(readFileSync(path, "utf8"), /PRIVATE/);
    if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
  }
  await fails(signTargets(folder, app("a", "1"), { nowMs }), "HOLON_SIGNATURE_UNMET");
  await fails(signTargets(folder, app("a", "1"), { passphrase: "wrong", nowMs }), "HOLON_SIGNATURE_UNMET");
  await signTargets(folder, app("a", "1"), { passphrase: "correct horse", nowMs });
  assert.equal((await ask(folder, ["a/1/app.json"])).targets.size, 1);
});

test("keys come and go by new roots, which a node follows from the one that it pinned", async (t) => {
  const folder = scratchFolder(t);
  const { offline } = await createPublisher(folder, { keys: 2, threshold: 2, nowMs });
  await signTargets(folder, app("a", "1"), { nowMs });
  const before = await ask(folder, []);
  await addKey(folder, { nowMs });
  const gone = offline[0]?.id ?? "";
  await removeKey(folder, gone.slice(0, 12), { nowMs });
  assert.equal((await readPublisher(folder))?.rootVersion, 3);
  const after = await ask(folder, ["a/1/app.json"], before);
  assert.deepEqual([after.problem, after.targets.size], [undefined, 1]);
  assert.doesNotMatch(new TextDecoder().decode(after.trusted.get("root.json")), new RegExp(`"${gone}":`));
  await fails(removeKey(folder, offline[1]?.id ?? "", { nowMs }), "HOLON_ARGUMENT_BAD");
});

test("who holds a copy of the online key drives versions up; with another online key nodes go on from those of the publisher", async (t) => {
  const [folder, stolen] = [scratchFolder(t), scratchFolder(t)];
  const { offline, online } = await createPublisher(folder, { keys: 3, threshold: 2, nowMs });
  await signTargets(folder, app("a", "1"), { nowMs });
  const before = await ask(folder, []);
  cpSync(folder, stolen, { recursive: true });
  for (const { id } of offline) rmSync(join(stolen, "keys", `${id.slice(0, 16)}.json`));
  const timestamp = join(stolen, "metadata", "timestamp.json");
  writeFileSync(timestamp, readFileSync(timestamp, "utf8").replace(/"version":2,/, '"version":9007199254740989,'));
  await signTargets(stolen, undefined, { nowMs });
  const taken = await ask(stolen, [], before);
  assert.equal(taken.problem, undefined, "the online key alone is enough for that");
  await signTargets(folder, app("a", "2"), { nowMs });
  assert.equal((await ask(folder, [], taken)).problem?.code, "HOLON_SIGNATURE_ROLLED_BACK");

  const next = await rotateOnline(folder, { nowMs });
  assert.deepEqual([next.rootVersion, next.offline, next.online.id === online.id], [2, offline, false]);
  assert.ok(!readdirSync(join(folder, "keys")).includes(`${online.id.slice(0, 16)}.json`), "the key that signs nothing more is not kept");
  const answer = await ask(folder, ["a/1/app.json"], taken);
  assert.deepEqual([answer.problem, answer.targets.size], [undefined, 1]);
  await signTargets(stolen, undefined, { nowMs });
  assert.notEqual((await ask(stolen, [], answer)).problem, undefined, "what the stolen key signs counts no more");
});

test("who is taken out had the online key too: with him it goes", async (t) => {
  const folder = scratchFolder(t);
  const { offline, online } = await createPublisher(folder, { keys: 3, threshold: 2, nowMs });
  await signTargets(folder, app("a", "1"), { nowMs });
  const before = await ask(folder, []);
  const next = await removeKey(folder, offline[0]?.id ?? "", { nowMs });
  assert.notEqual(next.online.id, online.id);
  assert.equal((await ask(folder, ["a/1/app.json"], before)).targets.size, 1);
});

test("another online key that did not sign anything yet is taken up by the next signing", async (t) => {
  const [folder, copy] = [scratchFolder(t), scratchFolder(t)];
  await createPublisher(folder, { keys: 1, threshold: 1, nowMs });
  await signTargets(folder, app("a", "1"), { nowMs });
  cpSync(join(folder, "metadata"), copy, { recursive: true });
  await rotateOnline(folder, { nowMs });
  cpSync(join(copy, "timestamp.json"), join(folder, "metadata", "timestamp.json")); // as a power cut leaves it
  await signTargets(folder, app("a", "1"), { nowMs });
  assert.equal((await ask(folder, ["a/1/app.json"])).targets.size, 1);
});

test("who may sign is what the root says, not the file beside it: a key or a threshold that somebody wrote into it, or a root that was altered with it, gets into no next root", async (t) => {
  const folder = scratchFolder(t);
  const { offline } = await createPublisher(folder, { keys: 3, threshold: 2, nowMs });
  await addKey(folder, { nowMs });
  const [description, root] = [join(folder, "publisher.json"), join(folder, "metadata", "2.root.json")];
  const [trueDescription, trueRoot] = [readFileSync(description, "utf8"), readFileSync(root, "utf8")];
  const stranger = await createPublisher(scratchFolder(t), { keys: 1, threshold: 1, nowMs });
  const [mine = assert.fail()] = stranger.offline;
  const edited = (change: (told: PublisherDescription) => object): string => JSON.stringify(change(JSON.parse(trueDescription)));
  for (const told of [edited((own) => ({ ...own, threshold: 1 })), edited((own) => ({ ...own, offline: [...own.offline, mine] })), edited((own) => ({ ...own, online: mine })), edited((own) => ({ ...own, offline: own.offline.map((key, index) => (index === 0 ? { ...key, hex: mine.hex } : key)) }))]) {
    writeFileSync(description, told);
    for (const step of [() => rotateOnline(folder, { nowMs }), () => addKey(folder, { nowMs }), () => removeKey(folder, offline[0]?.id ?? "", { nowMs })]) await assert.rejects(step, hasCode("HOLON_SIGNATURE_MIXED", /publisher\.json does not say what root 2 says/), told);
  }
  writeFileSync(description, edited((own) => ({ ...own, threshold: 1 })));
  writeFileSync(root, trueRoot.replaceAll('"threshold":2', '"threshold":1'));
  await assert.rejects(rotateOnline(folder, { nowMs }), hasCode("HOLON_SIGNATURE_MIXED", /2\.root\.json is not signed/));
  assert.deepEqual(readdirSync(join(folder, "metadata")).filter((name) => name.endsWith(".root.json")), ["1.root.json", "2.root.json"]);
  writeFileSync(description, trueDescription);
  writeFileSync(root, trueRoot);
  assert.equal((await rotateOnline(folder, { nowMs })).rootVersion, 3);
});

test("a folder is made a publisher's once, and asks for keys that can be", async (t) => {
  const folder = scratchFolder(t);
  await fails(createPublisher(folder, { keys: 1, threshold: 2, nowMs }), "HOLON_ARGUMENT_BAD");
  await fails(signTargets(folder, undefined, { nowMs }), "HOLON_ARGUMENT_BAD");
  await createPublisher(folder, { keys: 1, threshold: 1, nowMs });
  await fails(createPublisher(folder, { keys: 1, threshold: 1, nowMs }), "HOLON_ARGUMENT_BAD");
});
