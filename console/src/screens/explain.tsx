/** Why a part is on a node, or not: worked out by control from what the plan in force was made from. */
import { Choice } from "../parts/choice.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { setQuery } from "../route.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

interface ExplainProps {
  readonly units: readonly string[];
  readonly nodes: readonly string[];
  readonly unit: string | undefined;
  readonly node: string | undefined;
}

const t = words.apps;

export function Explain({ units, nodes, unit = units[0] ?? "", node }: ExplainProps) {
  const path = node === undefined || unit === "" ? undefined : `/v1/plan/explain?${new URLSearchParams({ unit, node }).toString()}`;
  const { value, problem } = usePolled<{ readonly verdict: "chosen" | "rejected"; readonly text: string }>(path, 15_000);
  return (
    <Section title={t.askWhy}>
      <div class="toolbar">
        <Choice label={t.part} value={unit} options={units.map((each) => ({ value: each, label: each }))} choose={(chosen) => setQuery({ unit: chosen })} />
        <label class="field"><span>{t.node}</span><input list="nodes" value={node ?? ""} onChange={(event) => setQuery({ unit, node: event.currentTarget.value })} /></label>
        <datalist id="nodes">{nodes.slice(0, 500).map((name) => <option key={name} value={name} />)}</datalist>
      </div>
      <Problem problem={problem} />
      {value !== undefined && <p class={`verdict ${value.verdict}`} role="status"><strong>{t[value.verdict]}</strong> {value.text}</p>}
    </Section>
  );
}
