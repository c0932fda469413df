/** A repository for the contract of the Trust port, with real keys. */
import { generateKeyPairSync } from "node:crypto";
import type { SignedTarget } from "@holon/core/ports.ts";
import { makeRoot, makeSnapshot, makeTargets, makeTimestamp, publicKeyOf, signFile, type SigningKey } from "../trust/tuf-repository.ts";

const farMs = Date.UTC(2100, 0, 1);
const threshold = 2;

const makeKey = (): SigningKey => {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { public: publicKeyOf(privateKey), private: privateKey };
};

export class TufBench {
  readonly #files = new Map<string, Uint8Array>();
  #offline: readonly SigningKey[] = [];
  #online = makeKey();
  #rootVersion = 0;
  #version = 0;

  static async open(): Promise<TufBench> {
    const bench = new TufBench();
    await bench.rotate({ signersBefore: 0 });
    return bench;
  }

  files(): ReadonlyMap<string, Uint8Array> {
    return this.#files;
  }

  async rotate({ signersBefore = threshold }: { readonly signersBefore?: number } = {}): Promise<void> {
    const before = this.#offline.slice(0, signersBefore);
    this.#offline = [makeKey(), makeKey(), makeKey()];
    this.#online = makeKey();
    const offline = { keys: this.#offline.map((key) => key.public), threshold };
    const online = { keys: [this.#online.public], threshold: 1 };
    const root = await makeRoot((this.#rootVersion += 1), farMs, { root: offline, targets: offline, snapshot: online, timestamp: online });
    this.#files.set(`${this.#rootVersion}.root.json`, await signFile(root, [...before, ...this.#offline.slice(0, threshold)]));
  }

  async publish(targets: Readonly<Record<string, SignedTarget>>, { signers = threshold, expiresMs = farMs, version = this.#version + 1 }: { readonly signers?: number; readonly expiresMs?: number; readonly version?: number } = {}): Promise<void> {
    this.#version = version;
    const signed = await signFile(await makeTargets(version, farMs, new Map(Object.entries(targets))), this.#offline.slice(0, signers));
    const snapshot = await signFile(await makeSnapshot(version, farMs, signed), [this.#online]);
    const timestamp = await signFile(await makeTimestamp(version, expiresMs, snapshot), [this.#online]);
    this.#files.set(`${version}.targets.json`, signed).set(`${version}.snapshot.json`, snapshot).set("timestamp.json", timestamp);
  }
}
