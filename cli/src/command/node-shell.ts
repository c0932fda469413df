/** `holon node shell`: a shell on a node, wanted by two people whose keys the node's own configuration names. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createInterface } from "node:readline/promises";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { grantWords, heardAbout, inputWords, shellHeardSchema, type ShellGrant } from "@holon/core/diagnosis/shell.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { makeSessionKeys, type SessionKeys } from "@holon/platform/diagnostics/keys.ts";
import { z } from "zod";
import { connectApi, doneSchema, type Client, type ClientOptions } from "../client.ts";
import { spanOf } from "../machine/span.ts";
import type { CommonOptions } from "../program/api.ts";
import { signerIn, untilSigned, type SignerOptions } from "./signing.ts";

export interface ShellOptions extends CommonOptions, SignerOptions {
  readonly because: string;
  readonly wait: string;
}

const openedSchema = z.object({ id: z.string() });

/** Lines of stdin go in, what it says comes out, until either ends. */
export async function openShell(options: ClientOptions, node: string, { key, as, because, wait }: ShellOptions, ended: AbortSignal): Promise<void> {
  const client = await connectApi(options);
  const signer = await signerIn(key);
  const keys = makeSessionKeys(randomBytes);
  const grant: ShellGrant = { node, id: randomBytes(8).toString("hex"), because, sessionKey: keys.sessionKey, boxKey: keys.boxKey, until: new Date(Date.now() + diagnosisBounds.shellGrantMs - 60_000).toISOString() };
  const body = { grant, signature: { signer: as, signature: signer.sign(grantWords(grant)) } };
  const path = `/v1/nodes/${encodeURIComponent(node)}/shell`;
  await untilSigned(() => client.send("POST", path, body, openedSchema), Date.now() + spanOf(wait, "--wait"), ended);
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

const typedMs = 5_000;
