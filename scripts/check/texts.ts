/** What no committed text may hold: paths of one machine, unfinished work in prose, and files too long to be one idea. */
import { findingAt, type Finding, type TextFile } from "./finding.ts";
import { scan } from "./scan.ts";
import { isSource } from "./workspaces.ts";

const machinePath = /(?<![\w.~*$})/-])\/(?:tmp|work|root|(?:home|Users)\/[\w.-]+)\//g;
const unfinished = /\b(?:TODO|FIXME)\b/g;

/** Lines after which a source says why it is long, in a line `// long file: <reason>`. */
export const longFileLines = 400;

export function checkTexts(files: readonly TextFile[]): readonly Finding[] {
  return files.flatMap((file) => [...machinePaths(file), ...unfinishedProse(file), ...tooLong(file)]);
}

function machinePaths(file: TextFile): readonly Finding[] {
  if (!/\.(?:md|tsx?|json|ya?ml)$/.test(file.path)) return [];
  return [...file.text.matchAll(machinePath)].map((match) => findingAt(file, match.index, `path of one machine: ${match[0]}`));
}

function unfinishedProse(file: TextFile): readonly Finding[] {
  if (!file.path.endsWith(".md")) return [];
  return [...file.text.matchAll(unfinished)].map((match) => findingAt(file, match.index, `${match[0]}: write it, or open an issue`));
}

function tooLong(file: TextFile): readonly Finding[] {
  const lines = file.text.split("\n").length - (file.text.endsWith("\n") ? 1 : 0);
  if (!isSource(file.path) || lines <= longFileLines || /^\/\/ long file: \S/m.test(scan(file.text).comments)) return [];
  return [{ path: file.path, line: lines, message: `${lines} lines: split it, or say why in a line \`// long file: <reason>\`` }];
}
