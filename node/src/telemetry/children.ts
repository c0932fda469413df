/** Who is connected from below in this run, as the view of the fleet is to have it: over a slow start, and while nothing but signs of life comes. */
import { limits } from "@holon/core/limits.ts";
import type { FleetView, Now } from "@holon/core/telemetry/fleet-view.ts";
import type { OwnLinkNews } from "./link-news.ts";

export interface Children {
  changed(links: readonly OwnLinkNews[]): void;
  /** Signs of life, before anybody is told how they stand: of many only every few seconds. */
  look(now: Now): void;
  /** How the run before ended is known now, which takes a while, and who came meanwhile is there: that all its links ended does not hold for theirs. */
  resumed(): void;
}

export function createChildren(self: string, view: Pick<FleetView, "link" | "alive" | "left">, heardMs: (node: string) => number | undefined): Children {
  const since = new Map<string, number>();
  let lookedMs = -Infinity;

  return {
    changed(links) {
      for (const { node, up, atMs, hasLeft } of links) {
        view.link(self, node, up, atMs);
        if (hasLeft === true) view.left(node, atMs);
        if (up) since.set(node, atMs);
        else since.delete(node);
      }
    },
    look(now) {
      if (since.size > limits.telemetryManyNodes && now.monotonicMs - lookedMs < limits.telemetryManyMs) return;
      lookedMs = now.monotonicMs;
      for (const child of since.keys()) view.alive(child, heardMs(child) ?? -Infinity, now);
    },
    resumed() {
      for (const [node, atMs] of since) view.link(self, node, true, atMs);
    },
  };
}
