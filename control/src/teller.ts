import { limits } from "@holon/core/limits.ts";

/** Whether this kind of refusal is to be told: the first time, and then once in a while, not once for each call. */
export function createTeller(nowMs: () => number): (kind: string) => boolean {
  const told = new Map<string, number>();
  return (kind) => {
    const last = told.get(kind);
    if (last !== undefined && nowMs() - last < limits.refusalTellMs) return false;
    if (told.size >= limits.refusalsToldMax) told.clear();
    told.set(kind, nowMs());
    return true;
  };
}
