/**
 * A file that only nodes of the named sites can open. Format version 1:
 *
 *     "HOLONSEAL1\n"   u32 little-endian: length of the header   header, canonical JSON   AES-256-GCM of: SHA-256 of the plain file, the plain file
 *
 * The header names what it is and for whom, and holds the content's key once for each site, wrapped by HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM). All in front of the
 * ciphertext is authenticated with it.
 */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { canonicalJson } from "../json.ts";
import { limits } from "../limits.ts";
import { nameSchema } from "../schema/name.ts";

const base64url = (characters: number): z.ZodString => z.string().regex(new RegExp(`^[\\w-]{${characters}}$`));

export const recipientSchema = z.strictObject({
  site: nameSchema,
  /** SHA-256 of the site's public key. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  /** The ephemeral public key, 32 bytes. */
  enc: base64url(43),
  /** The content's key, 32 bytes and a tag. */
  wrapped: base64url(64),
});
const headerSchema = z.strictObject({
  /** What it is, as `app/function/name`: no other thing's place can be taken with it. */
  of: z.string().min(1).max(256),
  recipients: z.array(recipientSchema).min(1).max(limits.sealSitesMax),
});
export type SealHeader = z.infer<typeof headerSchema>;

export interface Envelope extends SealHeader {
  /** All in front of the ciphertext. */
  readonly head: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const magic = new TextEncoder().encode("HOLONSEAL1\n");
const lengthBytes = 4;
/** Hash of the plain file, and the tag. */
const leastBytes = 32 + 16;

export function encodeSealHead(header: SealHeader): Uint8Array {
  const text = new TextEncoder().encode(canonicalJson(header));
  const head = new Uint8Array(magic.length + lengthBytes + text.length);
  head.set(magic);
  new DataView(head.buffer).setUint32(magic.length, text.length, true);
  head.set(text, magic.length + lengthBytes);
  return head;
}

/** `HOLON_SEAL_BAD`. */
export function readEnvelope(bytes: Uint8Array, name: string): Envelope {
  const begins = magic.length + lengthBytes;
  if (bytes.length < begins || !magic.every((byte, index) => bytes[index] === byte)) throw bad(name, "is not sealed");
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(magic.length, true);
  if (length > limits.sealHeaderBytesMax || bytes.length < begins + length + leastBytes) throw bad(name, "is cut short, or its header is too long");
  const parsed = headerSchema.safeParse(parseJson(bytes.subarray(begins, begins + length)));
  if (!parsed.success) throw bad(name, "has a header that does not parse");
  return { ...parsed.data, head: bytes.subarray(0, begins + length), ciphertext: bytes.subarray(begins + length) };
}

export const bad = (name: string, what: string): HolonError => new HolonError("HOLON_SEAL_BAD", `${name} ${what}`);

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined; // refused by the schema
  }
}
