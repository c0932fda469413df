import { crc32 } from "node:zlib";
import { assert, HolonError } from "@holon/core/errors.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { FileContent } from "./disk/content.ts";
import { DiskNames, folderOf } from "./disk/names.ts";
import { draw, type Distribution } from "./distribution.ts";
import type { Incarnation } from "./incarnation.ts";
import type { SeededRandom } from "./random.ts";

/** How long the operations of a disk take. */
export interface DiskSpeed {
  readonly transfer: Distribution;
  readonly sync: Distribution;
  readonly bytesPerMs: number;
}

/** A small flash drive: most syncs well under a millisecond, now and then one of a fifth of a second. */
export const flashDrive: DiskSpeed = {
  transfer: { minMs: 0.01, tailMs: 0.02, stallChance: 0, stallMs: 0 },
  sync: { minMs: 0.15, tailMs: 0.3, stallChance: 0.002, stallMs: 200 },
  bytesPerMs: 200_000,
};

/** Faults of a disk; each can be switched at any time. */
export interface DiskFaults {
  /** `sync` answers and has made nothing durable. */
  syncLies: boolean;
  /** Every operation fails with `HOLON_DISK_FAILED`. */
  failing: boolean;
  readOnly: boolean;
  /** A write that is too large for the disk is taken, and its sync refused: delayed allocation, thin volumes, disks behind a network. */
  roomAtSync: boolean;
  /** Every operation takes this many times as long. */
  slowness: number;
}

/** A write that the caller has not been told of. */
interface PendingWrite {
  readonly content: FileContent;
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What is on the disk of one node: it outlives every incarnation. */
export class DiskMedium {
  names = new DiskNames();
  readonly random: SeededRandom;
  speed: DiskSpeed;
  readonly faults: DiskFaults = { syncLies: false, failing: false, readOnly: false, roomAtSync: false, slowness: 1 };
  /** Writes under way, so that a power cut can catch them half-done. */
  readonly writing = new Set<PendingWrite>();
  /** How often each file is open, with a name or without: it takes its room until nobody holds it. */
  readonly open = new Map<FileContent, number>();
  /** Bytes that fit. Lowering it makes the disk full. */
  capacityBytes: number;

  constructor(random: SeededRandom, options: { readonly speed?: DiskSpeed; readonly capacityBytes?: number } = {}) {
    this.random = random;
    this.speed = options.speed ?? flashDrive;
    this.capacityBytes = options.capacityBytes ?? 32 * 2 ** 30;
  }

  get usedBytes(): number {
    let used = 0;
    for (const content of new Set([...this.names.files.values(), ...this.open.keys()])) used += content.heldBytes;
    return used;
  }

  opened(content: FileContent): void {
    this.open.set(content, (this.open.get(content) ?? 0) + 1);
  }

  closed(content: FileContent): void {
    const left = (this.open.get(content) ?? 1) - 1;
    if (left > 0) this.open.set(content, left);
    else this.open.delete(content);
  }

  /** Puts a copy in the place of all that was there. The machine is off. */
  restore(names: DiskNames): void {
    this.writing.clear();
    this.open.clear();
    this.names = names.copy();
  }

  /** The power goes: what was synced stays, of the rest whatever chance leaves. */
  cutPower(): void {
    for (const { content, position, bytes } of this.writing) if (this.random.chance(0.5)) content.write(position, bytes);
    this.writing.clear();
    this.open.clear();
    const contents = new Set(this.names.files.values());
    this.names.cutPower(this.random);
    for (const content of this.names.files.values()) contents.add(content);
    for (const content of contents) content.cutPower(this.random);
  }

  /** Only the process dies: the system keeps what was written, whether synced or not, unless it finds no room for it; writes under way may be lost. */
  killProcess(): void {
    for (const { content, position, bytes } of this.writing) if (this.random.chance(0.5)) content.write(position, bytes);
    this.writing.clear();
    this.open.clear();
    for (const content of this.names.files.values()) {
      if (content.size - content.heldBytes <= this.capacityBytes - this.usedBytes) content.hold(content.size);
      content.dropUnheld();
    }
  }

  /** Damage at rest. Says whether there was such a byte. */
  flipBit(path: string, position: number, bit: number): boolean {
    const content = this.names.files.get(path);
    if (content === undefined || position >= content.size) return false;
    content.flipBit(position, bit);
    return true;
  }

  /** Damage at rest: rubbish in place of what is stored, as far as the file reaches. */
  scribble(path: string, position: number, rubbish: Uint8Array): void {
    this.names.files.get(path)?.overwrite(position, rubbish);
  }
}

/** The disk port of one incarnation. */
export function createDisk(incarnation: Incarnation, medium: DiskMedium): Disk {
  medium.open.clear(); // a life before this one holds nothing
  const takes = (bytes: number): number => medium.faults.slowness * (draw(medium.speed.transfer, medium.random) + bytes / medium.speed.bytesPerMs);
  const change = (path: string, effect: () => void): void => {
    check(medium, path, true);
    effect();
  };
  return {
    list: (folder) =>
      incarnation.call("disk.list", takes(0), () => {
        check(medium, folder, false);
        return medium.names.list(normalise(folder));
      }),
    makeFolder: (folder) =>
      incarnation.call("disk.makeFolder", takes(0), () => change(folder, () => makeFolders(medium.names, normalise(folder)))),
    open: (path, { create }) =>
      incarnation.call("disk.open", takes(0), () => {
        check(medium, path, false);
        return openFile(incarnation, medium, path, contentOf(medium, normalise(path), create));
      }),
    rename: (from, to) =>
      incarnation.call("disk.rename", takes(0), () => change(from, () => rename(medium.names, normalise(from), normalise(to)))),
    remove: (path) =>
      incarnation.call("disk.remove", takes(0), () =>
        change(path, () => {
          const target = normalise(path);
          if (medium.names.files.has(target) || (target !== "" && medium.names.isFolder(target))) medium.names.change({ kind: "remove", path: target });
        }),
      ),
    syncFolder: (folder) => {
      const covered = medium.names.beginSync();
      return incarnation.call("disk.syncFolder", medium.faults.slowness * draw(medium.speed.sync, medium.random), () => {
        check(medium, folder, false);
        const target = normalise(folder);
        if (!medium.names.isFolder(target)) throw missing(folder);
        if (!medium.faults.syncLies) medium.names.endSync(target, covered);
      });
    },
    space: () =>
      incarnation.call("disk.space", takes(0), () => ({
        freeBytes: Math.max(0, medium.capacityBytes - medium.usedBytes),
        totalBytes: medium.capacityBytes,
      })),
  };
}

function openFile(incarnation: Incarnation, medium: DiskMedium, path: string, content: FileContent): DiskFile {
  let isOpen = true;
  /** Up to where it was synced, and whether something behind that found no room. */
  let durableSize = content.heldBytes;
  let refused: HolonError | undefined;
  medium.opened(content);
  const operate = (changes: boolean): void => {
    if (!isOpen) throw new HolonError("HOLON_DISK_FAILED", `${path} is closed`);
    check(medium, path, changes);
  };
  const sync = (position: number, end = content.size): Promise<void> => {
    const upTo = content.beginSync();
    return incarnation.call("file.sync", medium.faults.slowness * draw(medium.speed.sync, medium.random), () => {
      operate(false);
      if (refused !== undefined) throw refused;
      findRoom(medium, path, content, Math.min(end, content.size));
      if (!medium.faults.syncLies) content.endSync(upTo);
      if (position <= durableSize) durableSize = Math.max(durableSize, Math.min(end, content.size));
    });
  };
  const takes = (bytes: number): number => medium.faults.slowness * (draw(medium.speed.transfer, medium.random) + bytes / medium.speed.bytesPerMs);
  const file: DiskFile = {
    size: () => content.size,
    read: (position, length) =>
      incarnation.call("file.read", takes(length), () => {
        operate(false);
        return content.read(position, length);
      }, length),
    write: (position, bytes) => {
      const pending: PendingWrite = { content, position, bytes };
      const written = incarnation.call("file.write", takes(bytes.length), () => {
        medium.writing.delete(pending);
        operate(true);
        if (refused !== undefined) throw refused;
        write(medium, path, pending);
      }, bytes.length, crc32(bytes));
      if (incarnation.alive) medium.writing.add(pending);
      return written;
    },
    writeThrough: async (position, bytes) => {
      await file.write(position, bytes);
      await sync(position, position + bytes.length);
    },
    sync: () =>
      sync(0).catch((error: unknown) => {
        if (error instanceof HolonError && error.code === "HOLON_DISK_FULL") refused = error;
        throw error;
      }),
    truncate: (size) =>
      incarnation.call("file.truncate", takes(0), () => {
        operate(true);
        content.truncate(size);
        if (size <= durableSize) refused = undefined; // what found no room is cut away
        durableSize = Math.min(size, durableSize);
      }, size),
    close: () =>
      incarnation.call("file.close", takes(0), () => {
        if (isOpen) medium.closed(content);
        isOpen = false;
      }),
  };
  return file;
}

/** As much as fits is written before the disk is full, as on a real one. Where room is looked for at the sync, all of it is. */
function write(medium: DiskMedium, path: string, { content, position, bytes }: PendingWrite): void {
  const growth = position + bytes.length - content.heldBytes;
  if (growth <= 0 || medium.faults.roomAtSync) return content.write(position, bytes);
  const room = Math.max(0, medium.capacityBytes - medium.usedBytes);
  const fits = growth <= room ? bytes : bytes.subarray(0, Math.max(0, bytes.length - growth + room));
  content.write(position, fits);
  if (fits.length > 0) content.hold(position + fits.length);
  if (growth > room) throw new HolonError("HOLON_DISK_FULL", `the disk is full: ${path} cannot grow by ${growth} bytes`);
}

/** For what was written without asking. */
function findRoom(medium: DiskMedium, path: string, content: FileContent, end: number): void {
  const growth = end - content.heldBytes;
  if (growth <= 0) return;
  const fits = growth <= medium.capacityBytes - medium.usedBytes;
  // A refusal says nothing of what reached the disk: it may have been a last block of the file system's own that found no place.
  if (fits || medium.random.chance(0.3)) content.hold(end);
  if (!fits) throw new HolonError("HOLON_DISK_FULL", `the disk is full: ${growth} bytes of ${path} have found no place`);
}

function contentOf(medium: DiskMedium, path: string, create: boolean): FileContent {
  const { names } = medium;
  if (names.isFolder(path)) throw new HolonError("HOLON_DISK_FAILED", `${path} is a folder`);
  const existing = names.files.get(path);
  if (existing !== undefined) return existing;
  if (!create || !names.isFolder(folderOf(path))) throw missing(path);
  check(medium, path, true);
  const content = new FileContent();
  names.change({ kind: "create", path, content });
  return content;
}

function makeFolders(names: DiskNames, folder: string): void {
  if (names.isFolder(folder)) return;
  makeFolders(names, folderOf(folder));
  if (names.files.has(folder)) throw new HolonError("HOLON_DISK_FAILED", `${folder} is a file`);
  names.change({ kind: "make", path: folder });
}

function rename(names: DiskNames, from: string, to: string): void {
  if (!names.files.has(from) && !names.isFolder(from)) throw missing(from);
  if (!names.isFolder(folderOf(to))) throw missing(to);
  if (from !== to) names.change({ kind: "rename", path: from, to });
}

function check({ faults }: DiskMedium, path: string, changes: boolean): void {
  if (faults.failing) throw new HolonError("HOLON_DISK_FAILED", `the disk failed at ${path}`);
  if (changes && faults.readOnly) throw new HolonError("HOLON_DISK_READ_ONLY", `${path} cannot be written`);
}

const missing = (path: string): HolonError => new HolonError("HOLON_DISK_MISSING", `${path} is not there`);

/** `./log/1` is `log/1`; the root is the empty string. */
function normalise(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  assert(!parts.includes("..") && !path.startsWith("/"), `the path ${path} leaves the data folder`);
  return parts.join("/");
}
