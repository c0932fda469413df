/** Bytes as lower-case hexadecimal text and back. */

const digits = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));

/** Of engines that have it: a string in one piece, where ours is made of as many as there are bytes. */
const native = (Uint8Array.prototype as { toHex?: () => string }).toHex;

export function toHex(bytes: Uint8Array): string {
  if (native !== undefined) return native.call(bytes);
  let text = "";
  for (const byte of bytes) text += digits[byte] ?? "";
  return text;
}

/** The text is known to be hexadecimal (a hash that this program printed). */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) bytes[index] = Number.parseInt(text.slice(2 * index, 2 * index + 2), 16);
  return bytes;
}
