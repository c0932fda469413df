/**
 * The environment may name a cache of modules (`NODE_COMPILE_CACHE`): what lies there runs in the place of the files of the program, which are what is measured. So what starts or
 * measures a node begins anew without it, before anything else of the program has run, and what was given is told among what the process was started with.
 *
 *     as called ─▶ (with a cache that was given: anew, without) ─▶ filling ─▶ run
 *
 * That a process is in a later life of its own it proves by what whoever wrote its environment could not know: its number and when it began, which no `execve` changes.
 */
import { readFileSync } from "node:fs";
import { argv, env, execArgv, execPath, execve, pid, platform, ppid } from "node:process";

/** Read by what measures how a process was started: see platform/src/measurer/start.ts. */
const given = "HOLON_GIVEN_COMPILE_CACHE";
const life = "HOLON_LEAN";

export type Life = "bare" | "filling" | "run";

/** Of the process that the environment is handed to. */
export const markedAs = (which: Life): Readonly<Record<string, string>> => ({ [life]: `${which} ${proofOfProcess()}` });

/** Undefined: as somebody called it. */
export function lifeOfProcess(): Life | undefined {
  const [which, proof] = (env[life] ?? "").split(" ");
  return proof === proofOfProcess() && (which === "bare" || which === "filling" || which === "run") ? which : undefined;
}

export const isOfNode = argv.includes("node") && ["start", "measure"].some((verb) => argv.includes(verb));

/** Does not return where there is something to leave. */
export function leaveGivenCache(): void {
  const { NODE_COMPILE_CACHE: cache, ...rest } = env;
  if (cache === undefined || lifeOfProcess() !== undefined) return;
  // Elsewhere it is told all the same.
  if (execve === undefined || platform === "win32") env[given] = cache;
  else execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...withValues(rest), [given]: cache, ...markedAs("bare") });
}

const withValues = (some: Readonly<Record<string, string | undefined>>): Record<string, string> => Object.fromEntries(Object.entries(some).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** The 22nd field of Linux's `/proc/<id>/stat` is when it began, in ticks since the machine did. */
function proofOfProcess(): string {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    return `${pid}.${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
  } catch {
    return `${pid}.${ppid}`; // another system
  }
}

if (isOfNode) leaveGivenCache();
