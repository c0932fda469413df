/** A volume of its own, small enough to fill, mounted for one test. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export interface SmallDisk {
  readonly folder: string;
  resize(sizeBytes: number): void;
  readOnly(on: boolean): void;
}

/** `undefined` where this user may not mount (chmod would not stop root, and no other user can mount). */
export function mountSmallDisk(context: TestContext, sizeBytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), "holon-volume-"));
  const mount = (...args: readonly string[]): void => void execFileSync("mount", [...args, folder], { stdio: "pipe" });
  try {
    mount("-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs");
  } catch {
    rmdirSync(folder);
    context.skip("this user cannot mount a small volume");
    return undefined;
  }
  context.after(() => {
    execFileSync("umount", [folder]);
    rmdirSync(folder);
  });
  return {
    folder,
    resize: (bytes) => mount("-o", `remount,size=${bytes}`),
    readOnly: (on) => mount("-o", `remount,${on ? "ro" : "rw"}`),
  };
}
