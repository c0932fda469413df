/** How one hangs on another, and whether the way from here down to it is open: by the word of those above it, who tell of each link the moment it changes. Pure. */
import { limits } from "../limits.ts";
import type { FleetRow } from "./fleet-status.ts";
import type { Now } from "./fleet-view.ts";
import type { Known } from "./known-node.ts";

/**
 * `aliveMs`: monotonic, when it was alive for certain by the word of those above it, who notice within a while that a link is dead.
 * `sinceMs`: by the clock here, since when it is open throughout, or not.
 */
export type Way = { readonly link: "up"; readonly aliveMs: number; readonly sinceMs: number } | { readonly link: "unknown" } | { readonly link: "down"; readonly sinceMs: number };

export interface Ways {
  /** The parent that it was seen connected to last. */
  parentOf(node: Pick<Known, "links">): string | undefined;
  /** Whether the way from here down to it is open throughout. `ways`: those that were found for one answer. */
  wayTo(name: string, now: Now, ways: Map<string, Way>): Way;
  /** It, and on whom it hung last, on whom that one did, and so on. */
  chainOf(name: string): Iterable<string>;
  /** Of the link right above it, as far as that parent is heard. */
  linkOf(name: string, node: Known, now: Now, ways: Map<string, Way>, parent: string | undefined): FleetRow["link"];
}

/** `here`: a time of a node's clock, in that run of it, as it was here. */
export function createWays(self: string, known: ReadonlyMap<string, Known>, here: (node: string, atMs: number, epoch?: string) => number): Ways {
  function parentOf({ links }: Pick<Known, "links">): string | undefined {
    let best: string | undefined;
    let last: { readonly isUp: boolean; readonly atMs: number } | undefined;
    for (const [parent, link] of links) {
      if (last !== undefined && (link.isUp === last.isUp ? link.atMs <= last.atMs : last.isUp)) continue;
      [best, last] = [parent, link];
    }
    return best;
  }

  function wayTo(name: string, now: Now, ways: Map<string, Way>): Way {
    if (name === self) return { link: "up", aliveMs: now.monotonicMs, sinceMs: -Infinity };
    const before = ways.get(name);
    if (before !== undefined) return before;
    ways.set(name, { link: "unknown" }); // who is said to be below itself
    const way = findWay(name, now, ways);
    ways.set(name, way);
    return way;
  }

  function findWay(name: string, now: Now, ways: Map<string, Way>): Way {
    const node = known.get(name);
    if (node === undefined || node.links.size === 0) return { link: "unknown" };
    let down: number | undefined;
    for (const [parent, { isUp, atMs, epoch }] of node.links) {
      const above = wayTo(parent, now, ways);
      if (above.link === "up" && isUp) return { link: "up", aliveMs: Math.max(node.heardMs ?? -Infinity, above.aliveMs - linkNoticedMs, steady(here(parent, atMs, epoch), now)), sinceMs: Math.max(above.sinceMs, here(parent, atMs, epoch)) };
      const sinceMs = isUp ? (above.link === "down" ? above.sinceMs : undefined) : here(parent, atMs, epoch);
      if (sinceMs !== undefined) down = Math.max(down ?? sinceMs, sinceMs); // it was silent when the last of its ways broke
    }
    return down === undefined ? { link: "unknown" } : { link: "down", sinceMs: down };
  }

  function* chainOf(name: string): Generator<string> {
    for (let at: string | undefined = name, tiers = 0; at !== undefined && tiers < limits.telemetryTiersMax; tiers++) {
      yield at;
      const node = known.get(at);
      at = at === self ? undefined : node && parentOf(node);
    }
  }

  function linkOf(name: string, node: Known, now: Now, ways: Map<string, Way>, parent: string | undefined): FleetRow["link"] {
    if (name === self || parent === undefined) return name === self ? "up" : "unknown";
    return wayTo(parent, now, ways).link !== "up" ? "unknown" : node.links.get(parent)?.isUp === true ? "up" : "down";
  }

  return { parentOf, wayTo, chainOf, linkOf };
}

/** Until when it was silent last: before that it was nothing else. By the clock here; what is to come is of another clock, and says nothing. */
export function heardAgain({ backMs = -Infinity }: Known, way: Way, now: Now): number {
  const openMs = way.link === "up" && way.sinceMs <= now.wallMs ? way.sinceMs : -Infinity;
  return Math.max(openMs, now.wallMs - (now.monotonicMs - backMs));
}

/** In which a parent notices at the latest that a link is dead. */
const linkNoticedMs = limits.linkSilenceMs + limits.linkPingMs;

/** A time by the clock here in monotonic milliseconds; one that is to come says nothing. */
const steady = (atMs: number, { wallMs, monotonicMs }: Now): number => (atMs > wallMs ? -Infinity : monotonicMs - (wallMs - atMs));
