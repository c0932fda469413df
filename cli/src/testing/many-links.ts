/** Which links of a filled fleet are open, and what flows over them, as the nodes above would tell control: of thousands of nodes that are no processes. */
import type { FleetHost } from "@holon/control/fleet/link-watch.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { LinksReport } from "@holon/core/schema/links-report.ts";
import { nodesPerSite } from "./many-nodes.ts";

export interface ManyLinks extends Pick<FleetHost, "links" | "call"> {
  /** From now on these sites are cut off, and no others. */
  cut(sites: ReadonlySet<number>): void;
}

export function createManyLinks(nodes: number): ManyLinks {
  const sites = Math.ceil(nodes / nodesPerSite);
  const startedMs = performance.now();
  let isCut: ReadonlySet<number> = new Set();
  const child = (place: number): LinksReport["children"][number] => {
    const sinceMs = Math.round(performance.now() - startedMs);
    return { node: `n-${place}`, sentBytes: sinceMs * (1 + (place % 3)), receivedBytes: sinceMs * (2 + (place % 7)), sinceMs };
  };
  const reportOf = (places: readonly number[], uplink: LinksReport["uplink"]): LinksReport => ({ children: places.map(child), connected: places.length, uplink });
  return {
    links: () => reportOf(Array.from({ length: sites }, (_, site) => site).filter((site) => !isCut.has(site)).map((site) => site * nodesPerSite), null),
    call(to) {
      const lead = Number(to.slice(2));
      const site = lead / nodesPerSite;
      if (!Number.isInteger(site) || isCut.has(site)) return Promise.reject(new HolonError("HOLON_NODE_UNKNOWN", `no way to ${to}`));
      const members = Array.from({ length: Math.min(nodesPerSite, nodes - lead) - 1 }, (_, member) => lead + 1 + member);
      return Promise.resolve(reportOf(members, { state: "open", backlog: lead % 3, sentBytes: 0, receivedBytes: 0, sinceMs: 0 }));
    },
    cut: (which) => void (isCut = which),
  };
}
