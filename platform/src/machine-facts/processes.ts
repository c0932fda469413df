/** Processes as `/proc` tells of them: who lets a debugger in, and the nodes among them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { environmentOf, linkerFile, startParts } from "../measurer/start.ts";
import { isThere, linesOf, read, seen } from "./read.ts";

export interface SeenProcess {
  readonly id: string;
  readonly name: string;
  /** Undefined where it is not ours to read. */
  readonly words: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>> | undefined;
  readonly userId: number | undefined;
  readonly tracer: number | undefined;
  readonly coreSizeMax: number | undefined;
}

/** Undefined where there is no `/proc`. Threads of the kernel, which have no words, are none. */
export function processesOf(root: string): readonly SeenProcess[] | undefined {
  const proc = join(root, "proc");
  if (!isThere(proc)) return undefined;
  return readdirSync(proc).filter((name) => /^\d+$/.test(name)).flatMap((id): SeenProcess[] => {
    const folder = join(proc, id);
    const commandLine = read(join(folder, "cmdline"));
    const environment = read(join(folder, "environ"));
    if (commandLine === "" || !isThere(folder)) return []; // the second: it ended meanwhile
    const status = read(join(folder, "status")) ?? "";
    const number = (name: string): number | undefined => toWhole(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    return [{
      id,
      name: read(join(folder, "comm"))?.trim() ?? "",
      words: commandLine?.split("\0").filter((word) => word !== ""),
      environment: environment === undefined ? undefined : (environmentOf(environment) ?? {}),
      userId: number("Uid"),
      tracer: number("TracerPid"),
      coreSizeMax: coreSize(linesOf(read(join(folder, "limits")))),
    }];
  });
}

const toWhole = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

function coreSize(lines: readonly string[] | undefined): number | undefined {
  const soft = /^Max core file size\s+(\S+)/.exec(lines?.find((line) => line.startsWith("Max core file size")) ?? "")?.[1];
  return soft === undefined ? undefined : soft === "unlimited" ? Infinity : Number(soft);
}

const inspects = /(?:^|[\s"])--(?:inspect|debug)(?:[-_](?:brk|wait|port))*(?=[=\s"]|$)/;
const shownOf = ({ words, name, id }: SeenProcess): string => (words ?? [name === "" ? id : name]).join(" ").slice(0, 120);

/** Undefined where nothing was found and not all was seen. */
export function debugged(processes: readonly SeenProcess[] | undefined): readonly string[] | undefined {
  if (processes === undefined) return undefined;
  const found = processes.flatMap((one) => {
    if (one.tracer !== undefined && one.tracer > 0) return [`${shownOf(one)}, traced by process ${one.tracer}`];
    return one.words?.some((word) => inspects.test(word)) === true || inspects.test(one.environment?.["NODE_OPTIONS"] ?? "") ? [shownOf(one)] : [];
  });
  return seen(found, processes.every(({ words, environment, tracer }) => words !== undefined && environment !== undefined && tracer !== undefined));
}

export interface RunningNode {
  readonly node: string;
  readonly process: SeenProcess;
}

/** By the number that the holder of its folder's lock has written. One that has ended is none. */
export const runningNodes = (folders: readonly { readonly node: string; readonly folder: string }[], processes: readonly SeenProcess[] | undefined): readonly RunningNode[] =>
  folders.flatMap(({ node, folder }) => {
    const id = read(join(folder, "lock.pid"))?.trim();
    const own = processes?.find((one) => one.id === id && (one.words === undefined || one.words.some((word) => /holon/.test(word))));
    return own === undefined ? [] : [{ node, process: own }];
  });

/** What is loaded into the nodes that run beside their program. Undefined where none runs, or not all of it was seen. */
export function preloaded(nodes: readonly RunningNode[], root: string): readonly string[] | undefined {
  const linker = read(join(root, linkerFile));
  const ofAll = startParts({ options: [], environment: {} }, linker).map(({ words }) => `${linkerFile}: ${words.join(" ")}`);
  const ofNodes = nodes.flatMap(({ node, process: { words, environment } }) => startParts({ options: optionsOf(words ?? []), environment: environment ?? {} }, undefined).map((part) => `${node}: ${part.name} ${part.words.join(" ")}`));
  const isAllSeen = nodes.length > 0 && nodes.every(({ process: { words, environment } }) => words !== undefined && environment !== undefined) && (linker !== undefined || !isThere(join(root, linkerFile)));
  return seen([...ofAll, ...ofNodes], isAllSeen);
}

/** Words between Node.js and the program. */
function optionsOf([, ...words]: readonly string[]): readonly string[] {
  const program = words.findIndex((word) => /(?:^|[\\/])holon(?:\.[jt]s)?$/.test(word));
  return program < 0 ? words : words.slice(0, program);
}
