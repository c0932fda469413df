/** What a way between two nodes takes and costs, worked out from the tree alone: those who judge the planner do not ask it. */
import type { YearWorld } from "./world-of-year.ts";

export interface WayOfYear {
  readonly oneWayMs: number;
  readonly perGigabyte: number;
}

const sameSite: WayOfYear = { oneWayMs: 0, perGigabyte: 0 };

export function wayOf({ nodes, cloudOneWayMs, cloudPerGigabyte }: YearWorld, from: number, to: number): WayOfYear {
  if (from === to) return sameSite;
  const [one, other] = [climb(nodes, from), climb(nodes, to)];
  const shared = one.findIndex(({ at }) => other.some((step) => step.at === at));
  const meeting = one[shared];
  if (meeting !== undefined) {
    const back = other.find(({ at }) => at === meeting.at);
    return { oneWayMs: meeting.oneWayMs + (back?.oneWayMs ?? 0), perGigabyte: meeting.perGigabyte + (back?.perGigabyte ?? 0) };
  }
  const [a, b] = [one.at(-1), other.at(-1)];
  const [x, y] = [nodes[from]?.region ?? 0, nodes[to]?.region ?? 0];
  return { oneWayMs: (a?.oneWayMs ?? 0) + (b?.oneWayMs ?? 0) + (cloudOneWayMs[x]?.[y] ?? 0), perGigabyte: (a?.perGigabyte ?? 0) + (b?.perGigabyte ?? 0) + (cloudPerGigabyte[x]?.[y] ?? 0) };
}

interface Step extends WayOfYear {
  readonly at: number;
}

/** Up to the cloud of its region. */
function climb(nodes: YearWorld["nodes"], from: number): readonly Step[] {
  const steps: Step[] = [{ at: from, ...sameSite }];
  for (let at = from, node = nodes[at]; node !== undefined && node.tier !== "cloud"; node = nodes[at]) {
    const last = steps.at(-1) ?? { at, ...sameSite };
    at = node.parent;
    steps.push({ at, oneWayMs: last.oneWayMs + node.oneWayMs, perGigabyte: last.perGigabyte + node.perGigabyteUp });
  }
  return steps;
}
