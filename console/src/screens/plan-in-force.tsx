/** What the planner decided last, and why it decided anew. */
import { clock } from "../format.ts";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import { printPlace } from "../route.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

interface PlanAnswer {
  readonly plan: { readonly hash: string; readonly placements: readonly { readonly unit: string; readonly replica: number; readonly node: string }[]; readonly unplaced: readonly { readonly unit: string }[]; readonly costPerMonth: number; readonly unknownValues: number; readonly shifts?: readonly Shift[] };
  readonly adoptedAt: string;
  readonly because: string;
  readonly changes: readonly string[];
}

interface Shift {
  readonly unit: string;
  readonly by: "carbon" | "price";
  readonly windows: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly planned: number | null;
  readonly atOnce: number | null;
  readonly deadlineMs: number;
}

const t = words.apps;
const figure = (value: number | null): string => (value === null ? words.unknown : String(Number(value.toPrecision(4))));
const shownMax = 200;

export function PlanInForce() {
  // Where nothing was ever placed that is no failure to be asked about.
  const adopted = usePolled<{ readonly plans: readonly unknown[] }>("/v1/plan/adopted?limit=1", 10_000);
  const isNone = adopted.value?.plans.length === 0;
  const { value, problem = adopted.problem } = usePolled<PlanAnswer>(adopted.value === undefined || isNone ? undefined : "/v1/plan", 10_000);
  if (isNone || problem?.code === "HOLON_PLAN_MISSING") return <Section title={t.plan}><p class="empty">{t.noPlan}</p></Section>;
  if (value === undefined) return <Problem problem={problem} />;
  const { plan, adoptedAt, because, changes } = value;
  return (
    <Section title={t.plan} hint={`${t.adopted} ${clock(adoptedAt)}, ${t.because} ${because}; ${plan.costPerMonth.toFixed(2)} ${t.cost}`}>
      <Table
        label={t.plan}
        columns={[t.part, t.where, t.why]}
        rows={plan.placements.slice(0, shownMax).map(({ unit, replica, node }) => ({
          key: `${unit} ${replica}`,
          cells: [unit, <a href={printPlace(["node", node])}>{node}</a>, <a href={printPlace(["app", unit.split("/")[0] ?? ""], { unit, node })}>{t.explain}</a>],
        }))}
      />
      {plan.placements.length > shownMax && <p class="hint">{words.fleet.moreNodes(plan.placements.length - shownMax)}</p>}
      {plan.shifts !== undefined && (
        <Table
          label={t.jobs}
          columns={t.jobColumns}
          figures={[3, 4]}
          rows={plan.shifts.map(({ unit, by, windows, planned, atOnce, deadlineMs }) => ({ key: unit, cells: [unit, windows.map(({ fromMs, toMs }) => `${clock(new Date(fromMs).toISOString())} ${t.until} ${clock(new Date(toMs).toISOString())}`).join(", "), clock(new Date(deadlineMs).toISOString()), `${figure(planned)} ${t.per[by]}`, figure(atOnce)] }))}
        />
      )}
      {plan.unplaced.length > 0 && <p class="warning">{plan.unplaced.map(({ unit }) => unit).join(", ")}: {t.noWhere}</p>}
      {changes.length > 0 && <details><summary>{t.changes}</summary><pre>{[...changes.slice(0, shownMax), ...(changes.length > shownMax ? [words.fleet.moreNodes(changes.length - shownMax)] : [])].join("\n")}</pre></details>}
    </Section>
  );
}
