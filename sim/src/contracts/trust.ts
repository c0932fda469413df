import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ErrorCode } from "@holon/core/errors.ts";
import type { SignedTarget, Trust, TrustAnswer } from "@holon/core/ports.ts";

/** A repository with three keys of which two must sign roots and targets, and one more key for the rest. */
export interface TrustBench {
  readonly trust: Trust;
  /** All files that are served, older roots among them. */
  files(): ReadonlyMap<string, Uint8Array>;
  /** Signs the next version, or `version`. `signers`: so many keys sign the targets; `expiresMs` is of the timestamp. */
  publish(targets: Readonly<Record<string, SignedTarget>>, options?: { readonly signers?: number; readonly expiresMs?: number; readonly version?: number }): Promise<void>;
  /** All keys are new; the next root is signed by the keys before it, so many of them, and by its own. */
  rotate(options?: { readonly signersBefore?: number }): Promise<void>;
}

const target = (letter: string, lengthBytes = 5): SignedTarget => ({ hash: letter.repeat(64), lengthBytes });
const nowMs = Date.UTC(2026, 5, 1);
const dayMs = 86_400_000;

/** What every verifier of signed metadata promises. */
export function trustContract(name: string, open: () => Promise<TrustBench>): void {
  /** Asks with what a node has and is offered. */
  async function ask(trust: Trust, trusted: ReadonlyMap<string, Uint8Array>, offered: ReadonlyMap<string, Uint8Array>, options: { readonly atMs?: number; readonly targets?: readonly string[] } = {}): Promise<TrustAnswer> {
    return trust.verify({ trusted, targets: options.targets ?? ["a", "b"], atMs: options.atMs, fetch: (file) => Promise.resolve(offered.get(file)) });
  }
  const first = (bench: TrustBench): ReadonlyMap<string, Uint8Array> => {
    const root = bench.files().get("1.root.json");
    assert.ok(root !== undefined);
    return new Map([["root.json", root]]);
  };
  const held = async (bench: TrustBench, trusted = first(bench)): Promise<TrustAnswer> => {
    const answer = await ask(bench.trust, trusted, bench.files());
    assert.equal(answer.problem, undefined);
    return answer;
  };
  const refused = (answer: TrustAnswer, code: ErrorCode): void => {
    assert.equal(answer.problem?.code, code, String(answer.problem));
    assert.deepEqual([...answer.targets], []);
  };
  const without = (files: ReadonlyMap<string, Uint8Array>, more: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> => new Map([...files, ...more]);

  describe(`trust contract: ${name}`, () => {
    it("finds what is signed and nothing else, and again from what it trusts", async () => {
      const bench = await open();
      await bench.publish({ a: target("a"), c: target("c") });
      const answer = await held(bench);
      assert.deepEqual([...answer.targets], [["a", target("a")]]);
      assert.equal(answer.version, 1);
      assert.ok(answer.expiresMs > 0);
      assert.deepEqual([...answer.trusted.keys()].toSorted(), ["root.json", "snapshot.json", "targets.json", "timestamp.json"]);
      assert.deepEqual([...(await held(bench, answer.trusted)).targets], [["a", target("a")]]);
    });

    it("goes on to newer versions", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      const { trusted } = await held(bench);
      await bench.publish({ b: target("b") });
      const answer = await held(bench, trusted);
      assert.deepEqual([[...answer.targets], answer.version], [[["b", target("b")]], 2]);
    });

    it("rollback: older metadata are refused, what was verified stays", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      const old = new Map(bench.files());
      await bench.publish({ b: target("b") });
      const { trusted } = await held(bench);
      const answer = await ask(bench.trust, trusted, old);
      refused(answer, "HOLON_SIGNATURE_ROLLED_BACK");
      assert.deepEqual(answer.trusted, trusted);
    });

    it("freeze: expired metadata are refused where the time is known", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") }, { expiresMs: nowMs });
      refused(await ask(bench.trust, first(bench), bench.files(), { atMs: nowMs + dayMs }), "HOLON_SIGNATURE_EXPIRED");
      assert.equal((await ask(bench.trust, first(bench), bench.files(), { atMs: nowMs - dayMs })).problem, undefined);
    });

    it("freeze: without a time nothing has expired, and versions rise all the same", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") }, { expiresMs: nowMs });
      const old = new Map(bench.files());
      await bench.publish({ a: target("b") }, { expiresMs: nowMs });
      const answer = await held(bench);
      refused(await ask(bench.trust, answer.trusted, old), "HOLON_SIGNATURE_ROLLED_BACK");
    });

    it("mix-and-match: files of different moments are refused", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      const old = new Map(bench.files());
      await bench.publish({ a: target("b") });
      const [targets, snapshot] = [old.get("1.targets.json"), old.get("1.snapshot.json")];
      assert.ok(targets !== undefined && snapshot !== undefined);
      refused(await ask(bench.trust, first(bench), without(bench.files(), new Map([["2.targets.json", targets]]))), "HOLON_SIGNATURE_MIXED");
      refused(await ask(bench.trust, first(bench), without(bench.files(), new Map([["2.snapshot.json", snapshot]]))), "HOLON_SIGNATURE_MIXED");
    });

    it("threshold: with fewer keys than must sign it is refused", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") }, { signers: 1 });
      refused(await ask(bench.trust, first(bench), bench.files()), "HOLON_SIGNATURE_UNMET");
    });

    it("another's keys: what a repository of other keys signed is refused", async () => {
      const [bench, other] = [await open(), await open()];
      await other.publish({ a: target("a") });
      refused(await ask(bench.trust, first(bench), other.files()), "HOLON_SIGNATURE_UNMET");
    });

    it("rotation: after weeks away a chain of roots is followed, key by key", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      const { trusted } = await held(bench);
      for (const letter of ["b", "c", "d"]) {
        await bench.rotate();
        await bench.publish({ a: target(letter) });
      }
      const answer = await held(bench, trusted);
      assert.deepEqual([...answer.targets], [["a", target("d")]]);
      const gap = new Map([...bench.files()].filter(([file]) => file !== "3.root.json"));
      refused(await ask(bench.trust, trusted, gap), "HOLON_SIGNATURE_UNMET");
    });

    it("rotation: a root that too few of the keys before it signed is refused", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      await bench.rotate({ signersBefore: 1 });
      await bench.publish({ a: target("b") });
      refused(await ask(bench.trust, first(bench), bench.files()), "HOLON_SIGNATURE_UNMET");
    });

    it("rotation: a root that was verified is trusted, though what follows it is refused", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      const { trusted } = await held(bench);
      const old = new Map(bench.files());
      await bench.rotate();
      const root = bench.files().get("2.root.json");
      assert.ok(root !== undefined);
      const answer = await ask(bench.trust, trusted, without(old, new Map([["2.root.json", root]])));
      refused(answer, "HOLON_SIGNATURE_UNMET");
      assert.deepEqual(answer.trusted.get("root.json"), root);
    });

    it("fast-forward: versions that a stolen key drove up count no more once the next root has other keys", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      await bench.publish({ a: target("b") }, { version: 1_000_000_000 });
      const { trusted } = await held(bench);
      await bench.publish({ a: target("c") }, { version: 2 });
      refused(await ask(bench.trust, trusted, bench.files()), "HOLON_SIGNATURE_ROLLED_BACK");
      await bench.rotate();
      await bench.publish({ a: target("d") }, { version: 3 });
      assert.deepEqual([...(await held(bench, trusted)).targets], [["a", target("d")]]);
    });

    it("a timestamp that was verified is trusted, though nothing of what it names comes", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      const { trusted } = await held(bench);
      const old = new Map(bench.files());
      await bench.publish({ a: target("b") });
      const newest = bench.files().get("timestamp.json");
      assert.ok(newest !== undefined);
      const answer = await ask(bench.trust, trusted, new Map([["timestamp.json", newest]]));
      refused(answer, "HOLON_SIGNATURE_MISSING");
      assert.deepEqual(answer.trusted.get("timestamp.json"), newest);
      refused(await ask(bench.trust, answer.trusted, old), "HOLON_SIGNATURE_ROLLED_BACK");
    });

    it("what is not there, or no metadata, is refused by name", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      refused(await ask(bench.trust, first(bench), new Map()), "HOLON_SIGNATURE_MISSING");
      for (const text of ["", "{", "[]", '{"signed":{},"signatures":[]}']) {
        refused(await ask(bench.trust, first(bench), without(bench.files(), new Map([["timestamp.json", new TextEncoder().encode(text)]]))), "HOLON_SIGNATURE_BAD");
      }
    });

    it("what fetching says goes through as it is", async () => {
      const bench = await open();
      await bench.publish({ a: target("a") });
      await assert.rejects(bench.trust.verify({ trusted: first(bench), targets: [], atMs: undefined, fetch: () => Promise.reject(new Error("the link is cut")) }), /the link is cut/);
    });
  });
}
