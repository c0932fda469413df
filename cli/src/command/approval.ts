/** `holon approval list|approve|reject` */
import { z } from "zod";
import { doneSchema, type Client } from "../client.ts";
import { printTable } from "../table.ts";

const approvalsSchema = z.object({
  approvals: z.array(z.object({ id: z.string(), who: z.string(), resource: z.string(), params: z.record(z.string(), z.string()), query: z.record(z.string(), z.string()), body: z.unknown().optional(), reason: z.string(), endsAt: z.string(), approvedBy: z.string().nullable() })),
});
const path = (id: string, verb: string): string => `/v1/approvals/${encodeURIComponent(id)}/${verb}`;

/** With `--json` also what exactly was asked for. */
export async function listApprovals(client: Client, json: boolean): Promise<void> {
  const answer = await client.get("/v1/approvals", approvalsSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(answer)}\n`);
  const rows = answer.approvals.map(({ id, who, resource, params, approvedBy, endsAt, reason }) => [id, who, filled(resource, params), approvedBy ?? "-", endsAt, reason]);
  process.stdout.write(`${printTable(["ID", "WHO", "CALL", "APPROVED BY", "ENDS", "WHY IT WAITS"], rows)}\n`);
}

const filled = (resource: string, params: Readonly<Record<string, string>>): string => resource.replace(/\{(\w+)\*?\}/g, (brace, name: string) => params[name] ?? brace);

export async function approve(client: Client, id: string, json: boolean): Promise<void> {
  await client.send("POST", path(id, "approve"), undefined, doneSchema);
  process.stdout.write(json ? `${JSON.stringify({ id })}\n` : `${id} is approved: whoever asked may call again, once\n`);
}

export async function reject(client: Client, id: string, because: string, json: boolean): Promise<void> {
  await client.send("POST", path(id, "reject"), { because }, doneSchema);
  process.stdout.write(json ? `${JSON.stringify({ id })}\n` : `${id} is rejected\n`);
}
