/** Below the map: what wants a look. */
import type { Event } from "../event.ts";
import type { Fleet } from "../fleet.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Section } from "../parts/section.tsx";
import { Spread } from "../parts/spread.tsx";
import { printPlace } from "../route.ts";
import { servedByControl } from "../session.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";
import { EventList } from "./event-list.tsx";

const [shownMax, rowPixels] = [8, 34];
const dayMs = 86_400_000;

export function Glance({ fleet }: { readonly fleet: Fleet }) {
  const { value, asOfMs } = usePolled<{ readonly events: readonly Event[] }>(`/v1/events?stream=alarm&limit=${2 * shownMax}`, 3_000);
  const alerts = (value?.events ?? []).filter(({ type, recordedtime }) => type !== "holon.log.opened" && Date.now() - Date.parse(recordedtime) < dayMs).slice(-shownMax);
  return (
    <div class="beside">
      <Section title={words.glance.alerts} aside={<AsOf ms={asOfMs} />}>
        {value !== undefined && alerts.length === 0 ? <p class="empty">{words.glance.none}</p> : <EventList events={alerts} chosen={undefined} pixels={rowPixels * (alerts.length + 1) + 4} to={(event) => printPlace(["events"], { stream: "alarm", window: "86400", event: event.id })} />}
      </Section>
      {servedByControl() && <Section title={words.apps.spread} hint={words.apps.spreadHint}><Spread nodes={[...fleet.nodes.values()]} /></Section>}
    </div>
  );
}
