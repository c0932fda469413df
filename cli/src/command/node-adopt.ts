/** `holon node adopt`: what a node was found to be made of is what it is to be made of from now on. */
import { randomBytes } from "node:crypto";
import { adoptAnswerSchema, adoptionWords, type AdoptWanted } from "@holon/core/diagnosis/adoption.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { HolonError } from "@holon/core/errors.ts";
import { heldText } from "@holon/core/diagnosis/findings.ts";
import { heldRowSchema } from "@holon/core/measure/held.ts";
import { z } from "zod";
import { connectApi, type Client, type ClientOptions } from "../client.ts";
import { spanOf } from "../machine/span.ts";
import type { CommonOptions } from "../program/api.ts";
import { printTable } from "../table.ts";
import { signerIn, untilSigned } from "./signing.ts";

export interface AdoptOptions extends CommonOptions {
  readonly because: string;
  readonly found?: string;
  readonly key?: string;
  readonly as?: string;
  readonly wait: string;
}

const measuredSchema = z.looseObject({ altered: adoptAnswerSchema.shape.altered, held: heldRowSchema.optional(), digests: z.object({ adopted: z.string(), found: z.string() }).optional() });
const statusSchema = z.looseObject({ node: z.string(), measured: measuredSchema.optional() });

/** Adopts what the node tells at this moment, or what was seen before (`--found`), and nothing that was changed since. */
export async function adoptNode(options: ClientOptions, node: string, more: AdoptOptions, ended: AbortSignal): Promise<void> {
  if ((more.key === undefined) !== (more.as === undefined)) throw new HolonError("HOLON_ARGUMENT_BAD", "who signs says with which key and under which name: --key and --as");
  const client = await connectApi(options);
  const found = more.found ?? (await foundOn(client, node, more.json === true));
  if (!/^[0-9a-f]{64}$/.test(found)) throw new HolonError("HOLON_ARGUMENT_BAD", `--found is the hash that \`holon node show ${node}\` tells, not ${found}`);
  const wanted: AdoptWanted = { because: more.because, found, ...(more.key === undefined || more.as === undefined ? {} : { signed: await signedBy(more.key, more.as, { node, because: more.because, found }) }) };
  const { files, altered } = await untilSigned(() => client.send("POST", `/v1/nodes/${encodeURIComponent(node)}/adopt`, wanted, adoptAnswerSchema, { waitMs: measuredMs }), wanted.signed === undefined ? 0 : Date.now() + spanOf(more.wait, "--wait"), ended);
  process.stdout.write(more.json === true ? `${JSON.stringify({ node, files, found, altered })}\n` : `adopted for ${node}: ${files} files, ${altered.length} of them otherwise than before; nothing is held back\n`);
}

/** For a quarter of an hour at most, by the node's clock: a minute less, as clocks differ. */
async function signedBy(key: string, signer: string, what: { readonly node: string; readonly because: string; readonly found: string }): Promise<NonNullable<AdoptWanted["signed"]>> {
  const id = randomBytes(8).toString("hex");
  const until = new Date(Date.now() + diagnosisBounds.shellGrantMs - 60_000).toISOString();
  return { id, until, signature: { signer, signature: (await signerIn(key)).sign(adoptionWords({ ...what, id, until })) } };
}

/** The node measures all of itself anew before it answers. */
const measuredMs = diagnosisBounds.askMs + 5_000;

async function foundOn(client: Client, node: string, quietly: boolean): Promise<string> {
  const { measured } = await statusOf(client, node);
  const found = measured?.held?.found ?? measured?.digests?.found;
  if (measured === undefined || found === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `nothing was adopted of ${node} before, or it has not measured yet`, { next: "On its machine: `holon node measure FILE --adopt --because TEXT`." });
  if (quietly) return found;
  if (measured.held !== undefined) process.stderr.write(`${node}: ${heldText(measured.held)}\n`);
  if (measured.altered.length > 0) process.stderr.write(`${printTable(["FILE", "ADOPTED", "FOUND"], measured.altered.map(({ what, expected, found: is }) => [what, expected?.slice(0, 16) ?? "-", is?.slice(0, 16) ?? "-"]))}\n`);
  return found;
}

/** Of the node at whose API it is asked, or of one that it knows. */
async function statusOf(client: Client, node: string): Promise<z.infer<typeof statusSchema>> {
  const own = await client.get("/v1/status", statusSchema);
  return own.node === node ? own : (await client.get(`/v1/nodes/${encodeURIComponent(node)}/status`, z.looseObject({ status: statusSchema }))).status;
}
