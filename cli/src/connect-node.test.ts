import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { HolonError } from "@holon/core/errors.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { hereOf, proofOf, proofPath } from "@holon/platform/http/proof.ts";
import { z } from "zod";
import { connectNode } from "./connect-node.ts";
import { forgetApi, keepApi } from "./machine/own-api.ts";
import { makeToken } from "./machine/token.ts";

/** Answers as an API that holds the folder's token, where it is asked for the proof of that. */
function proves({ url, socket }: IncomingMessage, response: ServerResponse, token: string | undefined): boolean {
  const { pathname, searchParams } = new URL(url ?? "", "http://localhost");
  if (pathname !== proofPath || token === undefined) return false;
  response.setHeader("content-type", "application/json").end(JSON.stringify({ proof: proofOf(token, searchParams.get("nonce") ?? "", hereOf(socket)) }));
  return true;
}

/** An API that knows one node, and says of it where it is reached. */
async function controlThatHears(context: TestContext, claimed: (own: string) => string, token?: () => string): Promise<{ readonly api: string; readonly asked: string[]; readonly shown: string[] }> {
  const [asked, shown]: [string[], string[]] = [[], []];
  let api = "";
  const server = createServer((request, response) => {
    if (proves(request, response, token?.())) return;
    asked.push(request.url ?? "");
    shown.push(request.headers.authorization ?? "");
    const node = { name: "gateway-1", site: "plant", tier: "gateway", jurisdiction: "EU/DE", parent: null, leads: false, api: claimed(api), startedAt: "2026-01-01T00:00:00.000Z", desiredVersion: 0, reported: null, inventory: null, heardMs: null };
    response.setHeader("content-type", "application/json").end(JSON.stringify({ nodes: [node] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const address = server.address();
  api = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : assert.fail();
  return { api, asked, shown };
}

for (const claimed of ["http://203.0.113.1:7400", "http://127.0.0.1.example.net", "https://127.0.0.1:7400", "http://user@203.0.113.1", "no address"]) {
  test(`a node that says it is reached at ${claimed} is sent no token`, async (context) => {
    const { api } = await controlThatHears(context, () => claimed);
    await assert.rejects(connectNode({ api, data: tempFolder(context) }, "gateway-1"), { code: "HOLON_API_UNREACHABLE", message: /no token is sent there/ });
  });
}

test("a node of the same data folder is reached where it says itself, with the folder's token", async (context) => {
  const data = tempFolder(context);
  const token = await makeToken(data);
  const { api, asked, shown } = await controlThatHears(context, () => "http://127.0.0.1:1", () => token);
  await keepApi(join(data, "gateway-1"), api);
  const client = await connectNode({ api, data, token: "of-control" }, "gateway-1");
  await client.bytes("/v1/blobs/x");
  assert.deepEqual([asked, shown], [["/v1/nodes", "/v1/blobs/x"], ["Bearer of-control", `Bearer ${token}`]]);
  await forgetApi(join(data, "gateway-1"));
  await assert.rejects(connectNode({ api, data }, "gateway-1"), { code: "HOLON_API_UNREACHABLE" });
});

test("a token of control is not shown to another's API on the same machine, whoever says that a node is reached there", async (context) => {
  const other = await controlThatHears(context, (own) => own);
  const data = tempFolder(context);
  const own = await makeToken(data);
  const { api } = await controlThatHears(context, () => other.api, () => own);
  for (const token of [undefined, "of-a-person"]) await assert.rejects(connectNode({ api, data, ...(token === undefined ? {} : { token }) }, "gateway-1").then((client) => client.bytes("/v1/status")), { code: "HOLON_API_UNREACHABLE", message: /no token is sent there/ });
  assert.deepEqual(other.shown, []);
});

test("the address that a node left in its folder when it was killed is no reason to show a token to who has its port now", async (context) => {
  const thief = await controlThatHears(context, (own) => own);
  const data = tempFolder(context);
  await makeToken(data);
  const { api } = await controlThatHears(context, () => "http://127.0.0.1:1");
  await keepApi(join(data, "gateway-1"), thief.api);
  const client = await connectNode({ api, data, token: "of-control" }, "gateway-1");
  await assert.rejects(client.bytes("/v1/status"), { code: "HOLON_API_UNPROVED" });
  assert.deepEqual(thief.shown.filter((line) => line !== ""), []);
});

/** An API of a node without control: it has no list of nodes. */
async function nodeWithoutControl(context: TestContext, token: () => string): Promise<{ readonly api: string; readonly shown: string[] }> {
  const shown: string[] = [];
  const server = createServer((request, response) => {
    if (proves(request, response, token())) return;
    shown.push(`${request.url ?? ""} ${request.headers.authorization ?? ""}`);
    const isStatus = request.url === "/v1/status";
    response.statusCode = isStatus ? 200 : 404;
    response.setHeader("content-type", "application/json").end(JSON.stringify(isStatus ? { node: "gateway-1" } : { error: { code: "HOLON_ARGUMENT_BAD", message: "the API has no such path", next: "GET /v1/openapi.json lists the paths." } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const address = server.address();
  return { api: typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : assert.fail(), shown };
}

test("at its own machine a node without control answers to its name, and of another it is said which machine to ask", async (context) => {
  const data = tempFolder(context);
  const token = await makeToken(data);
  const { api, shown } = await nodeWithoutControl(context, () => token);
  const client = await connectNode({ api, data }, "gateway-1");
  assert.deepEqual(await client.get("/v1/status", z.unknown()), { node: "gateway-1" });
  assert.ok(shown.every((line) => line.endsWith(` Bearer ${token}`) || line === "/v1/openapi.json "), "its description is for anybody");
  await assert.rejects(connectNode({ api, data }, "gateway-2"), (error: HolonError) => error.code === "HOLON_API_UNREACHABLE" && /is that of gateway-1, which carries no control/.test(error.message) && /machine of gateway-2/.test(error.next ?? ""));
});
