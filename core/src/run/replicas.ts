/** Which of several nodes that answer the same is asked first: the nearest by what was measured, of those that are well. Pure. */
import { limits } from "../limits.ts";

export interface Replica {
  readonly node: string;
  /** Hops by the tree and the site, where nothing was measured: 0 is here. */
  readonly hops: number;
  /** There and back, smoothed; undefined: not measured. */
  readonly latencyMs: number | undefined;
  /** Times in a row that it did not answer, and when the last was. */
  readonly failures: number;
  readonly failedMs: number;
}

/** Those that are well by nearness; then those that failed lately, the longest ago first. */
export function inOrder<One extends Replica>(replicas: readonly One[], nowMs: number): readonly One[] {
  const rests = ({ failures, failedMs }: Replica): boolean => failures > 0 && nowMs - failedMs < restMs(failures);
  const well = replicas.filter((one) => !rests(one)).sort((a, b) => Number(a.hops !== 0) - Number(b.hops !== 0) || nearness(a) - nearness(b) || (a.node < b.node ? -1 : 1));
  const resting = replicas.filter(rests).sort((a, b) => a.failedMs - b.failedMs || (a.node < b.node ? -1 : 1));
  return [...well, ...resting];
}

/** An unmeasured hop counts as what hops of a fleet commonly take, so that what was measured as near goes before. */
const nearness = ({ latencyMs, hops }: Replica): number => latencyMs ?? hops * hopMs;
const hopMs = 20;

const restMs = (failures: number): number => Math.min(limits.requestRestMsMax, limits.requestRestMs * 2 ** (failures - 1));

/** How long one of them is waited for: its part of what is left, and several times what it has taken before. */
export function tryMs(leftMs: number, others: number, { latencyMs }: Pick<Replica, "latencyMs">): number {
  if (others === 0) return leftMs;
  const part = leftMs / (others + 1);
  return Math.min(leftMs, Math.max(limits.requestTryMsMin, part, latencyMs === undefined ? 0 : Math.min(leftMs / 2, 4 * latencyMs)));
}

/** Of a smoothed latency and the next that was measured. */
export const smoothed = (before: number | undefined, next: number): number => (before === undefined ? next : before + (next - before) / 4);
