import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test, type TestContext } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { connectNode } from "./connect-node.ts";

/** An API that knows one node, and says of it where it is reached. */
async function controlThatHears(context: TestContext, claimed: (own: string) => string): Promise<{ readonly api: string; readonly asked: string[] }> {
  const asked: string[] = [];
  let api = "";
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const node = { name: "gateway-1", site: "plant", tier: "gateway", jurisdiction: "EU/DE", parent: null, leads: false, api: claimed(api), startedAt: "2026-01-01T00:00:00.000Z", desiredVersion: 0, reported: null, inventory: null, heardMs: null };
    response.setHeader("content-type", "application/json").end(JSON.stringify({ nodes: [node] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const address = server.address();
  api = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : assert.fail();
  return { api, asked };
}

for (const claimed of ["http://203.0.113.1:7400", "http://127.0.0.1.example.net", "https://127.0.0.1:7400", "http://user@203.0.113.1", "no address"]) {
  test(`a node that says it is reached at ${claimed} is sent no token`, async (context) => {
    const { api } = await controlThatHears(context, () => claimed);
    await assert.rejects(connectNode({ api, data: tempFolder(context) }, "gateway-1"), { code: "HOLON_API_UNREACHABLE", message: /no token is sent there/ });
  });
}

test("a node on this machine is reached where it says", async (context) => {
  const { api, asked } = await controlThatHears(context, (own) => own);
  const client = await connectNode({ api, data: tempFolder(context) }, "gateway-1");
  await client.bytes("/v1/blobs/x");
  assert.deepEqual(asked, ["/v1/nodes", "/v1/blobs/x"]);
});
