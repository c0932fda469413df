/** Many nodes by site: a tile says how many there are and how they stand; only tiles in sight stand in the document. */
import type { Fleet } from "../fleet.ts";
import { compare } from "../in-order.ts";
import { noCounts, nodeStates, stateOf } from "../node-state.ts";
import { Mark } from "../parts/mark.tsx";
import { printPlace } from "../route.ts";
import { islandText, type SiteGroup } from "../site-groups.ts";
import { words } from "../strings.ts";
import { useInSight } from "../use-in-sight.ts";

const [tileWidth, tileHeight, gap] = [168, 74, 8];

interface Tile {
  readonly key: string;
  readonly href: string;
  readonly name: string;
  readonly group: SiteGroup;
}

export function SiteTiles({ groups, fleet }: { readonly groups: readonly SiteGroup[]; readonly fleet: Fleet }) {
  const [frame, view] = useInSight({ across: 4, from: 0, to: 20 }, ({ clientWidth, clientHeight, scrollTop }) => {
    const from = Math.max(0, Math.floor(scrollTop / (tileHeight + gap)) - 2);
    return { across: Math.max(1, Math.floor((clientWidth + gap) / (tileWidth + gap))), from, to: from + Math.ceil(clientHeight / (tileHeight + gap)) + 4 };
  });
  const [only] = groups;
  const tiles = groups.length === 1 && only !== undefined ? nodeTiles(only, fleet) : cutFirst(groups).map((group) => ({ key: group.site, href: printPlace(["map"], { site: group.site }), name: group.site, group }));
  const rows = Math.ceil(tiles.length / view.across);
  const shown = tiles.slice(view.from * view.across, view.to * view.across);
  return (
    <div class="site-tiles" ref={frame} tabIndex={0} role="region" aria-label={words.fleet.sites}>
      <div class="tile-space" style={{ height: `${rows * (tileHeight + gap)}px` }}>
        {shown.map((tile, index) => {
          const at = view.from * view.across + index;
          const [x, y] = [(at % view.across) * (tileWidth + gap), Math.floor(at / view.across) * (tileHeight + gap)];
          return <SiteTile key={tile.key} tile={tile} fleet={fleet} at={`translate(${x}px, ${y}px)`} />;
        })}
      </div>
    </div>
  );
}

/** Of many sites those that are cut off stand where one looks first. */
const cutFirst = (groups: readonly SiteGroup[]): readonly SiteGroup[] => [...groups.filter(({ island }) => island !== undefined), ...groups.filter(({ island }) => island === undefined)];

function SiteTile({ tile: { href, name, group }, fleet, at }: { readonly tile: Tile; readonly fleet: Fleet; readonly at: string }) {
  const total = group.nodes.length;
  const { island } = group;
  const says = nodeStates.flatMap((state) => (group.counts[state] === 0 ? [] : [`${group.counts[state]} ${words.state[state].word}`])).join(", ");
  const worst = nodeStates.findLast((state) => group.counts[state] > 0) ?? "unknown";
  return (
    <a class={`site-tile ${island === undefined ? "" : "island"}`} href={href} style={{ transform: at }}>
      <span class="tile-name">{name}</span>
      <span class="tile-count">{total === 1 ? <Mark state={worst} /> : total.toLocaleString("en-GB")}</span>
      <span class="for-readers">: {says}, </span>
      <span class="tile-bar" aria-hidden="true">
        {nodeStates.map((state) => (group.counts[state] === 0 ? null : <span key={state} class={state} style={{ flexGrow: group.counts[state] }} />))}
      </span>
      <span class={island === undefined ? "tile-foot" : "tile-foot cut"}>{island !== undefined ? island.sinceAtMs === null ? words.fleet.cutOff : islandText(island, Date.now() + fleet.offsetMs) : footOf(group)}</span>
    </a>
  );
}

const footOf = ({ spreading, refused, counts }: SiteGroup): string =>
  refused > 0 ? `${refused} ${words.document.refused}` : spreading > 0 ? `${spreading} ${words.document.spreading}` : (footStates.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${words.state[state].word}`)[0] ?? "");

/** What wants a look, the worst first. */
const footStates = ["silent", "crashed", "unknown", "slow", "gone", "awaited", "revoked"] as const;

/** Of one large site: its nodes. */
function nodeTiles({ nodes, island }: SiteGroup, fleet: Fleet): readonly Tile[] {
  const now = Date.now();
  return nodes.toSorted((one, other) => compare(one.name, other.name)).map((node) => {
    const counts = { ...noCounts(), [stateOf(node, fleet, now)]: 1 };
    return { key: node.name, href: printPlace(["node", node.name]), name: node.name, group: { site: node.site, nodes: [node], counts, spreading: 0, refused: 0, rank: 0, island } };
  });
}
