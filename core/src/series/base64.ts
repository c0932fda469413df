/** Base 64 (RFC 4648, with padding), for bytes that stand in JSON. */
import { bad } from "./bytes.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const numbers = new Map([...alphabet].map((letter, number) => [letter, number]));

export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const three = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    parts.push(letter(three >>> 18), letter(three >>> 12), left > 1 ? letter(three >>> 6) : "=", left > 2 ? letter(three) : "=");
  }
  return parts.join("");
}

/** `HOLON_SERIES_BAD`. */
export function fromBase64(text: string): Uint8Array {
  const body = text.replace(/={1,2}$/, "");
  const bytes = new Uint8Array(Math.floor((body.length * 3) / 4));
  if (text.length % 4 !== 0 || body.length % 4 === 1) throw bad("its base 64 has a wrong length");
  let [at, pending, pendingBits] = [0, 0, 0];
  for (const one of body) {
    const number = numbers.get(one);
    if (number === undefined) throw bad("a character is no base 64");
    pending = ((pending << 6) | number) & 0xffff;
    pendingBits += 6;
    if (pendingBits < 8) continue;
    pendingBits -= 8;
    bytes[at++] = pending >>> pendingBits;
  }
  return bytes;
}

const letter = (bits: number): string => alphabet[bits & 63] ?? "";
