/** The director's keys: what a node that pinned its root takes from it, before and after they were made anew, and from nobody else. */
import assert from "node:assert/strict";
import { createHash, createPrivateKey } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ErrorCode } from "@holon/core/errors.ts";
import type { Director } from "@holon/core/ports.ts";
import { z } from "zod";
import { pinDirector } from "../identity/pins.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { scratchFolder } from "../testing/scratch-folder.ts";
import { createDirector, directorStatus, rotateDirector, takeDirectorRootKey } from "./director.ts";
import { makeRoot, publicKeyOf, signFile } from "./tuf-repository.ts";
import { createTrustTuf } from "./tuf.ts";

const nowMs = Date.UTC(2026, 5, 1);
const targets = new Map([["gateway-1/a", { hash: "a".repeat(64), lengthBytes: 5 }]]);
const fileSchema = z.object({ keyPem: z.string(), roots: z.array(z.string()) });

/** A node that pinned the director's root: what it makes of what it is offered, from what it trusts by then. */
class Pinner {
  #trusted: ReadonlyMap<string, Uint8Array>;

  private constructor(root: Uint8Array) {
    this.#trusted = new Map([["root.json", root]]);
  }

  static async of(director: Director): Promise<Pinner> {
    return new Pinner((await director.roots(nowMs)).at(-1) ?? new Uint8Array());
  }

  async take(files: ReadonlyMap<string, Uint8Array>): Promise<"taken" | ErrorCode> {
    const { trusted, problem } = await createTrustTuf("none").verify({ trusted: this.#trusted, targets: [...targets.keys()], atMs: nowMs, fetch: (file) => Promise.resolve(files.get(file)) });
    this.#trusted = trusted;
    return problem?.code ?? "taken";
  }
}

const signed = (director: Director, version: number): Promise<ReadonlyMap<string, Uint8Array>> => director.sign({ version, targets, nowMs });

test("who stole the control plane cannot show a node another director, nor a root that does not follow the pinned one", async (context) => {
  const [folder, thiefs] = [scratchFolder(context), scratchFolder(context)];
  const [director, thief] = [createDirector(folder), createDirector(thiefs)];
  const node = await Pinner.of(director);
  assert.equal(await node.take(await signed(director, 1)), "taken");
  assert.equal(await node.take(await signed(thief, 2)), "HOLON_SIGNATURE_UNMET");

  // All that lay on control's disk, once the root's key is away: the key that signs documents, and every root.
  await takeDirectorRootKey(folder, join(scratchFolder(context), "root.json"));
  const { keyPem } = fileSchema.parse(JSON.parse(readFileSync(join(folder, "director.json"), "utf8")));
  const stolen = createPrivateKey(keyPem);
  const role = { keys: [publicKeyOf(stolen)], threshold: 1 };
  const forged = await signFile(await makeRoot(2, nowMs + 1e9, { root: role, targets: role, snapshot: role, timestamp: role }), [{ public: publicKeyOf(stolen), private: stolen }]);
  assert.equal(await node.take(new Map([...(await signed(director, 3)), ["2.root.json", forged]])), "HOLON_SIGNATURE_UNMET");
  assert.equal(await node.take(await signed(director, 3)), "taken");
});

test("with the root's key the other is made anew: nodes follow, also those that were away for several, and what was stolen signs nothing more", async (context) => {
  const folder = scratchFolder(context);
  const director = createDirector(folder);
  const [node, away] = [await Pinner.of(director), await Pinner.of(director)];
  assert.equal(await node.take(await signed(director, 1)), "taken");
  const thiefs = scratchFolder(context);
  writeFileSync(join(thiefs, "director.json"), readFileSync(join(folder, "director.json")));
  const key = join(scratchFolder(context), "root.json");
  await takeDirectorRootKey(folder, key);
  assert.deepEqual(await directorStatus(folder), { rootVersion: 1, rootKey: "away" });
  await assert.rejects(rotateDirector(folder, nowMs), hasCode("HOLON_ROOT_KEY_AWAY"));
  await rotateDirector(folder, nowMs, { from: key });
  assert.equal(await node.take(await signed(director, 2)), "taken");
  assert.equal(await node.take(await signed(createDirector(thiefs), 3)), "HOLON_SIGNATURE_UNMET");
  const before = readFileSync(key);
  await rotateDirector(folder, nowMs, { from: key, newRootKey: true });
  assert.equal(await away.take(await signed(director, 3)), "taken");
  writeFileSync(`${key}.before`, before);
  await assert.rejects(rotateDirector(folder, nowMs, { from: `${key}.before` }), hasCode("HOLON_SIGNATURE_UNMET"));
  await rotateDirector(folder, nowMs, { from: key });
  assert.deepEqual(await directorStatus(folder), { rootVersion: 4, rootKey: "away" });
  for (const one of [node, away, await Pinner.of(director)]) assert.equal(await one.take(await signed(director, 4)), "taken");
});

test("a director of before, with one key for all, is taken over, and its nodes follow when it is made anew", async (context) => {
  const folder = scratchFolder(context);
  await createDirector(folder).roots(nowMs);
  const { keyPem } = z.object({ keyPem: z.string() }).parse(JSON.parse(readFileSync(join(folder, "director-root-key.json"), "utf8")));
  const key = createPrivateKey(keyPem);
  const role = { keys: [publicKeyOf(key)], threshold: 1 };
  const root = new TextDecoder().decode(await signFile(await makeRoot(1, nowMs + 1e9, { root: role, targets: role, snapshot: role, timestamp: role }), [{ public: publicKeyOf(key), private: key }]));
  renameSync(join(folder, "director-root-key.json"), join(folder, "unused"));
  writeFileSync(join(folder, "director.json"), JSON.stringify({ keyPem, root }), { mode: 0o600 });
  const director = createDirector(folder);
  const node = await Pinner.of(director);
  assert.equal(await node.take(await signed(director, 1)), "taken");
  await rotateDirector(folder, nowMs, { newRootKey: true });
  assert.equal(await node.take(await signed(director, 2)), "taken");
});

test("what is pinned when a node enrols is what its token names", async (context) => {
  const folder = scratchFolder(context);
  mkdirSync(folder, { recursive: true });
  const [own, other] = await Promise.all([createDirector(scratchFolder(context)), createDirector(scratchFolder(context))].map(async (director) => new TextDecoder().decode((await director.roots(nowMs))[0])));
  const named = createHash("sha256").update(own ?? "").digest("hex");
  await assert.rejects(pinDirector(folder, { director: [other ?? ""] }, named), hasCode("HOLON_IDENTITY_UNTRUSTED"));
  await assert.rejects(pinDirector(folder, {}, named), hasCode("HOLON_IDENTITY_UNTRUSTED"));
  assert.equal(await createTrustTuf(folder).pinned("director"), undefined);
  await pinDirector(folder, { director: [other ?? "", own ?? ""] }, named);
  assert.equal(new TextDecoder().decode(await createTrustTuf(folder).pinned("director")), own);
});
