import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { diskContract } from "@holon/sim/contracts/disk.ts";
import { diskFullContract, smallVolumeBytes } from "@holon/sim/contracts/disk-full.ts";
import { diskError } from "./disk/error.ts";
import { createDisk } from "./disk.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";

diskContract("platform", () => {
  const folder = mkdtempSync(join(tmpdir(), "holon-disk-"));
  return { port: createDisk(folder), drive: (work) => work, dispose: async () => rmSync(folder, { recursive: true }) };
});

const hasCode = (code: string, naming: RegExp) => (error: unknown) => error instanceof HolonError && error.code === code && naming.test(error.message);

test("the system's refusals have codes, and the message names the file and the refusal", () => {
  const codeOf = (errno: string) => diskError("write", "/data/log/1", Object.assign(new Error("refused"), { code: errno })).code;
  assert.deepEqual(
    ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "ENOENT", "EIO", "EMFILE"].map(codeOf),
    ["HOLON_DISK_FULL", "HOLON_DISK_FULL", "HOLON_DISK_READ_ONLY", "HOLON_DISK_READ_ONLY", "HOLON_DISK_READ_ONLY", "HOLON_DISK_MISSING", "HOLON_DISK_FAILED", "HOLON_DISK_FAILED"],
  );
  assert.match(diskError("write", "/data/log/1", Object.assign(new Error("refused"), { code: "EIO" })).message, /write \/data\/log\/1: EIO/);
});

test("only the node's own user can read its files", { skip: process.platform === "win32" && "Windows has no modes" }, async (t) => {
  const root = join(scratchFolder(t), "data");
  const disk = createDisk(root);
  await disk.makeFolder("log");
  await (await disk.open("log/1", { create: true })).close();
  assert.equal(statSync(root).mode & 0o777, 0o700);
  assert.equal(statSync(join(root, "log")).mode & 0o777, 0o700);
  assert.equal(statSync(join(root, "log/1")).mode & 0o777, 0o600);
});

test("a data folder that is a file is refused by name", (t) => {
  const path = join(scratchFolder(t), "file");
  writeFileSync(path, "");
  for (const below of [path, join(path, "below")]) assert.throws(() => createDisk(below), hasCode("HOLON_DATA_BAD", /file is a file/));
});

test("a folder that cannot be made where it is named is refused by name", { skip: process.platform !== "linux" && "only Linux has /proc" }, () => {
  assert.throws(() => createDisk("/proc/holon/data"), hasCode("HOLON_DATA_BAD", /\/proc\/holon cannot be made there/));
});

test("closing waits for what is under way", async (t) => {
  const disk = createDisk(scratchFolder(t));
  const file = await disk.open("one", { create: true });
  const order: string[] = [];
  const writing = file.write(0, new Uint8Array(4_000_000)).then(() => order.push("written"));
  await Promise.all([file.close().then(() => order.push("closed")), writing]);
  assert.deepEqual(order, ["written", "closed"]);
});

/** Mounts a small file system on a folder; undefined where this user may not. */
function mountSmall(folder: string, sizeBytes = 256 << 10): (() => void) | undefined {
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "holon-test", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  return () => execFileSync("umount", [folder]);
}

/** A file system in a file: one of those that put off where a byte goes. */
function mountFile(folder: string, sizeBytes: number): (() => void) | undefined {
  mkdirSync(folder);
  const image = `${folder}.image`;
  try {
    writeFileSync(image, "");
    truncateSync(image, sizeBytes);
    execFileSync("mkfs.ext4", ["-q", "-F", "-m", "0", "-O", "^has_journal", image], { stdio: "ignore" });
    execFileSync("mount", ["-o", "loop", image, folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  return () => execFileSync("umount", [folder]);
}

for (const [kind, mount] of [["tmpfs", (folder: string) => mountSmall(folder, smallVolumeBytes)], ["ext4", (folder: string) => mountFile(folder, smallVolumeBytes + (300 << 10))]] as const) {
  const trial = mkdtempSync(join(tmpdir(), "holon-volume-"));
  const unmount = mount(join(trial, "small"));
  unmount?.();
  rmSync(trial, { recursive: true });
  diskFullContract(
    `platform, ${kind}`,
    () => {
      const folder = mkdtempSync(join(tmpdir(), "holon-volume-"));
      const end = mount(join(folder, "small"));
      const dispose = async (): Promise<void> => {
        end?.();
        rmSync(folder, { recursive: true });
      };
      return { port: createDisk(join(folder, "small")), drive: (work) => work, dispose };
    },
    unmount === undefined && `this user cannot mount a small volume of ${kind}`,
  );
}

test("a full disk is named as such, keeps what was written before, and works again when there is room", async (t) => {
  const folder = join(scratchFolder(t), "small");
  const unmount = mountSmall(folder);
  if (unmount === undefined) return t.skip("needs the right to mount a small file system");
  try {
    const disk = createDisk(folder);
    const file = await disk.open("one", { create: true });
    await file.write(0, new Uint8Array(100_000).fill(1));
    await file.sync();
    await assert.rejects(file.write(100_000, new Uint8Array(400_000)), hasCode("HOLON_DISK_FULL", /small\/one/));
    assert.deepEqual(await file.read(0, 100_000), new Uint8Array(100_000).fill(1));
    assert.equal((await disk.space())?.totalBytes, 262_144);
    await file.truncate(100_000);
    await file.write(100_000, new Uint8Array(1000));
    await file.sync();
    assert.equal(file.size(), 101_000);
    await file.close();
  } finally {
    unmount();
  }
});

test("a read-only disk is named as such", async (t) => {
  const folder = join(scratchFolder(t), "small");
  const unmount = mountSmall(folder);
  if (unmount === undefined) return t.skip("needs the right to mount a small file system");
  try {
    await (await createDisk(folder).open("one", { create: true })).close();
    execFileSync("mount", ["-o", "remount,ro", folder]);
    const disk = createDisk(folder);
    await assert.rejects(disk.open("one", { create: false }), hasCode("HOLON_DISK_READ_ONLY", /small\/one/));
    await assert.rejects(disk.open("two", { create: true }), hasCode("HOLON_DISK_READ_ONLY", /small\/two/));
    await assert.rejects(disk.makeFolder("log"), hasCode("HOLON_DISK_READ_ONLY", /small\/log/));
    assert.deepEqual(await disk.list(""), ["one"]);
  } finally {
    unmount();
  }
});
