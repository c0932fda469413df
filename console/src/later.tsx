/** Areas that are loaded when one first goes there, so that the first page comes over a slow line. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Fleet } from "./fleet.ts";
import type { Place } from "./route.ts";
import { words } from "./strings.ts";

export interface AreaProps {
  readonly place: Place;
  readonly fleet: Fleet;
}

const areas: Readonly<Record<string, () => Promise<ComponentType<AreaProps>>>> = {
  alerts: async () => (await import("./screens/alerts.tsx")).Alerts,
  models: async () => (await import("./screens/models.tsx")).Models,
  policy: async () => (await import("./screens/policy.tsx")).Policy,
  meter: async () => (await import("./screens/meter.tsx")).Meter,
  people: async () => (await import("./screens/people.tsx")).People,
  trace: async () => (await import("./screens/trace.tsx")).TraceScreen,
  replay: async () => (await import("./screens/replay.tsx")).Replay,
};

const againMs = 2_000;

export function Later({ area, ...props }: AreaProps & { readonly area: string }) {
  const [loaded, setLoaded] = useState<{ readonly area: string; readonly Area: ComponentType<AreaProps> }>();
  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = (): void => {
      areas[area]?.().then(
        (Area) => !ended && setLoaded({ area, Area }),
        () => void (ended || (timer = setTimeout(load, againMs))), // that nothing can be reached is said above the page
      );
    };
    load();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [area]);
  if (loaded?.area !== area) return <p class="empty">{words.loading}</p>;
  return <loaded.Area {...props} />;
}
