/** Relative links of the documentation: the file is there, and so is the heading. */
import { posix } from "node:path";
import { createAnchors } from "@holon/platform/manual/anchor.ts";
import { findingAt, type Finding, type TextFile } from "./finding.ts";

const link = /(?<!\\)\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)/g;
const reference = /^\[[^\]]+\]:\s*<?([^\s>]+)>?/gm;

/** `paths` are all files of the repository; folders count as there when a file is in them. */
export function checkLinks(files: readonly TextFile[], paths: readonly string[]): readonly Finding[] {
  const there = new Set(paths.flatMap((path) => path.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"))));
  const pages = new Map(files.filter(({ path }) => path.endsWith(".md")).map((file) => [file.path, file]));
  return [...pages.values()].flatMap((page) => {
    const prose = withoutCode(page.text);
    return [...prose.matchAll(link), ...prose.matchAll(reference)].flatMap((match) => {
      const problem = problemOf(page.path, match[1] ?? "", there, pages);
      return problem === undefined ? [] : [findingAt(page, match.index, problem)];
    });
  });
}

function problemOf(from: string, target: string, there: ReadonlySet<string>, pages: ReadonlyMap<string, TextFile>): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  if (target.startsWith("/")) return `link from the root of a server: ${target}`;
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from : posix.join(posix.dirname(from), decodeURIComponent(path)).replace(/\/$/, "");
  if (file !== "." && !there.has(file)) return `link to a file that is not there: ${target}`;
  const page = pages.get(file);
  if (anchor === undefined || page === undefined) return undefined;
  return headings(page.text).has(anchor) ? undefined : `link to a heading that is not there: ${target}`;
}

/** The anchors of a page's headings. */
function headings(text: string): ReadonlySet<string> {
  const anchorFor = createAnchors();
  return new Set([...withoutFences(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, title = ""]) => anchorFor(title)));
}

const blank = (text: string): string => text.replace(/[^\n]/g, " ");
const withoutFences = (text: string): string => text.replace(/^(```+|~~~+)[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, blank);
const withoutCode = (text: string): string => withoutFences(text).replace(/`[^`\n]*`/g, blank);
