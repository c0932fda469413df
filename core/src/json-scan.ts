/**
 * Whether bytes are one JSON text (RFC 8259), without making anything of it: a fifth of what parsing costs, and no garbage. UTF-8 is not
 * checked: the answer says where that is needed.
 */

/** Begin and end of each number and string that is a value, in turn. */
interface Scalars {
  count: number;
  readonly places: Int32Array;
}

/** `ascii`: JSON, all of it ASCII. `unicode`: JSON if it is UTF-8. */
export type JsonScan = "none" | "ascii" | "unicode";

const [quote, backslash, comma, colon, openObject, closeObject, openArray, closeArray] = [0x22, 0x5c, 0x2c, 0x3a, 0x7b, 0x7d, 0x5b, 0x5d];
const [minus, plus, point, zero, nine, upperE, lowerE] = [0x2d, 0x2b, 0x2e, 0x30, 0x39, 0x45, 0x65];
const depthBound = 256;
/** 1 where an object is open, 0 for an array; used within one call. */
const open = new Uint8Array(depthBound);
let hasHighBytes = false;

/** Looks at the bytes of `view` from `start` to before `end`. Nested deeper than `depthMax` (at most 256) is none. */
export function scanJson(view: DataView, start: number, end: number, depthMax: number, found?: Scalars): JsonScan {
  hasHighBytes = false;
  let depth = 0;
  let at = start;
  for (;;) {
    at = skipSpace(view, at, end);
    if (at >= end) return "none";
    const byte = view.getUint8(at);
    if (byte === openObject || byte === openArray) {
      if (depth >= depthMax) return "none";
      const isObject = byte === openObject;
      at = skipSpace(view, at + 1, end);
      if (at < end && view.getUint8(at) === (isObject ? closeObject : closeArray)) at += 1;
      else {
        open[depth++] = isObject ? 1 : 0;
        if (isObject) at = keyEnd(view, at, end);
        if (at < 0) return "none";
        continue;
      }
    } else {
      const begin = at;
      at = scalarEnd(view, at, end, byte);
      if (found !== undefined && byte < 0x40) noteScalar(found, begin, at); // a number or a string: words are letters
    }
    // Behind a value: what is closed by it, then the next one.
    for (let isValueNext = false; !isValueNext; ) {
      if (at < 0) return "none";
      at = skipSpace(view, at, end);
      if (depth === 0) return at < end ? "none" : hasHighBytes ? "unicode" : "ascii";
      if (at >= end) return "none";
      const isObject = open[depth - 1] === 1;
      const next = view.getUint8(at++);
      if (next === comma) {
        if (isObject) at = keyEnd(view, skipSpace(view, at, end), end);
        isValueNext = at >= 0;
      } else if (next === (isObject ? closeObject : closeArray)) depth -= 1;
      else return "none";
    }
  }
}

function skipSpace(view: DataView, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = view.getUint8(at);
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at += 1;
  }
  return at;
}

// The following return where what begins at `at` ends, or -1.

function keyEnd(view: DataView, at: number, end: number): number {
  if (at >= end || view.getUint8(at) !== quote) return -1;
  const after = stringEnd(view, at + 1, end);
  if (after < 0) return -1;
  const mark = skipSpace(view, after, end);
  return mark < end && view.getUint8(mark) === colon ? mark + 1 : -1;
}

function scalarEnd(view: DataView, at: number, end: number, byte: number): number {
  if (byte === quote) return stringEnd(view, at + 1, end);
  if (byte === minus || (byte >= zero && byte <= nine)) return numberEnd(view, at, end);
  if (byte === 0x74) return wordEnd(view, at, end, 0x74727565, 0); // true
  if (byte === 0x6e) return wordEnd(view, at, end, 0x6e756c6c, 0); // null
  if (byte === 0x66) return wordEnd(view, at, end, 0x66616c73, lowerE); // false
  return -1;
}

function wordEnd(view: DataView, at: number, end: number, four: number, fifth: number): number {
  const after = at + (fifth === 0 ? 4 : 5);
  return after <= end && view.getUint32(at) === four && (fifth === 0 || view.getUint8(at + 4) === fifth) ? after : -1;
}

function stringEnd(view: DataView, from: number, end: number): number {
  let at = from;
  for (;;) {
    // Four at a time, as long as each is printable ASCII and neither quote nor backslash.
    while (at + 4 <= end) {
      const four = view.getInt32(at);
      const marks = (four - 0x20202020) | ((four ^ 0x22222222) - 0x01010101) | ((four ^ 0x5c5c5c5c) - 0x01010101) | four;
      if ((marks & 0x80808080) !== 0) break;
      at += 4;
    }
    if (at >= end) return -1;
    const byte = view.getUint8(at++);
    if (byte === quote) return at;
    if (byte < 0x20) return -1;
    if (byte >= 0x80) hasHighBytes = true;
    else if (byte === backslash) {
      at = escapeEnd(view, at, end);
      if (at < 0) return -1;
    }
  }
}

function escapeEnd(view: DataView, at: number, end: number): number {
  if (at >= end) return -1;
  const byte = view.getUint8(at);
  if (byte !== 0x75) return isEscape(byte) ? at + 1 : -1;
  if (at + 5 > end) return -1;
  for (let digit = at + 1; digit < at + 5; digit++) if (!isHexDigit(view.getUint8(digit))) return -1;
  return at + 5;
}

/** `" \ / b f n r t` */
const isEscape = (byte: number): boolean => byte === quote || byte === backslash || byte === 0x2f || byte === 0x62 || byte === 0x66 || byte === 0x6e || byte === 0x72 || byte === 0x74;
const isDigit = (byte: number): boolean => (byte - zero) >>> 0 <= nine - zero;
const isHexDigit = (byte: number): boolean => isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);

function numberEnd(view: DataView, from: number, end: number): number {
  let at = view.getUint8(from) === minus ? from + 1 : from;
  if (at < end && view.getUint8(at) === zero) at += 1;
  else at = digitsEnd(view, at, end);
  if (at < 0) return -1;
  if (at < end && view.getUint8(at) === point) at = digitsEnd(view, at + 1, end);
  if (at < 0 || at >= end) return at;
  const exponent = view.getUint8(at);
  if (exponent !== upperE && exponent !== lowerE) return at;
  at += 1;
  if (at < end && (view.getUint8(at) === minus || view.getUint8(at) === plus)) at += 1;
  return digitsEnd(view, at, end);
}

/** One digit at least. */
function digitsEnd(view: DataView, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(view.getUint8(at))) at += 1;
  return at === from ? -1 : at;
}

function noteScalar(found: Scalars, begin: number, end: number): void {
  if (found.count < scalarsMax) {
    found.places[2 * found.count] = begin;
    found.places[2 * found.count + 1] = end;
  }
  found.count += 1;
}

export interface JsonScanner {
  /** As `scanJson`. */
  scan(view: DataView, start: number, end: number): JsonScan;
}

/** A text that was scanned. */
interface Shape {
  readonly view: DataView;
  readonly scalars: Int32Array;
  /** A text that is like it is only looked at between them: it may be said to have such bytes where it has none. */
  readonly hasHighBytes: boolean;
}

const scalarsMax = 256;
/** Larger texts have more within their strings than between. */
const shapeBytesMax = 4096;
/** Kept at once; the one that was of use longest ago gives way. */
const shapesMax = 4;
/** After so many texts in a row that were like none, only one in so many is kept: they are not alike. */
const missesMax = 64;

/**
 * Scans texts of which each is much like one before: what a producer sends has the same keys in the same order. Of a text that was scanned it is kept where
 * its numbers and strings stand. A text that has the same bytes between them, and numbers and strings in their places, is JSON too, and nests as deep: that
 * is seen in less than half of the time. Any other text is scanned.
 */
export function createJsonScanner(depthMax: number): JsonScanner {
  const shapes: Shape[] = [];
  const found: Scalars = { count: 0, places: new Int32Array(2 * scalarsMax) };
  let misses = 0;

  function keep(view: DataView, start: number, end: number): void {
    if (end - start > shapeBytesMax || found.count > scalarsMax || (misses > missesMax && misses % missesMax !== 0)) return;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, end - start).slice();
    const scalars = found.places.slice(0, 2 * found.count).map((place) => place - start);
    shapes.unshift({ view: new DataView(bytes.buffer), scalars, hasHighBytes });
    if (shapes.length > shapesMax) shapes.pop();
  }

  return {
    scan(view, start, end) {
      for (const [index, shape] of shapes.entries()) {
        if (!isAlike(shape, view, start, end)) continue;
        if (index > 0) shapes.unshift(...shapes.splice(index, 1));
        misses = 0;
        return hasHighBytes ? "unicode" : "ascii";
      }
      misses += 1;
      found.count = 0;
      const scanned = scanJson(view, start, end, depthMax, found);
      if (scanned !== "none") keep(view, start, end);
      return scanned;
    },
  };
}

/** If not, it may be JSON all the same. */
function isAlike(shape: Shape, view: DataView, start: number, end: number): boolean {
  const { scalars } = shape;
  hasHighBytes = shape.hasHighBytes;
  let at = start;
  let from = 0;
  for (let index = 0; index < scalars.length; index += 2) {
    const until = scalars[index] ?? 0;
    at = sameEnd(shape.view, from, until, view, at, end);
    if (at < 0 || at >= end) return false;
    if (shape.view.getUint8(until) !== quote) at = numberEnd(view, at, end);
    else at = view.getUint8(at) === quote ? stringEnd(view, at + 1, end) : -1;
    if (at < 0) return false;
    from = scalars[index + 1] ?? 0;
  }
  return sameEnd(shape.view, from, shape.view.byteLength, view, at, end) === end;
}

/** Where the same bytes end as stand from `from` to before `until` of `known`; -1 if there are others. */
function sameEnd(known: DataView, from: number, until: number, view: DataView, start: number, end: number): number {
  const after = start + until - from;
  if (after > end) return -1;
  let at = start;
  let place = from;
  for (; place + 4 <= until; place += 4, at += 4) if (known.getInt32(place) !== view.getInt32(at)) return -1;
  for (; place < until; place++, at++) if (known.getUint8(place) !== view.getUint8(at)) return -1;
  return after;
}
