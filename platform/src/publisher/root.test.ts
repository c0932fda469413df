import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { SignedTarget, TrustAnswer } from "@holon/core/ports.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { createPublisher, metadataOf, rootOf, signTargets, signWaiting, waitingOf } from "../publisher.ts";
import { scratchFolder } from "../testing/scratch-folder.ts";
import { createTrustTuf } from "../trust/tuf.ts";
import { readPublisher, type PublisherDescription } from "./folder.ts";
import { addKey, removeKey, rotateOnline, waitingRootOf, type WaitingRoot } from "./root.ts";

const nowMs = Date.UTC(2026, 5, 1);
const now = { nowMs };
const target = (letter: string): SignedTarget => ({ hash: letter.repeat(64), lengthBytes: 3 });
const app = (name: string, letter: string) => ({ name, targets: new Map([[`${name}/1/app.json`, target(letter)]]), keep: false });
const pendingRoot = (folder: string): string => join(folder, "pending", "root.json");
const short = (id: string | undefined): string => id?.slice(0, 12) ?? assert.fail("no key");
const keyFile = (id: string | undefined): string => `${id?.slice(0, 16) ?? assert.fail("no key")}.json`;
const hasNext = (next: RegExp) => (error: unknown): boolean => error instanceof HolonError && next.test(error.next);

async function ask(folder: string, targets: readonly string[], before?: TrustAnswer): Promise<TrustAnswer> {
  const files = await metadataOf(folder);
  return createTrustTuf(folder).verify({ trusted: before?.trusted ?? new Map([["root.json", await rootOf(folder)]]), targets, atMs: nowMs, fetch: (file) => Promise.resolve(files.get(file)) });
}

interface Holders {
  readonly ids: readonly string[];
  readonly publisher: PublisherDescription;
  /** A folder each, as on machines of their own: the first has the online key too. */
  readonly folders: readonly [string, string, string];
}

/** Two of three must sign, app `a` is served, and each holder has his own key. */
async function threeHolders(t: TestContext): Promise<Holders> {
  const folders = [scratchFolder(t), scratchFolder(t), scratchFolder(t)] as const;
  const publisher = await createPublisher(folders[0], { keys: 3, threshold: 2, ...now });
  await signTargets(folders[0], app("a", "1"), now);
  for (const folder of folders.slice(1)) cpSync(folders[0], folder, { recursive: true });
  for (const [own, folder] of folders.entries()) for (const [index, { id }] of publisher.offline.entries()) if (index !== own) rmSync(join(folder, "keys", keyFile(id)));
  for (const folder of folders.slice(1)) rmSync(join(folder, "keys", keyFile(publisher.online.id)));
  return { ids: publisher.offline.map(({ id }) => id), publisher, folders };
}

function carry(from: string, to: string): void {
  rmSync(join(to, "pending"), { recursive: true, force: true });
  cpSync(join(from, "pending"), join(to, "pending"), { recursive: true });
}

function hand(from: string, to: string): void {
  for (const name of ["metadata", "publisher.json"]) {
    rmSync(join(to, name), { recursive: true, force: true });
    cpSync(join(from, name), join(to, name), { recursive: true });
  }
}

/** What it was shown before it signed, and what it said. */
async function signAndSee(folder: string): Promise<{ readonly seen: readonly WaitingRoot[]; readonly error: unknown }> {
  const seen: WaitingRoot[] = [];
  const error: unknown = await signWaiting(folder, { ...now, seen: (root) => void seen.push(root) }).then(
    () => undefined,
    (failed: unknown) => failed,
  );
  return { seen, error };
}

const edit = (path: string, change: (text: string) => string): void => writeFileSync(path, change(readFileSync(path, "utf8")));

test("a key is added by two holders apart: the root waits with the signature of the first, the second sees what it changes, signs with his own key, and it is published", async (t) => {
  const { ids, folders: [first, second] } = await threeHolders(t);
  const [before, served] = [await ask(first, []), await metadataOf(first)];
  await assert.rejects(addKey(first, now), (error) => hasCode("HOLON_SIGNATURE_UNMET", new RegExp(`root 2 has 1 of 2 signatures \\(${short(ids[0])}\\) of the keys of root 1 and 2 of 2 .*: it lacks 1 more of ${short(ids[1])}, ${short(ids[2])}`))(error) && hasNext(/Carry pending\/ .* `holon publisher sign` there, which shows first/)(error));
  assert.deepEqual([await metadataOf(first), (await readPublisher(first))?.rootVersion], [served, 1], "nothing of it is served");
  carry(first, second);
  const text = readFileSync(pendingRoot(second), "utf8");
  let atSeeing = "";
  const shown: WaitingRoot[] = [];
  await signWaiting(second, { ...now, seen: (root) => { atSeeing = readFileSync(pendingRoot(second), "utf8"); shown.push(root); } });
  assert.equal(atSeeing, text, "it was shown before it was signed");
  const [changes] = shown;
  const next = await readPublisher(second);
  assert.deepEqual([changes?.version, changes?.added, changes?.removed, changes?.threshold, changes?.expires, changes?.byBefore.signed], [2, [next?.offline[3]?.id], [], { before: 2, after: 2 }, "2036-05-29T00:00:00.000Z", [ids[0]]]);
  assert.deepEqual([next?.rootVersion, next?.offline.length, readdirSync(join(second, "pending")), await waitingRootOf(second)], [2, 4, [], undefined]);
  const after = await ask(second, ["a/1/app.json"], before);
  assert.deepEqual([after.problem, after.targets.size], [undefined, 1]);
  // At the first holder's it waits on, until the metadata come: then it is his root, and nothing waits.
  hand(second, first);
  const handed = (await metadataOf(first)).get("2.root.json");
  await signWaiting(first, now);
  assert.deepEqual([existsSync(pendingRoot(first)), (await readPublisher(first))?.rootVersion, (await metadataOf(first)).get("2.root.json")], [false, 2, handed], "the root that has all signatures is not put back by that which lacked some");
});

test("another online key is made by who begins: signed by as many as must, the root goes back to where that key is", async (t) => {
  const { publisher, folders: [first, second] } = await threeHolders(t);
  const before = await ask(first, []);
  await assert.rejects(rotateOnline(first, now), hasCode("HOLON_SIGNATURE_UNMET", /root 2 has 1 of 2/));
  assert.ok(existsSync(join(first, "keys", keyFile(publisher.online.id))), "the key of the root that is served is kept until then");
  carry(first, second);
  const { seen, error } = await signAndSee(second);
  assert.equal(seen[0]?.online.before, publisher.online.id);
  assert.ok(hasCode("HOLON_SIGNATURE_UNMET", new RegExp(`root 2 is signed by as many as must, and waits for its online key ${short(seen[0]?.online.after)}`))(error) && hasNext(/Carry pending\/ to who began/)(error));
  assert.equal((await readPublisher(second))?.rootVersion, 1);
  carry(second, first);
  await signWaiting(first, now);
  const next = await readPublisher(first);
  assert.deepEqual([next?.rootVersion, next?.online.id, existsSync(join(first, "keys", keyFile(publisher.online.id))), existsSync(pendingRoot(first))], [2, seen[0]?.online.after, false, false]);
  const after = await ask(first, ["a/1/app.json"], before);
  assert.deepEqual([after.problem, after.targets.size], [undefined, 1]);
});

test("a key is taken out by those who stay, and the app that waits is not lost: it waits on under the next root, and is completed there", async (t) => {
  const { ids, folders: [first, second, third] } = await threeHolders(t);
  // What is served has the signatures of all who will go and stay but the second's: it needs his under the next root.
  await assert.rejects(signTargets(first, app("b", "2"), now), hasCode("HOLON_SIGNATURE_UNMET"));
  carry(first, third);
  await assert.rejects(signTargets(third, undefined, now), hasCode("HOLON_SIGNATURE_UNMET", /online key/));
  carry(third, first);
  await signTargets(first, undefined, now);
  assert.equal((await ask(first, ["b/1/app.json"])).targets.size, 1, "the signature of who has no online key counts");
  const before = await ask(first, []);
  for (const folder of [second, third]) hand(first, folder);

  await assert.rejects(signTargets(first, app("c", "3"), now), hasCode("HOLON_SIGNATURE_UNMET"));
  await assert.rejects(removeKey(first, short(ids[2]), now), hasCode("HOLON_SIGNATURE_UNMET", /root 2/));
  assert.deepEqual((await waitingOf(first))?.changes, ["c/1"]);
  const waited = await waitingOf(first);
  carry(first, second);
  rmSync(join(second, "pending", "targets.json")); // of the app he has heard nothing yet
  const { seen: [seen], error } = await signAndSee(second);
  assert.deepEqual([seen?.removed, seen?.added], [[ids[2]], []]);
  assert.ok(hasCode("HOLON_SIGNATURE_UNMET", /waits for its online key/)(error));
  cpSync(pendingRoot(second), pendingRoot(first));
  await assert.rejects(signWaiting(first, now), hasCode("HOLON_SIGNATURE_UNMET", new RegExp(`targets ${waited?.version}, by which c/1 changes, has 1 of 2`)));
  assert.deepEqual([(await readPublisher(first))?.offline.map(({ id }) => id), (await waitingOf(first))?.changes], [ids.slice(0, 2), ["c/1"]]);
  const after = await ask(first, ["a/1/app.json", "b/1/app.json"], before);
  assert.deepEqual([after.problem, after.targets.size], [undefined, 2]);
  hand(first, second);
  carry(first, second);
  await assert.rejects(signWaiting(second, now), hasCode("HOLON_SIGNATURE_UNMET", /online key/));
  carry(second, first);
  await signWaiting(first, now);
  assert.equal((await ask(first, ["a/1/app.json", "b/1/app.json", "c/1/app.json"], after)).targets.size, 3);
});

test("who signs twice counts once, and a key of nobody's counts for none", async (t) => {
  const { ids, folders: [first, second] } = await threeHolders(t);
  await assert.rejects(rotateOnline(first, now), hasCode("HOLON_SIGNATURE_UNMET"));
  const once = await waitingRootOf(first);
  for (let time = 0; time < 2; time++) await assert.rejects(signWaiting(first, now), hasCode("HOLON_SIGNATURE_UNMET", new RegExp(`1 of 2 signatures \\(${short(ids[0])}\\) of the keys of root 1`)));
  assert.deepEqual(await waitingRootOf(first), once);
  carry(first, second);
  const text = readFileSync(pendingRoot(second), "utf8");
  edit(pendingRoot(second), () => text.replaceAll(/"signatures":\[(\{"keyid":")\w+(","sig":"\w+"\})\]/g, (whole, head: string, tail: string) => whole.replace("]", `,${head}${"ab".repeat(32)}${tail}]`)));
  assert.notEqual(readFileSync(pendingRoot(second), "utf8"), text);
  assert.deepEqual((await waitingRootOf(second))?.byBefore.signed, [ids[0]]);
});

test("a root that was altered on the way, stripped of its signatures, or says more than is shown of it gets no signature", async (t) => {
  const { ids, folders: [first, second] } = await threeHolders(t);
  const stranger = (await createPublisher(scratchFolder(t), { keys: 1, threshold: 1, ...now })).offline[0] ?? assert.fail();
  await assert.rejects(addKey(first, now), hasCode("HOLON_SIGNATURE_UNMET"));
  const text = readFileSync(pendingRoot(first), "utf8");
  const root = JSON.parse(text) as { root: { signed: { keys: Record<string, { keyval: { public: string } }> }; signatures: unknown[] }; targets: { signatures: unknown[] } };
  const changed = (change: (copy: typeof root) => void): string => {
    const copy = structuredClone(root);
    change(copy);
    return JSON.stringify(copy);
  };
  const cases = [
    ["a lower threshold", text.replace('"threshold":2', '"threshold":1'), "HOLON_SIGNATURE_MIXED", /says more than is shown/],
    ["lower thresholds", text.replaceAll('"threshold":2', '"threshold":1'), "HOLON_SIGNATURE_MIXED", /does not hold: it was altered/],
    ["another key under an id", text.replaceAll(root.root.signed.keys[ids[1] ?? ""]?.keyval.public ?? assert.fail(), stranger.hex), "HOLON_SIGNATURE_MIXED", /says more than is shown/],
    ["something beside it", text.replace('"consistent_snapshot":true', '"consistent_snapshot":true,"x":1'), "HOLON_SIGNATURE_MIXED", /says more than is shown/],
    ["an earlier end", text.replaceAll("2036-", "2035-"), "HOLON_SIGNATURE_MIXED", /does not hold/],
    ["no signatures", changed((copy) => void (copy.root.signatures = [])), "HOLON_SIGNATURE_UNMET", /nobody of root 1/],
    ["targets that nobody signed", changed((copy) => void (copy.targets.signatures = [])), "HOLON_SIGNATURE_MIXED", /targets 2 .* none that were signed/],
    ["half of a file", text.slice(0, text.length / 2), "HOLON_SIGNATURE_MIXED", /no root of a publisher/],
    ["a root from further on", text.replace(/("version":)2(?=[^[]*"_type":"root")|("_type":"root"[^{]*?"version":)2/, "$1$25"), "HOLON_SIGNATURE_MIXED", /root 5 waits, and this folder has root 1/],
  ] as const;
  for (const [name, altered, code, message] of cases) {
    assert.notEqual(altered, text, name);
    writeFileSync(pendingRoot(second), altered);
    const { seen, error } = await signAndSee(second);
    assert.ok(hasCode(code, message)(error), name);
    assert.deepEqual([seen.length, readFileSync(pendingRoot(second), "utf8")], [0, altered], name);
  }
  assert.deepEqual([(await readPublisher(second))?.rootVersion, readdirSync(join(second, "metadata")).filter((file) => file.endsWith("root.json"))], [1, ["1.root.json"]]);
  writeFileSync(pendingRoot(second), text);
  await signWaiting(second, now);
  assert.equal((await readPublisher(second))?.rootVersion, 2);
});

test("a root that waits is refused where the signed root has moved on, by publisher.json or by the root alone; and two do not wait at once", async (t) => {
  const { folders: [first, second, third] } = await threeHolders(t);
  await assert.rejects(addKey(first, now), hasCode("HOLON_SIGNATURE_UNMET"));
  await assert.rejects(rotateOnline(first, now), (error) => hasCode("HOLON_SIGNATURE_UNMET", /waits for signatures already/)(error) && hasNext(/take pending\/root\.json away/)(error));
  // Others make another root 2 meanwhile.
  await assert.rejects(addKey(second, now), hasCode("HOLON_SIGNATURE_UNMET"));
  carry(second, third);
  await signWaiting(third, now);
  const description = readFileSync(join(first, "publisher.json"), "utf8");
  hand(third, first);
  const served = await metadataOf(first);
  await assert.rejects(signWaiting(first, now), (error) => hasCode("HOLON_SIGNATURE_MIXED", /the signed root has moved on/)(error) && hasNext(/Take pending\/root\.json away/)(error));
  writeFileSync(join(first, "publisher.json"), description);
  await assert.rejects(signWaiting(first, now), hasCode("HOLON_SIGNATURE_MIXED", /the signed root has moved on/));
  assert.deepEqual(await metadataOf(first), served);
  hand(third, first);
  rmSync(pendingRoot(first));
  await assert.rejects(rotateOnline(first, now), hasCode("HOLON_SIGNATURE_UNMET", /root 3 has 1 of 2/));
});

test("who goes does not make the online key of those who stay; he may sign what they began, for the root before alone", async (t) => {
  const { ids, folders: [first, second, third] } = await threeHolders(t);
  const keys = readdirSync(join(first, "keys"));
  await assert.rejects(removeKey(first, short(ids[0]), now), (error) => hasCode("HOLON_SIGNATURE_UNMET", /nothing was changed/)(error) && hasNext(new RegExp(`Have who holds one of ${short(ids[1])}, ${short(ids[2])}`))(error));
  assert.deepEqual([readdirSync(join(first, "keys")), existsSync(pendingRoot(first))], [keys, false]);
  await assert.rejects(removeKey(second, short(ids[0]), now), hasCode("HOLON_SIGNATURE_UNMET", new RegExp(`it lacks 1 more of ${short(ids[0])}, ${short(ids[2])}, and of its own 1 more of ${short(ids[2])}`)));
  carry(second, first);
  await assert.rejects(signWaiting(first, now), hasCode("HOLON_SIGNATURE_UNMET", new RegExp(`has 2 of 2 signatures .* of root 1 and 1 of 2 signatures \\(${short(ids[1])}\\) of its own: it lacks 1 more of ${short(ids[2])}`)));
  carry(first, third);
  await assert.rejects(signWaiting(third, now), hasCode("HOLON_SIGNATURE_UNMET", /waits for its online key/));
  carry(third, second);
  await signWaiting(second, now);
  assert.deepEqual((await readPublisher(second))?.offline.map(({ id }) => id), ids.slice(1));
  assert.equal((await ask(second, ["a/1/app.json"])).targets.size, 1);
});

test("a threshold that is raised is met by the keys of the next root, what is served too; one that no keys could meet is refused", async (t) => {
  const { ids, publisher, folders: [first, second, third] } = await threeHolders(t);
  const before = await ask(first, []);
  await assert.rejects(addKey(first, { ...now, threshold: 5 }), hasCode("HOLON_ARGUMENT_BAD", /5 of 4 keys cannot be/));
  await assert.rejects(addKey(first, { ...now, threshold: Number.NaN }), hasCode("HOLON_ARGUMENT_BAD"));
  assert.deepEqual(readdirSync(join(first, "keys")).length, 2);
  await assert.rejects(addKey(first, { ...now, threshold: 4 }), hasCode("HOLON_SIGNATURE_UNMET"));
  carry(first, second);
  const { seen: [seen], error } = await signAndSee(second);
  assert.deepEqual(seen?.threshold, { before: 2, after: 4 });
  assert.ok(hasCode("HOLON_SIGNATURE_UNMET", new RegExp(`has 2 of 2 .* and 3 of 4 .* of its own: it lacks 1 more of ${short(ids[2])}$`))(error));
  carry(second, third);
  cpSync(join(first, "keys", keyFile(publisher.online.id)), join(third, "keys", keyFile(publisher.online.id)));
  await signWaiting(third, now);
  assert.equal((await readPublisher(third))?.threshold, 4);
  const after = await ask(third, ["a/1/app.json"], before);
  assert.deepEqual([after.problem, after.targets.size], [undefined, 1]);
});

test("newer targets that were signed meanwhile are not put back by a root that waited", async (t) => {
  const { ids, publisher, folders: [first, second] } = await threeHolders(t);
  cpSync(join(first, "keys", keyFile(publisher.online.id)), join(second, "keys", keyFile(publisher.online.id)));
  await assert.rejects(removeKey(first, short(ids[2]), now), hasCode("HOLON_SIGNATURE_UNMET"));
  await assert.rejects(signTargets(first, app("b", "2"), now), hasCode("HOLON_SIGNATURE_UNMET"));
  carry(first, second);
  const before = await ask(first, []);
  await assert.rejects(signWaiting(second, now), hasCode("HOLON_SIGNATURE_UNMET", /waits for its online key/));
  assert.equal((await ask(second, ["b/1/app.json"], before)).targets.size, 1, "the app that waited is served");
  hand(second, first);
  carry(second, first);
  await signWaiting(first, now);
  const after = await ask(first, ["a/1/app.json", "b/1/app.json"], before);
  assert.deepEqual([after.problem, after.targets.size, (await readPublisher(first))?.rootVersion], [undefined, 2, 2]);
});

test("targets that were signed meanwhile by one who goes are signed by those who stay before the root that takes him out is published", async (t) => {
  const { ids, folders: [first, second, third] } = await threeHolders(t);
  const before = await ask(first, []);
  await assert.rejects(removeKey(first, short(ids[2]), now), hasCode("HOLON_SIGNATURE_UNMET"));
  carry(first, second);
  await assert.rejects(signWaiting(second, now), hasCode("HOLON_SIGNATURE_UNMET", /waits for its online key/));
  rmSync(join(third, "pending"), { recursive: true });
  await assert.rejects(signTargets(first, app("b", "2"), now), hasCode("HOLON_SIGNATURE_UNMET"));
  cpSync(join(first, "pending", "targets.json"), join(third, "pending", "targets.json"));
  await assert.rejects(signTargets(third, undefined, now), hasCode("HOLON_SIGNATURE_UNMET", /online key/));
  cpSync(join(third, "pending", "targets.json"), join(first, "pending", "targets.json"));
  await signTargets(first, undefined, now);
  cpSync(pendingRoot(second), pendingRoot(first));
  await assert.rejects(signWaiting(first, now), hasCode("HOLON_SIGNATURE_UNMET", new RegExp(`and 1 of 2 signatures \\(${short(ids[0])}\\) of its own: it lacks 1 more of ${short(ids[1])}`)));
  carry(first, second);
  await assert.rejects(signWaiting(second, now), hasCode("HOLON_SIGNATURE_UNMET", /waits for its online key/));
  carry(second, first);
  await signWaiting(first, now);
  const after = await ask(first, ["a/1/app.json", "b/1/app.json"], before);
  assert.deepEqual([after.problem, after.targets.size], [undefined, 2]);
});

test("whoever is ended between two files of a root goes on from there with the next signing, of what waits or of an app", async (t) => {
  const steps = [
    (folder: string, goes: string) => removeKey(folder, goes, now),
    (folder: string) => addKey(folder, { ...now, threshold: 4 }),
  ];
  for (const step of steps) {
    const [whole, after, atEnd, aside] = [scratchFolder(t), scratchFolder(t), scratchFolder(t), scratchFolder(t)];
    const { offline, online } = await createPublisher(whole, { keys: 3, threshold: 2, ...now });
    await signTargets(whole, app("a", "1"), now);
    const away = [offline[1], offline[2]].map((key) => keyFile(key?.id));
    for (const file of away) cpSync(join(whole, "keys", file), join(aside, file));
    for (const file of away) rmSync(join(whole, "keys", file));
    const before = await ask(whole, []);
    await assert.rejects(step(whole, short(offline[2]?.id)), hasCode("HOLON_SIGNATURE_UNMET"));
    for (const file of away) cpSync(join(aside, file), join(whole, "keys", file));
    cpSync(whole, after, { recursive: true });
    await signWaiting(after, now);
    const next = await readPublisher(after);
    // All that was signed waits, as it did the moment before it was published: nothing but what is newest keeps it.
    cpSync(whole, atEnd, { recursive: true });
    const onlineFile = join(atEnd, "keys", keyFile((await waitingRootOf(atEnd))?.online.after));
    cpSync(onlineFile, join(aside, "online.json"));
    rmSync(onlineFile);
    await assert.rejects(signWaiting(atEnd, now), hasCode("HOLON_SIGNATURE_UNMET", /online key/));
    cpSync(join(aside, "online.json"), onlineFile);
    const written = ["metadata/2.root.json", "publisher.json", "metadata/2.targets.json", "metadata/3.snapshot.json", "metadata/timestamp.json"];
    const resume = [signWaiting, (folder: string) => signTargets(folder, app("a", "2"), now), (folder: string) => signTargets(folder, app("a", "1"), now)] as const;
    for (let count = 0; count <= written.length; count++) {
      for (const [kind, go] of resume.entries()) {
        if (kind > 0 && count === 0) continue; // nothing was begun: it waits on
        const folder = scratchFolder(t);
        cpSync(atEnd, folder, { recursive: true });
        for (const file of written.slice(0, count)) cpSync(join(after, file), join(folder, file));
        await go(folder, now);
        const answer = await ask(folder, ["a/1/app.json"], before);
        assert.deepEqual([answer.problem, answer.targets.get("a/1/app.json"), (await readPublisher(folder))?.rootVersion, existsSync(pendingRoot(folder))], [undefined, target(kind === 1 ? "2" : "1"), 2, false], `${count} files, ${kind}`);
        assert.equal(existsSync(join(folder, "keys", keyFile(online.id))), next?.online.id === online.id, "the online key of before goes");
      }
    }
    // And with a disk that fails in the middle: what waits is there to go on from.
    mkdirSync(join(atEnd, "metadata", "3.snapshot.json"));
    await assert.rejects(signWaiting(atEnd, now));
    assert.deepEqual([existsSync(pendingRoot(atEnd)), (await readPublisher(atEnd))?.rootVersion], [true, 2]);
    rmdirSync(join(atEnd, "metadata", "3.snapshot.json"));
    await signWaiting(atEnd, now);
    assert.deepEqual([(await ask(atEnd, ["a/1/app.json"], before)).targets.size, existsSync(pendingRoot(atEnd))], [1, false]);
  }
});

test("without a key that is named nothing is begun; with all of them nothing waits", async (t) => {
  const folder = scratchFolder(t);
  const { offline } = await createPublisher(folder, { keys: 1, threshold: 1, passphrase: "correct horse", ...now });
  const keys = readdirSync(join(folder, "keys"));
  for (const step of [addKey, rotateOnline]) await assert.rejects(step(folder, { ...now, passphrase: "wrong" }), (error) => hasCode("HOLON_SIGNATURE_UNMET", /none of the keys .* nothing was changed/)(error) && hasNext(new RegExp(short(offline[0]?.id)))(error));
  assert.deepEqual([readdirSync(join(folder, "keys")), readdirSync(join(folder, "pending"))], [keys, []]);
  await addKey(folder, { ...now, passphrase: "correct horse" });
  assert.deepEqual([(await readPublisher(folder))?.rootVersion, readdirSync(join(folder, "pending"))], [2, []]);
});
