/** Asks a listener for a certificate: with the first request of a new node, or from one whose certificate is beyond its date. */
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { challengeAnswerSchema } from "@holon/core/identity/chip.ts";
import { identityMethods, issuedSchema, type Enrolment, type InvitationToken, type Issued, type LobbyMethod } from "@holon/core/identity/messages.ts";
import { firstSeries, seriesOver } from "@holon/core/identity/series.ts";
import { limits } from "@holon/core/limits.ts";
import { z } from "zod";
import { fingerprintOf, presentedChain, provenBy, untrusted } from "./certificate.ts";
import { readToken } from "./token.ts";
import type { NodeIdentity } from "../identity.ts";
import { parseAddress, printAddress } from "../net/address.ts";
import { handshake, unreachable, type SecureSocket } from "../net/secure.ts";
import { askPaths } from "../net/wire.ts";

const problemSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), next: z.string() }) });

/** Nobody else tries again, as the link of a node that is enrolled does. */
const notJoined = "This node is not enrolled yet. See that control, or another node of the fleet, listens at that address, and run this again with the same token; `--at` names another address.";

/** Of a folder of before, which does not say by which invitation it was enrolled. */
const joinedBefore = ({ node, site }: Pick<InvitationToken, "node" | "site">): string => `The folder holds a certificate of ${node} of ${site} already: if it came of this token, start the node. If nobody of yours used it, revoke the node that did, and make a new invitation.`;

/** Joins the fleet that the token names, at its address or another listener of the fleet. `HOLON_INVITATION_…`, `HOLON_IDENTITY_UNTRUSTED`, `HOLON_IDENTITY_SERIES`, `HOLON_LINK_UNREACHABLE`. */
export async function enroll(identity: NodeIdentity, tokenText: string, at?: string): Promise<void> {
  const token = readToken(tokenText);
  const address = parseAddress(at ?? token.address, "wss");
  const connected = (): Promise<SecureSocket> =>
    handshake(address, {}, (secure) => {
      const leaf = secure.getPeerX509Certificate();
      const chain = leaf === undefined ? [] : presentedChain(leaf);
      const root = chain.find((certificate) => fingerprintOf(certificate) === token.authority);
      if (root === undefined) throw untrusted("it does not show the authority that the token names");
      const proven = provenBy(chain, root);
      if (proven.series < (token.series ?? firstSeries)) throw seriesOver(`the certificate of ${proven.node}`, proven.series, token.series ?? firstSeries);
      return proven;
    });
  const ask = async (request: Enrolment): Promise<Issued> => askLobby(await connected(), identityMethods.enroll, request, printAddress("wss", address), issuedSchema);
  const held = identity.self();
  const isHere = held?.node === token.node && held.site === token.site && identity.authority() === token.authority;
  const request = await identity.enrolment(token);
  const issued = await ask(request).catch(async (error: unknown) => {
    // A control of before takes no request that names a TPM. Where it is a liar on the way who says so, the next certificate binds the node.
    const isOfBefore = error instanceof HolonError && error.code === "HOLON_IDENTITY_UNTRUSTED" && request.chip !== undefined && !identity.mustBind;
    if (!isOfBefore) throw error;
    return ask(await identity.enrolmentUnbound(token, error));
  }).catch((error: unknown) => {
    if (!(error instanceof HolonError)) throw error;
    const next = error.code === "HOLON_LINK_UNREACHABLE" ? notJoined : error.code === "HOLON_INVITATION_USED" && isHere ? joinedBefore(token) : undefined;
    throw next === undefined ? error : new HolonError(error.code, error.message, { cause: error, next });
  });
  await identity.adoptFirst(issued, token);
}

/** The same with control in this process. */
export async function enrollThrough(identity: NodeIdentity, tokenText: string, ask: (request: Enrolment) => Promise<Issued>): Promise<void> {
  const token = readToken(tokenText);
  await identity.adoptFirst(await ask(await identity.enrolment(token)), token);
}

/** The next certificate of a node that is not let in with the one it has: each question over a connection of its own. `HOLON_CHIP_…`, `HOLON_IDENTITY_…`, `HOLON_LINK_UNREACHABLE`. */
export function renewAt(identity: NodeIdentity, connected: () => Promise<SecureSocket>, at: string): Promise<void> {
  const before = identity.credentials().chainPem;
  return identity.renewing(async () => {
    if (identity.credentials().chainPem === before) await renewNow(identity, connected, at); // else another neighbour was asked meanwhile
  });
}

async function renewNow(identity: NodeIdentity, connected: () => Promise<SecureSocket>, at: string): Promise<void> {
  const challenge = async (): Promise<string> => (await askLobby(await connected(), identityMethods.challenge, {}, at, challengeAnswerSchema)).nonce;
  const request = await identity.renewal(challenge);
  await identity.adopt(await askLobby(await connected(), identityMethods.renew, request, at, issuedSchema));
}

/** One request over a connection that is then closed. `HOLON_LINK_UNREACHABLE`, or what the other end answers. */
function askLobby<Answer>({ secure, raw }: SecureSocket, method: LobbyMethod, body: unknown, at: string, schema: z.ZodType<Answer>): Promise<Answer> {
  const { request } = process.getBuiltinModule("node:http");
  const text = JSON.stringify(body);
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = request({ createConnection: () => secure, method: "POST", path: askPaths[method], headers: { host: "holon", "content-type": "application/json", "content-length": Buffer.byteLength(text), connection: "close" } });
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer in ${limits.handshakeMs} ms`)), limits.handshakeMs);
    outgoing.once("close", () => clearTimeout(timer));
    outgoing.once("error", (cause) => reject(unreachable(at, cause.message, cause)));
    outgoing.once("response", (response) => {
      const pieces: Buffer[] = [];
      let sizeBytes = 0;
      const brokeOff = (cause?: Error): void => reject(unreachable(at, "its answer broke off", cause));
      response.once("error", brokeOff);
      response.once("close", () => void (response.complete || brokeOff()));
      response.on("data", (piece: Buffer) => {
        sizeBytes += piece.length;
        if (sizeBytes > limits.lobbyBytesMax) outgoing.destroy(new Error(`its answer is larger than ${limits.lobbyBytesMax} bytes`));
        else pieces.push(piece);
      });
      response.once("end", () => {
        try {
          resolve(answerOf(response.statusCode ?? 0, Buffer.concat(pieces).toString(), at, schema));
        } catch (error) {
          reject(error);
        }
      });
    });
    outgoing.end(text);
  }).finally(() => {
    secure.destroy();
    raw.destroy();
  });
}

function answerOf<Answer>(status: number, text: string, at: string, schema: z.ZodType<Answer>): Answer {
  const parsed = parseJson(text);
  if (status === 200) {
    const answer = schema.safeParse(parsed);
    if (answer.success) return answer.data;
    throw unreachable(at, "its answer is not what was asked for");
  }
  if (status === 404) throw new HolonError("HOLON_CALL_UNKNOWN", `${at} is of a version that is not asked for that`);
  const problem = problemSchema.safeParse(parsed);
  if (!problem.success || !isErrorCode(problem.data.error.code)) throw unreachable(at, `it answers with HTTP ${status}`);
  const { code, message, next } = problem.data.error;
  throw new HolonError(code, message, { next });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told as no answer of ours
  }
}
