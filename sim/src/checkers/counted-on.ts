/** A unit that counts in what it holds, and tells each count: where it goes with all that it holds, each is told once, and none is left out. */
import type { Beat } from "./kept-going.ts";

export function checkCountedOn(beats: readonly Beat[]): readonly string[] {
  const violations: string[] = [];
  let last: Beat | undefined;
  for (const beat of [...beats].sort((a, b) => a.count - b.count || a.atMs - b.atMs)) {
    if (last !== undefined && beat.count === last.count) violations.push(`${beat.count} was counted twice: by ${last.node} at ${Math.round(last.atMs)} ms, and by ${beat.node} at ${Math.round(beat.atMs)} ms`);
    if (beat.count > (last?.count ?? 0) + 1) violations.push(`${beat.node} counted ${beat.count} at ${Math.round(beat.atMs)} ms, and nobody ${(last?.count ?? 0) + 1}`);
    last = beat;
  }
  return violations.slice(0, 5);
}
