import { readFileSync, statSync } from "node:fs";

/** Undefined where it is not there or not ours to read. */
export function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined; // what cannot be seen is said to be unknown
  }
}

export const linesOf = (text: string | undefined): readonly string[] | undefined => text?.split("\n").map((line) => line.trim()).filter((line) => line !== "");

export const toNumber = (text: string | undefined): number | undefined => (text === undefined || !/^\d+\s*$/.test(text) ? undefined : Number(text));

export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true; // somebody keeps us from looking: so there is something
  }
}

/** What was found; nothing, only where all of it was seen. */
export const seen = (found: readonly string[], isAllSeen: boolean): readonly string[] | undefined => (found.length > 0 || isAllSeen ? found : undefined);
