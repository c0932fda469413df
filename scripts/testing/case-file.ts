/** Where a long run of cases stands, in a file: whoever is killed in the midst goes on from what was there. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** What the file says over what a run begins with. Without a path or a file: as it begins. */
export function readCases<T extends object>(path: string | undefined, begin: T): T {
  if (path === undefined || !existsSync(path)) return begin;
  const found: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Error(`${path} holds no state of a run: name the file of an earlier run, or one that is not there yet`);
  return { ...begin, ...found };
}

/** All of it or nothing. */
export function writeCases(path: string | undefined, state: object): void {
  if (path === undefined) return;
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}

/** Of a flag. */
export function wholeNumber(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${flag} is a whole number, not ${text}`);
  return Number(text);
}
