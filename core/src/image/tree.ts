/**
 * The files of an image, layer upon layer (OCI Image Layer Filesystem Changeset), before any of them is on a disk. Names are names and nothing else: no
 * link is followed here, so none can lead anywhere.
 */
import { HolonError } from "../errors.ts";
import { imageBounds } from "./bounds.ts";
import type { TarEntry } from "./tar.ts";

export interface ImageFile {
  readonly kind: "file";
  readonly content: Uint8Array;
  readonly isExecutable: boolean;
}
export interface ImageLink {
  readonly kind: "link";
  readonly target: string;
}
export interface ImageFolder {
  readonly kind: "folder";
  readonly inside: Map<string, ImageNode>;
}
/** A file that stands in several places is one object. */
export type ImageNode = ImageFile | ImageLink | ImageFolder;

const whiteout = ".wh.";
/** The marks of a union file system that are no files: `.wh..wh.plnk` and the like. All that lies below is hidden by the first of them. */
const opaque = ".wh..wh..opq";
const executableBits = 0o111;
const encoder = new TextEncoder();

export const createFolder = (): ImageFolder => ({ kind: "folder", inside: new Map() });

/** Puts a layer upon what is there. `HOLON_IMAGE_BAD` for what would leave the image's root, and for devices. */
export function applyLayer(root: ImageFolder, entries: readonly TarEntry[], name: string): void {
  const parsed = entries.map((entry) => ({ entry, parts: partsOf(entry.path, name) })).filter(({ parts }) => parts.length > 0);
  // What a layer hides is what lies below it, never its own.
  for (const { parts } of parsed) hide(root, parts, name);
  for (const { entry, parts } of parsed) if (!isMark(parts.at(-1) ?? "")) place(root, entry, parts, name);
}

const isMark = (last: string): boolean => last.startsWith(whiteout);

function hide(root: ImageFolder, parts: readonly string[], name: string): void {
  const last = parts.at(-1) ?? "";
  if (!isMark(last)) return;
  const folder = found(root, parts.slice(0, -1));
  if (last === opaque) {
    if (folder?.kind === "folder") folder.inside.clear();
    return;
  }
  if (last.startsWith(`${whiteout}${whiteout}`)) return;
  const hidden = last.slice(whiteout.length);
  if (hidden === "" || hidden === "." || hidden === "..") throw bad(name, "hides what has no name");
  if (folder?.kind === "folder") folder.inside.delete(hidden);
}

function place(root: ImageFolder, { kind, mode, target, content, path }: TarEntry, parts: readonly string[], name: string): void {
  const folder = folderFor(root, parts.slice(0, -1), name, path);
  const last = parts.at(-1) ?? "";
  switch (kind) {
    case "folder":
      if (folder.inside.get(last)?.kind !== "folder") folder.inside.set(last, createFolder());
      return;
    case "file":
      return void folder.inside.set(last, { kind: "file", content, isExecutable: (mode & executableBits) !== 0 });
    case "link":
      if (target === "" || target.length > imageBounds.imageLinkCharactersMax || target.includes("\0")) throw bad(name, `holds a link ${shown(path)} that leads nowhere`);
      return void folder.inside.set(last, { kind: "link", target });
    case "hard link": {
      const same = found(root, partsOf(target, name));
      if (same?.kind !== "file") throw bad(name, `holds a hard link ${shown(path)} to what is no file of the image`);
      return void folder.inside.set(last, same);
    }
    case "device":
    case "pipe":
      throw bad(name, `holds a ${kind} (${shown(path)}), which no program is given`);
  }
}

function found(root: ImageFolder, parts: readonly string[]): ImageNode | undefined {
  let at: ImageNode | undefined = root;
  for (const part of parts) at = at?.kind === "folder" ? at.inside.get(part) : undefined;
  return at;
}

/** Made where it is missing. What is below a link is below another name: whoever wrote that would have it written wherever the link leads. */
function folderFor(root: ImageFolder, parts: readonly string[], name: string, path: string): ImageFolder {
  let at = root;
  for (const part of parts) {
    const next = at.inside.get(part) ?? createFolder();
    if (next.kind !== "folder") throw bad(name, `holds ${shown(path)}, which lies behind a ${next.kind}`);
    at.inside.set(part, next);
    at = next;
  }
  return at;
}

function partsOf(path: string, name: string): readonly string[] {
  if (path.startsWith("/") || path.includes("\0") || path.includes("\\")) throw bad(name, `holds the path ${shown(path)}, which is none below its root`);
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || parts.length > imageBounds.imageDepthMax || parts.some((part) => encoder.encode(part).length > imageBounds.imageNameBytesMax)) throw bad(name, `holds the path ${shown(path)}, which is none below its root`);
  return parts;
}

/** Bytes of all files, each content once. */
export function treeBytes(root: ImageFolder): number {
  const seen = new Set<ImageFile>();
  let bytes = 0;
  const visit = (node: ImageNode): void => {
    if (node.kind === "folder") for (const inside of node.inside.values()) visit(inside);
    if (node.kind !== "file" || seen.has(node)) return;
    seen.add(node);
    bytes += node.content.length;
  };
  visit(root);
  return bytes;
}

/** Makes a folder where nothing is; what is there already stays as it is. */
export function ensureFolder(root: ImageFolder, path: string): void {
  let at = root;
  for (const part of path.split("/").filter((one) => one !== "" && one !== ".")) {
    const next = at.inside.get(part) ?? createFolder();
    if (next.kind !== "folder" || part === "..") return;
    at.inside.set(part, next);
    at = next;
  }
}

/** Puts real, empty folders where something of the node's is to be mounted: a link there would lead whoever mounts astray. */
export function clearMountPoints(root: ImageFolder, points: readonly string[]): void {
  for (const point of points) {
    let at = root;
    for (const part of point.split("/").filter((one) => one !== "")) {
      const next = at.inside.get(part);
      const folder = next?.kind === "folder" ? next : createFolder();
      at.inside.set(part, folder);
      at = folder;
    }
    at.inside.clear();
  }
}

const shown = (path: string): string => JSON.stringify(path.slice(0, 200));
const bad = (name: string, what: string): HolonError => new HolonError("HOLON_IMAGE_BAD", `${name} ${what}`);
