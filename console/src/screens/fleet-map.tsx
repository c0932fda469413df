/** The continuum drawn: few nodes one by one with their links, many by site. */
import type { Fleet } from "../fleet.ts";
import type { SiteGroup } from "../site-groups.ts";
import { Glance } from "./glance.tsx";
import { SiteTiles } from "./site-tiles.tsx";
import { TreeMap } from "./tree-map.tsx";

/** As many as one can take in, and follow the lines between. */
const drawnMax = 48;

export function FleetMap({ groups, fleet }: { readonly groups: readonly SiteGroup[]; readonly fleet: Fleet }) {
  const nodes = groups.reduce((sum, group) => sum + group.nodes.length, 0);
  return nodes <= drawnMax ? <><TreeMap groups={groups} fleet={fleet} /><Glance fleet={fleet} /></> : <><SiteTiles groups={groups} fleet={fleet} /><Glance fleet={fleet} isMany /></>;
}
