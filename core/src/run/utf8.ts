/** UTF-8 where there is no `TextEncoder`: inside an isolate. Ill-formed input becomes U+FFFD (Encoding Standard, replacement). */
const replacement = 0xfffd;

export function textToUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let end = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const code = point >= 0xd800 && point <= 0xdfff ? replacement : point;
    if (code < 0x80) bytes[end++] = code;
    else {
      const following = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
      bytes[end++] = ([0, 0xc0, 0xe0, 0xf0][following] ?? 0) | (code >> (6 * following));
      for (let shift = 6 * (following - 1); shift >= 0; shift -= 6) bytes[end++] = 0x80 | ((code >> shift) & 0x3f);
    }
  }
  return bytes.slice(0, end);
}

export function utf8ToText(bytes: Uint8Array): string {
  const parts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { code, length } = next(bytes, at);
    parts.push(String.fromCodePoint(code));
    at += length;
  }
  return parts.join("");
}

function next(bytes: Uint8Array, at: number): { readonly code: number; readonly length: number } {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { code: first, length: 1 };
  const following = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 0;
  let code = first & ([0, 0x1f, 0x0f, 0x07][following] ?? 0);
  for (let index = 1; index <= following; index++) {
    const byte = bytes[at + index] ?? 0;
    if ((byte & 0xc0) !== 0x80) return { code: replacement, length: index };
    code = (code << 6) | (byte & 0x3f);
  }
  const least = [0x110000, 0x80, 0x800, 0x10000][following] ?? 0;
  return { code: code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? replacement : code, length: following + 1 };
}
