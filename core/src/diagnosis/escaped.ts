/**
 * A secret in text that was escaped by anybody's rules: `\u00e9` and `\/` as JSON may have it, `\xe9` for any of its bytes, percent signs in capitals or small letters for any of its bytes, `+` for a
 * space, `&amp;` and `&#233;` as HTML has them, and one in the other. Both are brought to the same bytes, which leave out what any of these rules may add, and are compared as those: what is escaped in some other mixture is found too. Linear in the text.
 */

/** As bytes, one to a character; where in the text each begins, and behind them where the text ends. */
interface Unescaped {
  readonly bytes: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** The text with `stead` in place of each of the secrets that stands in it escaped. */
export function withoutEscaped(text: string, secrets: readonly string[], stead: string): string {
  if (secrets.length === 0 || !/[\\%+&]/.test(text)) return text;
  const found = unescaped(text);
  const spans = secrets.flatMap((secret) => spansOf(found, secret)).sort(([one], [other]) => one - other);
  let clean = "";
  let at = 0;
  for (const [from, to] of spans) {
    if (from >= at) clean += text.slice(at, from) + stead;
    at = Math.max(at, to);
  }
  return clean + text.slice(at);
}

/** Characters at the end of the text with which the form begins. */
export function begunAtEnd(text: string, form: string): number {
  for (let length = Math.min(form.length - 1, text.length); length > 0; length--) if (text.endsWith(form.slice(0, length))) return length;
  return 0;
}

/** The same of secrets that are escaped in it: characters of the text. */
export function escapedAtEnd(text: string, secrets: readonly string[]): number {
  const tail = text.slice(-secrets.reduce((most, secret) => Math.max(most, secret.length * escapeMax), 1));
  const { bytes, starts } = unescaped(tail);
  return secrets.reduce((most, secret) => {
    const begun = begunAtEnd(bytes, secret);
    return begun === 0 ? most : Math.max(most, tail.length - (starts[starts.length - begun] ?? tail.length));
  }, 0);
}

/** Text that was cut off, without what may be the beginning of something escaped, and without half of a character. */
export const withoutPartOfEscape = (text: string): string => text.replace(partOfEscape, "").replace(halfOfCharacter, "");
const partOfEscape = /(?:\\{1,8}(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|%(?:25){0,8}[0-9a-f]?|&(?:amp;){0,8}#?\w{0,8})$/i;
const halfOfCharacter = /(?:[\ud800-\udbff]|\\{1,8}ud[89ab][0-9a-f]{2})$/i;

/** As it is looked for: where it holds by itself what looks escaped, also as it is. */
export const bytesOf = (secret: string): readonly string[] => [unescaped(secret).bytes, [...encoder.encode(secret)].map(folded).join("")];

function spansOf({ bytes, starts, ends }: Unescaped, secret: string): readonly (readonly [from: number, to: number])[] {
  const spans: (readonly [number, number])[] = [];
  for (let at = bytes.indexOf(secret); at !== -1; at = bytes.indexOf(secret, at + secret.length)) spans.push([starts[at] ?? 0, ends[at + secret.length - 1] ?? 0]);
  return spans;
}

function unescaped(text: string): Unescaped {
  const parts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  for (let at = 0; at < text.length; ) {
    const { bytes, end } = partAt(text, at);
    for (const byte of bytes) {
      const alike = folded(byte);
      if (alike === "") continue;
      parts.push(alike);
      starts.push(at);
      ends.push(end);
    }
    at = end;
  }
  return { bytes: parts.join(""), starts, ends };
}

interface Part {
  readonly bytes: Iterable<number>;
  readonly end: number;
}

function partAt(text: string, at: number): Part {
  if (text[at] === "\\") return behindBackslashes(text, at);
  if (text[at] === "%") return percent(text, at);
  return text[at] === "&" ? entity(text, at) : character(text, at);
}

/** Any number of them adds nothing, but where `u` and a number follow. */
function behindBackslashes(text: string, from: number): Part {
  let at = from;
  while (text[at] === "\\") at += 1;
  const unit = unitAt(text, at);
  const byte = text[at] === "x" ? byteAt(text, at + 1) : undefined;
  if (byte !== undefined) return { bytes: [byte], end: at + 3 };
  if (unit === undefined) return { bytes: [], end: at };
  const second = isHigh(unit) ? secondAt(text, at + 5) : undefined;
  return second === undefined ? { bytes: encoder.encode(String.fromCharCode(unit)), end: at + 5 } : { bytes: encoder.encode(String.fromCharCode(unit, second.unit)), end: second.end };
}

/** The other half of a character that takes two; as many backslashes before it as anybody escapes with. */
function secondAt(text: string, from: number): { readonly unit: number; readonly end: number } | undefined {
  let at = from;
  while (text[at] === "\\" && at - from < backslashesMax) at += 1;
  const unit = at === from ? undefined : unitAt(text, at);
  return unit === undefined ? undefined : { unit, end: at + 5 };
}

const unitAt = (text: string, at: number): number | undefined => (text[at] === "u" && /^[0-9a-f]{4}$/i.test(text.slice(at + 1, at + 5)) ? parseInt(text.slice(at + 1, at + 5), 16) : undefined);
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;

/** However often it was escaped: a percent sign is `%25` itself. */
function percent(text: string, from: number): Part {
  let at = from + 1;
  while (text[at] === "2" && text[at + 1] === "5" && byteAt(text, at + 2) !== undefined) at += 2;
  const byte = byteAt(text, at);
  return byte === undefined ? character(text, from) : { bytes: [byte], end: at + 2 };
}

const byteAt = (text: string, at: number): number | undefined => (/^[0-9a-f]{2}$/i.test(text.slice(at, at + 2)) ? parseInt(text.slice(at, at + 2), 16) : undefined);

/** However often it was escaped: an `&` is `&amp;` itself. */
function entity(text: string, from: number): Part {
  let at = from + 1;
  while (text.startsWith("amp;", at)) at += 4;
  const [whole = "", decimal, hexadecimal, name = ""] = /^(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|quot|apos));/i.exec(text.slice(at, at + entityMax)) ?? [];
  const code = decimal === undefined ? (hexadecimal === undefined ? entities.get(name.toLowerCase()) : parseInt(hexadecimal, 16)) : Number(decimal);
  if (code === undefined || code > 0x10ffff) return { bytes: ampersand, end: at };
  return { bytes: encoder.encode(String.fromCodePoint(code)), end: at + whole.length };
}

const entities = new Map([["lt", 0x3c], ["gt", 0x3e], ["quot", 0x22], ["apos", 0x27]]);
const entityMax = 10;
const ampersand = [0x26];

function character(text: string, at: number): Part {
  const code = text.codePointAt(at) ?? 0;
  return code < 0x80 ? { bytes: [code], end: at + 1 } : { bytes: encoder.encode(String.fromCodePoint(code)), end: at + (code > 0xffff ? 2 : 1) };
}

/** What may stand for each other: a space and `+`; the end of a line and the letter that stands for it behind a backslash, which itself is left out. */
function folded(byte: number): string {
  const alike = alikes.get(byte);
  return alike ?? String.fromCharCode(byte);
}

const alikes = new Map([["\\", ""], ["+", " "], ["\n", "n"], ["\r", "r"], ["\t", "t"], ["\f", "f"], ["\b", "b"], ["\v", "v"]].map(([from = "", to = ""]) => [from.charCodeAt(0), to]));
const backslashesMax = 8;
/** Characters for one byte, with an escape escaped again and again. */
const escapeMax = 24;
const encoder = new TextEncoder();
