/** `holon objective list`: what should hold, and how much of it does, as one node knows it. */
import { objectiveListAnswerSchema, type ObjectiveRow } from "@holon/core/alert/objective-row.ts";
import type { ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { printTable } from "../table.ts";
import { nodesKnown, reportsLacked } from "@holon/core/alert/nodes-known.ts";
import { printBurn } from "@holon/core/alert/print-burn.ts";

export async function listObjectives(options: ClientOptions, node: string | undefined, json: boolean): Promise<void> {
  const list = await (await connectNode(options, node)).get("/v1/objectives", objectiveListAnswerSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(list)}\n`);
  const rows = list.objectives.map((row) => [row.rule, row.kind, row.scope, stateOf(row), `${percent(row.target)}`, row.total === 0 ? "unknown" : percent(row.good / row.total), row.budgetLeft === null ? "unknown" : percent(Math.max(0, row.budgetLeft)), burnOf(row), nodesKnown(row.completeness)]);
  process.stdout.write(`${rows.length === 0 ? "no objective is declared here\n" : `${printTable(["OBJECTIVE", "KIND", "WHERE", "STATE", "TARGET", "IS", "BUDGET LEFT", "BURNS", "NODES KNOWN"], rows)}\n`}${list.total > rows.length ? `the first ${rows.length} of ${list.total}, the worst first\n` : ""}as of ${list.asOf}, by ${list.node}\n`);
}

const percent = (part: number): string => `${(100 * part).toFixed(part > 0.99 && part < 1 ? 2 : 1)} %`;

/** Where it is not known, why. */
function stateOf({ state, lacks, total, eventsMin, completeness }: ObjectiveRow): string {
  if (lacks === null) return state;
  return `${state}: ${{ nodes: "no node that is known runs it", data: "nothing was measured yet", events: `${Math.round(total)} of at least ${eventsMin} events`, stalled: "records wait, and nothing handles them", reports: reportsLacked(completeness) }[lacks]}`;
}

/** In the shortest of its windows that says something: how many times faster than would just spend the budget. */
function burnOf({ burns }: ObjectiveRow): string {
  const known = burns.find(({ long }) => long !== null);
  return known?.long === undefined || known.long === null ? "unknown" : `${printBurn(known.long)}× in ${spanOf(known.longMs)}`;
}

const spanOf = (ms: number): string => (ms >= 86_400_000 ? `${Math.round(ms / 86_400_000)} d` : ms >= 3_600_000 ? `${Math.round(ms / 3_600_000)} h` : ms >= 60_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1_000)} s`);
