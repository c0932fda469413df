import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { createCollector } from "./collector.ts";

const noSecrets = { read: () => Promise.resolve({}) };
const bytes = new TextEncoder().encode("{}");

test("what is said of a collector that is not there names its host, and nothing else of the address", async () => {
  const collector = createCollector(noSecrets);
  const saying = (code: string, pattern: RegExp) => (error: unknown) => error instanceof HolonError && error.code === code && pattern.test(error.message) && !/S3CRET/.test(`${error.message} ${error.next} ${String(error.cause)}`);
  const server = createServer((_request, response) => response.writeHead(302, { location: "http://127.0.0.1:1/S3CRET" }).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const here = `127.0.0.1:${address.port}`;
  await assert.rejects(collector.post(`http://${here}/S3CRET/v1/logs`, "application/json", bytes), saying("HOLON_COLLECTOR_UNREACHABLE", new RegExp(`the collector ${here} does not answer but with another address`)));
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(collector.post(`http://${here}/S3CRET/v1/logs?key=S3CRET`, "application/json", bytes), saying("HOLON_COLLECTOR_UNREACHABLE", new RegExp(`the collector ${here} does not answer \\(ECONNREFUSED\\)`)));
  await assert.rejects(collector.post(`http://holon:S3CRET@${here}/v1/logs`, "application/json", bytes), saying("HOLON_CONFIG_BAD", /none that can be posted to/));
  await assert.rejects(createCollector(noSecrets, { Authorization: "collector-token" }).post(`http://${here}/v1/logs`, "application/json", bytes), saying("HOLON_SECRETS_BAD", /wants the secret collector-token/));
});
