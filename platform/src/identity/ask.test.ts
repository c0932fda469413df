import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { createTurns } from "@holon/core/turns.ts";
import type { NodeIdentity } from "../identity.ts";
import { renewAt } from "./ask.ts";

test("an answer that breaks off fails, and does not hold up the next renewal", { timeout: 60_000 }, async (context) => {
  let asked = 0;
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      asked += 1;
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"nonce":');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const { port } = server.address() as { readonly port: number };
  const connected = async () => {
    const raw = connect(port, "127.0.0.1");
    return { secure: raw, raw } as never; // nothing of TLS is used here
  };
  const identity = { renewing: createTurns(), credentials: () => ({ chainPem: "one" }), renewal: (challenge: () => Promise<string>) => challenge(), adopt: () => Promise.resolve() } as unknown as NodeIdentity;
  for (const time of [1, 2]) {
    await assert.rejects(renewAt(identity, connected, "edge-1"), { code: "HOLON_LINK_UNREACHABLE" });
    assert.equal(asked, time);
  }
});
