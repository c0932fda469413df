import type { DataClass } from "@holon/core/schema/event.ts";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { Lane } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import { requestType, responseType } from "@holon/core/run/trigger-events.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { parseTraceparent } from "@holon/core/telemetry/trace-context.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createEvents } from "../event/events.ts";
import { createCalls, type CallHandler, type Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import { createGuard } from "../policy/guard.ts";
import { nodeName } from "../testing/sim-family.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createReplicaIndex } from "./replicas.ts";
import { createRequests } from "./requests.ts";
import { createWays } from "./ways.ts";

const self = nodeName("gateway-1");
const app = appDocumentSchema.parse({ name: "till", version: "1", functions: [{ name: "count", code: "ab".repeat(32), on: { http: { method: "POST", path: "/count", class: "derived" } }, emits: { "holon.response": { stream: "local", class: "raw" } }, models: [], timeoutMs: 60_000 }], models: [], egress: [{ class: "derived", to: "*" }] });

test("a request for a function that is to run here and does not yet waits for it, where no other node takes it", async (context) => {
  const clock: Clock = createClock();
  const config = { name: self, jurisdiction: "EU/DE", parent: "wss://edge-1:7401" } as const;
  const log = await openTempLog(tempFolder(context), { name: self });
  await log.append({ cells: [{ key: `desired/${self}`, value: Buffer.from(JSON.stringify({ apiVersion: "holon/v1", kind: "Desired", node: self, version: 1, plan: "plan", apps: [app] })) }] });
  const events = createEvents(config, clock);
  const ports = { clock, random: createRandom(), trace: { note: () => undefined } };
  const requests = createRequests({ log, events, guard: { lowered: (_unit: string, from: DataClass) => from }, ports });
  requests.setApps([app]);
  const handlers = new Map<string, CallHandler>();
  const edge: Peer = { name: nodeName("edge-1"), send: () => undefined, queuedBytes: () => 0, traffic: () => ({ sentBytes: 0, receivedBytes: 0 }), isReceiving: () => false, aliveMs: () => 0, probe: () => undefined, close: () => undefined };
  const ways = createWays({
    self, jurisdiction: "EU/DE", parentJurisdiction: undefined, ports, handlers, requests, below: createReplicaIndex(log, ports.trace),
    calls: createCalls({ self, clock, handlers, route: () => undefined, above: () => edge }), // the way up has just closed
    guard: createGuard({ config, log, clock: createClock(), events, integrity: { sha256: createCrypto().sha256, crc32: createCodec().crc32 } }),
    isRunning: () => false, holderOf: () => undefined, isSibling: () => false, towards: () => undefined, above: () => edge,
  });
  const local: Lane = { origin: self, stream: "local" };
  const unsubscribe = log.onCommit(() => {
    requests.committed();
    void answer();
  });
  /** What the function does as soon as it runs. */
  async function answer(): Promise<void> {
    const stored = (await log.read(local, 2, { maxRecords: 10, maxBytes: 1 << 20 })).map(({ bytes }) => parseStoredEvent(bytes, "a record"));
    const data = stored.find(({ type }) => type === requestType("till", "count"))?.data;
    if (data === undefined || stored.some(({ type }) => type === responseType)) return;
    const { request } = data as { readonly request: string };
    await log.append({ records: [events.record({ stream: "local", type: responseType, class: "derived", producer: "till/count", data: { request, body: 7 } })] });
  }
  const ids = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  assert.deepEqual(await ways.ask("till", { method: "POST", path: "/count", query: {}, body: null, traceparent: `00-${ids.join("-")}-01` }), { status: 200, body: 7 });
  const [stored = assert.fail()] = (await log.read(local, 2, { maxRecords: 1, maxBytes: 1 << 20 })).map(({ bytes }) => parseStoredEvent(bytes, "a record"));
  assert.equal(parseTraceparent(stored.traceparent)?.sampled, true);
  for (const id of ids) assert.ok(!JSON.stringify(stored).includes(id), "by ids of its own: those of a caller could say what may not leave");
  unsubscribe();
  ways.close();
  await log.close();
});

test("an answer that is more sensitive than what was asked for stays what it is at each hop", async (context) => {
  const clock: Clock = createClock();
  const config = { name: nodeName("edge-1"), jurisdiction: "EU/DE", parent: "wss://cloud:7401", uplink: { jurisdiction: "US" } } as const;
  const log = await openTempLog(tempFolder(context), { name: config.name });
  const asks = { ...app, functions: app.functions.map((fn) => ({ ...fn, on: { http: { method: "POST" as const, path: "/count", class: "public" as const } } })) };
  const text = "policy plant 1\npermit runs\n  who any\n  does run open use\npermit within\n  who node *\n  does share\n  class derived\n  from *\n  to EU\n";
  const policy = { text, hash: createHash("sha256").update(text).digest("hex") };
  const document = (node: string, apps: readonly object[]) => ({ key: `desired/${node}`, value: Buffer.from(JSON.stringify({ apiVersion: "holon/v1", kind: "Desired", node, version: 1, plan: "plan", apps, policy })) });
  await log.append({ cells: [document("edge-1", []), document("gateway-1", [asks])] });
  const events = createEvents(config, clock);
  const ports = { clock, random: createRandom(), trace: { note: () => undefined } };
  const handlers = new Map<string, CallHandler>();
  const guard = createGuard({ config, log, clock: createClock(), events, integrity: { sha256: createCrypto().sha256, crc32: createCodec().crc32 } });
  guard.follow(desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: "edge-1", version: 1, plan: "plan", apps: [], policy }));
  const said: { answer: object } = { answer: {} };
  const ways = createWays({
    self: config.name, jurisdiction: "EU/DE", parentJurisdiction: "US", ports, handlers, requests: createRequests({ log, events, guard: { lowered: (_unit: string, from: DataClass) => from }, ports }), below: createReplicaIndex(log, ports.trace),
    calls: { call: async () => said.answer } as unknown as Calls, guard, isRunning: () => false, holderOf: () => undefined, isSibling: () => false,
    towards: (node) => (node === self ? self : undefined), above: () => ({ name: nodeName("cloud") }) as Peer,
  });
  const ask = (id: string): Promise<unknown> => Promise.resolve(handlers.get("request.ask")?.({ id, app: "till", request: { method: "POST", path: "/count", query: {}, body: null }, deadlineMs: 1_000, over: ["cloud"] }, nodeName("cloud")));
  said.answer = { status: 200, body: 7 };
  context.after(async () => {
    ways.close();
    await log.close();
  });
  assert.deepEqual(await ask("a"), { status: 200, body: 7 });
  said.answer = { status: 200, body: "who it was", class: "derived" };
  await assert.rejects(ask("b"), ({ code }: { readonly code?: string }) => code === "HOLON_ANSWER_WITHHELD");
});
