/** The shapes in which a text may stand in other text: as it is with either end of a line, in JSON, in an address, in hexadecimal with or without something between the bytes, and in base64 wherever in it the text begins. */
import { toHex } from "../log/hex.ts";
import { toBase64 } from "../series/base64.ts";

const encoder = new TextEncoder();

/** Every shape of it that is long enough to be told from chance, the longest first. */
export function formsOf(text: string): readonly string[] {
  const other = otherLines(text);
  return other === undefined ? formsOfText(text) : [...new Set([...formsOfText(text), ...formsOfText(other)])].sort((one, two) => two.length - one.length);
}

/** With lines that end as another system ends them; undefined where it has one line. */
const otherLines = (text: string): string | undefined => (text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text.includes("\n") ? text.replaceAll("\n", "\r\n") : undefined);

function formsOfText(text: string): readonly string[] {
  const bytes = encoder.encode(text);
  const hex = toHex(bytes);
  const inHex = [hex, ...[":", " ", "-"].map((between) => hex.replaceAll(/..(?=.)/g, `$&${between}`))];
  const inBase64 = [0, 1, 2].map((shift) => insideBase64(bytes, shift));
  const forms = [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), ...inHex, ...inHex.map((form) => form.toUpperCase()), ...inBase64, ...inBase64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
  return [...new Set(forms)].filter((form) => form.length >= shortest).sort((one, other) => other.length - one.length);
}

/** The digits that depend on these bytes alone, where `shift` bytes stand before them in their group of three. */
function insideBase64(bytes: Uint8Array, shift: number): string {
  const padded = new Uint8Array(bytes.length + shift);
  padded.set(bytes, shift);
  const whole = toBase64(padded).replaceAll("=", "");
  const first = shift === 0 ? 0 : shift + 1;
  const last = Math.floor((padded.length * 8) / 6);
  return whole.slice(first, last);
}

const shortest = 6;
