/** What runs costs in work, energy and money, and what need not be sent because it is judged where it is read. */
import { bytes, count, energy, percent } from "../format.ts";
import type { AreaProps } from "../later.tsx";
import { AsOf } from "../parts/as-of.tsx";
import { Choice } from "../parts/choice.tsx";
import { Section } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import { printPlace, setQuery } from "../route.ts";
import { words } from "../strings.ts";
import { useNodesAnswers, type MeterRow, type NodeAnswer } from "../use-nodes.ts";

const t = words.meter;

export function Meter({ place, fleet }: AreaProps) {
  const site = place.query["site"];
  const { answers, asked, old, asOfMs } = useNodesAnswers(fleet, 5_000, site);
  const sites = [...new Set([...fleet.nodes.values()].map((node) => node.site))].toSorted();
  const rows = answers.flatMap(({ status, meter }) => meter.map((row) => ({ node: status.node, row })));
  return (
    <>
      <div class="toolbar">
        <Choice label={words.fleet.site} value={site ?? ""} options={[{ value: "", label: words.all }, ...sites.map((name) => ({ value: name, label: name }))]} choose={(chosen) => setQuery({ site: chosen })} />
        {asked !== undefined && <AsOf ms={asOfMs} lateMs={20_000} />}
      </div>
      {asked === undefined && <p class="empty">{t.manyNodes}</p>}
      {asked !== undefined && <Saved answers={answers} old={old} asked={asked} />}
      {asked !== undefined && (
        <Section title={t.title} hint={`${t.hint}: ${t.asked(answers.length - old.length, asked)}${words.olderOf(old)}. ${t.estimate}`}>
          {rows.length === 0 && asOfMs !== undefined && <p class="empty">{answers.length < asked ? t.noneOfThose : t.none}</p>}
          {rows.length > 0 && (
            <Table
              label={t.title}
              columns={[t.node, t.function, t.calls, t.cpu, t.energy, t.money, t.in, t.up]}
              figures={[2, 3, 4, 5, 6, 7]}
              rows={[...rows.map(({ node, row }) => ({ key: `${node} ${row.app}/${row.function}`, cells: [<a href={printPlace(["node", node])}>{node}</a>, `${row.app}/${row.function}`, ...figuresOf(row)] })), { key: "all", cells: [<b>{t.total}</b>, "", ...figuresOf(sumOf(rows.map(({ row }) => row))).map((text) => <b>{text}</b>)] }]}
            />
          )}
        </Section>
      )}
    </>
  );
}

const figuresOf = (row: Pick<MeterRow, "invocations" | "processorMs" | "joules" | "money" | "bytesIn" | "bytesUp">): readonly string[] => [
  count(row.invocations), `${(row.processorMs / 1_000).toFixed(1)} s`, energy(row.joules),
  row.money === undefined ? t.noPrice : `${row.money.amount.toPrecision(3)} ${row.money.currency}`,
  bytes(row.bytesIn), bytes(row.bytesUp),
];

/** Money is summed where all of it is of one currency. */
function sumOf(rows: readonly MeterRow[]): Parameters<typeof figuresOf>[0] {
  const sum = (pick: (row: MeterRow) => number): number => rows.reduce((total, row) => total + pick(row), 0);
  const currencies = new Set(rows.map(({ money }) => money?.currency));
  const [currency] = currencies;
  return {
    invocations: sum((row) => row.invocations), processorMs: sum((row) => row.processorMs), joules: sum((row) => row.joules), bytesIn: sum((row) => row.bytesIn), bytesUp: sum((row) => row.bytesUp),
    ...(currencies.size === 1 && currency !== undefined ? { money: { amount: sum((row) => row.money?.amount ?? 0), currency } } : {}),
  };
}

function Saved({ answers, old, asked }: { readonly answers: readonly NodeAnswer[]; readonly old: readonly string[]; readonly asked: number }) {
  const isKnown = answers.length === asked || answers.some(({ status }) => status.agent.sources.length > 0);
  const read = answers.flatMap(({ status }) => status.agent.sources).reduce((sum, source) => sum + source.readBytes, 0);
  const left = answers.filter(({ status }) => status.agent.sources.length > 0).reduce((sum, { status }) => sum + (status.uplink?.sentBytes ?? 0), 0);
  const reductions = answers.flatMap(({ status }) => status.agent.units.flatMap((unit) => (unit.reduction === undefined ? [] : [{ node: status.node, unit: `${unit.app}/${unit.name}`, ...unit.reduction }])));
  return (
    <Section title={t.saved} hint={`${t.savedHint}: ${t.asked(answers.length - old.length, asked)}`}>
      <div class="figures">
        <div><span class="soft">{t.read}</span><span class="big">{bytes(isKnown ? read : undefined)}</span></div>
        <div><span class="soft">{t.left}</span><span class="big">{bytes(isKnown ? left : undefined)}</span></div>
        <div><span class="soft">{t.share}</span><span class="big">{read === 0 ? words.unknown : percent(left / read)}</span></div>
      </div>
      {read > 0 && <div class="share" aria-hidden="true"><span style={{ width: `${Math.min(100, (100 * left) / read)}%` }} /></div>}
      {reductions.length > 0 && <Table label={t.reductions} columns={[t.node, t.reductions, t.in, t.left]} figures={[2, 3]} rows={reductions.map((row) => ({ key: `${row.node} ${row.unit}`, cells: [row.node, `${row.unit} ${row.kind}`, bytes(row.bytesIn), bytes(row.bytesLeaving)] }))} />}
    </Section>
  );
}
