/** `holon node shell|signer`, `holon approval sign`: a shell on a node, wanted by two people whose keys the node's own configuration names. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createInterface } from "node:readline/promises";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { grantSchema, grantWords, heardAbout, inputWords, shellHeardSchema, signedBySchema, type ShellGrant } from "@holon/core/diagnosis/shell.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { makeSessionKeys, makeSigner, readSigner, type SessionKeys } from "@holon/platform/diagnostics/keys.ts";
import { z } from "zod";
import { connectApi, doneSchema, type Client, type ClientOptions } from "../client.ts";
import { spanOf } from "../machine/span.ts";
import type { CommonOptions } from "../program/api.ts";

export interface SignerOptions {
  readonly key: string;
  readonly as: string;
}
export interface ShellOptions extends CommonOptions, SignerOptions {
  readonly because: string;
  readonly wait: string;
}

const openedSchema = z.object({ id: z.string() });
const approvalsSchema = z.object({ approvals: z.array(z.looseObject({ id: z.string(), who: z.string(), body: z.unknown().optional() })) });

/** Makes a person's key: the file is theirs alone. */
export async function makeShellKey(file: string, json: boolean): Promise<void> {
  const { privatePem, publicKey } = makeSigner();
  await writeFile(file, privatePem, { flag: "wx", mode: 0o600 }).catch((cause: unknown) => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${file} cannot be made`, { cause, next: "Name a file that is not there yet." });
  });
  process.stdout.write(json ? `${JSON.stringify({ file, publicKey })}\n` : `${publicKey}\n`);
}

const signerIn = async (file: string): Promise<ReturnType<typeof readSigner>> =>
  readSigner(
    await readFile(file, "utf8").catch((cause: unknown) => {
      throw new HolonError("HOLON_ARGUMENT_BAD", `${file} cannot be read`, { cause, next: "Make a key with `holon node signer FILE`." });
    }),
  );

/** What the other person wants, shown and signed. */
export async function signApproval(options: ClientOptions, id: string, { key, as }: SignerOptions, json: boolean): Promise<void> {
  const client = await connectApi(options);
  const asked = (await client.get("/v1/approvals", approvalsSchema)).approvals.find((approval) => approval.id === id);
  const grant = z.looseObject({ grant: grantSchema }).safeParse(asked?.body).data?.grant;
  if (asked === undefined || grant === undefined) throw new HolonError("HOLON_APPROVAL_BAD", `${id} asks for no shell that could be signed`);
  process.stderr.write(`${asked.who} wants a shell on ${grant.node} until ${grant.until}: ${grant.because}\n`);
  const signature = (await signerIn(key)).sign(grantWords(grant));
  await client.send("POST", `/v1/approvals/${encodeURIComponent(id)}/sign`, signedBySchema.parse({ signer: as, signature }), doneSchema);
  process.stdout.write(json ? `${JSON.stringify({ id, node: grant.node })}\n` : `${id} is signed\n`);
}

/** Lines of stdin go in, what it says comes out, until either ends. */
export async function openShell(options: ClientOptions, node: string, { key, as, because, wait }: ShellOptions, ended: AbortSignal): Promise<void> {
  const client = await connectApi(options);
  const signer = await signerIn(key);
  const keys = makeSessionKeys(randomBytes);
  const grant: ShellGrant = { node, id: randomBytes(8).toString("hex"), because, sessionKey: keys.sessionKey, boxKey: keys.boxKey, until: new Date(Date.now() + diagnosisBounds.shellGrantMs - 60_000).toISOString() };
  const body = { grant, signature: { signer: as, signature: signer.sign(grantWords(grant)) } };
  const path = `/v1/nodes/${encodeURIComponent(node)}/shell`;
  await opened(client, path, body, Date.now() + spanOf(wait, "--wait"), ended);
  const session = `${path}/${grant.id}`;
  process.stderr.write(`a shell on ${node} is open; all of it is recorded there. End it with exit.\n`);
  const lines = createInterface({ input: process.stdin, terminal: false });
  const failed = new AbortController();
  try {
    const typing = typeLines(lines, grant.id, keys, (input) => client.send("POST", session, input, doneSchema), () => failed.signal.aborted).catch((error: unknown) => failed.abort(error));
    await hear(client, session, grant.id, keys, AbortSignal.any([ended, failed.signal]));
    if (process.stdin.isTTY !== true) await Promise.race([typing, sleep(typedMs)]); // what it makes of a line is known a moment later
    failed.signal.throwIfAborted();
  } finally {
    failed.abort();
    lines.close();
    await client.send("POST", `${session}/close`, undefined, doneSchema).catch((error: unknown) => {
      if (toHolonError(error).code !== "HOLON_SHELL_ENDED") throw error;
    });
  }
}

/** Asks again until somebody else has approved. */
async function opened(client: Client, path: string, body: unknown, untilMs: number, ended: AbortSignal): Promise<void> {
  for (let told = false; ; told = true) {
    try {
      await client.send("POST", path, body, openedSchema);
      return;
    } catch (error) {
      const { code, message } = toHolonError(error);
      if (code !== "HOLON_APPROVAL_PENDING" || Date.now() > untilMs || ended.aborted) throw error;
      if (!told) process.stderr.write(`${message}\nnext: have another person run \`holon approval sign ${/waits as (\w+)/.exec(message)?.[1] ?? "ID"} --key FILE --as NAME\`; this command waits.\n`);
      await sleep(askAgainMs);
    }
  }
}

/**
 * Each in its turn, and `exit` after the last, also where a line before looked like one: it may stand in a branch that was not taken. That the shell has ended is no failure behind the last line, or behind an `exit` of its own;
 * before it, the rest was not run.
 */
export async function typeLines(lines: AsyncIterable<string>, id: string, keys: Pick<SessionKeys, "sign">, send: (input: { readonly sequence: number; readonly text: string; readonly signature: string }) => Promise<unknown>, isOver: () => boolean): Promise<void> {
  let sequence = 0;
  let mayEnd = false;
  const type = async (line: string): Promise<void> => {
    const text = `${line}\n`;
    sequence += 1;
    await send({ sequence, text, signature: keys.sign(inputWords(id, sequence, text)) }).catch((error: unknown) => {
      if (toHolonError(error).code !== "HOLON_SHELL_ENDED") throw error;
      if (!mayEnd) throw new HolonError("HOLON_SHELL_ENDED", `the shell ended before line ${sequence} was typed into it: what comes from there on was not run`, { cause: error });
    });
    mayEnd ||= /^exit( \d+)?\s*$/.test(line);
  };
  for await (const line of lines) {
    if (isOver()) return;
    await type(line);
  }
  mayEnd = true;
  if (!isOver()) await type("exit");
}

async function hear(client: Client, session: string, id: string, keys: SessionKeys, ended: AbortSignal): Promise<void> {
  for (let next = 1; !ended.aborted; next++) {
    const heard = await client.send("POST", `${session}/output?waitMs=5000`, undefined, shellHeardSchema).catch((error: unknown) => {
      if (toHolonError(error).code === "HOLON_SHELL_ENDED") return undefined;
      throw error;
    });
    if (heard === undefined) return;
    if (heard.number !== next) throw new HolonError("HOLON_SHELL_UNSIGNED", `output ${next} of the shell did not come, ${heard.number} did`, { next: "End it, and look at who carries it." });
    process.stdout.write(keys.open(heard.enc, heard.sealed, heardAbout(id, heard.number)));
    if (!heard.isOpen) return;
  }
}

const askAgainMs = 1_000;
const typedMs = 5_000;
