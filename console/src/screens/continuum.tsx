/** The fleet, as a map and as a table: the same nodes, the same filters. */
import { Fragment } from "preact";
import { useMemo } from "preact/hooks";
import type { Fleet } from "../fleet.ts";
import { filterFleet } from "../fleet-filter.ts";
import { clock } from "../format.ts";
import { isStale, nodeStates, thereOf, unansweringOf } from "../node-state.ts";
import { Choice, Toggle } from "../parts/choice.tsx";
import { Mark } from "../parts/mark.tsx";
import { Search } from "../parts/search.tsx";
import { printPlace, setQuery, type Place } from "../route.ts";
import { servedByControl } from "../session.ts";
import { groupBySite } from "../site-groups.ts";
import { words } from "../strings.ts";
import { useNow } from "../use-now.ts";
import { FleetMap } from "./fleet-map.tsx";
import { FleetTable } from "./fleet-table.tsx";

/** States depend on the time alone where nothing comes: looked at again now and then, not with every second. */
const restateMs = 5_000;

export function Continuum({ fleet, place }: { readonly fleet: Fleet; readonly place: Place }) {
  const { query } = place;
  const coarse = useNow(restateMs);
  const shown = useMemo(() => filterFleet(fleet, query, coarse), [fleet.nodes, query["q"], query["site"], query["state"], query["tier"], coarse]);
  const now = useNow();
  const isOld = isStale(fleet, now);
  const groups = useMemo(() => groupBySite(shown, fleet, Date.now()), [shown, isOld]);
  const isTable = query["view"] === "table";
  const t = words.fleet;
  const known = groups.reduce((sum, { counts }) => sum + thereOf(counts), 0);
  const unanswering = unansweringOf(fleet, now);
  const hidden = query["state"] === undefined ? [...fleet.nodes.values()].filter(({ state }) => state === "revoked").length : 0;
  return (
    <>
      <div class="toolbar">
        <Search label={words.search} hint={words.searchFleet} value={query["q"] ?? ""} change={(q) => setQuery({ q })} />
        <Choice label={t.state} value={query["state"] ?? ""} options={[{ value: "", label: words.all }, ...nodeStates.filter((value) => value !== "down").map((value) => ({ value, label: words.state[value].word }))]} choose={(state) => setQuery({ state })} />
        <Choice label={t.tier} value={query["tier"] ?? ""} options={["", "cloud", "edge", "gateway"].map((value) => ({ value, label: value === "" ? words.all : (t.ofTier[value] ?? value) }))} choose={(tier) => setQuery({ tier })} />
        {query["site"] !== undefined && <button type="button" class="chip" onClick={() => setQuery({ site: undefined })}>{t.site}: {query["site"]} <span aria-label={words.close}>✕</span></button>}
        <Toggle label={t.view} value={isTable ? "table" : "map"} options={[{ value: "map", label: t.map }, { value: "table", label: t.table }]} choose={(view) => setQuery({ view: view === "map" ? undefined : view })} />
      </div>
      {!servedByControl() && <p class="hint">{t.local}</p>}
      <p class="fleet-line" aria-live="polite">
        <span>{t.summary(shown.length, groups.length)}</span>
        <span>{t.heardOf(known, shown.length)}</span>
        {nodeStates.map((state) => {
          const count = groups.reduce((sum, { counts }) => sum + counts[state], 0);
          return count === 0 ? null : <span key={state} class="tally"><Mark state={state} short /> {count.toLocaleString("en-GB")} {words.state[state].word}</span>;
        })}
        {unanswering > 0 && <span class="tally late">{t.unanswering(unanswering)}</span>}
        {hidden > 0 && <a href={printPlace(["map"], { ...query, state: "revoked" })}>{t.revokedHidden(hidden)}</a>}
      </p>
      <Legend />
      {isOld && fleet.asOfMs !== undefined && <p class="warning" role="status">{t.stale(clock(fleet.asOfMs))}</p>}
      {fleet.asOfMs !== undefined && shown.length === 0 && <p class="empty">{fleet.nodes.size === 0 ? t.empty : t.noMatch}</p>}
      <div class={isOld ? "stale" : ""}>
        {isTable ? <FleetTable nodes={shown} fleet={fleet} sort={query["sort"] ?? "name"} /> : <FleetMap groups={groups} fleet={fleet} />}
      </div>
    </>
  );
}

function Legend() {
  return (
    <details class="states">
      <summary>{words.fleet.legend}</summary>
      <dl class="facts">{nodeStates.map((state) => <Fragment key={state}><dt><Mark state={state} /></dt><dd>{words.state[state].hint}</dd></Fragment>)}</dl>
    </details>
  );
}
