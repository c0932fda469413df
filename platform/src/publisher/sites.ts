/**
 * The sites to which a publisher seals: their keys as he compared them once, by fingerprint, with somebody at the site. Never what a control plane says: the authority that certifies nodes
 * is control's, so whoever steals it can have any key vouched for.
 *
 *     sites.json   by name      keys/seal.json   the secret from which envelopes are drawn
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { firstSeries, seriesOver } from "@holon/core/identity/series.ts";
import { limits } from "@holon/core/limits.ts";
import { nameSchema } from "@holon/core/schema/name.ts";
import { z } from "zod";
import { boxPublicKey } from "../seal/hpke.ts";
import { seal, sealFingerprint, type SealTo } from "../seal.ts";
import { readSecretFile, writeSecretFile } from "../secret-file.ts";
import { checkStatement, siteStatementSchema } from "../site-key.ts";

/** `series`: that of the authority under which the node vouched; what was kept before there were series is of the first. */
const sitesSchema = z.record(nameSchema, z.strictObject({ key: z.string().regex(/^[\w-]{43}$/), authority: z.string(), node: nameSchema, series: z.int().min(firstSeries).default(firstSeries) }));
const secretSchema = z.strictObject({ secret: z.string().regex(/^[\w-]{43}$/) });
const sitesPath = (folder: string): string => join(folder, "sites.json");
const secretPath = (folder: string): string => join(folder, "keys", "seal.json");

export interface TrustedSite {
  readonly site: string;
  readonly fingerprint: string;
  readonly authority: string;
  readonly node: string;
  /** Of the authority, under which the node vouched for the key. */
  readonly series: number;
}

/** `fingerprint` is what the site's people read on their node. `HOLON_IDENTITY_SERIES` where the statement is vouched for under an older series of the authority than another one that was shown, `HOLON_SEAL_KEY_OTHER` where the statement has another key, or another one is trusted already, unless it is to be replaced. */
export async function trustSite(folder: string, text: string, { fingerprint, replace = false }: { readonly fingerprint: string; readonly replace?: boolean }): Promise<TrustedSite> {
  const parsed = siteStatementSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new HolonError("HOLON_ARGUMENT_BAD", "the file is no statement of a site's key", { next: "Have it made on a node of the site: `holon site key --public FILE`." });
  const { site, node, fingerprint: said, authority, series } = checkStatement(parsed.data);
  if (said !== fingerprint.toLowerCase().replaceAll(/[\s:]/g, "")) throw new HolonError("HOLON_SEAL_KEY_OTHER", `the file has the key ${said} for ${site}, and the fingerprint that was given is another`);
  const sites = await readSites(folder);
  const newest = Math.max(firstSeries, ...Object.values(sites).flatMap((one) => (one.authority === authority ? [one.series] : [])));
  if (series < newest) throw seriesOver(`the certificate of ${node} that vouches for the key of ${site}`, series, newest, "Have the statement made again, on a node that has its certificate of the new series: `holon site key --public FILE`.");
  const held = sites[site];
  if (held !== undefined && held.key !== parsed.data.key && !replace) throw new HolonError("HOLON_SEAL_KEY_OTHER", `another key of ${site} is trusted already: ${fingerprintOf(held.key)}`);
  await writeSecretFile(sitesPath(folder), { ...sites, [site]: { key: parsed.data.key, authority, node, series } });
  return { site, node, fingerprint: said, authority, series };
}

export async function trustedSites(folder: string): Promise<readonly TrustedSite[]> {
  return Object.entries(await readSites(folder)).map(([site, { key, authority, node, series }]) => ({ site, fingerprint: fingerprintOf(key), authority, node, series }));
}

/** Seals files to these sites. `HOLON_SEAL_KEY_MISSING` where the key of one is not trusted. */
export async function sealerOf(folder: string, names: readonly string[]): Promise<(plain: Uint8Array, of: string) => Uint8Array> {
  const sites = await readSites(folder);
  if (names.length > limits.sealSitesMax) throw new HolonError("HOLON_ARGUMENT_BAD", `an app is sealed to ${limits.sealSitesMax} sites at the most, not ${names.length}`);
  const to = names.map((site): SealTo => {
    const held = sites[site];
    if (held === undefined) throw new HolonError("HOLON_SEAL_KEY_MISSING", `${folder} trusts no key of ${site}`);
    return { site, key: boxPublicKey(Buffer.from(held.key, "base64url")) };
  });
  const held = (await readSecretFile(secretPath(folder), secretSchema)) ?? (await writeSecretFile(secretPath(folder), { secret: randomBytes(32).toString("base64url") }));
  return (plain, of) => new Uint8Array(seal(plain, of, to, Buffer.from(held.secret, "base64url")));
}

const readSites = async (folder: string): Promise<z.infer<typeof sitesSchema>> => (await readSecretFile(sitesPath(folder), sitesSchema)) ?? {};
const fingerprintOf = (raw: string): string => sealFingerprint(boxPublicKey(Buffer.from(raw, "base64url")));

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}
