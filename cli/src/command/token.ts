/** `holon token add|list|revoke` */
import { strayRoutes } from "@holon/core/policy/doubts.ts";
import { z } from "zod";
import { doneSchema, type Client } from "../client.ts";
import { spanOf } from "../machine/span.ts";
import { listAll } from "../pages.ts";
import { printTable } from "../table.ts";
import { warn } from "../warn.ts";

export interface TokenOptions {
  readonly role: string;
  readonly for: string;
  readonly routes?: readonly string[];
  readonly json?: boolean;
}

const madeSchema = z.object({ token: z.string(), endsAt: z.string() });
const tokenSchema = z.object({ name: z.string(), role: z.string(), routes: z.array(z.string()).nullable(), by: z.string(), endsAt: z.string() });

/** The token alone on stdout, so that it can be piped to where it is needed. */
export async function addToken(client: Client, name: string, { role, for: span, routes, json }: TokenOptions): Promise<void> {
  const made = await client.send("POST", "/v1/tokens", { name, role, forMs: spanOf(span), ...(routes === undefined ? {} : { routes }) }, madeSchema);
  warn(strayRoutes(routes ?? []));
  if (json === true) return void process.stdout.write(`${JSON.stringify(made)}\n`);
  process.stderr.write(`${name} is ${role} until ${made.endsAt}; it is shown this once, and used as HOLON_TOKEN:\n`);
  process.stdout.write(`${made.token}\n`);
}

export async function listTokens(client: Client, json: boolean): Promise<void> {
  const answer = { tokens: await listAll(client, "/v1/tokens", "tokens", tokenSchema) };
  if (json) return void process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.stdout.write(`${printTable(["NAME", "ROLE", "ENDS", "MADE BY", "ROUTES"], answer.tokens.map(({ name, role, routes, by, endsAt }) => [name, role, endsAt, by, routes?.join(" ") ?? "all of its role"]))}\n`);
}

export async function revokeToken(client: Client, name: string, json: boolean): Promise<void> {
  await client.send("DELETE", `/v1/tokens/${encodeURIComponent(name)}`, undefined, doneSchema);
  process.stdout.write(json ? `${JSON.stringify({ name })}\n` : `token ${name} is refused from now on\n`);
}
