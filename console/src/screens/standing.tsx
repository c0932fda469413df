/** Where a node differs from what it is to be, and how far it is trusted: as control has it. */
import { AsOf } from "../parts/as-of.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { clock } from "../format.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

interface Standing {
  readonly drift: readonly { readonly kind: string; readonly text: string; readonly since: string }[];
  readonly trust: { readonly level: string; readonly asOf: string; readonly because: string } | null;
}

const t = words.node;
const everyMs = 10_000;

export function StandingSection({ name }: { readonly name: string }) {
  const { value, asOfMs, problem } = usePolled<Standing>(`/v1/nodes/${encodeURIComponent(name)}`, everyMs);
  if (value === undefined) return <Problem problem={problem} />;
  return (
    <Section title={t.standing} aside={<AsOf ms={asOfMs} lateMs={3 * everyMs} />}>
      <Problem problem={problem} />
      {value.drift.length === 0 ? <p class="empty">{t.noDrift}</p> : <ul>{value.drift.map(({ kind, text, since }) => <li key={kind}><b class={kind === "measured" ? "bad" : ""}>{kind}</b> {text} <span class="soft">{since === "" ? "" : clock(since)}</span></li>)}</ul>}
      {value.trust !== null && <p>{t.trust} <b>{value.trust.level}</b>: {value.trust.because} <span class="soft">{clock(value.trust.asOf)}</span></p>}
    </Section>
  );
}
