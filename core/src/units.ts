/** Branded ids and units: parsed once at the edge, trusted inside. */

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A node's name, unique in a fleet: lower-case letters, digits, hyphens; 1 to 63 characters (RFC 1123 label). */
export type NodeName = Brand<string, "NodeName">;
/** One opening of one log: 13 characters of Crockford base32, fresh at every opening. */
export type Epoch = Brand<string, "Epoch">;
/** SHA-256 of a blob, 64 lower-case hexadecimal digits. */
export type BlobHash = Brand<string, "BlobHash">;
/** Milliseconds. */
export type Duration = Brand<number, "Duration">;
/** A count of bytes. */
export type Bytes = Brand<number, "Bytes">;

const nodeNamePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const epochPattern = /^[0-9a-hjkmnp-tv-z]{13}$/;
const blobHashPattern = /^[0-9a-f]{64}$/;

export const isNodeName = (text: string): text is NodeName => nodeNamePattern.test(text);
export const isEpoch = (text: string): text is Epoch => epochPattern.test(text);
export const isBlobHash = (text: string): text is BlobHash => blobHashPattern.test(text);

export const duration = (milliseconds: number): Duration => milliseconds as Duration;
export const bytes = (count: number): Bytes => count as Bytes;

const crockford = "0123456789abcdefghjkmnpqrstvwxyz";

/** The epoch that 13 bytes of chance spell: 5 bits of each byte are used, 65 bits in all. */
export function epochFromChance(chance: Uint8Array): Epoch {
  let text = "";
  for (let index = 0; index < 13; index++) text += crockford[(chance[index] ?? 0) & 31];
  return text as Epoch;
}
