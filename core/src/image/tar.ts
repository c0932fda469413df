/**
 * Reads a tar archive (POSIX.1-1988 ustar, the pax headers of POSIX.1-2001, GNU's long names) into what it says it holds. Nothing of it is believed to
 * be a good path: that is for who makes files of it.
 */
import { HolonError } from "../errors.ts";
import { imageBounds } from "./bounds.ts";

export type TarKind = "file" | "hard link" | "link" | "folder" | "device" | "pipe";

export interface TarEntry {
  readonly path: string;
  readonly kind: TarKind;
  /** Permission bits and those above them (set-user-ID and the like), as the archive has them. */
  readonly mode: number;
  /** Of links. */
  readonly target: string;
  /** A view of the archive. */
  readonly content: Uint8Array;
}

const blockBytes = 512;
const decoder = new TextDecoder();
const nothing = new Uint8Array(0);
const kinds: Readonly<Record<string, TarKind>> = { "0": "file", "\0": "file", "7": "file", "1": "hard link", "2": "link", "3": "device", "4": "device", "5": "folder", "6": "pipe" };

/** What the headers before an entry say of it. */
interface Extended {
  path?: string;
  linkpath?: string;
  size?: number;
}

/** `HOLON_IMAGE_BAD`. */
export function readTar(archive: Uint8Array, name: string): readonly TarEntry[] {
  const entries: TarEntry[] = [];
  let extended: Extended = {};
  for (let at = 0; at + blockBytes <= archive.length; ) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.every((byte) => byte === 0)) return entries;
    requireChecksum(header, name);
    const type = String.fromCharCode(header[156] ?? 0);
    const isAbout = type === "x" || type === "g" || type === "L" || type === "K";
    const size = isAbout ? numberAt(header, 124, 12, name) : (extended.size ?? numberAt(header, 124, 12, name));
    at += blockBytes;
    if (size > archive.length - at) throw bad(name, "ends within an entry");
    const content = archive.subarray(at, at + size);
    at += Math.ceil(size / blockBytes) * blockBytes;
    if (isAbout) {
      extended = { ...extended, ...aboutNext(type, content, name) };
      continue;
    }
    const kind = kinds[type];
    if (kind === undefined) throw bad(name, `holds an entry of a kind that is not known here (${JSON.stringify(type)})`);
    if (entries.length >= imageBounds.imageEntriesMax) throw bad(name, `holds more than ${imageBounds.imageEntriesMax} entries`);
    entries.push({ path: extended.path ?? nameOf(header), kind, mode: numberAt(header, 100, 8, name) & 0o7777, target: extended.linkpath ?? textAt(header, 157, 100), content: kind === "file" ? content : nothing });
    extended = {};
  }
  return entries;
}

function aboutNext(type: string, content: Uint8Array, name: string): Extended {
  if (content.length > imageBounds.imageHeaderBytesMax) throw bad(name, "holds a header over its bound");
  if (type === "L") return { path: untilZero(content) };
  if (type === "K") return { linkpath: untilZero(content) };
  return type === "x" ? paxRecords(content, name) : {}; // a global header says nothing that is used here
}

/** `length key=value\n`, the length in digits and of all of it (POSIX.1-2001, pax, "Extended Header"). */
function paxRecords(content: Uint8Array, name: string): Extended {
  const extended: Extended = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(decoder.decode(content.subarray(at, space)));
    if (!Number.isInteger(length) || length <= space - at + 1 || at + length > content.length) throw bad(name, "holds an extended header that is none");
    const record = decoder.decode(content.subarray(space + 1, at + length - 1));
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key.startsWith("GNU.sparse.")) throw bad(name, "holds a sparse file");
    if (key === "path") extended.path = value;
    if (key === "linkpath") extended.linkpath = value;
    if (key === "size") {
      const size = Number(value);
      if (!/^\d{1,15}$/.test(value)) throw bad(name, "holds an entry without a size");
      extended.size = size;
    }
    at += length;
  }
  return extended;
}

/** Section "ustar Interchange Format": the prefix stands before the name. */
function nameOf(header: Uint8Array): string {
  const [own, prefix] = [textAt(header, 0, 100), textAt(header, 257, 5) === "ustar" && header[262] === 0 ? textAt(header, 345, 155) : ""];
  return prefix === "" ? own : `${prefix}/${own}`;
}

const textAt = (header: Uint8Array, at: number, length: number): string => untilZero(header.subarray(at, at + length));

function untilZero(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Octal digits; or, with the first bit set, a number to the base of 256 (GNU). */
function numberAt(header: Uint8Array, at: number, length: number, name: string): number {
  const first = header[at] ?? 0;
  if ((first & 0x80) !== 0) {
    let value = first & 0x7f;
    for (let index = 1; index < length; index++) value = value * 256 + (header[at + index] ?? 0);
    if (!Number.isSafeInteger(value)) throw bad(name, "holds a number that is too large");
    return value;
  }
  const text = textAt(header, at, length).trim();
  if (!/^[0-7]*$/.test(text)) throw bad(name, "holds a header that is none");
  return text === "" ? 0 : Number.parseInt(text, 8);
}

/** The sum of all bytes, its own field taken as spaces. */
function requireChecksum(header: Uint8Array, name: string): void {
  let sum = 8 * 0x20;
  for (let index = 0; index < blockBytes; index++) if (index < 148 || index >= 156) sum += header[index] ?? 0;
  if (sum !== numberAt(header, 148, 8, name)) throw bad(name, "is no tar archive, or is damaged");
}

const bad = (name: string, what: string): HolonError => new HolonError("HOLON_IMAGE_BAD", `${name} ${what}`);
