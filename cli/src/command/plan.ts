/** `holon plan list|show|diff|explain`, and what `holon app deploy --dry-run` prints. */
import { adoptedAnswerSchema, explainAnswerSchema, movesAnswerSchema, planAnswerSchema, previewSchema, runsAnswerSchema } from "@holon/control/api/plan-routes.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { doneText } from "@holon/core/shifting/job.ts";
import type { z } from "zod";
import type { Client } from "../client.ts";
import { printTable } from "../table.ts";
import { warn } from "../warn.ts";
import { wholeNumber } from "../whole-number.ts";

/** A control of before does not say what it leaves out. */
export const toldPlanSchema = planAnswerSchema.extend({ left: planAnswerSchema.shape.left.default([]) });

/** Nor what it would warn of. */
const toldPreviewSchema = previewSchema.extend({ warnings: previewSchema.shape.warnings.default([]) });

const out = (text: string): void => void process.stdout.write(`${text}\n`);

const pathOf = (hash: string | undefined): string => (hash === undefined ? "/v1/plan" : `/v1/plan?plan=${encodeURIComponent(hash)}`);

export async function listPlans(client: Client, limit: string, json: boolean): Promise<void> {
  const { plans } = await client.get(`/v1/plan/adopted?limit=${wholeNumber("--limit", limit, { min: 1, max: limits.plansTold })}`, adoptedAnswerSchema);
  if (json) return out(JSON.stringify(plans));
  out(printTable(["PLAN", "ADOPTED", "PLACED", "LEFT", "MOVED", "CHANGED", "A MONTH", "BECAUSE"], plans.map((plan) => [plan.hash.slice(0, 12), plan.adoptedAt, ...[plan.placements, plan.unplaced, plan.moves, plan.changed, plan.costPerMonth].map(String), plan.because])));
}

export async function showPlan(client: Client, hash: string | undefined, json: boolean): Promise<void> {
  const answer = await client.get(pathOf(hash), toldPlanSchema);
  const runs = hash !== undefined || answer.plan.shifts === undefined ? [] : await client.get("/v1/plan/runs", runsAnswerSchema);
  if (json) return out(JSON.stringify({ ...answer, ...(answer.plan.shifts === undefined ? {} : { runs }) }));
  process.stdout.write(answer.text);
  for (const row of answer.left) process.stderr.write(`${nowhereText(row)}\n`);
  for (const run of runs.slice(-runsShown)) out(`ran ${run.unit} on ${run.node}: ${doneText(run)}`);
  process.stderr.write(`adopted ${answer.adoptedAt}: ${answer.because}\n`);
  if (hash !== undefined) return;
  for (const { unit, from, to, phase, because } of await client.get("/v1/plan/moves", movesAnswerSchema)) process.stderr.write(`${unit} from ${from} to ${to}: ${phase}${because === null ? "" : `, ${because}`}\n`);
}

const runsShown = 8;

/** Each change with its reason. */
export async function diffPlan(client: Client, hash: string | undefined, json: boolean): Promise<void> {
  const { plan, changes, because, left } = await client.get(pathOf(hash), toldPlanSchema);
  const rows: { change: string; why: string }[] = [];
  for (const change of changes) rows.push({ change, why: await whyOf(client, change, { hash, left }) });
  if (json) return out(JSON.stringify({ plan: plan.hash, parent: plan.parent, because, changes: rows }));
  process.stderr.write(`${because}\n`);
  for (const { change, why } of rows) out(why === "" ? change : `${change}\n    ${why}`);
}

/** `+ app/unit 0 node`, `~ app/unit 0 from -> to`; of what is gone there is nothing to say, but for what is deployed still. */
async function whyOf(client: Client, change: string, { hash, left }: { readonly hash: string | undefined; readonly left: readonly LeftRow[] }): Promise<string> {
  const [mark, unit = "", replica, ...places] = change.split(" ");
  const node = places.at(-1);
  const nowhere = mark === "-" ? left.find((one) => one.unit === unit && String(one.replica) === replica) : undefined;
  if (nowhere !== undefined) return nowhereText(nowhere);
  return mark === "-" || node === undefined ? "" : (await explain(client, unit, node, hash)).text;
}

type LeftRow = z.infer<typeof toldPlanSchema>["left"][number];

export const nowhereText = ({ unit, replica, why }: LeftRow): string => `${unit}${replica === 0 ? "" : ` (replica ${replica})`} stands nowhere${why === null ? "" : `: ${why}`}.`;

const explain = (client: Client, unit: string, node: string, hash: string | undefined) => client.get(`/v1/plan/explain?unit=${encodeURIComponent(unit)}&node=${encodeURIComponent(node)}${hash === undefined ? "" : `&plan=${encodeURIComponent(hash)}`}`, explainAnswerSchema);

export async function explainPlan(client: Client, unit: string, node: string, hash: string | undefined, json: boolean): Promise<void> {
  if (!unit.includes("/")) throw new HolonError("HOLON_ARGUMENT_BAD", `${unit} names no unit`, { next: "Name it as APP/FUNCTION." });
  const answer = await explain(client, unit, node, hash);
  out(json ? JSON.stringify(answer) : answer.text);
}

/** A trial that would be refused fails, so that a script can ask for it. */
export async function previewApp(client: Client, document: AppDocument, json: boolean): Promise<void> {
  const answer = await client.send("POST", "/v1/plan/preview", document, toldPreviewSchema);
  if (answer.refused !== null) process.exitCode = 1;
  if (json) return out(JSON.stringify(answer));
  if (answer.changes.length === 0) out("nothing would change");
  for (const { change, unit, node, why } of answer.changes) out(`${change} ${unit} ${node}\n    ${why}`);
  if (answer.costPerMonth !== null) process.stderr.write(`cost ${answer.costPerMonth} a month\n`);
  warn(answer.warnings);
  if (answer.refused !== null) process.stderr.write(`it would be refused: ${answer.refused}\n`);
}
