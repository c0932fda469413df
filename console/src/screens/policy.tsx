/** What decides, what it decided, and the trail of all that was done. */
import { originOf, saysOf, whoOf, type Event } from "../event.ts";
import { clock } from "../format.ts";
import type { AreaProps } from "../later.tsx";
import { AsOf } from "../parts/as-of.tsx";
import { LongList } from "../parts/long-list.tsx";
import { Problem } from "../parts/problem.tsx";
import { Search } from "../parts/search.tsx";
import { Section } from "../parts/section.tsx";
import { printPlace, setQuery } from "../route.ts";
import { servedByControl } from "../session.ts";
import { words } from "../strings.ts";
import { usePolled } from "../use-polled.ts";

const t = words.policy;
const tabs = ["decisions", "trail", "text"] as const;

export function Policy({ place: { query } }: AreaProps) {
  const tab = tabs.find((name) => name === query["tab"]) ?? "decisions";
  return (
    <>
      <nav class="tabs" aria-label={words.area.policy}>
        {tabs.filter((name) => name !== "text" || servedByControl()).map((name) => <a key={name} href={printPlace(["policy"], { tab: name === "decisions" ? undefined : name })} aria-current={name === tab ? "page" : undefined}>{t.tabs[name]}</a>)}
      </nav>
      {tab === "text" ? <Text /> : <Trail key={tab} tab={tab} q={query["q"] ?? ""} />}
    </>
  );
}

function Trail({ tab, q }: { readonly tab: "decisions" | "trail"; readonly q: string }) {
  const type = tab === "decisions" ? "&type=holon.policy.deci" : "";
  const { value, asOfMs, problem } = usePolled<{ readonly events: readonly Event[]; readonly more: boolean }>(`/v1/events?stream=audit&limit=1000${type}`, 4_000);
  const wanted = q.toLowerCase();
  const [oldest] = value?.events ?? [];
  const shown = (value?.events ?? []).filter((event) => wanted === "" || `${event.id} ${event.type} ${event.subject ?? ""} ${JSON.stringify(event.data)}`.toLowerCase().includes(wanted)).toReversed();
  const names = tab === "decisions" ? [t.columns.time, t.columns.node, t.columns.outcome, t.columns.who, t.columns.does, t.columns.what, t.columns.rule] : [t.columns.time, t.columns.node, t.columns.happened, t.columns.who, t.columns.about];
  return (
    <>
      <div class="toolbar"><Search label={t.filter} value={q} change={(text) => setQuery({ q: text })} /><AsOf ms={asOfMs} lateMs={15_000} /></div>
      <Problem problem={problem} />
      {value?.more === true && oldest !== undefined && <p class="hint">{words.events.newestOnly(clock(oldest.recordedtime))}</p>}
      {value !== undefined && shown.length === 0 && <p class="empty">{value.more ? words.events.noneOfNewest : words.events.none}</p>}
      <LongList
        label={t.tabs[tab]}
        items={shown}
        rowPixels={34}
        columns={names.length}
        head={<div role="row" class={`trail-row ${tab}`}>{names.map((name) => <span role="columnheader" key={name}>{name}</span>)}</div>}
        keyOf={(event) => event.id}
        row={(event) => <div class={`trail-row ${tab}`}>{(tab === "decisions" ? decisionCells(event) : trailCells(event)).map((cell, place) => <span role="cell" key={names[place]}>{cell}</span>)}</div>}
      />
    </>
  );
}

const whenOf = (event: Event) => <a class="quiet" href={printPlace(["events"], { origin: originOf(event), stream: "audit", type: event.type, event: event.id, on: event.recordedtime, window: "86400" })}>{clock(event.recordedtime)}</a>;
const fieldsOf = ({ data }: Event): Readonly<Record<string, unknown>> => (typeof data === "object" && data !== null ? Object.fromEntries(Object.entries(data)) : {});
const textOf = (value: unknown): string => (value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

function decisionCells(event: Event) {
  const data = fieldsOf(event);
  const allow = data["allow"];
  const range = data["lane"] === undefined ? "" : ` ${textOf(data["lane"])} ${textOf(data["from"])}${data["to"] === undefined ? "…" : `–${textOf(data["to"])}`}`;
  return [
    whenOf(event), originOf(event),
    <b class={allow === true ? "allowed" : "bad"}>{allow === true ? t.allowed : t.denied}</b>,
    textOf(data["principal"]), textOf(data["action"]),
    <span title={textOf(data["reason"])}>{textOf(data["resource"])}{range}{data["destination"] === undefined ? "" : ` ${t.to} ${textOf(data["destination"])}`}</span>,
    <span title={textOf(data["reason"])}>{textOf(data["rule"])}{data["count"] === undefined ? "" : `, ${textOf(data["count"])}×`}</span>,
  ];
}

function trailCells(event: Event) {
  const data = fieldsOf(event);
  return [whenOf(event), originOf(event), <b>{event.type.replace(/^holon\./, "")}</b>, <span title={whoOf(data)}>{whoOf(data)}</span>, <span class="soft">{event.subject ?? ""} {saysOf(event)}</span>];
}

function Text() {
  const { value, problem } = usePolled<{ readonly name: string; readonly version: number; readonly adoptedAt: string; readonly text: string }>("/v1/policy", 10_000);
  if (problem?.code === "HOLON_POLICY_MISSING") return <p class="empty">{t.none}</p>;
  if (value === undefined) return <Problem problem={problem} />;
  return <Section title={`${value.name} ${value.version}`} hint={`${t.adopted} ${clock(value.adoptedAt)}`}><pre tabIndex={0} class="long">{value.text}</pre></Section>;
}
