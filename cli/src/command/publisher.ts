/** `holon publisher init|add|remove|rotate|sign|show|pin|trust` */
import { join, resolve } from "node:path";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { createPublisher, metadataOf, signTargets, signWaiting, waitingOf, waitingText } from "@holon/platform/publisher.ts";
import { readPublisher, type PublisherDescription } from "@holon/platform/publisher/folder.ts";
import { addKey, removeKey, rootChangesText, rotateOnline, waitingRootOf, waitingRootText, type WaitingRoot } from "@holon/platform/publisher/root.ts";
import { sealerOf, trustSite } from "@holon/platform/publisher/sites.ts";
import { describeFile, targetsOf } from "@holon/platform/trust/tuf-repository.ts";
import { loadManifest } from "../app/load.ts";
import { readPassphrase, signPublication, type SigningOptions } from "../app/sign.ts";
import { requirePinned } from "../machine/local-publisher.ts";
import { readCarried } from "../machine/carried.ts";
import { printTable } from "../table.ts";

export interface InitOptions extends SigningOptions {
  readonly keys: string;
  readonly threshold: string;
}

export interface RootStepOptions extends SigningOptions {
  readonly threshold?: string;
}

export interface SignOptions extends SigningOptions {
  readonly app?: string;
  readonly keep?: boolean;
  readonly withdraw?: string;
  readonly days?: string;
}

export interface PinOptions {
  readonly node: string;
  readonly data: string;
  readonly json?: boolean;
}

export async function initPublisher(place: string, { keys, threshold, passphraseFile, json }: InitOptions): Promise<void> {
  const passphrase = await readPassphrase(passphraseFile);
  tell(place, await createPublisher(resolve(place), { keys: Number(keys), threshold: Number(threshold), passphrase, nowMs: Date.now() }), json);
  if (passphrase === undefined) process.stderr.write("the keys are sealed by no passphrase: whoever reads the folder can sign\n");
}

export async function addPublisherKey(place: string, { threshold, passphraseFile, json }: RootStepOptions): Promise<void> {
  tell(place, await addKey(resolve(place), { passphrase: await readPassphrase(passphraseFile), nowMs: Date.now(), threshold: threshold === undefined ? undefined : Number(threshold) }), json);
}

export async function removePublisherKey(place: string, key: string, { threshold, passphraseFile, json }: RootStepOptions): Promise<void> {
  tell(place, await removeKey(resolve(place), key, { passphrase: await readPassphrase(passphraseFile), nowMs: Date.now(), threshold: threshold === undefined ? undefined : Number(threshold) }), json);
  process.stderr.write(tellHolders);
}

export async function rotatePublisherKey(place: string, { passphraseFile, json }: SigningOptions): Promise<void> {
  tell(place, await rotateOnline(resolve(place), { passphrase: await readPassphrase(passphraseFile), nowMs: Date.now() }), json);
  process.stderr.write(tellHolders);
}

const tellHolders = "the online key is another: take its file in keys/ and metadata/ and publisher.json to the other holders, and deploy an app again, so that nodes hear of it\n";

export async function signWithPublisher(place: string, { app, keep = false, withdraw, days, passphraseFile, json }: SignOptions): Promise<void> {
  const folder = resolve(place);
  if (days !== undefined && !/^[1-9]\d{0,3}$/.test(days)) throw new HolonError("HOLON_ARGUMENT_BAD", `--days is a whole number from 1 to 9999, not ${days}`);
  const options = { passphrase: await readPassphrase(passphraseFile), ...(days === undefined ? {} : { days: Number(days) }) };
  if (app !== undefined && withdraw !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", "--app and --withdraw do not go together");
  const withdrawn = withdraw === undefined ? undefined : { name: withdraw, targets: new Map(), keep: false };
  if (withdrawn !== undefined) await signTargets(folder, withdrawn, { ...options, nowMs: Date.now() });
  else if (app === undefined) await signWaiting(folder, { ...options, nowMs: Date.now(), seen: (root) => void process.stderr.write(`signs ${rootChangesText(root)}\n`) });
  else await signPublication(folder, await (await import("../app/publish.ts")).publish(await loadManifest(app), { sealer: (sites) => sealerOf(folder, sites) }), { ...options, keep });
  await showPublisher(place, json === true);
}

export async function showPublisher(place: string, json: boolean): Promise<void> {
  const folder = resolve(place);
  const publisher = await readPublisher(folder);
  if (publisher === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} is no publisher's folder`, { next: "Make one with `holon publisher init`." });
  const files = await metadataOf(folder);
  const expires = [...files].flatMap(([name, bytes]) => (name === "timestamp.json" ? [new Date(describeFile(bytes).expiresMs).toISOString()] : []))[0] ?? null;
  const targets = [...files].flatMap(([name, bytes]) => (name.endsWith(".targets.json") ? [...targetsOf(bytes)] : []));
  const waiting = await waitingOf(folder);
  const { root, refused } = await waitingRoot(folder);
  if (json) return void process.stdout.write(`${JSON.stringify({ ...publisher, expires, waiting: waiting ?? null, waitingRoot: root ?? (refused === undefined ? null : { refused: refused.code, message: refused.message }), targets: targets.map(([target, signed]) => ({ target, ...signed })) })}\n`);
  tell(place, publisher, false);
  process.stdout.write(`adopted by nodes until ${expires ?? "never"}\n`);
  if (waiting !== undefined) process.stdout.write(`waits: ${waitingText(waiting)}; carry pending/ to who holds one, and run \`holon publisher sign\` there\n`);
  if (root !== undefined) process.stdout.write(`waits: ${waitingRootText(root)}; carry pending/ to who holds one, and run \`holon publisher sign\` there\n${rootChangesText(root)}\n`);
  if (refused !== undefined) process.stdout.write(`waits, and gets no signature: ${refused.code}: ${refused.message}\nnext: ${refused.next}\n`);
  if (targets.length > 0) process.stdout.write(`${printTable(["SIGNED", "BYTES", "SHA-256"], targets.map(([target, { lengthBytes, hash }]) => [target, `${lengthBytes}`, hash]))}\n`);
}

async function waitingRoot(folder: string): Promise<{ readonly root?: WaitingRoot | undefined; readonly refused?: HolonError }> {
  try {
    return { root: await waitingRootOf(folder) };
  } catch (error) {
    return { refused: toHolonError(error) };
  }
}

export async function pinNode(place: string, { node, data, json }: PinOptions): Promise<void> {
  await requirePinned(resolve(place), join(resolve(data), node), node);
  process.stdout.write(json === true ? `${JSON.stringify({ node, pinned: true })}\n` : `${node} runs only what this publisher signs, from its next start on\n`);
}

export interface TrustOptions {
  readonly fingerprint: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

export async function trustSiteKey(place: string, file: string, { fingerprint, replace = false, json }: TrustOptions): Promise<void> {
  const folder = resolve(place);
  if ((await readPublisher(folder)) === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} is no publisher's folder`, { next: "Make one with `holon publisher init`." });
  const trusted = await trustSite(folder, await readCarried(file), { fingerprint, replace });
  process.stdout.write(json === true ? `${JSON.stringify(trusted)}\n` : `${place} seals to ${trusted.site} by the key ${trusted.fingerprint}, as ${trusted.node} says\n`);
}

function tell(place: string, { offline, threshold, rootVersion }: PublisherDescription, json: boolean | undefined): void {
  const keys = offline.map(({ id }) => id);
  process.stdout.write(json === true ? `${JSON.stringify({ keys, threshold, rootVersion })}\n` : `${place}: root ${rootVersion}, ${threshold} of ${keys.length} keys must sign: ${keys.map((id) => id.slice(0, 12)).join(" ")}\n`);
}
