/** What the program really loads is what a node measures of itself: the imports are walked from where it begins, threads and processes of its own included. */
import { posix } from "node:path";
import { findingAt, type Finding, type TextFile } from "./finding.ts";
import { importsOf } from "./imports.ts";
import { scan } from "./scan.ts";

/** Where the program begins. What it starts as a thread or a process it names by `new URL`. */
const entries = ["cli/src/holon.ts"] as const;
const besideIt = /\bnew\s+URL\s*\(\s*(?=["'])/g;

/** Files that are loaded, and of which `isMeasured` says that they are not. What is loaded by a computed name is an app's or a package's, never the program's own. */
export function checkMeasured(files: readonly TextFile[], isMeasured: (path: string) => boolean): readonly Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const waiting: string[] = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = byPath.get(path);
    if (file === undefined || seen.has(path)) continue;
    seen.add(path);
    for (const { specifier, offset } of loadsOf(file)) {
      const target = specifier === undefined ? undefined : resolve(path, specifier);
      if (target === undefined) continue; // Node's own, or a package: the lockfile says which
      if (!isMeasured(target)) findings.push(findingAt(file, offset, `${target} is loaded, and is not measured: see platform/src/measurer/program.ts`));
      waiting.push(target);
    }
  }
  for (const entry of entries) if (!seen.has(entry)) findings.push({ path: entry, line: 1, message: "the program begins here, and it is not there" });
  return findings;
}

interface Load {
  readonly specifier: string | undefined;
  readonly offset: number;
}

function loadsOf({ path, text }: TextFile): readonly Load[] {
  if (!/\.[jt]sx?$/.test(path)) return [];
  const { code } = scan(text);
  const started = [...code.matchAll(besideIt)].flatMap((match): Load[] => {
    const from = match.index + match[0].length;
    const specifier = /^["']([^"'\n]*)["']/.exec(text.slice(from))?.[1];
    return specifier === undefined || !/\.[jt]sx?$/.test(specifier) ? [] : [{ specifier, offset: match.index }];
  });
  return [...importsOf(text).filter(({ kind }) => kind !== "type"), ...started];
}

/** Undefined for what is no file of the repository. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  const [, workspace, inside] = /^@holon\/([a-z]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  if (workspace === undefined) return undefined;
  return workspace === "sdk" && inside === "testing" ? "sdk/src/testing/index.ts" : `${workspace}/src/${inside ?? "index.ts"}`;
}
