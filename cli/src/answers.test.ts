import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { answers } from "./answers.ts";

test("who takes connections answers, also where whoever asks got no turn for longer than it waits; a closed port does not", async (context) => {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  assert.equal(await answers("127.0.0.1", port), true);
  const asked = answers("127.0.0.1", port, 50);
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)); // a busy machine runs others
  assert.equal(await asked, true);
  server.close();
  await once(server, "close");
  assert.equal(await answers("127.0.0.1", port), false);
});
