/** One node: how it stands as far as is known, and what it says itself where it can be asked. */
import type { Fleet, FleetNode } from "../fleet.ts";
import { age, aheadOf, bytes, clock, count, milliseconds, rate, unknown } from "../format.ts";
import type { NodeStatus } from "../island.ts";
import { cutSince, documentState, flowOf, islandRootOf, isKnownToRun, isStale, spreadOf, stateOf } from "../node-state.ts";
import { AsOf } from "../parts/as-of.tsx";
import { Mark } from "../parts/mark.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import { printPlace } from "../route.ts";
import { Diagnosis } from "./node-diagnosis.tsx";
import { servedByControl } from "../session.ts";
import { standsFor, stateSince } from "../stands-for.ts";
import { StandingSection } from "./standing.tsx";
import { Withheld } from "./withheld.tsx";
import { words } from "../strings.ts";
import { useNow } from "../use-now.ts";
import { usePolled } from "../use-polled.ts";
import { useSend } from "../use-send.ts";
import { SeriesChart } from "./series-chart.tsx";

const t = words.node;
const everyMs = 3_000;

export function NodeScreen({ name, fleet }: { readonly name: string; readonly fleet: Fleet }) {
  const isHere = name === fleet.self && !servedByControl();
  const path = servedByControl() ? `/v1/nodes/${encodeURIComponent(name)}/status` : isHere ? "/v1/status" : undefined;
  const { value, asOfMs, problem } = usePolled<NodeStatus | { readonly status: NodeStatus }>(path, everyMs);
  const status = value === undefined ? undefined : "agent" in value ? value : value.status;
  const node = fleet.nodes.get(name);
  return (
    <>
      <header class="title">
        <h2>{t.title(name)}</h2>
        {node !== undefined && <Facts node={node} fleet={fleet} />}
      </header>
      {problem !== undefined && <p class="warning" role="status">{t.notReached}: {problem.message}. {status === undefined ? "" : t.lastKnown}{problem.next !== "" && <span class="block">{t.next}: {problem.next}</span>}</p>}
      {status !== undefined && (
        <>
          <Section title={t.says} aside={<AsOf ms={asOfMs} lateMs={3 * everyMs} />}><Says status={status} /></Section>
          <Withheld rows={status.withheld} />
          <Runs status={status} />
        </>
      )}
      {servedByControl() && <StandingSection name={name} />}
      {isHere && status?.uplink !== undefined && <Outage state={status.uplink.state} />}
      <Diagnosis name={name} />
      <SeriesChart node={name} />
      {status !== undefined && <Known status={status} asOfMs={asOfMs} />}
      <p class="links"><a href={printPlace(["events"], { origin: name })}>{t.events}</a> <a href={printPlace(["events"], { origin: name, stream: "alarm", window: "86400" })}>{t.alarms}</a> <a href={printPlace(["policy"], { tab: "trail", q: name })}>{t.trail}</a></p>
    </>
  );
}

function Facts({ node, fleet }: { readonly node: FleetNode; readonly fleet: Fleet }) {
  const now = useNow();
  const root = islandRootOf(node, fleet.nodes);
  const since = root === undefined ? null : cutSince(root);
  const state = stateOf(node, fleet, now);
  const standsSince = stateSince(node, fleet, state);
  const flow = flowOf(node, fleet, now);
  const document = words.document[documentState(node)];
  return (
    <dl class="facts wide">
      <dt>{words.fleet.columns.state}</dt><dd><Mark state={state} /><span class="soft"> {standsSince === null ? standsFor(node, fleet, state, now) : words.fleet.stateSince(clock(standsSince - fleet.offsetMs), age(now + fleet.offsetMs - standsSince))}{root !== undefined && `; ${words.fleet.islandSince(since === null ? undefined : age(now + fleet.offsetMs - since), isKnownToRun(root, fleet))}`}</span><p class="hint">{words.state[state].hint}</p></dd>
      <dt>{words.fleet.columns.site}</dt><dd><a href={printPlace(["map"], { site: node.site })}>{node.site}</a> <span class="soft">{words.fleet.ofTier[node.tier] ?? node.tier} {node.jurisdiction}</span></dd>
      <dt>{words.fleet.columns.heard}</dt><dd>{node.heardAtMs === null ? words.unknown : words.ago(age(now + fleet.offsetMs - node.heardAtMs))}</dd>
      {node.link !== null && <><dt>{words.fleet.columns.link}</dt><dd><a href={printPlace(["node", node.link.to])}>{node.link.to}</a> <span class="soft">{linkText(node.link, fleet, now)}{flow !== undefined && ` ↑ ${rate(flow.up)} ↓ ${rate(flow.down)}`}</span></dd></>}
      <dt>{words.fleet.columns.document}</dt><dd>{node.desired === 0 ? words.document.none : `${node.desired} / ${node.reported?.version ?? unknown} ${spreadOf(node, fleet, now) === "unheard" ? words.toldLast(document) : document}`}{node.reported?.message !== undefined && <span class="bad"> {node.reported.message}</span>}</dd>
      {node.startedAt !== null && <><dt>{t.startedAt}</dt><dd>{clock(node.startedAt)}</dd></>}
      {node.api !== null && isLoopback(node.api) && node.name !== fleet.self && <><dt>{t.localApi}</dt><dd><a href={`${node.api}/`} target="_blank" rel="noreferrer">{node.api}</a></dd></>}
    </dl>
  );
}

/** Of a link that nobody can see now nothing is told but that. */
function linkText({ state, sinceAtMs }: NonNullable<FleetNode["link"]>, fleet: Fleet, now: number): string {
  const seen = isStale(fleet, now) ? "unknown" : state;
  return words.fleet.linkFor(words.fleet.linkState[seen], seen === "unknown" || sinceAtMs === null ? undefined : age(now + fleet.offsetMs - sinceAtMs));
}

/** A node says itself where its API is; only this machine's own is offered as a link. */
const isLoopback = (api: string): boolean => URL.canParse(api) && /^(?:127(?:\.\d+){3}|localhost|\[::1\])$/.test(new URL(api).hostname) && new URL(api).protocol === "http:";

function Says({ status }: { readonly status: NodeStatus }) {
  const { uplink, agent, log, measured, known = [] } = status;
  const ofLink = known.filter(({ what, value }) => what.startsWith("link ") && value !== null).map(({ what, value }) => `${what.slice("link ".length)} ${value ?? ""}`);
  return (
    <>
      {measured?.held !== undefined && <Held name={status.node} held={measured.held} />}
      <Problem problem={agent.problem} />
      <dl class="facts wide">
        <dt>{t.runs}</dt><dd>{agent.state}, {words.fleet.columns.document} {agent.version}</dd>
        {uplink !== undefined && <><dt>{t.link}</dt><dd>{uplink.state} {age(uplink.sinceMs)} <span class="soft">↑ {bytes(uplink.sentBytes)} ↓ {bytes(uplink.receivedBytes)}, {[`${count(uplink.backlog)} ${words.fleet.lag}`, ...ofLink].join(", ")}</span>{uplink.problem !== undefined && uplink.state !== "open" && <span class="bad"> {uplink.problem.message}</span>}</dd></>}
        {status.export !== undefined && <><dt>{t.collector}</dt><dd>{status.export.to} <span class="soft">{t.exported(status.export.sent, status.export.behind)}{(["aside", "withheld", "gone"] as const).flatMap((outcome) => (status.export?.[outcome] ?? 0) === 0 ? [] : [`, ${count(status.export?.[outcome] ?? 0)} ${t.notTaken[outcome]}`])}</span>{status.export.problem !== undefined && <span class="bad"> {status.export.problem.message} {t.sinceThen(clock(status.export.problem.since))}</span>}</dd></>}
        <dt>{t.log}</dt><dd>{bytes(log.sizeBytes)}, {t.disk} {log.disk}{log.lost.length > 0 && <span class="bad"> {t.damaged(log.lost.length)}</span>}</dd>
      </dl>
    </>
  );
}

/** With the hash that was shown: whoever runs the command adopts what they saw here. */
const Held = ({ name, held: { sinceMs, found, count: files, first } }: { readonly name: string; readonly held: NonNullable<NonNullable<NodeStatus["measured"]>["held"]> }) => (
  <div class="warning" role="status">
    <p>{t.held(first.join(", "), files - first.length, clock(new Date(sinceMs).toISOString()))}</p>
    <pre><code>{t.adopt(name, found)}</code></pre>
  </div>
);

/** A job that waits says until when. */
function jobState({ job }: NodeStatus["agent"]["units"][number]): string {
  if (job === undefined) return "";
  const next = job.windows.find(({ toMs }) => toMs > Date.now())?.fromMs ?? job.arrivesMs;
  return job.phase === "runs" ? t.job.runs : `${t.job[job.phase]} ${clock(new Date(next).toISOString())}`;
}

function Runs({ status: { agent } }: { readonly status: NodeStatus }) {
  return (
    <>
      {agent.units.length > 0 && (
        <Section title={t.runs}>
          <Table
            label={t.runs}
            columns={[t.columns.unit, t.columns.state, t.columns.says, t.handled, t.emitted, t.inferences, t.latency, t.behind, t.failed]}
            figures={[3, 4, 5, 6, 7, 8]}
            rows={agent.units.map((unit) => ({
              key: `${unit.app}/${unit.name}`,
              cells: [
                <a href={printPlace(["app", unit.app])}>{unit.app}/{unit.name}</a>,
                unit.state,
                unit.problem === undefined ? (unit.status ?? jobState(unit)) : <span class="bad">{unit.problem.message}</span>,
                count(unit.handled), count(unit.emitted), count(unit.inferences),
                `${milliseconds(unit.inferenceMs.p50)} / ${milliseconds(unit.inferenceMs.p99)}`,
                count(unit.lag), count(unit.failed),
              ],
            }))}
          />
        </Section>
      )}
      {agent.sources.length > 0 && (
        <Section title={t.sources}>
          <Table
            label={t.sources}
            columns={[t.columns.source, t.columns.kind, t.readings, t.columns.bytes, t.columns.rejected, t.columns.says]}
            figures={[2, 3, 4]}
            rows={agent.sources.map((source) => ({ key: source.name, cells: [source.name, source.kind, count(source.readings), bytes(source.readBytes), count(source.rejected), source.problem === undefined ? (source.address ?? "") : <span class="bad">{source.problem.message}</span>] }))}
          />
        </Section>
      )}
    </>
  );
}

/** Unknown is shown as unknown; a node of before tells nothing of it. */
function Known({ status: { known = [], wallMs }, asOfMs: hereMs }: { readonly status: NodeStatus; readonly asOfMs: number | undefined }) {
  const now = useNow() + aheadOf(wallMs, hereMs);
  if (known.length === 0) return null;
  return (
    <Section title={t.inventory}>
      <Table
        label={t.inventory}
        columns={t.knownColumns}
        figures={[3]}
        rows={known.map(({ what, value, source, asOfMs, stale }) => ({ key: what, cells: [what, value ?? <span class="soft">{words.unknown}</span>, source ?? "", asOfMs === null ? "" : <>{age(Math.max(0, now - asOfMs))}{stale && <span class="bad"> {t.stale}</span>}</>] }))}
      />
    </Section>
  );
}

/** A node's own console may try an outage; over its link it could not be undone. */
function Outage({ state }: { readonly state: string }) {
  const { send, problem } = useSend();
  const verb = state === "cut" ? "heal" : "cut";
  return (
    <>
      <p><button type="button" onClick={() => send("POST", `/v1/link/${verb}`)}>{t[verb]}</button> <span class="soft">{t.cutHint}</span></p>
      <Problem problem={problem} />
    </>
  );
}
