/** `holon link list`: every link between nodes as the node above it sees it now, what went over it, what waits behind it, and what it was measured to carry. */
import { fleetSchema, type FleetAnswer, type FleetNode } from "@holon/control/fleet/fleet-view.ts";
import { knownValues } from "@holon/core/placement/known.ts";
import type { NodeReport } from "@holon/core/schema/node-report.ts";
import type { z } from "zod";
import type { Client } from "../client.ts";
import { printTable } from "../table.ts";
import { knownAccountSchema, tellKnown } from "../view/known.ts";
import { size } from "../view/screen.ts";
import { listNodeRows } from "./node.ts";

interface LinkRow {
  readonly node: string;
  readonly to: string;
  /** `unknown`: the node above could not be asked; `gone`: its node was stopped in order. */
  readonly state: "open" | "cut" | "unknown" | "gone";
  /** For how long its node, though the link is open, has given no answer to who asks; null where it answers, or was not asked for long. */
  readonly unansweredForMs: number | null;
  /** For how long; null where nobody saw it begin. */
  readonly forMs: number | null;
  /** Bytes since it was opened. */
  readonly upBytes: number | null;
  readonly downBytes: number | null;
  readonly waiting: { readonly records: number; readonly agoMs: number } | null;
  /** One way, and of the way up; in words, since what is told of them may be a bound, or stale. */
  readonly latency: string | null;
  readonly bandwidth: string | null;
}

/** Who waits was asked with the links; what is older is told with its age. */
const newMs = 5_000;

export async function listLinks(client: Client, json: boolean): Promise<void> {
  const fleet = await wholeFleet(client);
  tellKnown({ asOf: fleet.asOf, completeness: fleet.completeness }, json);
  const reports = new Map((await listNodeRows(client)).map(({ name, inventory }) => [name, inventory] as const));
  const links = fleet.nodes.flatMap((node) => (node.link === null || node.state === "revoked" ? [] : [rowOf(node, node.link, fleet, reports.get(node.name) ?? undefined)]));
  if (json) return void process.stdout.write(`${JSON.stringify({ asOf: fleet.asOf, links })}\n`);
  const cells = links.map(({ node, to, state, unansweredForMs, forMs, upBytes, downBytes, waiting, latency, bandwidth }) => [node, to, unansweredForMs === null ? state : `${state}, no answer for ${span(unansweredForMs)}`, span(forMs), amount(upBytes), amount(downBytes), waitingText(waiting), latency ?? "unknown", bandwidth ?? "unknown"]);
  process.stdout.write(`${printTable(["NODE", "TO", "STATE", "FOR", "UP", "DOWN", "WAITING", "LATENCY", "BANDWIDTH"], cells)}\nas of ${fleet.asOf}\n`);
}

const answerSchema = fleetSchema.extend({ completeness: knownAccountSchema.shape.completeness });

/** All pages; once more where control begins anew between two of them. */
async function wholeFleet(client: Client): Promise<z.infer<typeof answerSchema>> {
  const first = await client.get("/v1/continuum", answerSchema);
  const nodes = [...first.nodes];
  for (let { next } = first; next !== null; ) {
    const more = await client.get(`/v1/continuum?cursor=${next}`, answerSchema);
    if (more.run !== first.run) return wholeFleet(client);
    nodes.push(...more.nodes);
    ({ next } = more);
  }
  return { ...first, nodes };
}

function rowOf({ name, state }: FleetNode, link: NonNullable<FleetNode["link"]>, { nowMs, flows, backlogs, unansweredAtMs }: FleetAnswer, report: NodeReport | undefined): LinkRow {
  const isOpen = link.state === "open";
  const [upBytes, downBytes] = (isOpen ? flows[name] : undefined) ?? [null, null];
  const backlog = backlogs[name];
  const unansweredForMs = isOpen ? nowMs - (unansweredAtMs[name] ?? nowMs) : 0;
  const known = knownValues({ report, curve: () => undefined, inferences: {}, trust: undefined, nowMs: Date.now() });
  const figure = (what: string): string | null => {
    const { value, stale } = known.find((one) => one.what === what) ?? { value: null, stale: false };
    return value === null ? null : `${value}${stale ? " (stale)" : ""}`;
  };
  return {
    node: name,
    to: link.to,
    state: !isOpen && state === "gone" ? "gone" : link.state === "lost" ? "cut" : link.state,
    unansweredForMs: unansweredForMs > newMs ? Math.round(unansweredForMs) : null,
    forMs: link.sinceAtMs === null ? null : Math.round(nowMs - link.sinceAtMs),
    upBytes,
    downBytes,
    waiting: backlog === undefined ? null : { records: backlog.records, agoMs: Math.round(nowMs - backlog.atMs) },
    latency: figure("link latency"),
    bandwidth: figure("link bandwidth"),
  };
}

const amount = (bytes: number | null): string => (bytes === null ? "-" : size(bytes));
const waitingText = (waiting: LinkRow["waiting"]): string => (waiting === null ? "unknown" : `${waiting.records}${waiting.agoMs > newMs ? `, ${span(waiting.agoMs)} ago` : ""}`);

function span(ms: number | null): string {
  if (ms === null) return "unknown";
  const seconds = Math.round(ms / 1_000);
  return seconds < 120 ? `${seconds} s` : seconds < 7_200 ? `${Math.floor(seconds / 60)} min` : seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`;
}
