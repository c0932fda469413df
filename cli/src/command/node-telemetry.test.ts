import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connectApi } from "../client.ts";
import { wholeFleet } from "./node-telemetry.ts";

const time = "2026-03-01T00:00:00.000Z";
const names = ["a-1", "b-1", "c-1"];
const row = (node: string) => ({ node, site: "plant", tier: "gateway", jurisdiction: "EU/DE", parent: null, state: "present", since: time, heardAt: time, through: time, everyMs: 60_000, link: "up", enrolledAt: null, ended: null, clockOffMs: null, late: 0, figures: {} });
const completeness = { nodes: 3, reported: 3, excused: 0, unknown: 0, through: time, states: { present: 3, slow: 0, silent: 0, crashed: 0, gone: 0, awaited: 0, revoked: 0 }, missing: [] };

test("the status of a fleet of more nodes than one answer holds is that of all of them", async (context) => {
  const server = createServer((request, response) => {
    const after = new URL(request.url ?? "", "http://x").searchParams.get("after");
    const at = after === null ? 0 : names.indexOf(after) + 1;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ asOf: time, clock: { state: "synced", offMs: null }, completeness, nodes: names.slice(at, at + 1).map(row), next: names[at + 1] === undefined ? null : names[at] }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const status = await wholeFleet(await connectApi({ api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, data: "", token: "a token" }));
  assert.deepEqual([status.nodes.map(({ node }) => node), status.next, status.completeness.nodes], [names, null, 3]);
});
