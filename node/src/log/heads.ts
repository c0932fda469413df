/** The head of each lane, twice: `staged` as encoded, `durable` as on disk. A failed commit falls back to what is durable. */
import { fromHex } from "@holon/core/log/hex.ts";
import { laneName, laneOf, type Lane, type Mark } from "@holon/core/log/log.ts";

export interface Heads {
  staged(lane: Lane): Mark | undefined;
  stagedHash(lane: Lane): Uint8Array | undefined;
  stage(lane: Lane, mark: Mark): void;
  durable(lane: Lane): Mark | undefined;
  settle(lane: Lane, mark: Mark): void;
  /** Forgets what was staged and is not durable. */
  fallBack(): void;
  all(): ReadonlyMap<string, { readonly lane: Lane; readonly mark: Mark }>;
}

export function createHeads(): Heads {
  const durable = new Map<string, { lane: Lane; mark: Mark }>();
  const staged = new Map<string, Mark>();
  const at = (lane: Lane): Mark | undefined => staged.get(laneName(lane)) ?? durable.get(laneName(lane))?.mark;
  return {
    staged: at,
    stagedHash(lane) {
      const mark = at(lane);
      return mark === undefined ? undefined : fromHex(mark.hash);
    },
    stage: (lane, mark) => void staged.set(laneName(lane), mark),
    durable: (lane) => durable.get(laneName(lane))?.mark,
    settle: (lane, mark) => void durable.set(laneName(lane), { lane: laneOf(lane), mark }),
    fallBack: () => staged.clear(),
    all: () => durable,
  };
}
