import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import { withheldFindings } from "@holon/core/policy/withheld.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createGuard } from "./guard.ts";
import { appendCounts, childName, SimFamily } from "../testing/sim-family.ts";

const bounds = { maxRecords: 1_000, maxBytes: 1 << 20 };

test("a node that is stopped in order has told its parent everything, its last decisions too, and nothing was decided for good", async () => {
  const family = new SimFamily();
  await family.start();
  await family.world.drive(appendCounts(family.childNode, 5));
  await family.pass(5_000);
  const { log } = family.childNode;
  await family.world.drive(family.child.close());
  const told = new Map<string, number>();
  for (const [lane, { mark }] of family.parentNode.log.heads()) told.set(lane, mark.sequence);
  for (const stream of exportableStreams) {
    const head = log.head({ origin: childName, stream })?.sequence ?? 0;
    assert.equal(told.get(`${childName}/${stream}`) ?? 0, head, stream);
  }
  const audit = (await family.parentNode.log.read({ origin: childName, stream: "audit" }, 1, bounds)).map((record) => ({ record, event: parseStoredEvent(record.bytes, "test") }));
  const of = (phase: string) => audit.filter(({ event }) => event.type === `holon.policy.decision.${phase}`);
  assert.ok(of("opened").length > 0);
  assert.equal(of("closed").length, of("opened").length);
  const last = audit.at(-1)?.record.sequence;
  const own = of("closed").map(({ event }) => event.data as { readonly lane: string; readonly from: number; readonly to: number; readonly count: number }).find(({ lane }) => lane === `${childName}/audit`);
  assert.deepEqual([own?.to, own?.count], [last, (own?.to ?? 0) - (own?.from ?? 0) + 1]);
});

test("a node whose link is cut does not wait to be heard", async () => {
  const family = new SimFamily();
  await family.start();
  family.childNode.cutUplink();
  await family.world.drive(appendCounts(family.childNode, 5));
  const beforeMs = family.world.nowMs;
  await family.world.drive(family.child.close());
  assert.ok(family.world.nowMs - beforeMs < 100, `${family.world.nowMs - beforeMs}`);
});

test("what one policy let go is decided anew by the next, though the document of what is shared is the same", async (context) => {
  const config = { name: "gateway-1", jurisdiction: "EU/DE", parent: "wss://edge-1:7401", uplink: { jurisdiction: "CH" } } as const;
  const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const guard = createGuard({ config, log, clock: createClock(), events: createEvents(config, createClock()), integrity });
  const desired = (version: number, effect: string): Desired => {
    const text = `policy plant ${version}\n${effect} some\n  who any\n  does share\n  class derived\n  from *\n  to CH\n`;
    return { apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version, plan: "plan", apps: [], policy: { text, hash: Buffer.from(integrity.sha256(Buffer.from(text))).toString("hex") } };
  };
  const mayGo = (change: number): Promise<boolean> => guard.mayShare({ app: "till", name: "count", class: "derived", rules: [], destination: "CH", policyVersion: 7, change });
  guard.follow(desired(1, "permit"));
  assert.equal(await mayGo(1), true);
  guard.follow(desired(2, "forbid"));
  assert.equal(await mayGo(2), false);
  await log.close();
});

test("while a document is changed for the next one, a unit of the one before lowers only what both policies let it", async (context) => {
  const config = { name: "gateway-1", jurisdiction: "EU/DE", parent: undefined, uplink: undefined } as const;
  const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const guard = createGuard({ config, log, clock: createClock(), events: createEvents(config, createClock()), integrity });
  const desired = (version: number, effect: string): Desired => {
    const text = `policy plant ${version}\n${effect} some\n  who any\n  does lower\n  class raw\n  into public\n`;
    return { apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version, plan: "plan", apps: [], policy: { text, hash: Buffer.from(integrity.sha256(Buffer.from(text))).toString("hex") } };
  };
  const lowered = (): string => guard.lowered("pump/tell", "raw", "public", { kind: "function" });
  const told: string[] = [];
  for (const [version, effect] of [[1, "permit"], [2, "forbid"], [3, "permit"]] as const) {
    guard.follow(desired(version, effect));
    told.push(lowered());
    guard.setPolicy(desired(version, effect));
    told.push(lowered());
  }
  assert.deepEqual(told, ["public", "public", "raw", "raw", "raw", "public"]);
  await log.append({ records: [] }); // behind what was told meanwhile
  const trail = (await log.read({ origin: log.origin, stream: "audit" }, 1, bounds)).filter(({ bytes }) => Buffer.from(bytes).includes("holon.policy.decided")).map(({ bytes }) => parseStoredEvent(bytes, "test").data as Readonly<Record<string, unknown>>);
  assert.deepEqual(trail.map(({ principal, action, resource, class: from, into, allow, policyVersion }) => [principal, action, resource, from, into, allow, policyVersion]), [true, false, true].map((allow, index) => ["function pump/tell", "lower", "pump/tell", "raw", "public", allow, index + 1]));
  await log.close();
});

test("who called or looked stands in the trail concealed, or not at all where nobody can conceal it; nodes, functions and the machine itself stand there by name", async (context) => {
  const config = { name: "gateway-1", jurisdiction: "EU/DE" } as const;
  const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const guard = createGuard({ config: { ...config, parent: undefined, uplink: undefined }, log, clock: createClock(), events: createEvents(config, createClock()), integrity });
  const text = "policy plant 1\npermit all\n  who any\n  does call diagnose run\n";
  guard.follow({ apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version: 1, plan: "plan", apps: [], policy: { text, hash: Buffer.from(integrity.sha256(Buffer.from(text))).toString("hex") } });
  const ada = { kind: "person", name: "markerada" } as const;
  await guard.decide(ada, "diagnose", { name: "node.report" });
  const cells = [{ key: "secret/people", value: new Uint8Array([7]) }];
  guard.concealsBy((type, { data }) => ({ sealed: Buffer.from(JSON.stringify([type, data])).toString("base64"), cells }));
  for (const principal of [ada, { kind: "token", name: "markerci" }, { kind: "token", name: "machine" }, { kind: "function", name: "pump/judge" }] as const) await guard.decide(principal, "call", { name: "GET/v1/apps" });
  const found = await log.find({ accepts: ({ stream }) => stream === "audit", type: "holon.policy.decided", limit: 100, asArrived: true });
  const told = found.map(({ event: { data } }) => data as { readonly principal: string; readonly reason?: string; readonly sealed?: string });
  assert.deepEqual(told.map(({ principal, reason, sealed }) => [principal, reason !== undefined, sealed !== undefined]), [
    ["person", false, false], ["person", false, true], ["token", false, true], ["token machine", true, false], ["function pump/judge", true, false],
  ]);
  assert.ok(!JSON.stringify(told).includes("marker"));
  const opened = Buffer.from(told[1]?.sealed ?? "", "base64").toString();
  assert.match(opened, /^\["holon\.policy\.decided",\{"principal":"person markerada","reason":"rule all .*person markerada call GET\/v1\/apps"\}\]$/);
  assert.deepEqual(log.cell("secret/people"), cells[0]?.value);
  await log.close();
});

test("what the policy keeps here that was made to leave is counted, by rule and since when; another policy counts anew, and a lane that goes on waits no more", async (context) => {
  const config = { name: "gateway-1", jurisdiction: "EU/DE", parent: "wss://edge-1:7401", uplink: undefined } as const;
  const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const real = createClock();
  let nowMs = Date.parse("2026-01-02T03:04:05.000Z");
  const clock = { ...real, monotonicMs: () => real.monotonicMs(), after: (ms: number, then: () => void) => real.after(ms, then), wall: () => ({ ms: nowMs, state: "synced" as const }) };
  const events = createEvents(config, clock);
  const guard = createGuard({ config, log, clock, events, integrity });
  const policy = (version: number, rules: string): void => {
    const text = `policy plant ${version}\n${rules}`;
    guard.setPolicy({ apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version, plan: "plan", apps: [], policy: { text, hash: Buffer.from(integrity.sha256(Buffer.from(text))).toString("hex") } });
  };
  guard.stays("derived", "data");
  assert.deepEqual(guard.withheld(), [], "what an app's own egress keeps was meant so");

  policy(1, "permit within\n  who any\n  does leave\n  class derived\n  from EU\n  to EU\n");
  assert.equal(guard.mayExport("derived", "data"), false);
  assert.deepEqual(guard.withheld(), [], "to ask is no record");
  for (let record = 0; record < 3; record++) {
    guard.stays("derived", "data");
    nowMs += 1_000;
  }
  const [kept, ...others] = guard.withheld();
  assert.deepEqual(others, []);
  assert.deepEqual({ ...kept, reason: "" }, { how: "stays", where: "data", lanes: 1, count: 3, destination: null, rule: "default", reason: "", isForbidden: false, since: "2026-01-02T03:04:05.000Z" });
  assert.match(kept?.reason ?? "", /lets node gateway-1 leave data of class derived from EU\/DE to nobody knows where/);

  await log.append({ records: [1, 2].map((index) => events.record({ stream: "data", type: "test.count", class: "derived", producer: "test", data: { index } })) });
  const [run] = await log.readRuns({ origin: log.origin, stream: "data" }, 1, 1 << 20);
  assert.equal(await guard.towards(undefined)(run ?? assert.fail()), false);
  const waits = guard.withheld().find(({ how }) => how === "waits");
  assert.deepEqual([waits?.where, waits?.count, waits?.destination, waits?.isForbidden], ["gateway-1/data", log.head({ origin: log.origin, stream: "data" })?.sequence, null, false]);

  policy(2, "permit all\n  who any\n  does leave\n  class derived\n  from *\n  to *\nforbid nothing-aggregated\n  who any\n  does leave\n  class aggregate\n  from *\n  to *\n");
  assert.equal(await guard.towards(undefined)(run ?? assert.fail()), true);
  assert.deepEqual(guard.withheld(), [], "of the policy before nothing is told any more");
  guard.stays("aggregate", "telemetry");
  assert.deepEqual(guard.withheld().map(({ how, where, rule, isForbidden, count }) => [how, where, rule, isForbidden, count]), [["stays", "telemetry", "nothing-aggregated", true, 1]]);
  await log.close();
});

test("what its owner meant to leave is told as withheld where no policy is written; what an app's author keeps is not", async (context) => {
  const config = { name: "gateway-1", jurisdiction: "EU/DE", parent: "wss://edge-1:7401", uplink: { jurisdiction: "EU" } } as const;
  const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const guard = createGuard({ config, log, clock: createClock(), events: createEvents(config, createClock()), integrity });
  guard.stays("derived", "data");
  assert.deepEqual(guard.withheld(), []);
  for (let count = 0; count < 3; count++) guard.stays("derived", "telemetry", undefined, true);
  assert.deepEqual(guard.withheld().map(({ how, where, count, rule, isForbidden }) => [how, where, count, rule, isForbidden]), [["stays", "telemetry", 3, "base/no-policy", false]]);
  const [finding] = withheldFindings("gateway-1", guard.withheld());
  assert.match(`${finding?.state} ${finding?.says} ${finding?.next}`, /^warn 3 records for telemetry stay in `local` since .*: no policy is written, .* Write a policy that lets that class leave/);
  await log.close();
});
