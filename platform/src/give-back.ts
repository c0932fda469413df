/**
 * A program that runs for months keeps in its memory what it needed in its first second: of Node.js's own file some 25 MB, most of them what reads options, makes realms and compiles. The system takes
 * such pages away only when it is short of memory, and until then whoever bounds or counts memory counts them. Given back (madvise(2), MADV_DONTNEED) a page of a file that nobody has written to
 * is still in the system's cache: who needs it again finds it there, in about a microsecond for sixteen of them.
 *
 * Node.js has no word for it but `node:ffi`, since 26.1: elsewhere all stays as it is.
 */
import { readFileSync } from "node:fs";

const firstAfterMs = 60_000;
/** What is not needed within this time is not kept. */
const everyMs = 600_000;
const dontNeed = 4;
/** What a process under the permission model needs for it, and has given up when `giveBackUnused` returns. A worker thread would have the right to call what it likes anew: not for who may start one. */
const sizes = "/proc/self/smaps";
export const rightsToGiveBack: readonly string[] = process.platform === "linux" && process.allowedNodeEnvironmentFlags.has("--allow-ffi") ? ["--allow-ffi", `--allow-fs-read=${sizes}`] : [];

interface Range {
  readonly start: bigint;
  readonly bytes: bigint;
}

/** From a minute after now on, for good; false where this system or this Node.js cannot. */
export function giveBackUnused(): boolean {
  const giveBack = openGiveBack();
  process.permission?.drop("ffi");
  process.permission?.drop("fs.read", sizes);
  if (giveBack === undefined) return false;
  setTimeout(() => {
    giveBack();
    setInterval(giveBack, everyMs).unref();
  }, firstAfterMs).unref();
  return true;
}

/** Gives back at once, as often as it is called. Undefined where this system or this Node.js cannot. */
export function openGiveBack(): (() => void) | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const libc = process.getBuiltinModule("node:ffi").dlopen(null, { madvise: { arguments: ["u64", "u64", "i32"], return: "i32" } });
    const { madvise } = libc.functions;
    const ranges = unwrittenOf(readFileSync(sizes, "utf8"), process.execPath);
    // Refused, nothing has changed.
    return ranges.length === 0 ? undefined : () => ranges.forEach(({ start, bytes }) => void madvise(start, bytes, dontNeed));
  } catch {
    return undefined; // no such module, no such right, or a system that does not say what is where
  }
}

/**
 * Of `/proc/<id>/smaps` (proc_pid_smaps(5)): where the program's own file is in memory, not to be written to, and as it is on disk. What was written there before, by the linker, would be lost. A program's file stays where
 * it is for as long as it runs; a library's may go, and other memory come in its place.
 */
export function unwrittenOf(smaps: string, program: string): readonly Range[] {
  return smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/).flatMap((part) => {
    const [, from = "", to = "", rights = "", path] = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ +(.*)/.exec(part) ?? [];
    if (path !== program || rights.includes("w") || !/^Anonymous: +0 kB$/m.test(part)) return [];
    const start = BigInt(`0x${from}`);
    return [{ start, bytes: BigInt(`0x${to}`) - start }];
  });
}
