/** One app: where each of its parts is, by which rule, and how far it has spread. */
import type { Fleet } from "../fleet.ts";
import { clock } from "../format.ts";
import { stateOf } from "../node-state.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Mark } from "../parts/mark.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Spread } from "../parts/spread.tsx";
import { Table } from "../parts/table.tsx";
import { printPlace, type Place } from "../route.ts";
import { words } from "../strings.ts";
import { useNow } from "../use-now.ts";
import { usePolled } from "../use-polled.ts";
import { Explain } from "./explain.tsx";

interface Part {
  readonly name: string;
  readonly kind: "function" | "source" | "model" | "reduction";
  readonly isPlaced: boolean;
  readonly tier: string | null;
  readonly nodes: readonly string[];
}

interface AppAnswer {
  readonly name: string;
  readonly version: string;
  readonly description: string | null;
  readonly deployedAt: string;
  readonly parts: readonly Part[];
  /** Revoked nodes for which it stands issued. */
  readonly leftOut: readonly string[];
  readonly egress: readonly { readonly class: string; readonly to: string }[];
}

const t = words.apps;
const shownMax = 24;

export function AppScreen({ name, place, fleet }: { readonly name: string; readonly place: Place; readonly fleet: Fleet }) {
  const { value, asOfMs, problem } = usePolled<AppAnswer>(`/v1/apps/${encodeURIComponent(name)}`, 3_000);
  const now = useNow(5_000);
  if (value === undefined) return problem === undefined ? <p class="empty">{words.loading}</p> : <Problem problem={problem} />;
  const used = new Set(value.parts.flatMap(({ nodes }) => nodes));
  const placed = value.parts.filter(({ isPlaced }) => isPlaced).map((part) => `${name}/${part.name}`);
  return (
    <>
      <Problem problem={problem} />
      <header class="title">
        <h2>{value.name} <small>{value.version}</small></h2>
        {value.description !== null && <p class="hint">{value.description}</p>}
        <p class="soft">{t.deployed} <time dateTime={value.deployedAt}>{clock(value.deployedAt)}</time> <AsOf ms={asOfMs} /></p>
      </header>
      <Section title={t.parts}>
        <Table
          label={t.parts}
          columns={[t.part, t.kind, t.where, t.why]}
          rows={value.parts.map((part) => ({
            key: `${part.kind} ${part.name}`,
            cells: [
              part.name,
              part.kind,
              part.nodes.length === 0 ? t.noWhere : (
                <span class="places">
                  {part.nodes.slice(0, shownMax).map((node) => {
                    const known = fleet.nodes.get(node);
                    return <a key={node} href={printPlace(["node", node])}>{known !== undefined && <Mark state={stateOf(known, fleet, now)} short />} {node}</a>;
                  })}
                  {part.nodes.length > shownMax && <span class="soft">{words.fleet.moreNodes(part.nodes.length - shownMax)}</span>}
                </span>
              ),
              whyOf(part, name),
            ],
          }))}
        />
        {value.leftOut.length > 0 && <p class="hint">{t.leftOut(value.leftOut.slice(0, shownMax).join(", "))}{value.leftOut.length > shownMax && ` ${words.fleet.moreNodes(value.leftOut.length - shownMax)}`}</p>}
      </Section>
      {placed.length > 0 && <Explain units={placed} nodes={[...fleet.nodes.keys()]} unit={place.query["unit"]} node={place.query["node"]} />}
      <Section title={t.spread} hint={t.spreadHint}><Spread nodes={[...fleet.nodes.values()].filter((node) => used.has(node.name))} fleet={fleet} /></Section>
      <Section title={t.egress}>
        <ul class="plain-list">{value.egress.map((rule) => <li key={`${rule.class} ${rule.to}`}><code>{rule.class}</code> → <code>{rule.to}</code></li>)}{value.egress.length === 0 && <li>{words.none}</li>}</ul>
      </Section>
    </>
  );
}

function whyOf(part: Part, app: string) {
  if (part.isPlaced) return <a href={printPlace(["app", app], { unit: `${app}/${part.name}`, node: part.nodes[0] })}>{t.placed}</a>;
  return part.kind === "function" ? t.onTier(part.tier ?? "gateway") : t.onTierOf;
}
