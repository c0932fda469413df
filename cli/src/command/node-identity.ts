/** `holon node invite|enroll|revoke|authority|director|rotate` */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { createClock } from "@holon/platform/clock.ts";
import type { Tpm } from "@holon/platform/identity.ts";
import { lockFolder } from "@holon/platform/lock.ts";
import { hasMachineTpm } from "@holon/platform/tpm/tools.ts";
import { sealingOf } from "@holon/platform/vault.ts";
import { z } from "zod";
import type { Client } from "../client.ts";
import { requirePinned } from "../machine/local-publisher.ts";
import { spanOf } from "../machine/span.ts";

export interface InviteOptions {
  readonly site?: string;
  readonly tier?: string;
  readonly for: string;
  readonly address?: string;
  readonly json?: boolean;
}

const invitedSchema = z.object({ token: z.string(), endsAt: z.string(), authority: z.string() });
const revokedSchema = z.object({ version: z.number(), revoked: z.array(z.object({ node: z.string(), through: z.number() })) });

/** The token alone on stdout, so that it can be piped to where it is needed. */
export async function inviteNode(client: Client, name: string, { site, tier, for: span, address, json }: InviteOptions): Promise<void> {
  const body = { forMs: spanOf(span), ...(site === undefined ? {} : { site }), ...(tier === undefined ? {} : { tier }), ...(address === undefined ? {} : { address }) };
  const invited = await client.send("POST", `/v1/nodes/${encodeURIComponent(name)}/invite`, body, invitedSchema);
  if (json === true) return void process.stdout.write(`${JSON.stringify(invited)}\n`);
  process.stderr.write(`${name} may join once, until ${invited.endsAt}:\n  holon node enroll --token …\n`);
  process.stdout.write(`${invited.token}\n`);
}

export async function revokeNode(client: Client, name: string, because: string, json: boolean): Promise<void> {
  const list = await client.send("POST", `/v1/nodes/${encodeURIComponent(name)}/revoke`, { because }, revokedSchema);
  process.stdout.write(json ? `${JSON.stringify(list)}\n` : `${name} is refused from now on; the list is at version ${list.version}\n`);
}

/** Makes this node's key and gets its certificate. The token may come on stdin: arguments can be read by others on the machine. The folder is the node's own, below the data folder, by the name in the token. */
export async function enrollNode(options: { readonly token: string; readonly data: string; readonly at?: string; readonly publisher?: string; readonly tpm?: string }): Promise<void> {
  const { enroll } = await import("@holon/platform/identity/ask.ts");
  const { readToken } = await import("@holon/platform/identity/token.ts");
  const { NodeIdentity } = await import("@holon/platform/identity.ts");
  const token = options.token === "-" ? await textOf(process.stdin) : options.token;
  const invitation = readToken(token);
  const { node, site } = invitation;
  const folder = join(resolve(options.data), node);
  const lock = lockFolder(folder);
  try {
    const identity = await NodeIdentity.open(folder, createClock(), tpmHere(folder, options.tpm));
    if (options.publisher !== undefined) await requirePinned(resolve(options.publisher), folder, node);
    const isAlready = await identity.isEnrolledBy(invitation); // its answer was taken, and whoever waited for it was not told
    if (!isAlready) await enroll(identity, token, options.at);
    const { isBound, problem } = identity.binding();
    if (problem !== undefined) process.stderr.write(`Its identity is not bound to the TPM of this machine: ${problem.message}\n`);
    process.stdout.write(`${node} of ${site} is enrolled${isAlready ? " already" : ""}; its certificate holds until ${new Date(identity.validity()?.expiresMs ?? 0).toISOString()}${isBound ? "; its identity is bound to its TPM" : ""}${isAlready ? "; start it" : ""}\n`);
  } finally {
    lock.release();
  }
}

/** The one that is named, which has to work then; else the one that seals the node's secrets, or the machine's own. */
function tpmHere(folder: string, named: string | undefined): Tpm | undefined {
  if (named !== undefined) return { tcti: named, isRequired: true };
  const sealing = sealingOf(folder);
  if (sealing?.by === "tpm") return { tcti: sealing.tcti };
  return hasMachineTpm() ? { tcti: undefined } : undefined;
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const piece of stream) {
    text += String(piece);
    if (text.length > limits.certificateCharactersMax) break; // no token of ours
  }
  return text.trim();
}

export interface AuthorityOptions {
  readonly data: string;
  readonly node: string;
  readonly takeRoot?: string;
  readonly renew?: boolean;
  readonly stolen?: boolean;
  readonly root?: string;
  readonly json?: boolean;
}

/** Works on the files of the node that runs control, also while it runs: the root's key never goes over a wire. */
export async function manageAuthority({ data, node, takeRoot, renew, stolen, root, json }: AuthorityOptions): Promise<void> {
  const { authorityStatus, renewIntermediate, takeRootKey } = await import("@holon/platform/identity/authority.ts");
  const folder = join(resolve(data), node);
  if (renew === true && stolen === true) await replaceStolen(folder, root);
  else if (renew === true) await renewIntermediate(folder, createClock(), { from: root });
  else if (root !== undefined || stolen === true) throw new HolonError("HOLON_ARGUMENT_BAD", "--root and --stolen go with --renew");
  if (takeRoot !== undefined) await takeRootKey(folder, resolve(takeRoot));
  const status = await authorityStatus(folder);
  const until = new Date(status.intermediate.expiresMs).toISOString();
  if (json === true) return void process.stdout.write(`${JSON.stringify({ ...status, intermediate: { until } })}\n`);
  process.stdout.write(`${status.domain}\nfingerprint ${status.fingerprint}\nroot key ${status.root === "here" ? "here: take it off line with --take-root FILE" : "away"}\nintermediate until ${until}, series ${status.series}\n`);
  if (stolen === true) process.stdout.write(`start ${node}: what the key of before signed is over from then on, and each node gets its next certificate by the key that it has\n`);
}

/** While the node with control runs it would show a certificate that is over, and sign on with what was stolen. `HOLON_DATA_IN_USE`. */
async function replaceStolen(folder: string, root: string | undefined): Promise<void> {
  const { authorityStatus, renewIntermediate } = await import("@holon/platform/identity/authority.ts");
  const { root: place } = await authorityStatus(folder); // a lock makes no folder where there is no authority
  if (place === "here") process.stderr.write("The root's key lies beside the one that was stolen: where that was taken too, only a new authority helps, and every node enrolled in it.\n");
  const lock = lockFolder(folder);
  try {
    await renewIntermediate(folder, createClock(), { from: root, isStolen: true });
  } finally {
    lock.release();
  }
}

export interface DirectorOptions {
  readonly data: string;
  readonly node: string;
  readonly takeRoot?: string;
  readonly rotate?: boolean;
  readonly newRootKey?: boolean;
  readonly root?: string;
  readonly json?: boolean;
}

/** Also while control runs: what it signs next is signed with the new key. */
export async function manageDirector({ data, node, takeRoot, rotate, newRootKey, root, json }: DirectorOptions): Promise<void> {
  const { directorStatus, rotateDirector, takeDirectorRootKey } = await import("@holon/platform/trust/director.ts");
  const folder = join(resolve(data), node);
  if (rotate === true) await rotateDirector(folder, Date.now(), { from: root, newRootKey: newRootKey === true });
  else if (root !== undefined || newRootKey === true) throw new HolonError("HOLON_ARGUMENT_BAD", "--root and --new-root-key go with --rotate");
  if (takeRoot !== undefined) await takeDirectorRootKey(folder, resolve(takeRoot));
  const status = await directorStatus(folder);
  process.stdout.write(json === true ? `${JSON.stringify(status)}\n` : `director's root ${status.rootVersion}\nroot key ${status.rootKey === "here" ? "here: take it off line with --take-root FILE" : "away"}\n`);
}

/** New keys for the log of one node of this machine, which must not run meanwhile. */
export async function rotateKeys(name: string, { data, json }: { readonly data: string; readonly json?: boolean }): Promise<void> {
  const { rotateLogKeys } = await import("@holon/platform/log-keys.ts");
  const { sweepUnfinished } = await import("@holon/platform/whole-file.ts");
  const folder = resolve(data, name);
  if (!existsSync(folder)) throw new HolonError("HOLON_NODE_UNKNOWN", `${folder} holds no node`, { next: "Name a node of this machine, and with --data where it keeps its data." });
  const lock = lockFolder(folder);
  try {
    await sweepUnfinished(folder); // of one that was ended in the middle
    const generation = await rotateLogKeys(folder);
    process.stdout.write(json === true ? `${JSON.stringify({ node: name, generation })}\n` : `what ${name} writes from its next start on is encrypted under generation ${generation}\n`);
  } finally {
    lock.release();
  }
}
