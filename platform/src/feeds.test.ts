import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { limits } from "@holon/core/limits.ts";
import { createFeeds } from "./feeds.ts";

const text = "Datetime (UTC),Price (EUR/MWh)\n2023-01-01 00:00:00,1\n";
const held = new Map<string, string>();
const feeds = createFeeds({ read: (names) => Promise.resolve(Object.fromEntries(names.flatMap((name) => (held.has(name) ? [[name, held.get(name) ?? ""]] : [])))) });

test("a file is read as it is, or unpacked; what is too long, or is not there, is refused by name", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, bytes: string | Uint8Array): { file: string } => {
    writeFileSync(join(folder, name), bytes);
    return { file: join(folder, name) };
  };
  assert.equal(await feeds.read(file("plain.csv", text)), text);
  assert.equal(await feeds.read(file("packed.csv.gz", gzipSync(text))), text);
  await assert.rejects(feeds.read(file("bomb.gz", gzipSync(Buffer.alloc(limits.curveBytesMax + 1)))), /cannot be unpacked, or is too long/);
  await assert.rejects(feeds.read(file("long.csv", Buffer.alloc(limits.curveBytesMax + 1))), /holds more than/);
  await assert.rejects(feeds.read({ file: join(folder, "none.csv") }), /none\.csv/);
});

test("an address is asked; what is refused, led elsewhere, or too long is no curve", async (context) => {
  const server = createServer(({ url }, answer) => {
    if (url === "/now") return void answer.end(text);
    if (url === "/packed") return void answer.end(gzipSync(text));
    if (url === "/asked?token=T0P-S3CRET") return void answer.end(text);
    if (url === "/long") return void answer.end(Buffer.alloc(limits.curveBytesMax + 1));
    if (url === "/away") return void answer.writeHead(302, { location: "/now" }).end();
    answer.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => void server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const at = (path: string): { url: string } => ({ url: `http://127.0.0.1:${address.port}${path}` });
  assert.equal(await feeds.read(at("/now")), text);
  assert.equal(await feeds.read(at("/packed")), text);
  await assert.rejects(feeds.read(at("/none")), /answers with 404/);
  await assert.rejects(feeds.read(at("/long")), /holds more than/);
  await assert.rejects(feeds.read(at("/away")));
  const silent = (error: Error): boolean => !/T0P|S3CRET/.test(`${error.message} ${String(error.cause)}`);
  await assert.rejects(feeds.read(at("/none?token=T0P-S3CRET")), (error: Error) => silent(error) && /\/none answers with 404/.test(error.message));
  await assert.rejects(feeds.read({ url: `http://T0P:S3CRET@127.0.0.1:${address.port}/now` }), silent);
  await assert.rejects(feeds.read({ secretUrl: "grid" }), { code: "HOLON_SECRETS_BAD" });
  held.set("grid", at("/asked?token=T0P-S3CRET").url);
  assert.equal(await feeds.read({ secretUrl: "grid" }), text);
  held.set("grid", "T0P-S3CRET");
  await assert.rejects(feeds.read({ secretUrl: "grid" }), silent);
});
