/** `holon function list|failed|replay|release`: what functions of a node do, what they could not handle, and the ways to try it again. */
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import type { ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { printTable } from "../table.ts";
import { elasticSchema, elasticText } from "../view/elastic.ts";

const functionsSchema = z.object({
  functions: z.array(
    z.looseObject({
      app: z.string(),
      name: z.string(),
      state: z.string(),
      handled: z.number(),
      emitted: z.number(),
      lag: z.number(),
      restarts: z.number(),
      failed: z.number(),
      status: z.string().nullish(),
      problem: z.object({ code: z.string() }).nullish(),
      elastic: elasticSchema.optional(),
    }),
  ),
  sandboxes: z.looseObject({ warm: z.number(), places: z.number(), busy: z.number(), waiting: z.number(), coldStarts: z.number() }).nullish(),
});

export async function listFunctions(options: ClientOptions, node: string | undefined, json: boolean): Promise<void> {
  const client = await connectNode(options, node);
  const { functions, sandboxes } = await client.get("/v1/functions", functionsSchema);
  if (json) return void process.stdout.write(`${JSON.stringify({ functions, sandboxes })}\n`);
  const rows = functions.map(({ app, name, state, handled, emitted, lag, restarts, failed, status, problem }) => [`${app}/${name}`, state, `${handled}`, `${emitted}`, `${lag}`, `${restarts}`, `${failed}`, problem?.code ?? status ?? ""]);
  process.stdout.write(`${printTable(["FUNCTION", "STATE", "HANDLED", "EMITTED", "LAG", "RESTARTS", "FAILED", "STATUS"], rows)}\n`);
  for (const { app, name, elastic } of functions) if (elastic !== undefined) process.stderr.write(`${app}/${name}: ${elasticText(elastic)}\n`);
  if (sandboxes !== undefined && sandboxes !== null) process.stderr.write(`${sandboxes.warm} of ${sandboxes.places} sandboxes are warm, ${sandboxes.busy} at work, ${sandboxes.waiting} calls wait; ${sandboxes.coldStarts} cold starts\n`);
}

const failedSchema = z.object({ failed: z.array(z.looseObject({ app: z.string(), function: z.string(), event: z.string(), code: z.string(), message: z.string(), attempts: z.number(), atMs: z.number() })) });

export async function listFailed(options: ClientOptions, node: string | undefined, json: boolean): Promise<void> {
  const client = await connectNode(options, node);
  const { failed } = await client.get("/v1/functions/failed", failedSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(failed)}\n`);
  const rows = failed.map((row) => [`${row.app}/${row.function}`, row.event, new Date(row.atMs).toISOString(), `${row.attempts}`, row.code, row.message]);
  process.stdout.write(`${printTable(["FUNCTION", "EVENT", "SET ASIDE", "ATTEMPTS", "CODE", "REASON"], rows)}\n`);
}

/** `name` is `app/function`; without it all of them. */
export async function replayFailed(options: ClientOptions, name: string | undefined, choice: { readonly node?: string; readonly event?: string; readonly json?: boolean }): Promise<void> {
  const client = await connectNode(options, choice.node);
  const [app, fn] = partsOf(name);
  const body = { ...(app === undefined ? {} : { app }), ...(fn === undefined ? {} : { function: fn }), ...(choice.event === undefined ? {} : { event: choice.event }) };
  const { replayed } = await client.send("POST", "/v1/functions/replay", body, z.object({ replayed: z.number() }));
  process.stdout.write(choice.json === true ? `${JSON.stringify({ replayed })}\n` : `${replayed} event${replayed === 1 ? " is" : "s are"} handed over again\n`);
}

/** `name` is `app/function`, or an app; without it all that are held back. */
export async function releaseHeld(options: ClientOptions, name: string | undefined, choice: { readonly node?: string; readonly json?: boolean }): Promise<void> {
  const client = await connectNode(options, choice.node);
  const [app, fn] = partsOf(name);
  const { released } = await client.send("POST", "/v1/functions/release", { ...(app === undefined ? {} : { app }), ...(fn === undefined ? {} : { function: fn }) }, z.object({ released: z.number() }));
  process.stdout.write(choice.json === true ? `${JSON.stringify({ released })}\n` : `${released} function${released === 1 ? "" : "s"} held back ${released === 1 ? "starts" : "start"} again\n`);
}

/** An app and its function; either may be left out from behind. `HOLON_UNIT_UNKNOWN`. */
function partsOf(name: string | undefined): readonly (string | undefined)[] {
  const parts = name?.split("/") ?? [];
  if (parts.length > 2 || parts.includes("")) throw new HolonError("HOLON_UNIT_UNKNOWN", `${name} is no function: one is named app/function`);
  return parts;
}
