/** What is wrong, live, with who knows of it; what should hold, and how much of it does. Over nodes that are silent nothing is called well. */
import type { RouteStatus } from "@holon/core/alert/route-status.ts";
import type { ShownAlert, AlertList } from "@holon/core/telemetry/alert.ts";
import { useMemo } from "preact/hooks";
import { clock, withClocks } from "../format.ts";
import type { AreaProps } from "../later.tsx";
import { unansweringOf, unheardOf } from "../node-state.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import { pastText } from "../past-text.ts";
import { refusalsOf } from "../refusals.ts";
import { printPlace } from "../route.ts";
import { words } from "../strings.ts";
import { nothingWrong } from "../stands-for.ts";
import { useFollowed } from "../use-followed.ts";
import { useNow } from "../use-now.ts";
import { usePolled } from "../use-polled.ts";
import { useSend } from "../use-send.ts";
import { Objectives } from "./objectives.tsx";

const t = words.alerts;
const { columns } = t;
const pastMax = 50;

/** An alert of silence comes when it has lasted a while; until then nothing is called well either. */
const lookMs = 5_000;

export function Alerts({ fleet }: AreaProps) {
  const { value, isLive, asOfMs, problem } = useFollowed<AlertList>("/v1/alerts");
  const now = value?.alerts.filter(({ state }) => state !== "resolved") ?? [];
  const past = value?.alerts.filter(({ state }) => state === "resolved").slice(0, pastMax) ?? [];
  const more = { now: value === undefined ? 0 : value.states.firing + value.states.unknown - now.length, past: (value?.states.resolved ?? 0) - past.length };
  const looked = useNow(lookMs);
  const unheard = useMemo(() => unheardOf(fleet, looked), [fleet.nodes, looked]);
  const unknown = Math.max(value?.completeness.unknown ?? 0, unheard);
  return (
    <>
      <Problem problem={problem} />
      <Section title={t.title} hint={t.hint} aside={isLive ? <span class="as-of" role="status">{t.live}</span> : <AsOf ms={asOfMs} />}>
        {value !== undefined && now.length === 0 && <p class="empty">{nothingWrong(unknown, unansweringOf(fleet, looked))}</p>}
        {now.length > 0 && <AlertTable label={t.title} alerts={now} />}
        {more.now > 0 && <p class="hint">{words.fleet.moreNodes(more.now)}</p>}
      </Section>
      <Objectives />
      <Section title={t.past}>{value === undefined ? null : past.length === 0 ? <p class="empty">{t.noPast}</p> : <><AlertTable label={t.past} alerts={past} />{more.past > 0 && <p class="hint">{words.fleet.moreNodes(more.past)}</p>}</>}</Section>
      <Ways />
    </>
  );
}

const AlertTable = ({ label, alerts }: { readonly label: string; readonly alerts: readonly ShownAlert[] }) => (
  <Table
    label={label}
    columns={Object.values(columns)}
    prose={[2]}
    rows={alerts.map((alert) => ({
      key: alert.id,
      cells: [
        <span class={`tag ${alert.state === "firing" ? "bad" : alert.state === "unknown" ? "unseen" : "good"}`}>{t.state[alert.state]}</span>,
        t.severity[alert.severity],
        <>{alert.state === "resolved" ? pastText(alert) : withClocks(alert.message)} {alert.state === "resolved" && alert.count > 1 && <b>{alert.count}×</b>} <a href={printPlace(["events"], aroundOf(alert))}>{t.evidence}</a></>,
        clock(alert.since),
        alert.until === null ? "" : clock(alert.until),
        <Who alert={alert} />,
      ],
    }))}
  />
);

/** What its node recorded then. */
const aroundOf = ({ node, since }: ShownAlert): Record<string, string> => ({ ...(node === undefined ? {} : { origin: node }), window: "900", at: new Date(Date.parse(since) + 300_000).toISOString() });

function Who({ alert: { id, state, acknowledged, silencedUntil, told } }: { readonly alert: ShownAlert }) {
  const routes = [...new Set(told.filter(({ refused }) => refused === undefined).map(({ route }) => route))];
  const refused = refusalsOf(told);
  const { send, problem } = useSend();
  return (
    <>
      {acknowledged !== null && <span>{t.ackedBy(acknowledged.by, acknowledged.note)}. </span>}
      {silencedUntil !== null && <span>{t.silenced(clock(silencedUntil))}. </span>}
      <span class="soft">{routes.length === 0 ? t.untold : t.told(routes.join(", "))}</span>
      {refused.map(({ route, why }) => <span key={`${route} ${why}`} class="bad">; {t.refused(route, why)}</span>)}
      {acknowledged === null && state !== "resolved" && <> <button type="button" class="small" onClick={() => send("POST", "/v1/alerts/acknowledge", { id, note: "" })}>{t.ack}</button></>}
      <Problem problem={problem} />
    </>
  );
}

interface Silence {
  readonly name: string;
  readonly rule?: string;
  readonly subject?: string;
  readonly site?: string;
  readonly app?: string;
  readonly until: string;
  readonly because: string;
  readonly by: string;
}

function Ways() {
  const routes = usePolled<{ readonly routes: readonly RouteStatus[] }>("/v1/alerts/routes", 5_000);
  const silenced = usePolled<{ readonly silences: readonly Silence[] }>("/v1/alerts/silences", 5_000);
  const ending = useSend(silenced.again);
  return (
    <>
      <Section title={t.routes} hint={t.routesHint}>
        <Problem problem={routes.problem} />
        {routes.value?.routes.length === 0 && <p class="empty">{t.noRoutes}</p>}
        {routes.value !== undefined && routes.value.routes.length > 0 && <Table label={t.routes} columns={[t.route, t.to, t.toldCount, t.waiting, t.problem]} figures={[2, 3]} rows={routes.value.routes.map(({ route, to, told, waiting, problem, since, isFailing }) => ({ key: route, cells: [route, to, String(told), String(waiting), problem === null ? "" : <span class={isFailing ? "bad" : ""}>{problem}{since === null ? "" : `, ${t.sinceThen(clock(since))}`}</span>] }))} />}
      </Section>
      <Section title={t.silences}>
        <Problem problem={ending.problem ?? silenced.problem} />
        {silenced.value?.silences.length === 0 && <p class="empty">{t.nothingSilenced}</p>}
        {silenced.value !== undefined && silenced.value.silences.length > 0 && <Table label={t.silences} columns={[t.silenceName, t.silencedWhat, columns.until, t.because, t.by, t.endSilence]} rows={silenced.value.silences.map(({ name, rule, subject, site, app, until, because, by }) => ({ key: name, cells: [name, [rule, subject, site, app].filter((word) => word !== undefined).join(" ") || t.silencedAll, clock(until), because, by, <button type="button" class="small" onClick={() => ending.send("DELETE", `/v1/alerts/silences/${encodeURIComponent(name)}`)}>{t.endSilence}</button>] }))} />}
      </Section>
    </>
  );
}
