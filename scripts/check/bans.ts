/**
 * What sources may not do. In `core`, `node`, `control` and `sdk` time, chance and the machine are reached through ports only;
 * in `sim` chance and wall-clock time come from the seed. Everywhere: no casts to the type that switches checking off, no
 * suppression without a reason, no note of unfinished work; in tests no hook for what other files test.
 */
import { findingAt, type Finding, type TextFile } from "./finding.ts";
import { scan } from "./scan.ts";
import { isSource, isTest, workspaceOf } from "./workspaces.ts";

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
}

const clock = "time comes from the Clock port";
const chance = "chance comes from the Random port";
const outside = "the outside world is behind ports";

const chanceAndWallClock: readonly Ban[] = [
  { pattern: /(?<![\w$])Date\s*\.\s*now\b/g, instead: clock },
  { pattern: /(?<![\w$.])Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*\()/g, instead: clock },
  { pattern: /(?<![\w$.])Temporal\s*\.\s*Now\b/g, instead: clock },
  { pattern: /(?<![\w$])Math\s*\.\s*random\b/g, instead: chance },
];

const pure: readonly Ban[] = [
  ...chanceAndWallClock,
  { pattern: /(?<![\w$.])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g, instead: clock },
  { pattern: /(?<![\w$.])performance\s*\.\s*now\b/g, instead: clock },
  { pattern: /(?<![\w$.])process\s*\??\.|(?<![\w$.])globalThis\b/g, instead: outside },
  { pattern: /(?<![\w$.])Buffer\b/g, instead: "bytes are Uint8Array" },
  { pattern: /(?<![\w$.])fetch\s*\(/g, instead: outside },
  { pattern: /(?<![\w$.])console\s*\./g, instead: "talk goes to the Trace port" },
];

const banned: Readonly<Record<string, readonly Ban[]>> = { core: pure, node: pure, control: pure, sdk: pure, sim: chanceAndWallClock };

const inCode: readonly Ban[] = [{ pattern: /\bas\s+any\b|<any>(?=\s*[\w$([{])/g, instead: "parse it, or name the type" }];

/** Test files of a process are one file to the runner. */
const inTests: readonly Ban[] = [{ pattern: /^(?:beforeEach|afterEach)(?=\s*\()/gm, instead: "that is for the tests of every file in this process; do it in the test, or inside of a `describe`" }];

const inComments: readonly Ban[] = [
  { pattern: /@ts-(?:ignore|nocheck)\b/g, instead: "mend the type, or expect the error with a reason" },
  { pattern: /@ts-expect-error(?=\s*(?:$|\*\/))/gm, instead: "give the reason on the same line" },
  { pattern: /\b(?:TODO|FIXME|XXX)\b/g, instead: "do it, or open an issue" },
];

/** Uses of what is banned where they stand. */
export function checkBans(files: readonly TextFile[]): readonly Finding[] {
  return files.filter(({ path }) => isSource(path)).flatMap((file) => {
    const { code, comments } = scan(file.text);
    const workspace = workspaceOf(file.path)?.workspace;
    const here = workspace === undefined || isTest(file.path) ? [] : (banned[workspace] ?? []);
    return [
      ...uses(file, code, [...here, ...inCode, ...(isTest(file.path) ? inTests : [])]).filter(({ use, end }) => !isOwnFetch(code, use, end)),
      ...uses(file, comments, inComments),
    ].map(({ finding }) => finding);
  });
}

function uses(file: TextFile, part: string, bans: readonly Ban[]): readonly { readonly use: string; readonly end: number; readonly finding: Finding }[] {
  return bans.flatMap(({ pattern, instead }) =>
    [...part.matchAll(pattern)].map((match) => {
      const use = match[0].trim();
      return { use, end: match.index + match[0].length, finding: findingAt(file, match.index, `${use}: ${instead}`) };
    }),
  );
}

/** A file that declares a `fetch` of its own calls that one, and a method of that name is declared like a call. */
function isOwnFetch(code: string, use: string, end: number): boolean {
  if (!use.startsWith("fetch")) return false;
  if (/\bfunction\s+fetch\b|\b(?:const|let)\s+fetch\b/.test(code)) return true;
  let depth = 1;
  let index = end;
  for (; index < code.length && depth > 0; index++) {
    if (code.charAt(index) === "(") depth += 1;
    if (code.charAt(index) === ")") depth -= 1;
  }
  const lineStart = code.lastIndexOf("\n", end - use.length) + 1;
  const opensLine = /^\s*(?:async\s+)?$/.test(code.slice(lineStart, end - use.length));
  return opensLine && /^\s*[:{]/.test(code.slice(index));
}
