/** Metrics in the text format of Prometheus (exposition format 0.0.4): names with underscores and the base unit behind them, counters as `_total`, as its conventions want. */
import { metrics, type Metric } from "./catalogue.ts";
import { isExcused, nodeStates, type NodeState } from "./completeness.ts";
import type { FleetRow, FleetStatus } from "./fleet-status.ts";
import { parseKey } from "./key.ts";
import { gaugeOf, sketchOf, type Duration, type Gauge, type Window } from "./window.ts";

/** Suffix and factor by which Prometheus wants a unit: base units alone. */
const units: Readonly<Record<string, readonly [suffix: string, factor: number]>> = { By: ["_bytes", 1], s: ["_seconds", 1], ms: ["_seconds", 0.001], "1": ["_ratio", 1] };
const linkUp = "holon.link.up";
/** Of the receivers of a node. */
const flags: readonly string[] = [linkUp, "holon.export.up", "holon.alert.up"];
const quantiles = [0.5, 0.9, 0.99] as const;

const suffixOf = ({ unit }: Metric): readonly [string, number] => units[unit] ?? ["", 1];

/** `holon.link.io` in bytes is `holon_link_io_bytes_total`. */
export function prometheusName(metric: Metric): string {
  const base = metric.name.replaceAll(/[^A-Za-z0-9]/g, "_");
  const isFlag = flags.includes(metric.name);
  return `${base}${isFlag ? "" : suffixOf(metric)[0]}${metric.kind === "sum" ? "_total" : ""}`;
}

type Labels = Readonly<Record<string, string>>;
type Figures = Pick<Window, "sums" | "gauges" | "durations">;

/** One node's own, as it is now. */
export const nodeText = (figures: Figures): string => textOf([{ labels: {}, figures }]);

type Latest = { readonly window: Window; readonly totals: ReadonlyMap<string, number> };

/**
 * Of all nodes that are known: each with labels `node` and `site`. Totals are since the one who answers was started. Figures are of those that have told of now: as with a target that cannot be
 * scraped, a series of another ends.
 */
export function fleetText(self: string, status: FleetStatus, latest: (node: string) => Latest | undefined): string {
  const named = status.nodes.map((row) => ({ row, labels: { node: row.node, site: row.site } }));
  const seconds = (time: string | null): number | undefined => (time === null ? undefined : Date.parse(time) / 1_000);
  const { nodes, reported, unknown, excused, through } = status.completeness;
  const family = (name: string, type: string, help: string, lines: readonly (readonly [Labels, number | undefined])[]): string =>
    header(name, type, help) + lines.map(([labels, value]) => (value === undefined ? "" : line(name, labels, value))).join("");
  return [
    family("holon_fleet_nodes", "gauge", "Nodes that belong to the answer, and how many of them reported, are unknown, or are gone or revoked.", [[{ of: "all" }, nodes], [{ of: "reported" }, reported], [{ of: "unknown" }, unknown], [{ of: "gone" }, excused]]),
    family("holon_fleet_through_timestamp_seconds", "gauge", "Up to where everybody should have reported.", [[{}, seconds(through)]]),
    family("holon_node_state", "gauge", "State of a node: 1 for the one that it is in.", named.flatMap(({ row, labels }) => nodeStates.map((state): readonly [Labels, number] => [{ ...labels, state }, row.state === state ? 1 : 0]))),
    family("holon_node_heard_timestamp_seconds", "gauge", "When a node was last heard.", named.map(({ row, labels }) => [labels, seconds(row.heardAt)])),
    family("holon_node_through_timestamp_seconds", "gauge", "Up to where the telemetry of a node is here.", named.map(({ row, labels }) => [labels, seconds(row.through)])),
    textOf(named.map(({ labels, row }) => ({ labels, figures: figuresOf(row, hasTold(row) ? latest(row.node) : undefined, self) }))),
  ].join("");
}

const hasTold = ({ state }: FleetRow): boolean => state === "present" || state === "crashed";

/** Of its link the node above tells at once, also of one that cannot; of who was stopped or is no node any more nobody expects one. */
function figuresOf({ node, state, link }: FleetRow, known: Latest | undefined, self: string): Figures {
  const { [linkUp]: own, ...gauges } = known?.window.gauges ?? {};
  const isUp = node === self ? own : linkGauge(state, link);
  return { sums: Object.fromEntries(known?.totals ?? []), gauges: isUp === undefined ? gauges : { ...gauges, [linkUp]: isUp }, durations: {} };
}

function linkGauge(state: NodeState, link: FleetRow["link"]): Gauge | undefined {
  if (isExcused(state) || state === "awaited" || link === "unknown") return undefined;
  if (link === "down") return gaugeOf(0);
  return state === "silent" ? undefined : gaugeOf(1); // it is said to be open, and nothing comes
}

function textOf(sources: readonly { readonly labels: Labels; readonly figures: Figures }[]): string {
  const lines = new Map<string, string[]>();
  const add = (key: string, of: Labels, write: (metric: Metric, labels: Labels) => string): void => {
    const parsed = parseKey(key);
    const metric = metrics.find(({ name }) => name === parsed?.name);
    if (metric === undefined || parsed === undefined) return;
    const known = lines.get(metric.name) ?? [];
    lines.set(metric.name, known);
    known.push(write(metric, { ...of, ...parsed.attributes }));
  };
  for (const { labels: of, figures } of sources) {
    for (const [key, value] of Object.entries(figures.sums)) add(key, of, (metric, labels) => line(prometheusName(metric), labels, value * suffixOf(metric)[1]));
    for (const [key, [value]] of Object.entries(figures.gauges)) add(key, of, (metric, labels) => line(prometheusName(metric), labels, value * suffixOf(metric)[1]));
    for (const [key, value] of Object.entries(figures.durations)) add(key, of, (metric, labels) => summary(metric, labels, value));
  }
  return metrics.map((metric) => {
    const found = lines.get(metric.name);
    return found === undefined ? "" : header(prometheusName(metric), typeOf(metric), metric.about) + found.join("");
  }).join("");
}

const typeOf = ({ kind }: Metric): string => (kind === "sum" ? "counter" : kind === "gauge" ? "gauge" : "summary");

function summary(metric: Metric, labels: Labels, duration: Duration): string {
  const name = prometheusName(metric);
  const [, factor] = suffixOf(metric);
  const sketch = sketchOf(duration);
  const parts = quantiles.map((q) => line(name, { ...labels, quantile: String(q) }, (sketch.quantile(q) ?? 0) * factor));
  return [...parts, line(`${name}_sum`, labels, duration.sum * factor), line(`${name}_count`, labels, duration.count)].join("");
}

const header = (name: string, type: string, help: string): string => `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`;

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key.replaceAll(/[^A-Za-z0-9_]/g, "_")}="${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}
