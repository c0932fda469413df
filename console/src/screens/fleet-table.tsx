/** The fleet as a table of any length. */
import { useMemo } from "preact/hooks";
import type { Fleet, FleetNode } from "../fleet.ts";
import { count, rate, roughAge, unknown } from "../format.ts";
import { compare } from "../in-order.ts";
import { documentState, flowOf, isAway, isStale, lastStateOf, nodeStates, spreadOf, stateOf, unansweredFor, waitsOf } from "../node-state.ts";
import { LongList } from "../parts/long-list.tsx";
import { Mark } from "../parts/mark.tsx";
import { Name } from "../parts/name.tsx";
import { printPlace, setQuery } from "../route.ts";
import { standsFor } from "../stands-for.ts";
import { tierRank } from "../site-groups.ts";
import { words } from "../strings.ts";
import { useNow } from "../use-now.ts";

const t = words.fleet.columns;
const columns = ["name", "state", "site", "tier", "heard", "link", "flow", "waits", "document"] as const;
type Column = (typeof columns)[number];

export function FleetTable({ nodes, fleet, sort }: { readonly nodes: readonly FleetNode[]; readonly fleet: Fleet; readonly sort: string }) {
  const now = useNow();
  const isDown = sort.startsWith("-");
  const by = sort.replace(/^-/, "");
  const sorted = useMemo(() => [...nodes].sort((one, other) => (isDown ? -1 : 1) * orderBy(by, one, other, fleet) || compare(one.name, other.name)), [nodes, sort]);
  const turn = (column: Column): void => setQuery({ sort: by === column && !isDown ? `-${column}` : column === "name" ? undefined : column });
  const head = (
    <div role="row" class="fleet-row">
      {columns.map((column) => (
        <span role="columnheader" key={column} aria-sort={by === column ? (isDown ? "descending" : "ascending") : "none"}>
          <button type="button" onClick={() => turn(column)}>{t[column]}{by === column ? (isDown ? " ↓" : " ↑") : ""}</button>
        </span>
      ))}
    </div>
  );
  return <LongList label={words.fleet.table} items={sorted} rowPixels={36} head={head} columns={columns.length} keyOf={(node) => node.name} row={(node) => <Row node={node} fleet={fleet} now={now} />} />;
}

function Row({ node, fleet, now }: { readonly node: FleetNode; readonly fleet: Fleet; readonly now: number }) {
  const isOld = isStale(fleet, now);
  const isMute = !isOld && unansweredFor(node, fleet, now) !== undefined;
  const flow = flowOf(node, fleet, now);
  const waits = isOld || isAway(node) ? undefined : waitsOf(node.name, fleet, now);
  const [document, spread] = [documentState(node), spreadOf(node, fleet, now)];
  const said = spread === "unheard" ? words.toldLast(words.document[document]) : words.document[document];
  const state = stateOf(node, fleet, now);
  return (
    <div class="fleet-row">
      <span role="cell"><a href={printPlace(["node", node.name])} aria-label={node.name}><Name name={node.name} /></a>{node.leads && <small> {words.fleet.lead}</small>}</span>
      <span role="cell"><Mark state={state} /> <small>{isMute ? "" : standsFor(node, fleet, state, now)}</small></span>
      <span role="cell"><a class="quiet" href={printPlace(["map"], { view: "table", site: node.site })} aria-label={node.site}><Name name={node.site} /></a></span>
      <span role="cell">{words.fleet.ofTier[node.tier] ?? node.tier} <small>{node.jurisdiction}</small></span>
      <span role="cell">{node.heardAtMs === null ? words.unknown : words.ago(roughAge(now + fleet.offsetMs - node.heardAtMs))}</span>
      <span role="cell">{node.link === null ? unknown : node.link.to}{node.link !== null && !isAway(node) && <small class={isMute ? "late" : node.link.state === "lost" && !isOld ? "bad" : ""}> {isMute ? words.fleet.noAnswerWord : words.fleet.linkState[isOld ? "unknown" : node.link.state]}</small>}</span>
      <span role="cell" class="figure">{flow === undefined ? unknown : `${rate(flow.up)} / ${rate(flow.down)}`}</span>
      <span role="cell" class="figure">{count(waits?.records)}{waits?.agoMs !== undefined && <small> {words.ago(roughAge(waits.agoMs))}</small>}</span>
      <span role="cell" class={`document ${spread}`} title={said}>{node.desired === 0 ? words.document.none : `${node.desired} / ${node.reported === null ? unknown : node.reported.version} ${said}`}</span>
    </div>
  );
}

const rankOf = (node: FleetNode, fleet: Fleet): number => nodeStates.indexOf(lastStateOf(node, fleet, Date.now()));

function orderBy(by: string, one: FleetNode, other: FleetNode, fleet: Fleet): number {
  if (by === "site") return compare(one.site, other.site);
  if (by === "tier") return tierRank(one.tier) - tierRank(other.tier);
  if (by === "state") return rankOf(one, fleet) - rankOf(other, fleet);
  if (by === "heard") return (other.heardAtMs ?? Number.NEGATIVE_INFINITY) - (one.heardAtMs ?? Number.NEGATIVE_INFINITY);
  if (by === "link") return compare(one.link?.to ?? "", other.link?.to ?? "");
  if (by === "flow") return (fleet.rates.get(other.name)?.up ?? -1) - (fleet.rates.get(one.name)?.up ?? -1);
  if (by === "waits") return (fleet.backlogs[other.name]?.records ?? -1) - (fleet.backlogs[one.name]?.records ?? -1);
  if (by === "document") return one.desired - (one.reported?.version ?? 0) - (other.desired - (other.reported?.version ?? 0));
  return compare(one.name, other.name);
}
