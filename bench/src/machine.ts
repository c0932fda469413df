import { statfs } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
  readonly kernel: string;
  /** Of the folder that was written to. */
  readonly filesystem: string;
  /** Processes that wanted a core in the minute before the run: over 0, the machine was not ours alone. */
  readonly loadBefore: number;
}

/** statfs(2) */
const filesystems: Readonly<Record<number, string>> = {
  0xef53: "ext",
  0x5846_5342: "xfs",
  0x9123_683e: "btrfs",
  0x0102_1994: "tmpfs",
  0x794c_7630: "overlay",
  0x2fc1_2fc1: "zfs",
  0xf2f5_2010: "f2fs",
  0x6969: "nfs",
  0x0102_1997: "9p",
  0x6573_5546: "fuse",
};

export async function describeMachine(folder: string): Promise<Machine> {
  const { type: magic } = await statfs(folder);
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    node: process.version,
    kernel: `${type()} ${release()}`,
    filesystem: filesystems[magic] ?? `0x${magic.toString(16)}`,
    loadBefore: loadavg()[0] ?? 0,
  };
}
