/** `holon node status`: every node that one knows of, and how complete that is. `holon node top`: what a node measures of itself now, with no uplink needed. */
import { heldText } from "@holon/core/diagnosis/findings.ts";
import { errorTable } from "@holon/core/errors.ts";
import { heldRowSchema } from "@holon/core/measure/held.ts";
import { clockHereText } from "@holon/core/drift.ts";
import { limits } from "@holon/core/limits.ts";
import { withheldFindings, withheldRowSchema } from "@holon/core/policy/withheld.ts";
import { fleetStatusSchema, type FleetStatus } from "@holon/core/telemetry/fleet-status.ts";
import { alertListSchema } from "@holon/core/telemetry/alert.ts";
import { metricByName } from "@holon/core/telemetry/catalogue.ts";
import { parseKey } from "@holon/core/telemetry/key.ts";
import { sketchOf, windowSchema } from "@holon/core/telemetry/window.ts";
import { z } from "zod";
import type { Client, ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { printTable } from "../table.ts";
import { oneLine } from "../terminal.ts";
import { printKnown } from "../view/known.ts";
import { listNodeRows } from "./node.ts";

export async function showStatus(options: ClientOptions, node: string | undefined, json: boolean): Promise<void> {
  const client = await connectNode(options, node);
  const status = await wholeFleet(client);
  const { alerts, total } = await client.get(`/v1/alerts?state=firing&limit=${limits.alertsListedMax}`, alertListSchema);
  const heldBack = await heldOf(client);
  const own = await client.get("/v1/status", withheldSchema);
  if (json) return void process.stdout.write(`${JSON.stringify({ ...status, alerts, heldBack, withheld: own.withheld })}\n`);
  const rows = status.nodes.map((row) => [row.node, row.site, row.state, row.since ?? "", row.heardAt ?? "never", row.through ?? "nothing", row.ended === null ? "" : `${row.ended.how} ${row.ended.at}`]);
  process.stdout.write(`${printTable(["NODE", "SITE", "STATE", "SINCE", "HEARD", "KNOWN THROUGH", "RUN BEFORE"], rows)}\n${printKnown(status)}\n`);
  if (status.clock.offMs !== null) process.stdout.write(`${clockHereText(status.clock.offMs)}\n`);
  for (const { severity, message } of alerts) process.stdout.write(`${severity}: ${oneLine(message)}\n`);
  if (total > alerts.length) process.stdout.write(`and ${total - alerts.length} more alerts\n`);
  for (const { says, next } of withheldFindings(own.node, own.withheld)) process.stdout.write(`${own.node}: ${oneLine(says)}\n${next === undefined ? "" : `next: ${next}\n`}`);
  for (const { node: name, text } of heldBack) process.stdout.write(`${name}: ${text}\nnext: ${errorTable.HOLON_NODE_HELD.next.replace("NAME", name)}\n`);
}

/** All pages of it, as of the first: a node that comes or goes in between is told of or not. */
export async function wholeFleet(client: Client): Promise<FleetStatus> {
  const first = await client.get("/v1/fleet", fleetStatusSchema);
  const nodes = [...first.nodes];
  for (let { next } = first; next !== null; ) {
    const page: FleetStatus = await client.get(`/v1/fleet?after=${encodeURIComponent(next)}`, fleetStatusSchema);
    nodes.push(...page.nodes);
    next = page.next;
  }
  return { ...first, nodes, next: null };
}

const withheldSchema = z.looseObject({ node: z.string(), /** A node of before does not tell it. */ withheld: z.array(withheldRowSchema).default([]) });
const measuredSchema = z.looseObject({ node: z.string(), measured: z.looseObject({ held: heldRowSchema.optional() }).optional() });

/** Nodes that hold something back: of the fleet, where control answers, as they told it last; of the one that answers in any case. */
async function heldOf(client: Client): Promise<readonly { readonly node: string; readonly text: string }[]> {
  const { node, measured } = await client.get("/v1/status", measuredSchema);
  const own = measured?.held === undefined ? [] : [{ node, text: heldText(measured.held) }];
  const others = await listNodeRows(client).catch(() => []); // a node that is not control knows of none
  return [...own, ...others.flatMap(({ name, drift }) => (name === node ? [] : drift.flatMap(({ kind, text, held }) => (kind === "measured" && held === true ? [{ node: name, text }] : []))))];
}

const topSchema = z.object({ node: z.string(), asOf: z.string(), held: z.int(), figures: windowSchema.pick({ sums: true, gauges: true, durations: true }) });

export async function showTop(options: ClientOptions, node: string | undefined, json: boolean): Promise<void> {
  const top = await (await connectNode(options, node)).get("/v1/top", topSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(top)}\n`);
  const { sums, gauges, durations } = top.figures;
  const rows = [
    ...Object.entries(sums).map(([key, value]) => [key, number(value), unitOf(key), "since its start"]),
    ...Object.entries(gauges).map(([key, [value]]) => [key, number(value), unitOf(key), "now"]),
    ...Object.entries(durations).map(([key, value]) => [key, number(sketchOf(value).quantile(0.5) ?? 0), unitOf(key), `median of ${value.count}, p99 ${number(sketchOf(value).quantile(0.99) ?? 0)}`]),
  ].sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  process.stdout.write(`${printTable(["METRIC", "VALUE", "UNIT", ""], rows)}\n${top.node}, as of ${top.asOf}${top.held === 0 ? "" : `; ${top.held} windows wait for the end of an outage`}\n`);
}

const unitOf = (key: string): string => metricByName.get(parseKey(key)?.name ?? "")?.unit ?? "";
const number = (value: number): string => (Number.isInteger(value) ? `${value}` : value.toPrecision(4));
