/** How far what was issued has come: a bar of nodes by what they reported, and those that need a look. */
import type { Fleet, FleetNode } from "../fleet.ts";
import { documentState, spreadOf, type SpreadState } from "../node-state.ts";
import { printPlace } from "../route.ts";
import { words } from "../strings.ts";
import { unknown } from "../format.ts";
import { useNow } from "../use-now.ts";

const order: readonly SpreadState[] = ["settled", "spreading", "refused", "unheard", "none"];
const listedMax = 12;

/** Who was revoked takes nothing any more; of who is not heard it is told what they said last, and counted nowhere as if it were so now. */
export function Spread({ nodes: all, fleet }: { readonly nodes: readonly FleetNode[]; readonly fleet: Fleet }) {
  const now = useNow();
  const nodes = all.filter(({ state }) => state !== "revoked");
  const revoked = all.length - nodes.length;
  const byState = Map.groupBy(nodes, (node) => spreadOf(node, fleet, now));
  const unheard = byState.get("unheard") ?? [];
  const toldLast = Map.groupBy(unheard, documentState);
  const behind = [...(byState.get("refused") ?? []), ...(byState.get("spreading") ?? []), ...unheard.filter((node) => documentState(node) !== "settled")];
  return (
    <div class="spread">
      <div class="spread-bar" aria-hidden="true">
        {order.map((state) => ((byState.get(state)?.length ?? 0) === 0 ? null : <span key={state} class={state} style={{ flexGrow: byState.get(state)?.length ?? 0 }} />))}
      </div>
      <ul class="legend">
        {order.map((state) => ((byState.get(state)?.length ?? 0) === 0 ? null : <li key={state}><span class={`dot ${state}`} aria-hidden="true" />{(byState.get(state)?.length ?? 0).toLocaleString("en-GB")} {words.document[state]}{state === "unheard" && <span class="soft"> ({[...toldLast].map(([said, group]) => `${group.length.toLocaleString("en-GB")} ${words.toldLast(words.document[said])}`).join(", ")})</span>}</li>))}
      </ul>
      {revoked > 0 && <p class="hint">{words.apps.withoutRevoked(revoked)}</p>}
      {behind.length > 0 && (
        <ul class="behind">
          {behind.slice(0, listedMax).map((node) => (
            <li key={node.name}>
              <a href={printPlace(["node", node.name])}>{node.name}</a> {node.desired} / {node.reported?.version ?? unknown} {unheard.includes(node) ? words.toldLast(words.document[documentState(node)]) : words.document[documentState(node)]}
              {node.reported?.message !== undefined && <span class="soft"> {node.reported.message}</span>}
            </li>
          ))}
          {behind.length > listedMax && <li class="soft">{words.fleet.moreNodes(behind.length - listedMax)}</li>}
        </ul>
      )}
    </div>
  );
}
