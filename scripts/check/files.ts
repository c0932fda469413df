/** Reads the repository for the checkers: what is committed or could be, not what is ignored. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TextFile } from "./finding.ts";

export const repositoryRoot = join(import.meta.dirname, "..", "..");

const ignoredFolders = new Set(["node_modules", ".git", ".holon", "dist"]);
const textEndings = /\.(?:tsx?|md|json|ya?ml)$/;

/** Paths from the root, sorted. Git knows what is ignored; without it, folders that are never committed are left out. */
export function listPaths(root = repositoryRoot): readonly string[] {
  if (!existsSync(join(root, ".git"))) return walk(root, "").toSorted();
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" });
  return [...new Set(listed.split("\0"))].filter((path) => path !== "" && existsSync(join(root, path))).toSorted();
}

export const readTexts = (paths: readonly string[], root = repositoryRoot): readonly TextFile[] =>
  paths.filter((path) => textEndings.test(path)).map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

function walk(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ignoredFolders.has(entry.name) ? [] : walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}
