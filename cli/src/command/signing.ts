/** `holon node signer`, `holon approval sign`: what two people sign for a node with keys that its own configuration names. */
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { adoptionWords, adoptWantedSchema } from "@holon/core/diagnosis/adoption.ts";
import { grantSchema, grantWords } from "@holon/core/diagnosis/shell.ts";
import { signedBySchema } from "@holon/core/diagnosis/signed-by.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { makeSigner, readSigner } from "@holon/platform/diagnostics/keys.ts";
import { z } from "zod";
import { connectApi, doneSchema, type ClientOptions } from "../client.ts";

export interface SignerOptions {
  readonly key: string;
  readonly as: string;
}

const askedSchema = z.looseObject({ id: z.string(), who: z.string(), params: z.record(z.string(), z.string()), body: z.unknown().optional() });
const approvalsSchema = z.object({ approvals: z.array(askedSchema) });

/** Makes a person's key: the file is theirs alone. */
export async function makeSignerKey(file: string, json: boolean): Promise<void> {
  const { privatePem, publicKey } = makeSigner();
  await writeFile(file, privatePem, { flag: "wx", mode: 0o600 }).catch((cause: unknown) => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${file} cannot be made`, { cause, next: "Name a file that is not there yet." });
  });
  process.stdout.write(json ? `${JSON.stringify({ file, publicKey })}\n` : `${publicKey}\n`);
}

export const signerIn = async (file: string): Promise<ReturnType<typeof readSigner>> =>
  readSigner(
    await readFile(file, "utf8").catch((cause: unknown) => {
      throw new HolonError("HOLON_ARGUMENT_BAD", `${file} cannot be read`, { cause, next: "Make a key with `holon node signer FILE`." });
    }),
  );

/** What the other person wants, shown and signed. */
export async function signApproval(options: ClientOptions, id: string, { key, as }: SignerOptions, json: boolean): Promise<void> {
  const client = await connectApi(options);
  const asked = (await client.get("/v1/approvals", approvalsSchema)).approvals.find((approval) => approval.id === id);
  const wanted = asked && (shellOf(asked) ?? adoptionOf(asked));
  if (asked === undefined || wanted === undefined) throw new HolonError("HOLON_APPROVAL_BAD", `${id} asks for nothing that could be signed`, { next: "See `holon approval list`; what is not to be signed is approved with `holon approval approve`." });
  process.stderr.write(`${asked.who} ${wanted.text}\n`);
  const signature = (await signerIn(key)).sign(wanted.words);
  await client.send("POST", `/v1/approvals/${encodeURIComponent(id)}/sign`, signedBySchema.parse({ signer: as, signature }), doneSchema);
  process.stdout.write(json ? `${JSON.stringify({ id, node: wanted.node })}\n` : `${id} is signed\n`);
}

interface Wanted {
  readonly node: string;
  readonly words: Uint8Array;
  readonly text: string;
}

function shellOf({ body }: z.infer<typeof askedSchema>): Wanted | undefined {
  const grant = z.looseObject({ grant: grantSchema }).safeParse(body).data?.grant;
  return grant && { node: grant.node, words: grantWords(grant), text: `wants a shell on ${grant.node} until ${grant.until}: ${grant.because}` };
}

function adoptionOf({ params, body }: z.infer<typeof askedSchema>): Wanted | undefined {
  const { because, found, signed } = adoptWantedSchema.safeParse(body).data ?? {};
  const node = params["node"];
  if (node === undefined || because === undefined || found === undefined || signed === undefined) return undefined;
  const { id, until } = signed;
  return { node, words: adoptionWords({ node, id, until, because, found }), text: `wants what ${node} was found to be made of adopted, ${found}, until ${until}: ${because}` };
}

/** Asks again until somebody else has signed. */
export async function untilSigned<T>(ask: () => Promise<T>, untilMs: number, ended: AbortSignal): Promise<T> {
  /** Another rule may want another approval once the first is there. */
  const told = new Set<string>();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const { code, message } = toHolonError(error);
      if (code !== "HOLON_APPROVAL_PENDING" || Date.now() > untilMs || ended.aborted) throw error;
      const id = /waits as (\w+)/.exec(message)?.[1] ?? "ID";
      if (!told.has(id)) process.stderr.write(`${message}\nnext: have another person run \`holon approval sign ${id} --key FILE --as NAME\`; this command waits.\n`);
      told.add(id);
      await sleep(askAgainMs);
    }
  }
}

const askAgainMs = 1_000;
