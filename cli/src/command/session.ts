/** `holon login|logout` */
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import { connectApi, doneSchema, type ClientOptions } from "../client.ts";
import { provesOwn } from "../machine/own-proof.ts";
import { readPassword } from "../machine/password.ts";
import { forgetSession, keepSession, readSession } from "../machine/sessions.ts";
import { readToken } from "../machine/token.ts";

const loggedInSchema = z.object({ token: z.string(), name: z.string(), role: z.string(), endsAt: z.string() });

export async function logIn(options: ClientOptions, name: string, passwordFile: string | undefined, json: boolean): Promise<void> {
  const isOwn = await isOwnTold(options);
  const password = await readPassword(`password of ${name}: `, passwordFile);
  const client = await connectApi({ ...options, token: "", isOwn });
  const { token, role, endsAt } = await client.send("POST", "/v1/login", { name, password }, loggedInSchema);
  await keepSession(options.data, options.api, { token, name, endsAt, isOwn });
  process.stdout.write(json ? `${JSON.stringify({ name, role, endsAt })}\n` : `${name} is logged in as ${role}, until ${endsAt} or an hour without a call\n`);
}

/** Whether the API is of this data folder, said before a password is typed. A folder without nodes knows nothing of that. */
export async function isOwnTold({ api, data }: ClientOptions): Promise<boolean> {
  if ((await readToken(data)) === undefined) return false;
  const own = await provesOwn(api, data);
  if (!own) process.stderr.write(`What answers at ${api} is no node of ${data}: go on only if it is to be that of another machine.\n`);
  return own;
}

/** The file forgets the session even where control does not know it any more. */
export async function logOut(options: ClientOptions, json: boolean): Promise<void> {
  const held = await readSession(options.data, options.api);
  if (held === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `nobody is logged in at ${options.api} from ${options.data}`);
  try {
    await (await connectApi({ ...options, token: held.token, isOwn: held.isOwn })).send("DELETE", "/v1/session", undefined, doneSchema);
  } catch (error) {
    if (!(error instanceof HolonError && error.code === "HOLON_API_UNAUTHORISED")) throw error;
  }
  await forgetSession(options.data, options.api);
  process.stdout.write(json ? `${JSON.stringify({ name: held.name })}\n` : `${held.name} is logged out\n`);
}
