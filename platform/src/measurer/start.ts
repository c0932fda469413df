/**
 * What was loaded into a process of Node.js beside the program that it was told to run, as far as its words and its environment say it: options that are not of
 * memory or warnings alone, and what the dynamic linker, OpenSSL and esbuild are told to load instead of their own. `NAME` stands for one of these parts: `options` (words before
 * the program), `NODE_OPTIONS`, another variable, or `/etc/ld.so.preload`.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface StartPart {
  readonly name: string;
  /** As it was said. */
  readonly words: readonly string[];
}

export interface StartedWith {
  /** Words between Node.js and the program: `process.execArgv`. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Options of memory, warnings and signals: they load nothing. */
const plain = new Set([
  "optimize-for-size", "max-semi-space-size", "min-semi-space-size", "max-old-space-size", "max-old-space-size-percentage", "max-heap-size", "v8-pool-size", "no-flush-bytecode", "stack-size", "stack-trace-limit", "expose-gc", "disable-sigusr1",
  "no-warnings", "disable-warning", "no-deprecation", "trace-warnings", "trace-uncaught", "trace-deprecation", "unhandled-rejections", "enable-source-maps", "test", "test-isolation", "test-concurrency",
]);
const loads = ["NODE_PATH", "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH", "GCONV_PATH", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "ESBUILD_BINARY_PATH"] as const;
/** The cache of modules that the environment named, which whoever starts a node leaves behind: what it uses itself stands under the name that Node.js reads. */
export const givenCacheVariable = "HOLON_GIVEN_COMPILE_CACHE";
export const linkerFile = "/etc/ld.so.preload";

/** `linker`: what stands in `/etc/ld.so.preload`. Empty where nothing is loaded beside the program. */
export function startParts({ options, environment }: StartedWith, linker: string | undefined): readonly StartPart[] {
  const parts: StartPart[] = [
    { name: "NODE_COMPILE_CACHE", words: present(environment[givenCacheVariable] ?? "", /\n/) },
    { name: "options", words: beyondPlain(options) },
    { name: "NODE_OPTIONS", words: beyondPlain(wordsOf(environment["NODE_OPTIONS"] ?? "")) },
    ...loads.map((name) => ({ name, words: present(environment[name] ?? "", /[\s:]+/) })),
    { name: linkerFile, words: present((linker ?? "").replaceAll(/#.*$/gm, ""), /[\s:]+/) },
  ];
  return parts.filter(({ words }) => words.length > 0);
}

/** SHA-256, 64 hexadecimal digits, of the words and of the files that they name. What those load in turn is not looked at. */
export async function hashOfPart({ words }: StartPart, hashOf: (path: string) => Promise<string | undefined>): Promise<string> {
  const hash = createHash("sha256");
  for (const word of words) {
    const path = fileOf(word.replace(/^--?[\w-]+=/, ""));
    hash.update(`${JSON.stringify(word)} ${(path && (await hashOf(path))) ?? ""}\n`);
  }
  return hash.digest("hex");
}

/** What this process was started with. Linux keeps the environment as it was, whatever was made of it since. */
export function startedWith(): StartedWith {
  return { options: process.execArgv, environment: environmentOf(textOf("/proc/self/environ")) ?? process.env };
}

/** As `/proc/<id>/environ` has it; undefined where that cannot be read, or is empty. */
export function environmentOf(text: string | undefined): Readonly<Record<string, string>> | undefined {
  if (text === undefined || text === "") return undefined;
  return Object.fromEntries(text.split("\0").flatMap((line) => (line.includes("=") ? [[line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const] : [])));
}

export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // not there, or not of this system
  }
}

const present = (text: string, between: RegExp): readonly string[] => text.split(between).filter((word) => word !== "");

/** As Node.js takes them apart: between spaces, unless they stand in double quotes; a backslash takes the next sign as it is. */
const wordsOf = (text: string): readonly string[] => (text.match(/(?:"(?:\\.|[^"\\])*"|\\.|[^\s"\\])+/g) ?? []).map((word) => word.replaceAll(/\\(.)|"/g, "$1"));

/** A word behind a plain option that is a number is that option's. */
const beyondPlain = (words: readonly string[]): readonly string[] => words.filter((word, index) => !isPlain(word) && !(/^\d+$/.test(word) && isPlain(words[index - 1] ?? "")));
const isPlain = (word: string): boolean => plain.has(/^--([\w-]+)(?:=|$)/.exec(word)?.[1]?.replaceAll("_", "-") ?? "");

/** The file that a word names, by its path, as an address or as a package; undefined where it names none. */
function fileOf(word: string): string | undefined {
  try {
    const path = word.startsWith("file:") ? fileURLToPath(word) : isAbsolute(word) || word.startsWith(".") ? resolve(word) : createRequire(join(process.cwd(), "here")).resolve(word);
    return statSync(path).isFile() ? path : undefined;
  } catch {
    return undefined; // what was said counts all the same
  }
}
