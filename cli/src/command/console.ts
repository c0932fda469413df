/** `holon console`: where a browser finds the console, with what it shows to the API where that is the machine's token. */
import { connectApi, type ClientOptions } from "../client.ts";
import { readToken } from "../machine/token.ts";
import { z } from "zod";

/** The token stands behind `#`, which a browser keeps to itself; the page takes it out of the address at once. */
export const consoleAddress = (api: string, token: string): string => `${api.replace(/\/$/, "")}/#token=${encodeURIComponent(token)}`;

export async function showConsole(options: ClientOptions, json: boolean): Promise<void> {
  const token = await readToken(options.data);
  const client = await connectApi(options);
  await client.get("/v1/health", z.looseObject({ ok: z.literal(true) }));
  const address = token === undefined ? `${options.api.replace(/\/$/, "")}/` : consoleAddress(options.api, token);
  process.stdout.write(json ? `${JSON.stringify({ address })}\n` : `${address}\n`);
}
