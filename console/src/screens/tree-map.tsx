/** Nodes one by one, from the devices' side to the cloud, in their sites; the links between them are drawn over it where their ends have come to stand. */
import { useRef } from "preact/hooks";
import type { Fleet, FleetNode } from "../fleet.ts";
import { age, rate } from "../format.ts";
import { compare } from "../in-order.ts";
import { flowOf, isAway, isStale, lineStateOf, stateOf, unansweredFor, waitsOf } from "../node-state.ts";
import { standsFor } from "../stands-for.ts";
import { Mark } from "../parts/mark.tsx";
import { printPlace } from "../route.ts";
import { islandText, tierRank, type SiteGroup } from "../site-groups.ts";
import { words } from "../strings.ts";
import { useNow } from "../use-now.ts";
import { LinkLines, type Line } from "./link-lines.tsx";

export interface TreeMapProps {
  readonly groups: readonly SiteGroup[];
  readonly fleet: Fleet;
}

export function TreeMap({ groups, fleet }: TreeMapProps) {
  const place = useRef<HTMLDivElement>(null);
  const now = useNow();
  const columns = columnsOf(groups);
  const lines = linesOf(groups, fleet, now);
  // Where sites stand below each other, room beside them for what goes from one to another.
  const ways = lines.filter(({ from, to }) => fleet.nodes.get(from)?.site !== fleet.nodes.get(to)?.site).length;
  return (
    <div class="tree-map" ref={place} style={{ "--ways": ways }}>
      <LinkLines place={place} lines={lines} />
      {columns.map(({ rank, sites }) => (
        <div class="tree-column" key={rank}>
          {sites.map((group) => <SiteBox key={group.site} group={group} fleet={fleet} now={now} />)}
        </div>
      ))}
    </div>
  );
}

/** By the highest tier of a site, the cloud last. */
function columnsOf(groups: readonly SiteGroup[]): readonly { readonly rank: number; readonly sites: readonly SiteGroup[] }[] {
  const byRank = Map.groupBy(groups, ({ rank }) => rank);
  return [...byRank].sort(([one], [other]) => other - one).map(([rank, sites]) => ({ rank, sites }));
}

interface SiteBoxProps {
  readonly group: SiteGroup;
  readonly fleet: Fleet;
  readonly now: number;
}

function SiteBox({ group, fleet, now }: SiteBoxProps) {
  const { site, nodes, island } = group;
  const label = island === undefined ? site : island.way === undefined ? words.fleet.island(site) : words.fleet.islandWay(site, island.way);
  const byTier = [...Map.groupBy(nodes, ({ tier }) => tier)].sort(([one], [other]) => tierRank(other) - tierRank(one));
  return (
    <section class={`site-box ${island === undefined ? "" : "island"}`} aria-label={label}>
      <header>
        <h2><a href={printPlace(["map"], { site })}>{site}</a></h2>
        {island !== undefined && <span class="island-word" role="status">{islandText(island, now + fleet.offsetMs)}</span>}
      </header>
      <div class="site-tiers">
        {byTier.map(([tier, members]) => (
          <div class="site-tier" key={tier}>
            <span class="tier-word">{words.fleet.ofTier[tier] ?? tier}</span>
            <ul>{members.toSorted((one, other) => compare(one.name, other.name)).map((node) => <li key={node.name}><NodeCard node={node} fleet={fleet} now={now} /></li>)}</ul>
          </div>
        ))}
      </div>
    </section>
  );
}

interface NodeCardProps {
  readonly node: FleetNode;
  readonly fleet: Fleet;
  readonly now: number;
}

function NodeCard({ node, fleet, now }: NodeCardProps) {
  const state = stateOf(node, fleet, now);
  const isOld = isStale(fleet, now);
  const flow = flowOf(node, fleet, now);
  const waits = waitsOf(node.name, fleet, now);
  const standing = standsFor(node, fleet, state, now);
  return (
    <a class={`node-card ${state}`} href={printPlace(["node", node.name])} data-node={node.name} data-state={state}>
      <span class="node-name">{node.name}{node.leads && <small> {words.fleet.lead}</small>}</span>
      <span class="node-facts">
        {node.name === fleet.self && state === "present" ? <span class="mark present"><span aria-hidden="true">◆</span> {words.fleet.here}</span> : <Mark state={state} />}
        {standing !== "" && <span class={unansweredFor(node, fleet, now) === undefined ? "as-of" : "as-of late"}>{standing}</span>}
        {node.heardAtMs !== null && (state === "silent" || state === "unknown") && standing === "" && <span class="as-of">{words.fleet.lastRecord(age(now + fleet.offsetMs - node.heardAtMs))}</span>}
      </span>
      {flow !== undefined && <span class="node-flow">↑ {rate(flow.up)} <span class="soft">↓ {rate(flow.down)}</span></span>}
      {!isOld && !isAway(node) && waits !== undefined && waits.records > 0 && <span class="node-lag">{words.fleet.waits(waits.records, waits.agoMs === undefined ? undefined : age(waits.agoMs))}</span>}
    </a>
  );
}

const linesOf = (groups: readonly SiteGroup[], fleet: Fleet, now: number): readonly Line[] => {
  const shown = new Set(groups.flatMap(({ nodes }) => nodes.map(({ name }) => name)));
  return groups.flatMap(({ nodes }) => nodes.flatMap((node) => {
    if (node.link === null || !shown.has(node.link.to)) return [];
    const flow = flowOf(node, fleet, now);
    return [{ from: node.name, to: node.link.to, state: lineStateOf(node, fleet, now), weight: flow === undefined ? 0 : Math.log10(1 + flow.up + flow.down) }];
  }));
};
