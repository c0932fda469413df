import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFrame } from "@holon/core/link/frame.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { HolonNode } from "@holon/node/index.ts";
import { createCodec } from "./codec.ts";
import { bringUpSite, type LoneSite } from "./testing/lone-site.ts";

const haveLead = ({ names, status }: LoneSite) => {
  const [first, ...others] = names.map((name) => status(name).lead);
  return first !== null && first !== undefined && others.every((lead) => lead === first);
};
const write = (node: HolonNode, text: string) =>
  node.log.append({ records: [node.events.record({ stream: "data", type: "sim.told", class: "public", producer: "test", data: { text } })] });

test("a site of three elects one lead, says so in status and in the audit stream", async () => {
  const site = await bringUpSite(3);
  await site.until(() => haveLead(site));
  const lead = site.status("gateway-1").lead;
  assert.deepEqual(site.names.filter((name) => site.node(name).leads() !== undefined), [lead]);
  const status = site.status("gateway-1");
  assert.deepEqual([status.members, status.reachable, status.why], [site.names, site.names, `${lead} leads`]);
  await site.pass(1_000);
  const trail = site.node(lead ?? "").log;
  const records = await site.world.drive(trail.read({ origin: trail.origin, stream: "audit" }, 1, { maxRecords: 100, maxBytes: 1 << 20 }));
  const told = records.map((record) => parseStoredEvent(record.bytes, "")).filter(({ type }) => type === "holon.site.lead");
  assert.deepEqual(told.map(({ data }) => data), [{ site: "site", lead, term: status.term, members: site.names, why: `${lead} leads from now on` }]);
});

test("a site of two has no lead and says why", async () => {
  const site = await bringUpSite(2);
  await site.until(() => site.status("gateway-1").reachable.length === 2);
  await site.pass(60_000);
  for (const name of site.names) {
    const { lead, why } = site.status(name);
    assert.deepEqual([lead, why, site.node(name).leads()], [null, "no lead: a majority of 2 is 2, so neither could lead without the other", undefined]);
  }
});

test("a lead that is cut off from the majority steps down, and the majority elects another", async () => {
  const site = await bringUpSite(5);
  await site.until(() => haveLead(site));
  const lead = site.status("gateway-1").lead ?? "";
  for (const name of site.names) if (name !== lead) site.fleet.net.cut(lead, name);
  await site.until(() => site.names.some((name) => name !== lead && site.node(name).leads() !== undefined));
  assert.equal(site.node(lead).leads(), undefined);
  await site.until(() => site.status(lead).reachable.length === 1);
  assert.match(site.status(lead).why, /reaches 1 of 5 members with itself, a majority is 3/);
});

test("a member that comes back disturbs nobody: lead and term stay", async () => {
  const site = await bringUpSite(3);
  await site.until(() => haveLead(site));
  const { lead, term } = site.status("gateway-1");
  const away = site.names.find((name) => name !== lead) ?? "";
  for (const name of site.names) if (name !== away) site.fleet.net.cut(away, name);
  await site.pass(120_000);
  site.fleet.net.healAll();
  await site.until(() => haveLead(site));
  assert.deepEqual([site.status(away).lead, site.status(away).term], [lead, term]);
});

test("a node whose uplink is down is relayed by a sibling, once and byte for byte, and goes direct again", async () => {
  const site = await bringUpSite(3);
  const { world, fleet, node, until } = site;
  const cloud = node("cloud").log;
  const cut = node("gateway-1");
  const lane = { origin: cut.log.origin, stream: "data" } as const;
  const arrived = () => cloud.head(lane)?.hash === cut.log.head(lane)?.hash;
  await world.drive(write(cut, "before"));
  await until(arrived);
  fleet.net.cut("gateway-1", "cloud");
  await until(() => cut.status().uplink?.state !== "open");
  await world.drive(write(cut, "while it is down"));
  await until(arrived);
  const via = site.status("gateway-1").relayedBy;
  assert.ok(via !== null);
  assert.equal(node(via).log.head(lane)?.hash, cut.log.head(lane)?.hash);
  assert.ok(![...node(via).log.heads().keys()].includes("gateway-1/local"));
  assert.equal(await world.drive(node("cloud").calls.call(cut.log.origin, "test.none", undefined, 1_000).catch((error: unknown) => String(error))), "HolonError: gateway-1 has no method test.none", "calls come down the same way");

  fleet.net.healAll();
  await until(() => site.status("gateway-1").relayedBy === null && cut.status().uplink?.state === "open");
  await world.drive(write(cut, "after"));
  await until(arrived);
  const records = await world.drive(cloud.read(lane, 1, { maxRecords: 100, maxBytes: 1 << 20 }));
  assert.deepEqual(records.map(({ sequence }) => sequence), records.map((_, index) => index + 1));
  assert.equal(records.length, 4, "the opening of the lane and three events");
  for (const name of ["gateway-1", "gateway-2", "gateway-3", "cloud"]) assert.ok(![...node(name).log.heads().keys()].some((key) => key.endsWith("/alarm")), `${name} raised an alarm`);
});

test("nobody relays while no uplink is open: no lane goes round in the site", async () => {
  const site = await bringUpSite(3);
  await site.until(() => haveLead(site));
  for (const name of site.names) site.fleet.net.cut(name, "cloud", { reset: true });
  await site.until(() => site.names.every((name) => site.node(name).status().uplink?.state !== "open"));
  await site.pass(90_000);
  for (const name of site.names) {
    assert.equal(site.status(name).relayedBy, null);
    assert.deepEqual([...site.node(name).log.heads().values()].filter(({ lane }) => lane.origin !== name), []);
  }
});

test("a node that is no member is refused", async () => {
  const site = await bringUpSite(3);
  await site.until(() => site.node("gateway-1").status().uplink?.state === "open");
  for (const method of ["site.vote", "site.renew", "site.relay"]) {
    const answer = site.node("cloud").calls.call(site.node("gateway-1").log.origin, method, { term: 9, pre: false }, 1_000);
    await assert.rejects(site.world.drive(answer), { code: "HOLON_SIBLING_UNKNOWN", message: /cloud is no enrolled member/ });
  }
});

test("what a sibling took is safe only when its own parent says so", async () => {
  const site = await bringUpSite(3);
  const { world, fleet, node, until } = site;
  const marks: [string, number, number][] = [];
  fleet.net.tap = ({ from, to, frame }) => {
    if (!site.names.includes(from) || to !== "gateway-1") return;
    const decoded = decodeFrame(frame, createCodec());
    if (decoded.kind === "stream" && decoded.header.op === "mark") for (const [lane, received, safe] of decoded.header.lanes) if (lane === "gateway-1/data") marks.push([lane, received, safe]);
  };
  fleet.net.cut("gateway-1", "cloud", { reset: true });
  await until(() => site.status("gateway-1").relayedBy !== null);
  await world.drive(write(node("gateway-1"), "relayed"));
  await until(() => marks.length > 0);
  const [, received, safe] = marks[0] ?? ["", 0, 0];
  assert.deepEqual([received, safe], [2, 0], "on the sibling's disk, and the cloud has not spoken yet");
});
