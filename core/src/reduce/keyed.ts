/** HMAC-SHA-256 (RFC 2104): what only the holder of a key can compute, the same each time. */
export type Keyed = (text: string) => Uint8Array;

const blockBytes = 64;
const encoder = new TextEncoder();

export function createKeyed(key: Uint8Array, sha256: (bytes: Uint8Array) => Uint8Array): Keyed {
  const padded = new Uint8Array(blockBytes);
  padded.set(key.length > blockBytes ? sha256(key) : key);
  const inner = padded.map((byte) => byte ^ 0x36);
  const outer = padded.map((byte) => byte ^ 0x5c);
  return (text) => sha256(join(outer, sha256(join(inner, encoder.encode(text)))));
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** A number in (0, 1], of 53 bits: never 0, so that it has a logarithm. */
export function keyedUniform(keyed: Keyed, text: string): number {
  const view = new DataView(keyed(text).buffer);
  return (view.getUint32(0) * 2 ** 21 + (view.getUint32(4) >>> 11) + 1) / 2 ** 53;
}
