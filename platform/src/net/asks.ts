/** What a listener answers to those who have no link yet: it passes requests for certificates on, a few at a time, and nothing else. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { challengeSchema } from "@holon/core/identity/chip.ts";
import { enrolmentSchema, identityMethods, renewalSchema, type LobbyMethod } from "@holon/core/identity/messages.ts";
import { limits } from "@holon/core/limits.ts";
import type { Lobby } from "@holon/core/ports.ts";
import type { NodeIdentity } from "../identity.ts";
import { peerOf } from "./admit.ts";
import { askPaths } from "./wire.ts";

const schemas = { [identityMethods.enroll]: enrolmentSchema, [identityMethods.renew]: renewalSchema, [identityMethods.challenge]: challengeSchema } as const;
const lobbyMethods = [identityMethods.enroll, identityMethods.renew, identityMethods.challenge] as const;

export function serveAsks(identity: NodeIdentity, lobby: Lobby | undefined): (request: IncomingMessage, response: ServerResponse) => void {
  let asked = 0;

  async function answer(request: IncomingMessage, method: LobbyMethod, doors: Lobby): Promise<unknown> {
    // Whoever asks for the next certificate has one of this fleet, and proves its key in the handshake; its date is not looked at, nor its series: control knows to whom it gave one.
    if (method !== identityMethods.enroll && request.socket instanceof TLSSocket) identity.revocationsHeld.requireValid(peerOf(request.socket, identity));
    const parsed = schemas[method].safeParse(parseJson(await bodyOf(request)));
    if (!parsed.success) throw new HolonError("HOLON_IDENTITY_UNTRUSTED", "the request for a certificate does not parse");
    if (asked >= limits.lobbyAsksMax) throw new HolonError("HOLON_CALL_BUSY", "too many requests for certificates are on their way");
    asked += 1;
    try {
      return await doors.ask(method, parsed.data);
    } finally {
      asked -= 1;
    }
  }

  return (request, response) => {
    const method = lobbyMethods.find((name) => askPaths[name] === request.url);
    response.on("error", () => response.destroy());
    if (method === undefined || request.method !== "POST" || lobby === undefined) return void response.writeHead(404, { connection: "close" }).end();
    answer(request, method, lobby).then(
      (body) => end(response, 200, body),
      (error: unknown) => end(response, statusOf(error), { error: toHolonError(error).toJSON() }),
    );
  };
}

function end(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { connection: "close", "content-type": "application/json" }).end(JSON.stringify(body));
}

const statusOf = (error: unknown): number => (error instanceof HolonError && error.retriable ? 503 : 403);

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request) {
    if (!(piece instanceof Buffer)) continue;
    sizeBytes += piece.length;
    if (sizeBytes > limits.lobbyBytesMax) throw new HolonError("HOLON_CALL_TOO_LARGE", `a request for a certificate is larger than ${limits.lobbyBytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}
