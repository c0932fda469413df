/** `holon site key`: the key of a site, on the files of one of its nodes. It goes over no wire, and control never has it. */
import { join, resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { createClock } from "@holon/platform/clock.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import { boxPublicKey } from "@holon/platform/seal/hpke.ts";
import { sealFingerprint } from "@holon/platform/seal.ts";
import { keyRequestSchema, keyShareSchema, makeSiteKey, readSiteKey, requestSiteKey, shareSiteKey, stateSiteKey, takeSiteKey } from "@holon/platform/site-key.ts";
import type { z } from "zod";
import { readCarried, writeCarried } from "../machine/carried.ts";

export interface SiteKeyOptions {
  readonly node: string;
  readonly data: string;
  readonly make?: boolean;
  readonly public?: string;
  readonly request?: string;
  readonly share?: string;
  readonly to?: string;
  readonly take?: string;
  readonly json?: boolean;
}

export async function siteKey({ node, data, json, ...what }: SiteKeyOptions): Promise<void> {
  const folder = join(resolve(data), node);
  const identity = await NodeIdentity.open(folder, createClock());
  const say = (text: string, told: object): void => void process.stdout.write(json === true ? `${JSON.stringify(told)}\n` : `${text}\n`);
  if (what.request !== undefined) {
    const request = await requestSiteKey(folder, identity);
    await writeCarried(resolve(what.request), request);
    const fingerprint = sealFingerprint(boxPublicKey(Buffer.from(request.key, "base64url")));
    return say(`${node} asks for the key of ${request.site}, as ${fingerprint}: carry ${what.request} to a node that has it`, { node, site: request.site, fingerprint });
  }
  if (what.share !== undefined) {
    if (what.to === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", "--share goes with --to FILE");
    const request = read(keyRequestSchema, await readCarried(what.share), what.share);
    const share = await shareSiteKey(folder, identity, request);
    await writeCarried(resolve(what.to), share);
    const fingerprint = sealFingerprint(boxPublicKey(Buffer.from(request.key, "base64url")));
    return say(`the key of ${share.site} for ${share.node}, which asked as ${fingerprint}, is in ${what.to}`, { node: share.node, site: share.site, fingerprint });
  }
  if (what.take !== undefined) await takeSiteKey(folder, identity, read(keyShareSchema, await readCarried(what.take), what.take));
  const held = what.make === true ? await makeSiteKey(folder, identity) : await readSiteKey(folder);
  if (held === undefined) throw new HolonError("HOLON_SEAL_CLOSED", `${node} holds no key of its site`, { next: "Make one on the first node of the site with --make; on the others --request FILE, --share on one that has it, --take here." });
  if (what.public !== undefined) await writeCarried(resolve(what.public), await stateSiteKey(folder, identity));
  const fingerprint = sealFingerprint(held.key);
  say(`${held.site}: ${fingerprint}`, { site: held.site, fingerprint });
}

function read<Content>(schema: z.ZodType<Content>, text: string, path: string): Content {
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new HolonError("HOLON_ARGUMENT_BAD", `${path} is not such a file`, { next: "Have it made again with `holon site key`." });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}
