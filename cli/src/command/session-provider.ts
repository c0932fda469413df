/**
 * `holon login` without a name: with an identity provider, by a browser on this machine (RFC 8252, section 7.3), or by one elsewhere, whose last address is pasted here.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline/promises";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { z } from "zod";
import { connectApi, type ClientOptions } from "../client.ts";
import { keepSession } from "../machine/sessions.ts";
import { isOwnTold } from "./session.ts";

export interface ProviderLogin {
  /** A browser elsewhere is used: its last address comes from the keyboard, or stdin. */
  readonly paste?: boolean;
  /** The port to which the browser is sent back; without it the system chooses. */
  readonly port?: string;
}

const waysSchema = z.object({ provider: z.string().nullable() });
const begunSchema = z.object({ url: z.string(), handle: z.string(), endsAt: z.string() });
const loggedInSchema = z.object({ token: z.string(), name: z.string(), role: z.string(), endsAt: z.string() });

export async function logInWithProvider(options: ClientOptions, { paste, port }: ProviderLogin, json: boolean): Promise<void> {
  const isOwn = await isOwnTold(options);
  const client = await connectApi({ ...options, token: "", isOwn });
  const { provider } = await client.get("/v1/login", waysSchema);
  if (provider === null) throw new HolonError("HOLON_PROVIDER_MISSING", `${options.api} knows no identity provider`, { next: "Log in with an account of control: `holon login NAME`." });
  const way = paste === true ? pasted(portOf(port)) : await listenForBrowser(portOf(port));
  try {
    const { url, handle, endsAt } = await client.send("POST", "/v1/login/provider", { redirect: way.redirect }, begunSchema);
    process.stderr.write(`open this in a browser${paste === true ? ", and paste the address that it ends at, also if nothing is there" : " on this machine"}:\n${url}\n`);
    const answer = readAnswer(await withDeadline(way.cameBack, endsAt), provider);
    const { token, name, role, endsAt: sessionEndsAt } = await client.send("POST", "/v1/login/provider/answer", { handle, ...answer }, loggedInSchema);
    await keepSession(options.data, options.api, { token, name, endsAt: sessionEndsAt, isOwn });
    process.stdout.write(json ? `${JSON.stringify({ name, role, endsAt: sessionEndsAt })}\n` : `${name} is logged in as ${role}, until ${sessionEndsAt} or an hour without a call\n`);
  } finally {
    way.close();
  }
}

interface Way {
  readonly redirect: string;
  /** The address with which the browser comes back. */
  readonly cameBack: () => Promise<URL>;
  close(): void;
}

const path = "/holon";

/** Listens on loopback for one request. Anything but the answer is not there. */
async function listenForBrowser(port: number): Promise<Way> {
  const { promise, resolve } = Promise.withResolvers<URL>();
  const server = createServer({ requestTimeout: limits.handshakeMs, headersTimeout: limits.handshakeMs }, (request, response) => take(request, response, resolve));
  server.maxConnections = 8;
  await new Promise<void>((listening, failed) => {
    server.once("error", (cause) => failed(new HolonError("HOLON_PORT_TAKEN", `no browser can be sent back to port ${port}`, { cause, next: "Name another with --port, or use --paste." })));
    server.listen(port, "127.0.0.1", listening);
  });
  const { port: bound } = server.address() as AddressInfo; // of a TCP server that listens
  return { redirect: `http://127.0.0.1:${bound}${path}`, cameBack: () => promise, close: () => (server.close(), server.closeAllConnections()) };
}

function take(request: IncomingMessage, response: ServerResponse, cameBack: (url: URL) => void): void {
  const url = URL.parse(request.url ?? "", "http://127.0.0.1");
  const isAnswer = request.method === "GET" && url?.pathname === path && url.searchParams.has("state");
  response.writeHead(isAnswer ? 200 : 404, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", "referrer-policy": "no-referrer", connection: "close" });
  response.end(isAnswer ? "Go back to the command: it says whether you are logged in. This page may be closed.\n" : "There is nothing here.\n");
  if (isAnswer && url !== null) cameBack(url);
}

const pastePort = 8_400;

function pasted(port: number): Way {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const line = (): Promise<string> => new Promise((resolve) => {
    lines.once("line", resolve);
    lines.once("close", () => resolve(""));
  });
  return {
    redirect: `http://127.0.0.1:${port === 0 ? pastePort : port}${path}`,
    async cameBack() {
      const url = URL.parse((await line()).trim());
      if (url === null) throw new HolonError("HOLON_ARGUMENT_BAD", "what was pasted is no address", { next: "Begin again, and paste all of the address at which the browser ends." });
      return url;
    },
    close: () => lines.close(),
  };
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? "0");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new HolonError("HOLON_ARGUMENT_BAD", `--port is a port, not ${text ?? ""}`);
  return port;
}

async function withDeadline(cameBack: () => Promise<URL>, endsAt: string): Promise<URL> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new HolonError("HOLON_LOGIN_ENDED", "no browser came back in time")), Math.min(Math.max(Date.parse(endsAt) - Date.now(), 1_000), limits.providerLoginMs));
  try {
    return await Promise.race([cameBack(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a provider says of an error is its own text: only its code is passed on. */
function readAnswer({ searchParams }: URL, provider: string): { readonly state: string; readonly code: string; readonly iss?: string } {
  const [state, code, iss, error] = ["state", "code", "iss", "error"].map((key) => searchParams.get(key));
  if (error != null) throw new HolonError("HOLON_PROVIDER_REFUSED", `${provider} says no: ${/^[\w.-]{1,64}$/.test(error) ? error : "for a reason that cannot be shown"}`);
  if (state == null || code == null) throw new HolonError("HOLON_PROVIDER_REFUSED", "the browser came back without a code");
  return { state, code, ...(iss == null ? {} : { iss }) };
}
