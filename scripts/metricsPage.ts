/** Writes docs/reference/metrics.md from the table of metrics. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { metrics } from "@holon/core/telemetry/catalogue.ts";
import { prometheusName } from "@holon/core/telemetry/prometheus.ts";
import { repositoryRoot } from "./check/files.ts";

export const metricsPagePath = join(repositoryRoot, "docs/reference/metrics.md");

export function metricsPage(): string {
  const rows = metrics.map((metric) => `| \`${metric.name}\` | ${metric.kind} | \`${metric.unit}\` | ${metric.attributes.map((name) => `\`${name}\``).join(" ")} | \`${prometheusName(metric)}\` | ${metric.about} |`);
  return `# Metrics

Every metric that a node makes of itself, from the table in \`core/src/telemetry/catalogue.ts\`; \`node scripts/metricsPage.ts\` writes this page. Units are those of UCUM. At \`/metrics\` a node
tells its own for Prometheus, by the name in the last but one column; at \`/metrics/fleet\` all that it knows of, each with the labels \`node\` and \`site\`: of those that have told of now, for as long as they do. A \`sum\` is a counter, a \`sketch\` a
summary of a time. [Telemetry](../concepts/telemetry.md) says how they travel.

| metric | kind | unit | attributes | for Prometheus | what it is |
|---|---|---|---|---|---|
${rows.join("\n")}

Of the fleet, for Prometheus alone; and \`holon_link_up\` is there what the node above a node says, 0 for one that is cut off, too:

| metric | labels | what it is |
|---|---|---|
| \`holon_fleet_nodes\` | \`of\`: \`all reported unknown gone\` | how many nodes the answer is of |
| \`holon_fleet_through_timestamp_seconds\` | | up to where everybody should have reported |
| \`holon_node_state\` | \`node site state\` | 1 for the state that a node is in, 0 for the others |
| \`holon_node_heard_timestamp_seconds\` | \`node site\` | when it was last heard |
| \`holon_node_through_timestamp_seconds\` | \`node site\` | up to where its telemetry is here |
`;
}

if (import.meta.main) writeFileSync(metricsPagePath, metricsPage());
