/** Debian's tpm2-tools, one call after the other: each in a folder of its own for the files that they hand on, which is gone afterwards. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";

export interface TpmBench {
  /** `tpm2_…` with its arguments; files by their names in the folder. Returns what it printed. `HOLON_TPM_FAILED`. */
  run(tool: string, ...words: readonly string[]): string;
  put(name: string, bytes: Uint8Array): void;
  get(name: string): Uint8Array;
}

const callMs = 20_000;
const device = "/dev/tpmrm0";
/** The machine's own, through the kernel's resource manager. */
export const machineTcti = `device:${device}`;
export const hasMachineTpm = (): boolean => existsSync(device);

export function withTpm<T>(tcti: string | undefined, act: (bench: TpmBench) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "holon-tpm-"));
  try {
    return act({
      run(tool, ...words) {
        const { status, error, stdout, stderr } = spawnSync(tool, words, { cwd: folder, encoding: "utf8", timeout: callMs, env: { PATH: process.env["PATH"], TPM2TOOLS_TCTI: tcti ?? machineTcti, TSS2_LOG: "all+NONE" } });
        if (error !== undefined) throw new HolonError("HOLON_TPM_FAILED", `${tool} does not run (${error.message})`, { cause: error });
        if (status !== 0) throw new HolonError("HOLON_TPM_FAILED", `${tool} ended with ${status}: ${stderr.trim().split("\n").at(0) ?? ""}`);
        return stdout;
      },
      put: (name, bytes) => writeFileSync(join(folder, name), bytes, { mode: 0o600 }),
      get: (name) => readFileSync(join(folder, name)),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The storage primary is made anew from the TPM's own seed each time, and is the same each time: nothing of it need be kept. */
export function primary(bench: TpmBench): void {
  bench.run("tpm2_createprimary", "-C", "o", "-G", "ecc", "-c", "primary.ctx", "-Q");
  flush(bench);
}

/** What a tool loaded takes one of the few places that a TPM has, where no resource manager stands in front; the contexts that are kept in files load it again. */
export function flush(bench: TpmBench): void {
  bench.run("tpm2_flushcontext", "-t", "-Q");
}
