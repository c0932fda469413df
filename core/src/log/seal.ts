/**
 * A batch as it lies on the disk where the log is encrypted: header and table as they are, then a seal, the payloads in AES-256-GCM, and the seal again.
 *
 *     seal = u32 magic · u32 CRC-32 of the rest · u32 place: 1 before the payloads, 2 behind them · u32 generation of keys · u32 segment
 *            u32 bytes of the payloads · 12B nonce · 16B tag, over the payloads, header and table
 *
 * GCM is a stream: a bit that flips on the disk flips the same bit of what is read, so that it is found and mended as in a log that is not encrypted, and
 * the tag says whether that was all. Where more is damaged, the parts that were not hit are read, and what the tag does not vouch for is told. The seal
 * stands twice, since without its nonce nothing of a batch can be read.
 */
import { assert, HolonError } from "../errors.ts";
import { batchFlag, batchPrefixBytes, sealedMoreBytes, type BatchHeader } from "./batch.ts";
import { limits } from "../limits.ts";
import { mendByCrc } from "./repair.ts";
import type { Cipher, CipherPlace } from "../ports.ts";
import type { Integrity } from "./run.ts";

const sealBytes = sealedMoreBytes / 2;
const magic = 0x314c5348; // "HSL1"
const nonceFrom = 24;
const tagFrom = 36;
const before = 1;
const behind = 2;

export interface Seal extends CipherPlace {
  readonly payloadBytes: number;
  readonly nonce: Uint8Array;
  readonly tag: Uint8Array;
}

export interface OpenedBatch {
  /** As it was encoded. */
  readonly bytes: Uint8Array;
  readonly seal: Seal;
  /** A seal is not as it was written. */
  readonly mended: boolean;
  /** The tag vouches for header, table and payloads. */
  readonly isAuthentic: boolean;
}

/** What is written to the disk of an encoded batch. `as`: of a batch that was read, so that it becomes what it was. */
export function sealBatch(bytes: Uint8Array, segment: number, integrity: Integrity, as?: Pick<Seal, "generation" | "nonce">): Uint8Array {
  const prefix = batchPrefixBytes(bytes);
  if (prefix === undefined || !isFlagged(bytes)) return bytes;
  const { cipher } = integrity;
  const generation = as?.generation ?? cipher?.generation;
  assert(cipher !== undefined && generation !== undefined, "a batch is sealed under a key");
  const nonce = as?.nonce ?? cipher.nonce();
  const payloads = bytes.subarray(prefix);
  const { bytes: hidden, tag } = cipher.encrypt({ generation, segment }, nonce, payloads, bytes.subarray(0, prefix));
  const seal = { generation, segment, payloadBytes: payloads.length, nonce, tag };
  const sealed = new Uint8Array(bytes.length + sealedMoreBytes);
  sealed.set(bytes.subarray(0, prefix));
  sealed.set(encodeSeal(seal, before, integrity), prefix);
  sealed.set(hidden, prefix + sealBytes);
  sealed.set(encodeSeal(seal, behind, integrity), sealed.length - sealBytes);
  return sealed;
}

/** Bytes that an encoded batch takes on the disk. */
export const sealedSize = ({ length }: Uint8Array, { cipher }: Integrity): number => length + (cipher?.generation === undefined ? 0 : sealedMoreBytes);

const isFlagged = (bytes: Uint8Array): boolean => (new DataView(bytes.buffer, bytes.byteOffset).getUint32(24, true) & batchFlag.sealed) !== 0;

/** `sealed`: a whole batch as it lies on the disk, its header intact. Undefined where neither seal can be read. `HOLON_LOG_SEALED`. */
export function openBatch(sealed: Uint8Array, header: BatchHeader, integrity: Integrity): OpenedBatch | undefined {
  const prefix = header.sizeBytes - header.bodyBytes;
  const first = readSeal(sealed.subarray(prefix, prefix + sealBytes), before, integrity);
  const last = readSeal(sealed.subarray(sealed.length - sealBytes), behind, integrity);
  const seal = [first, last].find((found) => found?.seal.payloadBytes === header.bodyBytes)?.seal;
  if (seal === undefined) return undefined;
  const { bytes: payloads, isAuthentic } = decrypt(seal, sealed.subarray(prefix + sealBytes, sealed.length - sealBytes), sealed.subarray(0, prefix), integrity);
  const bytes = new Uint8Array(header.sizeBytes);
  bytes.set(sealed.subarray(0, prefix));
  bytes.set(payloads, prefix);
  return { bytes, seal, isAuthentic, mended: first?.isMended !== false || last?.isMended !== false };
}

/** Bytes that are no batch any more, as they would be without encryption, as far as a seal is left in them. */
export function openStrays(bytes: Uint8Array, integrity: Integrity): Uint8Array {
  if (integrity.cipher === undefined) return bytes;
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(magic & 0xff); at >= 0; at = bytes.indexOf(magic & 0xff, at + 1)) {
    const found = parseSeal(bytes.subarray(at, at + sealBytes), integrity);
    // A seal's CRC has no key: anybody who writes to the disk can make one.
    if (found === undefined || at < from || found.seal.payloadBytes > limits.batchBytesMax || !integrity.cipher.holds(found.seal.generation)) continue;
    const { seal, place } = found;
    const start = place === before ? at + sealBytes : at - seal.payloadBytes;
    const end = Math.min(bytes.length, start + seal.payloadBytes);
    // Where the beginning is gone, what is left of it is still so many bytes from there.
    const hidden = new Uint8Array(end - start);
    const visible = Math.max(start, from);
    hidden.set(bytes.subarray(visible, end), visible - start);
    parts.push(bytes.subarray(from, Math.max(from, place === before ? at : start - sealBytes)), decrypt(seal, hidden, new Uint8Array(0), integrity).bytes.subarray(visible - start));
    const other = place === before ? parseSeal(bytes.subarray(end, end + sealBytes), integrity) : undefined;
    from = place === behind ? at + sealBytes : Math.min(bytes.length, end + (other === undefined && end + sealBytes > bytes.length ? bytes.length - end : sealBytes));
    at = from - 1;
  }
  return join([...parts, bytes.subarray(from)]);
}

/** A file that is not made of batches, and can be made again: all of it in one piece. */
export function sealFile(bytes: Uint8Array, segment: number, { cipher, crc32, sha256 }: Integrity): Uint8Array {
  if (cipher?.generation === undefined) return bytes;
  const place = { generation: cipher.generation, segment };
  const nonce = cipher.nonce();
  const { bytes: hidden, tag } = cipher.encrypt(place, nonce, bytes, new Uint8Array(0));
  return join([encodeSeal({ ...place, payloadBytes: bytes.length, nonce, tag }, before, { crc32, sha256 }), hidden]);
}

/** Undefined where it is not as it was written. One that is not sealed is what it is. */
export function openFile(bytes: Uint8Array, integrity: Integrity): Uint8Array | undefined {
  const found = parseSeal(bytes.subarray(0, sealBytes), integrity);
  if (found === undefined) return bytes;
  const { bytes: plain, isAuthentic } = decrypt(found.seal, bytes.subarray(sealBytes), new Uint8Array(0), integrity);
  return isAuthentic ? plain : undefined;
}

/** Bytes that a seal takes: pieces of a file that are looked through one by one lap over by so many. */
export const sealLapBytes = sealBytes - 1;

/** Under which generation of keys the first seal in these bytes stands, wherever it begins; undefined where there is none. */
export function generationIn(bytes: Uint8Array, integrity: Pick<Integrity, "crc32">): number | undefined {
  for (let at = bytes.indexOf(magic & 0xff); at >= 0; at = bytes.indexOf(magic & 0xff, at + 1)) {
    const found = parseSeal(bytes.subarray(at, at + sealBytes), integrity);
    if (found !== undefined) return found.seal.generation;
  }
  return undefined;
}

/** The same of a file whose hash somebody else knows: as it is, also where a bit of it is wrong. */
export function openNamedFile(bytes: Uint8Array, integrity: Integrity): Uint8Array {
  const found = parseSeal(bytes.subarray(0, sealBytes), integrity);
  return found === undefined ? bytes : decrypt(found.seal, bytes.subarray(sealBytes), new Uint8Array(0), integrity).bytes;
}

function decrypt(seal: Seal, hidden: Uint8Array, associated: Uint8Array, { cipher }: Integrity): ReturnType<Cipher["decrypt"]> {
  if (cipher?.holds(seal.generation) !== true) throw new HolonError("HOLON_LOG_SEALED", `segment ${seal.segment} of the log is encrypted under the keys of generation ${seal.generation}, which are not here`);
  return cipher.decrypt(seal, seal.nonce, hidden, associated, seal.tag);
}

function encodeSeal({ generation, segment, payloadBytes, nonce, tag }: Seal, place: number, integrity: Integrity): Uint8Array {
  const bytes = new Uint8Array(sealBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of [magic, 0, place, generation, segment, payloadBytes].entries()) view.setUint32(4 * index, value, true);
  bytes.set(nonce, nonceFrom);
  bytes.set(tag, tagFrom);
  view.setUint32(4, integrity.crc32(bytes.subarray(8)), true);
  return bytes;
}

function parseSeal(bytes: Uint8Array, integrity: Pick<Integrity, "crc32">): { readonly seal: Seal; readonly place: number } | undefined {
  if (bytes.length < sealBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== magic || integrity.crc32(bytes.subarray(8, sealBytes)) !== view.getUint32(4, true)) return undefined;
  const seal = { generation: view.getUint32(12, true), segment: view.getUint32(16, true), payloadBytes: view.getUint32(20, true), nonce: bytes.slice(nonceFrom, tagFrom), tag: bytes.slice(tagFrom, sealBytes) };
  return { seal, place: view.getUint32(8, true) };
}

/** Where it is known that one stands: mended if a single bit of it is wrong. */
function readSeal(bytes: Uint8Array, place: number, integrity: Integrity): { readonly seal: Seal; readonly isMended: boolean } | undefined {
  const intact = parseSeal(bytes, integrity);
  if (intact !== undefined) return intact.place === place ? { seal: intact.seal, isMended: false } : undefined;
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  view.setUint32(0, magic, true);
  const found = integrity.crc32(copy.subarray(8));
  if (mendByCrc(copy.subarray(8), view.getUint32(4, true), found) === "damaged") return undefined;
  view.setUint32(4, integrity.crc32(copy.subarray(8)), true);
  const mended = parseSeal(copy, integrity);
  return mended?.place === place ? { seal: mended.seal, isMended: true } : undefined;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
