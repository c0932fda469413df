/** How far what was issued has come: a bar of nodes by what they reported, and those that need a look. */
import type { FleetNode } from "../fleet.ts";
import { documentState, type DocumentState } from "../node-state.ts";
import { printPlace } from "../route.ts";
import { words } from "../strings.ts";
import { unknown } from "../format.ts";

const order: readonly DocumentState[] = ["settled", "spreading", "refused", "none"];
const listedMax = 12;

/** Who was revoked takes nothing any more. */
export function Spread({ nodes: all }: { readonly nodes: readonly FleetNode[] }) {
  const nodes = all.filter(({ state }) => state !== "revoked");
  const revoked = all.length - nodes.length;
  const byState = Map.groupBy(nodes, documentState);
  const behind = [...(byState.get("refused") ?? []), ...(byState.get("spreading") ?? [])];
  return (
    <div class="spread">
      <div class="spread-bar" aria-hidden="true">
        {order.map((state) => ((byState.get(state)?.length ?? 0) === 0 ? null : <span key={state} class={state} style={{ flexGrow: byState.get(state)?.length ?? 0 }} />))}
      </div>
      <ul class="legend">
        {order.map((state) => ((byState.get(state)?.length ?? 0) === 0 ? null : <li key={state}><span class={`dot ${state}`} aria-hidden="true" />{(byState.get(state)?.length ?? 0).toLocaleString("en-GB")} {words.document[state]}</li>))}
      </ul>
      {revoked > 0 && <p class="hint">{words.apps.withoutRevoked(revoked)}</p>}
      {behind.length > 0 && (
        <ul class="behind">
          {behind.slice(0, listedMax).map((node) => (
            <li key={node.name}>
              <a href={printPlace(["node", node.name])}>{node.name}</a> {node.desired} / {node.reported?.version ?? unknown} {words.document[documentState(node)]}
              {node.reported?.message !== undefined && <span class="soft"> {node.reported.message}</span>}
            </li>
          ))}
          {behind.length > listedMax && <li class="soft">{words.fleet.moreNodes(behind.length - listedMax)}</li>}
        </ul>
      )}
    </div>
  );
}
