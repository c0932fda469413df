/** Each objective in each place: what is left of its error budget, how fast it burns, and of how many nodes one knows. */
import type { ObjectiveList, ObjectiveRow } from "@holon/core/alert/objective-row.ts";
import { percent, times } from "../format.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

const t = words.objectives;
const shownMax = 200;

export function Objectives() {
  const { value, asOfMs, problem } = usePolled<ObjectiveList>(`/v1/objectives?limit=${shownMax}`, 5_000);
  const rows = value?.objectives ?? [];
  return (
    <Section title={t.title} hint={t.hint} aside={<AsOf ms={asOfMs} />}>
      <Problem problem={problem} />
      {value !== undefined && rows.length === 0 && <p class="empty">{t.none}</p>}
      {rows.length > 0 && (
        <Table
          label={t.title}
          columns={Object.values(t.columns)}
          figures={[3, 4, 5, 6, 7]}
          rows={rows.map((row) => ({
            key: `${row.rule} ${row.scope}`,
            cells: [
              <>{row.rule} <small>{row.kind}{row.about === null ? "" : `: ${row.about}`}</small></>,
              row.scope,
              <><span class={`tag ${toneOf(row)}`}>{t.state[row.state]}</span>{row.lacks !== null && <small>: {lackOf(row)}</small>}</>,
              <>{exact(row.target)} <small>{t.over(spanOf(row.periodMs))}</small></>,
              row.total === 0 ? words.unknown : exact(row.good / row.total),
              <BudgetLeft left={row.budgetLeft} />,
              burnOf(row),
              <Known row={row} />,
            ],
          }))}
        />
      )}
      {value !== undefined && value.total > rows.length && <p class="hint">{t.more(rows.length, value.total)}</p>}
    </Section>
  );
}

const lackOf = ({ lacks, total, eventsMin, completeness }: ObjectiveRow): string => (lacks === null ? "" : lacks === "events" ? t.lacks.events(Math.round(total), eventsMin) : lacks === "reports" ? t.lacks.reports(completeness.unknown, completeness.states.silent) : t.lacks[lacks]);
const toneOf = ({ state }: ObjectiveRow): string => (state === "met" ? "good" : state === "unknown" ? "unseen" : "bad");
const exact = (part: number): string => `${(100 * part).toFixed(part > 0.99 && part < 1 ? 2 : 1)} %`;

function BudgetLeft({ left }: { readonly left: number | null }) {
  if (left === null) return <>{words.unknown}</>;
  const part = Math.max(0, Math.min(1, left));
  return <>{percent(part)} <span class="share" aria-hidden="true"><span style={{ width: `${100 * part}%` }} /></span></>;
}

function burnOf({ burns }: ObjectiveRow): string {
  const shown = burns.find(({ burning }) => burning) ?? burns.find(({ long }) => long !== null);
  return shown?.long == null ? words.unknown : t.burn(times(shown.long), spanOf(shown.longMs));
}

function Known({ row: { completeness } }: { readonly row: ObjectiveRow }) {
  const { nodes, excused, reported, missing, states } = completeness;
  return <span title={missing.length === 0 ? undefined : t.unknownNodes(missing.map(({ node, state }) => `${node} (${state})`).join(", "))}>{t.known(reported, nodes - excused, states.silent)}</span>;
}

function spanOf(ms: number): string {
  const units: readonly (readonly [number, string])[] = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1_000, "s"]];
  const [size, name] = units.find(([unit]) => ms >= unit) ?? [1, "ms"];
  return `${Math.round(ms / size)} ${name}`;
}
