/**
 * Who is there: nodes ask control now and then whether they are still meant (`plan.renew`). A node that has not for a lease, and the drift of clocks beyond, is silent; it is present
 * again when it has been heard for a while, so that a link that comes and goes moves nothing.
 */
import { limits } from "@holon/core/limits.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { InventoryNode } from "@holon/core/schema/inventory.ts";

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
  /** Whether what stops on islands runs there no more, whatever the node knows. */
  isLeaseOver(node: string): boolean;
}

const leaseMs = limits.nodeLeaseMs * (1 + limits.nodeLeaseDrift);

/** `silent`: nodes that were so by the plan in force. */
export function createHearing(clock: Clock, self: string, silent: Iterable<string>): Hearing {
  /** Nobody is silent, and no lease is over, before a lease could have ended that was given just before this control started. */
  const openedMs = clock.monotonicMs();
  const heardMs = new Map<string, number>();
  const grantedMs = new Map<string, number>();
  /** Of those that are silent, since when they are heard again. */
  const silentNodes = new Map<string, number | undefined>([...silent].map((node) => [node, undefined]));

  const isOver = (times: ReadonlyMap<string, number>, node: string): boolean => clock.monotonicMs() - (times.get(node) ?? openedMs) > leaseMs;
  return {
    heard(node) {
      const nowMs = clock.monotonicMs();
      const isBack = silentNodes.has(node) && (silentNodes.get(node) === undefined || isOver(heardMs, node));
      if (isBack) silentNodes.set(node, nowMs);
      heardMs.set(node, nowMs);
    },
    granted: (node) => void grantedMs.set(node, clock.monotonicMs()),
    isGranted: (node) => grantedMs.has(node) && !isOver(grantedMs, node),
    stateOf(node) {
      if (node === self) return "present";
      if (isOver(heardMs, node)) {
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
  };
}
