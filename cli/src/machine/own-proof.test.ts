/** A port that a node of this folder had and somebody else has now: no token is shown there. The API is the real one; the thief is whoever else listens on this machine. */
import assert from "node:assert/strict";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { serveRoutes, type RouteServer } from "@holon/platform/http.ts";
import { z } from "zod";
import { connectApi, openLines } from "../client.ts";
import { keepSession, readSession } from "./sessions.ts";
import { makeToken } from "./token.ts";

const okSchema = z.object({ node: z.string() });
const unproved = { code: "HOLON_API_UNPROVED", message: /no token of .* is shown there/ };

/** An API with the folder's token, as a node serves it. */
async function honest(context: TestContext, token: string, address = "127.0.0.1:0"): Promise<RouteServer> {
  const server = await serveRoutes({ address, token, title: "Holon node", version: "1", routes: [{ method: "GET", path: "/v1/status", summary: "", answer: okSchema, handle: () => Promise.resolve({ status: 200, body: { node: "gateway-1" } }) }] });
  context.after(() => server.close());
  return server;
}

/** Whoever took a port: keeps what it is shown. */
async function thief(context: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void, port = 0): Promise<{ readonly api: string; readonly shown: string[] }> {
  const shown: string[] = [];
  const server = createServer((asked, response) => {
    if (asked.headers.authorization !== undefined) shown.push(asked.headers.authorization);
    answer(asked, response);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { api: typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : assert.fail(), shown };
}

const json = (body: unknown, status = 200) => (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
/** What a node of a version before says. */
const ofBefore = json({ error: { code: "HOLON_ARGUMENT_BAD", message: "the API has no such path", next: "GET /v1/openapi.json lists the paths." } }, 404);
const lies = [["an answer to anything", json({ node: "gateway-1", nodes: [] })], ["a proof that it made up", json({ proof: "a".repeat(43) })], ["what a node of a version before says", ofBefore], ["no JSON, without end", (_: IncomingMessage, response: ServerResponse): void => void response.write("x".repeat(100_000))]] as const;

for (const [what, answer] of lies) {
  test(`whoever has a node's port and gives ${what} is shown no token`, async (context) => {
    const data = tempFolder(context);
    await makeToken(data);
    const { api, shown } = await thief(context, answer);
    await assert.rejects((await connectApi({ api, data })).get("/v1/status", okSchema), unproved);
    await assert.rejects((await connectApi({ api, data })).bytes("/v1/blobs/x"), unproved);
    await assert.rejects(openLines({ api, data }, "/v1/lines", new AbortController().signal).next(), unproved);
    assert.deepEqual(shown, []);
  });
}

test("who passes the question on to the true API gets an answer that is good at that one's address alone", async (context) => {
  const data = tempFolder(context);
  const node = await honest(context, await makeToken(data));
  const between = await thief(context, (asked, response) => {
    request(new URL(asked.url ?? "", node.address), (answer) => void answer.pipe(response)).end();
  });
  assert.deepEqual(await (await connectApi({ api: node.address, data })).get("/v1/status", okSchema), { node: "gateway-1" });
  await assert.rejects((await connectApi({ api: between.api, data })).get("/v1/status", okSchema), unproved);
  assert.deepEqual(between.shown, []);
});

test("a node that ends while a command goes on is not taken for who has its port then", async (context) => {
  const data = tempFolder(context);
  const node = await honest(context, await makeToken(data));
  const client = await connectApi({ api: node.address, data });
  assert.deepEqual(await client.get("/v1/status", okSchema), { node: "gateway-1" });
  await node.close();
  const { shown } = await thief(context, json({ node: "gateway-1" }), Number(new URL(node.address).port));
  await assert.rejects(client.get("/v1/status", okSchema), unproved);
  assert.deepEqual(shown, []);
});

test("a session that began at an API of the folder is shown to such ones alone; another machine's as before", async (context) => {
  const data = tempFolder(context);
  const token = await makeToken(data);
  const { api, shown } = await thief(context, json({ node: "gateway-1" }));
  const session = { token: "holon_session_1", name: "ada", endsAt: "2026-01-01T00:00:00.000Z" };
  await keepSession(data, api, { ...session, isOwn: true });
  await assert.rejects((await connectApi({ api, data })).get("/v1/status", okSchema), unproved);
  assert.deepEqual(shown, []);
  await keepSession(data, api, { ...session, isOwn: false });
  assert.deepEqual(await readSession(data, api), { ...session, isOwn: false });
  await (await connectApi({ api, data })).get("/v1/status", okSchema);
  assert.deepEqual(shown, ["Bearer holon_session_1"]);
  assert.ok(!shown.join().includes(token));
});

test("a name of this machine is called where it proved itself", async (context) => {
  const data = tempFolder(context);
  const node = await honest(context, await makeToken(data));
  const { port } = new URL(node.address);
  assert.deepEqual(await (await connectApi({ api: `http://localhost:${port}`, data })).get("/v1/status", okSchema), { node: "gateway-1" });
});

test("an API that does not even prove itself in time was asked for nothing yet, and that is said", async (context) => {
  const data = tempFolder(context);
  await makeToken(data);
  const { api, shown } = await thief(context, () => undefined);
  const client = await connectApi({ api, data, answerMs: 300 });
  await assert.rejects(client.send("POST", "/v1/status", {}, okSchema), (error: unknown) => error instanceof HolonError && error.code === "HOLON_API_TIMEOUT" && error.message.endsWith("did not answer within 0.3 s; nothing was asked of it yet") && error.next.startsWith("Ask again"));
  assert.deepEqual(shown, []);
});
