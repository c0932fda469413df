/** Below the map: what wants a look. */
import type { AlertList } from "@holon/core/telemetry/alert.ts";
import type { Fleet } from "../fleet.ts";
import { clock, withClocks } from "../format.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Spread } from "../parts/spread.tsx";
import { unansweringOf, unheardOf } from "../node-state.ts";
import { printPlace } from "../route.ts";
import { servedByControl } from "../session.ts";
import { nothingWrong } from "../stands-for.ts";
import { words } from "../strings.ts";
import { useNow } from "../use-now.ts";
import { usePolled } from "../use-polled.ts";

const shownMax = 8;

/** Of many nodes how a deployment spreads is for its own page. */
export function Glance({ fleet, isMany = false }: { readonly fleet: Fleet; readonly isMany?: boolean }) {
  const { value, asOfMs, problem } = usePolled<AlertList>(`/v1/alerts?limit=${shownMax}`, 3_000);
  const alerts = (value?.alerts ?? []).filter(({ state }) => state !== "resolved");
  const more = value === undefined ? 0 : value.states.firing + value.states.unknown - alerts.length;
  const now = useNow();
  const unheard = Math.max(value?.completeness.unknown ?? 0, unheardOf(fleet, now));
  return (
    <div class="beside">
      <Section title={words.glance.alerts} aside={<AsOf ms={asOfMs} />}>
        <Problem problem={problem} />
        {value !== undefined && alerts.length === 0 && <p class="empty">{nothingWrong(unheard, unansweringOf(fleet, now))}</p>}
        <ul class="plain-list">
          {alerts.map(({ id, state, severity, message, since }) => (
            <li key={id}><span class={`tag ${state === "unknown" ? "unseen" : "bad"}`}>{state === "unknown" ? words.unknown : words.alerts.severity[severity]}</span> <a href={printPlace(["alerts"])}>{withClocks(message)}</a> <span class="soft">{clock(since)}</span></li>
          ))}
          {more > 0 && <li><a href={printPlace(["alerts"])}>{words.fleet.moreNodes(more)}</a></li>}
        </ul>
      </Section>
      {!isMany && servedByControl() && <Section title={words.apps.spread} hint={words.apps.spreadHint}><Spread nodes={[...fleet.nodes.values()]} fleet={fleet} /></Section>}
    </div>
  );
}
