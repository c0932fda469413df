/** The apps that are deployed, and how far each has spread. */
import type { Fleet } from "../fleet.ts";
import { clock } from "../format.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Spread } from "../parts/spread.tsx";
import { printPlace } from "../route.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";
import { PlanInForce } from "./plan-in-force.tsx";

interface AppRow {
  readonly name: string;
  readonly version: string;
  readonly deployedAt: string;
  readonly functions: readonly string[];
  readonly models: readonly string[];
  readonly sources: readonly string[];
}

const t = words.apps;

export function Apps({ fleet }: { readonly fleet: Fleet }) {
  const { value, asOfMs, problem } = usePolled<{ readonly apps: readonly AppRow[] }>("/v1/apps", 5_000);
  return (
    <>
      <Problem problem={problem} />
      <Section title={words.area.apps} aside={<AsOf ms={asOfMs} />}>
        {value?.apps.length === 0 && <p class="empty">{t.none}</p>}
        <ul class="cards">
          {value?.apps.map((app) => (
            <li key={app.name} class="card">
              <h3><a href={printPlace(["app", app.name])}>{app.name}</a> <small>{app.version}</small></h3>
              <p class="soft">{t.deployed} <time dateTime={app.deployedAt}>{clock(app.deployedAt)}</time></p>
              <p class="units">{[...app.sources, ...app.functions, ...app.models].map((name) => <span key={name} class="unit">{name}</span>)}</p>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={t.spread} hint={t.spreadHint}><Spread nodes={[...fleet.nodes.values()]} fleet={fleet} /></Section>
      <PlanInForce />
    </>
  );
}
