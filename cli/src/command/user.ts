/** `holon user add|list|remove|role|password` */
import { z } from "zod";
import { doneSchema, type Client, type ClientOptions } from "../client.ts";
import { readNewPassword, readPassword } from "../machine/password.ts";
import { readSession } from "../machine/sessions.ts";
import { listAll } from "../pages.ts";
import { printTable } from "../table.ts";

const userSchema = z.object({ name: z.string(), role: z.string(), addedAt: z.string() });
const path = (name: string): string => `/v1/users/${encodeURIComponent(name)}`;
const tell = (json: boolean, data: object, words: string): void => void process.stdout.write(json ? `${JSON.stringify(data)}\n` : `${words}\n`);

export async function addUser(client: Client, name: string, role: string, passwordFile: string | undefined, json: boolean): Promise<void> {
  await client.send("POST", "/v1/users", { name, role, password: await readNewPassword(name, passwordFile) }, doneSchema);
  tell(json, { name, role }, `${name} is ${role}`);
}

export async function listUsers(client: Client, json: boolean): Promise<void> {
  const answer = { users: await listAll(client, "/v1/users", "users", userSchema) };
  if (json) return void process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.stdout.write(`${printTable(["NAME", "ROLE", "ADDED"], answer.users.map(({ name, role, addedAt }) => [name, role, addedAt]))}\n`);
}

export async function removeUser(client: Client, name: string, json: boolean): Promise<void> {
  await client.send("DELETE", path(name), undefined, doneSchema);
  tell(json, { name }, `${name} is removed, with their sessions and tokens`);
}

export async function setRole(client: Client, name: string, role: string, json: boolean): Promise<void> {
  await client.send("PUT", `${path(name)}/role`, { role }, doneSchema);
  tell(json, { name, role }, `${name} is ${role}`);
}

/** One's own, with the old one; or another's, which an owner may. */
export async function setPassword(client: Client, options: ClientOptions, name: string, { passwordFile, oldPasswordFile }: { readonly passwordFile?: string; readonly oldPasswordFile?: string }, json: boolean): Promise<void> {
  const isOwn = (await readSession(options.data, options.api))?.name === name;
  const old = isOwn ? await readPassword(`present password of ${name}: `, oldPasswordFile) : undefined;
  const password = await readNewPassword(name, passwordFile);
  if (old === undefined) await client.send("PUT", `${path(name)}/password`, { password }, doneSchema);
  else await client.send("PUT", "/v1/session/password", { old, password }, doneSchema);
  tell(json, { name }, `${name} has another password; ${isOwn ? "their other" : "their"} sessions have ended`);
}
