/** `holon login|logout` */
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import { connectApi, doneSchema, type ClientOptions } from "../client.ts";
import { readPassword } from "../machine/password.ts";
import { forgetSession, keepSession, readSession } from "../machine/sessions.ts";

const loggedInSchema = z.object({ token: z.string(), name: z.string(), role: z.string(), endsAt: z.string() });

export async function logIn(options: ClientOptions, name: string, passwordFile: string | undefined, json: boolean): Promise<void> {
  const password = await readPassword(`password of ${name}: `, passwordFile);
  const client = await connectApi(options);
  const { token, role, endsAt } = await client.send("POST", "/v1/login", { name, password }, loggedInSchema);
  await keepSession(options.data, options.api, { token, name, endsAt });
  process.stdout.write(json ? `${JSON.stringify({ name, role, endsAt })}\n` : `${name} is logged in as ${role}, until ${endsAt} or an hour without a call\n`);
}

/** The file forgets the session even where control does not know it any more. */
export async function logOut(options: ClientOptions, json: boolean): Promise<void> {
  const held = await readSession(options.data, options.api);
  if (held === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `nobody is logged in at ${options.api} from ${options.data}`);
  try {
    await (await connectApi({ ...options, token: held.token })).send("DELETE", "/v1/session", undefined, doneSchema);
  } catch (error) {
    if (!(error instanceof HolonError && error.code === "HOLON_API_UNAUTHORISED")) throw error;
  }
  await forgetSession(options.data, options.api);
  process.stdout.write(json ? `${JSON.stringify({ name: held.name })}\n` : `${held.name} is logged out\n`);
}
