/**
 * Who is there: nodes ask control now and then whether they are still meant (`plan.renew`). A node that has not for a lease, and the drift of clocks beyond, is silent; it is present
 * again when it has been heard for a while, so that a link that comes and goes moves nothing. Since when it is heard again stands in a cell, so that a restart of control does not begin that while anew.
 */
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { InventoryNode } from "@holon/core/schema/inventory.ts";
import { z } from "zod";

/** By node that was silent: since when it is heard again, and when it was heard last; wall-clock milliseconds. */
const returningSchema = z.record(z.string(), z.strictObject({ sinceMs: z.number(), heardMs: z.number() }));
export type Returning = z.infer<typeof returningSchema>;
const cell = "plan/returning";

export function readReturning(log: Pick<Log, "cell">): Returning {
  const bytes = log.cell(cell);
  return bytes === undefined ? {} : returningSchema.parse(parseJson(bytes));
}

/** Undefined where nothing changes; that they are heard still is written twice a lease. */
export function returningCell(log: Pick<Log, "cell">, returning: Returning): CellChange | undefined {
  const before = readReturning(log);
  const isSame = Object.keys(before).join() === Object.keys(returning).join() && Object.entries(returning).every(([node, { heardMs }]) => Math.abs(heardMs - (before[node]?.heardMs ?? 0)) < limits.nodeLeaseMs / 2);
  return isSame ? undefined : { key: cell, value: new TextEncoder().encode(canonicalJson(returning)) };
}

export interface Hearing {
  /** It asked. */
  heard(node: string): void;
  /** It has a lease from now on. */
  granted(node: string): void;
  stateOf(node: string): InventoryNode["state"];
  /** Whether it asked within a lease; of one that did not since this control started that is not known, and it is not. */
  isHeard(node: string): boolean;
  /** Whether it has a lease by this control. */
  isGranted(node: string): boolean;
  /** Nodes that were silent, are heard again, and do not count as present yet. */
  returning(): Returning;
  /** Whether what stops on islands runs there no more, whatever the node knows. */
  isLeaseOver(node: string): boolean;
}

const leaseMs = limits.nodeLeaseMs * (1 + limits.nodeLeaseDrift);

/** `silent`: nodes that were so by the plan in force; `before`: those of them that were heard again when control ended. */
export function createHearing(clock: Clock, self: string, silent: Iterable<string>, before: Returning = {}): Hearing {
  /** Nobody is silent, and no lease is over, before a lease could have ended that was given just before this control started. */
  const openedMs = clock.monotonicMs();
  const heardMs = new Map<string, number>();
  const grantedMs = new Map<string, number>();
  /** Since when each is asked for here: one that joins is known before it asks. */
  const knownMs = new Map<string, number>();
  /** Of those that are silent, since when they are heard again. */
  const silentNodes = new Map<string, number | undefined>([...silent].map((node) => [node, undefined]));

  const isOver = (times: ReadonlyMap<string, number>, node: string): boolean => clock.monotonicMs() - (times.get(node) ?? openedMs) > leaseMs;

  /** For how long a node is heard again that asks for the first time: where control was away for less than a lease, that goes on. */
  function heardForMs(node: string): number {
    const known = heardMs.has(node) ? undefined : before[node];
    const nowMs = clock.wall().ms;
    const isOn = known !== undefined && known.sinceMs <= known.heardMs && known.heardMs <= nowMs && nowMs - known.heardMs <= leaseMs;
    return isOn ? nowMs - known.sinceMs : 0;
  }

  return {
    heard(node) {
      const nowMs = clock.monotonicMs();
      const isBack = silentNodes.has(node) && (silentNodes.get(node) === undefined || isOver(heardMs, node));
      if (isBack) silentNodes.set(node, nowMs - heardForMs(node));
      heardMs.set(node, nowMs);
    },
    granted: (node) => void grantedMs.set(node, clock.monotonicMs()),
    isGranted: (node) => grantedMs.has(node) && !isOver(grantedMs, node),
    stateOf(node) {
      if (node === self) return "present";
      if (!knownMs.has(node)) knownMs.set(node, clock.monotonicMs());
      if (isOver(heardMs.has(node) ? heardMs : knownMs, node)) {
        silentNodes.set(node, undefined);
        return "silent";
      }
      if (!silentNodes.has(node)) return "present";
      const backMs = silentNodes.get(node);
      if (backMs === undefined || clock.monotonicMs() - backMs < limits.nodeReturnMs) return "silent";
      silentNodes.delete(node);
      return "present";
    },
    isHeard: (node) => node === self || (heardMs.has(node) && !isOver(heardMs, node)),
    isLeaseOver: (node) => isOver(grantedMs, node),
    returning() {
      const [wallMs, nowMs] = [clock.wall().ms, clock.monotonicMs()];
      const atMs = (monotonicMs: number): number => Math.round(wallMs - (nowMs - monotonicMs));
      const rows = [...silentNodes].flatMap(([node, backMs]) => {
        const lastMs = heardMs.get(node);
        return backMs === undefined || lastMs === undefined || isOver(heardMs, node) ? [] : [[node, { sinceMs: atMs(backMs), heardMs: atMs(lastMs) }] as const];
      });
      // Who has not been heard yet since this control started may come in time.
      const awaited = Object.entries(before).filter(([node]) => silentNodes.has(node) && !heardMs.has(node) && !isOver(heardMs, node));
      return Object.fromEntries([...awaited, ...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
    },
  };
}
