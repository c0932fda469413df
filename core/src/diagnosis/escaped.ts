/**
 * A secret in text that was escaped by anybody's rules: `\u00e9` and `\/` as JSON may have it, percent signs in capitals or small letters for any of its bytes, `+` for a space, and one in the
 * other. Both are brought to the same bytes, which leave out what any of these rules may add, and are compared as those: what is escaped in some other mixture is found too. Linear in the text.
 */

/** As bytes, one to a character; where in the text each begins, and behind them where the text ends. */
interface Unescaped {
  readonly bytes: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** The text with `stead` in place of each of the secrets that stands in it escaped. */
export function withoutEscaped(text: string, secrets: readonly string[], stead: string): string {
  if (secrets.length === 0 || !/[\\%+]/.test(text)) return text;
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
    const { bytes, end } = text[at] === "\\" ? behindBackslashes(text, at) : text[at] === "%" ? percent(text, at) : character(text, at);
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

/** Any number of them adds nothing, but where `u` and a number follow. */
function behindBackslashes(text: string, from: number): Part {
  let at = from;
  while (text[at] === "\\") at += 1;
  const unit = unitAt(text, at);
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
const encoder = new TextEncoder();
