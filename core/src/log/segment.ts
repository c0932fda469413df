/** A segment file: `log/000000000001.seg`, a header and then batches. Its first batch is a snapshot of cells and lane heads. */
import type { Integrity } from "./run.ts";

export const segmentHeaderBytes = 32;
const magic = "holonlog";
/** 2: records of a run may share what they begin with. A segment of version 1 is one of version 2 in which none do. */
export const segmentVersion = 2;
/** 3: batches may be sealed. */
export const segmentVersionMax = 3;

export const segmentPath = (number: number): string => `log/${String(number).padStart(12, "0")}.seg`;

/** `undefined` for a file that is no segment. */
export function segmentNumber(name: string): number | undefined {
  const match = /^(\d{12})\.seg$/.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

export function encodeSegmentHeader(number: number, integrity: Integrity, version = integrity.cipher === undefined ? segmentVersion : segmentVersionMax): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < 8; index++) bytes[index] = magic.charCodeAt(index);
  view.setUint32(12, version, true);
  view.setFloat64(16, number, true);
  view.setUint32(8, integrity.crc32(bytes.subarray(12)), true);
  return bytes;
}

export type SegmentHeader = { readonly state: "intact"; readonly number: number; readonly version: number } | { readonly state: "damaged" };

export function parseSegmentHeader(bytes: Uint8Array, integrity: Pick<Integrity, "crc32">): SegmentHeader {
  if (bytes.length < segmentHeaderBytes) return { state: "damaged" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < 8; index++) if (bytes[index] !== magic.charCodeAt(index)) return { state: "damaged" };
  if (integrity.crc32(bytes.subarray(12, segmentHeaderBytes)) !== view.getUint32(8, true)) return { state: "damaged" };
  return { state: "intact", number: view.getFloat64(16, true), version: view.getUint32(12, true) };
}
