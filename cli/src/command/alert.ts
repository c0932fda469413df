/** `holon alert …`: what is wrong as one node knows it, and what people say to that. */
import { routeStatusSchema } from "@holon/core/alert/route-status.ts";
import { silencedSchema } from "@holon/core/alert/routing.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { alertListSchema, alertSchema, type AlertList, type ShownAlert } from "@holon/core/telemetry/alert.ts";
import { z } from "zod";
import { doneSchema, type ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { spanOf } from "../machine/span.ts";
import { printTable } from "../table.ts";
import { printKnown, printUnheard } from "../view/known.ts";

export interface AlertChoice {
  readonly node?: string;
  readonly state?: string;
}

export interface SilenceOptions {
  readonly node?: string;
  readonly rule?: string;
  readonly subject?: string;
  readonly site?: string;
  readonly app?: string;
  readonly for?: string;
  readonly because?: string;
  readonly end?: boolean;
}

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

export async function listAlerts(options: ClientOptions, { node, state }: AlertChoice, json: boolean): Promise<void> {
  const client = await connectNode(options, node);
  const list = await client.get(`/v1/alerts?limit=${limits.alertsListedMax}${state === undefined ? "" : `&state=${encodeURIComponent(state)}`}`, alertListSchema);
  return json ? print(list) : void process.stdout.write(alertsText(list));
}

/** With whom they may lack, or through when it is known that they lack none. */
export function alertsText(list: AlertList): string {
  const rows = list.alerts.map((alert) => [alert.state, alert.severity, alert.since, alert.until ?? "", saidOf(alert), alert.message, alert.id]);
  const table = rows.length === 0 ? "no alert\n" : `${printTable(["STATE", "SEVERITY", "SINCE", "UNTIL", "", "WHAT", "ID"], rows)}\n`;
  const left = list.total === list.alerts.length ? "" : `and ${list.total - list.alerts.length} more\n`;
  return `${table}${left}${printUnheard(list) ?? printKnown(list)}\n`;
}

function saidOf({ acknowledged, silencedUntil, told }: ShownAlert): string {
  const routes = [...new Set(told.filter(({ refused }) => refused === undefined).map(({ route }) => route))];
  const refused = [...new Set(told.flatMap(({ route, refused: why }) => (why === undefined ? [] : [`${route} was not told: ${why}`])))];
  return [acknowledged === null ? "" : `taken on by ${acknowledged.by}`, silencedUntil === null ? "" : `silenced until ${silencedUntil}`, routes.length === 0 ? "" : `told to ${routes.join(", ")}`, ...refused].filter((word) => word !== "").join("; ");
}

export async function acknowledge(options: ClientOptions, id: string, { node, note }: { readonly node?: string; readonly note: string }, json: boolean): Promise<void> {
  const alert = await (await connectNode(options, node)).send("POST", "/v1/alerts/acknowledge", { id, note }, alertSchema);
  if (json) return print(alert);
  process.stdout.write(`${alert.state === "resolved" ? "it is over already; noted" : "taken on"}: ${alert.message}\n`);
}

export async function silence(options: ClientOptions, name: string | undefined, { node, for: span, because, end, rule, subject, site, app }: SilenceOptions, json: boolean): Promise<void> {
  const client = await connectNode(options, node);
  if (name === undefined) {
    const { silences } = await client.get("/v1/alerts/silences", z.object({ silences: z.array(silencedSchema) }));
    if (json) return print({ silences });
    const rows = silences.map((one) => [one.name, one.until, [one.rule, one.subject, one.site, one.app].filter((word) => word !== undefined).join(" "), one.by, one.because]);
    return void process.stdout.write(silences.length === 0 ? "nothing is silenced\n" : `${printTable(["NAME", "UNTIL", "WHAT", "BY", "BECAUSE"], rows)}\n`);
  }
  if (end === true) {
    await client.send("DELETE", `/v1/alerts/silences/${encodeURIComponent(name)}`, undefined, doneSchema);
    return json ? print({ ok: true }) : void process.stdout.write(`${name} is told again\n`);
  }
  if (span === undefined || because === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", "say for how long and why: --for 2h --because TEXT");
  const chosen = Object.fromEntries(Object.entries({ rule, subject, site, app }).filter(([, value]) => value !== undefined));
  const silenced = await client.send("POST", "/v1/alerts/silences", { name, ...chosen, forMs: spanOf(span), because }, silencedSchema);
  if (json) return print(silenced);
  process.stdout.write(`silenced until ${silenced.until}; end it with: holon alert silence ${name} --end\n`);
}

const routesSchema = z.object({ routes: z.array(routeStatusSchema) });

export async function listRoutes(options: ClientOptions, node: string | undefined, json: boolean): Promise<void> {
  const { routes } = await (await connectNode(options, node)).get("/v1/alerts/routes", routesSchema);
  if (json) return print({ routes });
  process.stdout.write(routes.length === 0 ? "this node tells nobody: its configuration has no alerts.routes\n" : `${printTable(["ROUTE", "TO", "TOLD", "WAITING", "SINCE", "PROBLEM"], routes.map(({ route, to, told, waiting, since, problem }) => [route, to, `${told}`, `${waiting}`, since ?? "", problem ?? ""]))}\nTOLD counts messages since the node started\n`);
}
