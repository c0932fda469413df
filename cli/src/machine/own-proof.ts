/** Whether what answers at an address is an API of this data folder. A port is anybody's on this machine once the node that had it has ended, and so is what stands in the file that it left. */
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { HolonError } from "@holon/core/errors.ts";
import { endOf, proofAnswerSchema, proofOf, proofPath } from "@holon/platform/http/proof.ts";
import { isSameSecret } from "@holon/platform/secret.ts";
import { noAnswer } from "../no-answer.ts";
import { readToken } from "./token.ts";

const answerMsMost = 10_000;
const answerBytesMax = 4_096;

/** Asked anew before each call: the node may have ended since the last one. Resolves with the address that proved it, its name resolved. `HOLON_API_UNREACHABLE`, `HOLON_API_TIMEOUT`, `HOLON_API_UNPROVED`. */
export async function requireOwn(api: string, data: string, answerMs = answerMsMost): Promise<string> {
  const token = await readToken(data);
  const unproved = (why: string): HolonError => new HolonError("HOLON_API_UNPROVED", `what answers at ${api} ${why}: no token of ${data} is shown there`);
  if (token === undefined) throw unproved("cannot be told from others, since the folder holds no token");
  const nonce = randomBytes(24).toString("base64url");
  const { at, host, text } = await ask(api, `${proofPath}?nonce=${nonce}`, answerMs);
  const answer = proofAnswerSchema.safeParse(jsonOf(text));
  if (!answer.success || !isSameSecret(answer.data.proof, proofOf(token, nonce, at))) throw unproved("does not prove that it is a node of this data folder");
  const proved = new URL(api);
  proved.hostname = host;
  return proved.href;
}

/** Whether it is. `HOLON_API_UNREACHABLE`, `HOLON_API_TIMEOUT`. */
export async function provesOwn(api: string, data: string): Promise<boolean> {
  try {
    await requireOwn(api, data);
    return true;
  } catch (error) {
    if (error instanceof HolonError && error.code === "HOLON_API_UNPROVED") return false;
    throw error;
  }
}

interface Answer {
  /** The other end of the connection, as the API sees its own. */
  readonly at: string;
  readonly host: string;
  readonly text: string;
}

function ask(api: string, path: string, answerMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = AbortSignal.timeout(answerMs);
    const unanswered = (cause: unknown): void => reject(noAnswer({ api, waitedMs: answerMs }, ended.aborted ? ended.reason : cause));
    const outgoing = request(new URL(path, api), { agent: false, signal: ended }, (response) => {
      const { remoteAddress = "", remotePort } = response.socket;
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        if (text.length > answerBytesMax) response.destroy(); // no answer of ours
      });
      response.once("close", () => ended.aborted ? unanswered(ended.reason) : resolve({ at: endOf(remoteAddress, remotePort), host: remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress, text }));
      response.on("error", () => undefined); // what came by then is judged
    });
    outgoing.once("error", unanswered);
    outgoing.end();
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}
