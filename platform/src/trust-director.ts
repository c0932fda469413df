/** The control plane's key, in its own data folder, and what it signs with it: one root for all nodes, targets for each apart. */
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import type { Director } from "@holon/core/ports.ts";
import { z } from "zod";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";

const year = 365 * 86_400_000;
/** Nodes that were away for long take what was signed meanwhile; the publisher's expiry is the one that guards. */
const rootMs = 20 * year;
const restMs = 2 * year;

const fileSchema = z.strictObject({ keyPem: z.string().startsWith("-----BEGIN"), root: z.string() });
const fileName = "director.json";

export function createDirector(folder: string): Director {
  let opened: Promise<z.infer<typeof fileSchema>> | undefined;
  return {
    async sign({ version, targets, nowMs }) {
      const { makeSnapshot, makeTargets, makeTimestamp, publicKeyOf, signFile } = await import("./trust-tuf-repository.ts");
      const { keyPem, root } = await (opened ??= openDirector(folder, nowMs));
      const key = createPrivateKey(keyPem);
      const keys = [{ public: publicKeyOf(key), private: key }];
      const expiresMs = nowMs + restMs;
      const signed = await signFile(await makeTargets(version, expiresMs, targets), keys);
      const snapshot = await signFile(await makeSnapshot(version, expiresMs, signed), keys);
      const timestamp = await signFile(await makeTimestamp(version, expiresMs, snapshot), keys);
      return new Map([
        ["1.root.json", Buffer.from(root)],
        [`${version}.targets.json`, signed],
        [`${version}.snapshot.json`, snapshot],
        ["timestamp.json", timestamp],
      ]);
    },
  };
}

async function openDirector(folder: string, nowMs: number): Promise<z.infer<typeof fileSchema>> {
  const path = join(folder, fileName);
  const held = await readSecretFile(path, fileSchema);
  if (held !== undefined) return held;
  const { makeRoot, publicKeyOf, signFile } = await import("./trust-tuf-repository.ts");
  const { privateKey } = generateKeyPairSync("ed25519");
  const own = publicKeyOf(privateKey);
  const role = { keys: [own], threshold: 1 };
  const root = await signFile(await makeRoot(1, nowMs + rootMs, { root: role, targets: role, snapshot: role, timestamp: role }), [{ public: own, private: privateKey }]);
  return writeSecretFile(path, { keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), root: new TextDecoder().decode(root) });
}
