/** A unit that counts its ticks and is started elsewhere when its node is lost: what it held goes back by what siblings had not been given yet, and never further. */
export interface Beat {
  readonly node: string;
  readonly count: number;
  /** When its node wrote it, by a clock that all share. */
  readonly atMs: number;
}

/** `lostMax`: counts that may be told again after a loss. */
export function checkKeptGoing(beats: readonly Beat[], lostMax: number): readonly string[] {
  const violations: string[] = [];
  let most: Beat | undefined;
  for (const beat of [...beats].sort((a, b) => a.atMs - b.atMs || a.count - b.count)) {
    if (most !== undefined && beat.count < most.count - lostMax) violations.push(`${beat.node} counted ${beat.count} at ${Math.round(beat.atMs)} ms, and ${most.node} had counted ${most.count}: more was forgotten than siblings could lack`);
    if (most === undefined || beat.count > most.count) most = beat;
  }
  for (const [node, counts] of Map.groupBy(beats, (beat) => beat.node)) {
    const seen = new Set<string>();
    for (const { count, atMs } of counts) {
      if (seen.has(`${count}@${atMs}`)) violations.push(`${node} told ${count} twice at ${atMs}`);
      seen.add(`${count}@${atMs}`);
    }
  }
  return violations.slice(0, 5);
}
