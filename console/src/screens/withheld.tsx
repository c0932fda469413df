/** What was made to leave a node and no rule of the policy lets go: what may have been forgotten stands before what was meant so. */
import type { WithheldRow } from "@holon/core/policy/withheld.ts";
import { clock } from "../format.ts";
import { Section } from "../parts/section.tsx";
import { printPlace } from "../route.ts";
import { servedByControl } from "../session.ts";
import { words } from "../strings.ts";

const t = words.withheld;

export function Withheld({ rows = [] }: { readonly rows: readonly WithheldRow[] | undefined }) {
  if (rows.length === 0) return null;
  const ordered = [...rows.filter(({ isForbidden }) => !isForbidden), ...rows.filter(({ isForbidden }) => isForbidden)];
  return (
    <Section title={t.title} hint={t.hint} aside={servedByControl() && <a href={printPlace(["policy"], { tab: "text" })}>{t.policy}</a>}>
      <ul class="plain">{ordered.map((row) => <li key={`${row.how} ${row.where} ${row.reason}`}><Row row={row} /></li>)}</ul>
    </Section>
  );
}

const Row = ({ row }: { readonly row: WithheldRow }) => (
  <>
    <strong class={row.isForbidden ? "soft" : "warn"}>{row.isForbidden ? t.meant : t.look}</strong> {t.says(row, clock(row.since))}: {row.reason}
    {!row.isForbidden && <div class="soft">{t.next}: {t.nextOf(row)}{row.how === "stays" && ` ${t.later}`}</div>}
  </>
);
