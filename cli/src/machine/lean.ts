/**
 * Starts this program anew, in the same process, as what runs for months on a small machine:
 *
 *     as called ─▶ lean, where what is new gets into the cache: as one file, or every module once ─▶ lean, everything from the cache, told what to run
 *
 * What comes from the cache has its types stripped already; what strips them weighs 17 MB in each thread that loads it. As one file it weighs 15 MB less than as modules. Lean also means
 * a small young generation, since what a node throws away is small and often, and few threads and arenas beside the ones that work.
 *
 * What lies in the cache runs in the place of the files that are measured: before anything is loaded from it, whatever this node did not make itself is taken away.
 */
import { flushCompileCache } from "node:module";
import { makeFolder } from "@holon/platform/disk/folder.ts";
import { thriftyMalloc } from "@holon/platform/malloc.ts";
import { startedWith } from "@holon/platform/measurer/start.ts";
import { lifeOfProcess, markedAs } from "./given-cache.ts";

/** Megabytes of the young generation's half: many times what a busy millisecond allocates. The default of 16 is soon touched in full and never given back; under `--optimize-for-size` V8 (14) makes it one, whatever is said beside it. What collects memory as often as that would throw away what functions are compiled to where they rest between a few of its rounds: it weighs less than can be measured, and to make it again cost a reflex a tenth. And no signal lets a debugger in, and nobody is told that `node:ffi` is young: see `giveBackUnused`. */
const small = ["--optimize-for-size", "--max-semi-space-size=2", "--v8-pool-size=1", "--no-flush-bytecode"];
/** Who carries control has a machine, and a fleet in memory: what it answers is gone before it would be taken for old, and marking what is old does not hold up who asks. Started small it stood still for 90 ms at a time with 10,000 nodes. */
const roomy = ["--max-semi-space-size=64"];
export const flagsOf = ({ control }: { readonly control: boolean }): readonly string[] => [...(control ? roomy : small), "--disable-sigusr1", "--disable-warning=ExperimentalWarning"];
const told = "HOLON_LEAN_START";
const alteredBefore = "HOLON_LEAN_ALTERED";
const alteredMax = 32;
/** Linux takes 128 KiB for one variable of an environment. */
const toldBytesMax = 100_000;

/**
 * Does not return where it starts anew. Elsewhere (Windows, or a start that is lean already) it returns and the program goes on.
 * `flags` are `flagsOf` the node; `fill` puts into the cache what it may need, and resolves to the file of the program that is to run, if that is another; `start` says what is to run to the program that takes this one's place, see `takeStart`. A program that was told to
 * end meanwhile returns too: the one that takes its place would know nothing of it.
 */
export async function becomeLean(folder: string, flags: readonly string[], fill: (cache: string) => Promise<string | undefined>, start: string, ended: AbortSignal): Promise<void> {
  if (process.execve === undefined || process.platform === "win32") return;
  const [, program = "", ...words] = process.argv;
  const life = lifeOfProcess();
  if (life === "run") return;
  const { believeCompiled, cacheFolder, noteCompiled } = await import("@holon/platform/measurer/compiled.ts"); // not for the last of its lives
  const { environment: given } = startedWith(); // what was loaded first and took its traces away is loaded again, and measured
  if (life !== "filling") {
    makeFolder(folder);
    const altered = (await believeCompiled(folder)).slice(0, alteredMax);
    await toldSignals();
    if (ended.aborted) return;
    process.execve(process.execPath, [process.execPath, ...flags, ...process.execArgv, program, ...words], { ...thriftyMalloc, ...given, NODE_COMPILE_CACHE: cacheFolder(folder), ...markedAs("filling"), [alteredBefore]: JSON.stringify(altered) });
  }
  const one = await fill(cacheFolder(folder));
  flushCompileCache();
  const unnoted = await noteCompiled(folder);
  if (unnoted !== undefined) process.stderr.write(`what was compiled of the program could not be noted, and is made anew at the next start: ${unnoted.code} ${unnoted.message}\n`);
  await toldSignals();
  if (ended.aborted) return;
  const isShort = Buffer.byteLength(start) <= toldBytesMax; // what is longer is read anew by the words of the command
  process.execve(process.execPath, [process.execPath, ...process.execArgv, isShort ? (one ?? program) : program, ...words], { ...given, ...markedAs("run"), ...(isShort ? { [told]: start } : {}) });
}

/**
 * What `becomeLean` was given in this process's earlier life: who is told it need not load what reads commands and configurations, a twentieth of all that a node has loaded. Undefined in
 * every other program; nobody who is started by this one is told.
 */
export function takeStart(): string | undefined {
  const start = lifeOfProcess() === "run" ? process.env[told] : undefined;
  delete process.env[told];
  return start;
}

/** What of the cache was not as this node made it, found and taken away before anything was loaded from there: differences as JSON. */
export function takeAltered(): string {
  const text = lifeOfProcess() === "run" ? process.env[alteredBefore] : undefined;
  delete process.env[alteredBefore];
  return text ?? "[]";
}

/** A signal that has come is told in the next turns of the event loop. */
async function toldSignals(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
