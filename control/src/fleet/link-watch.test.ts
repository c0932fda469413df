import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { LinksReport } from "@holon/core/schema/links-report.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { incarnation } from "@holon/sim/testing/lone-node.ts";
import { World } from "@holon/sim/world.ts";
import { createLinkWatch, type Member } from "./link-watch.ts";

const report = (...children: readonly string[]): LinksReport => ({ children: children.map((node) => ({ node, sentBytes: 1, receivedBytes: 2, sinceMs: 500 })), connected: children.length, uplink: { state: "open", backlog: 3, sentBytes: 0, receivedBytes: 0, sinceMs: 0 } });
const members: readonly Member[] = [{ name: "cloud", above: undefined }, { name: "edge", above: "cloud" }, { name: "gateway", above: "edge" }];

test("a link is open by the word of whoever stands above, lost when it is missed there, and unknown where that one cannot be asked", async () => {
  const world = new World(1);
  const clock = createClock(incarnation(world, "cloud"), new ClockHardware(world), 0);
  const seen: { cloud: LinksReport; edge: LinksReport | undefined } = { cloud: report("edge"), edge: report("gateway") };
  const watch = createLinkWatch("cloud", {
    clock,
    links: () => seen.cloud,
    call: (to) => (to === "edge" && seen.edge !== undefined ? Promise.resolve(seen.edge) : Promise.reject(new HolonError("HOLON_NODE_UNKNOWN", `no way to ${to}`))),
  });
  const states = async (): Promise<readonly (string | undefined)[]> => {
    await world.run({ timeMs: world.nowMs + 2_000 });
    await world.drive(watch.look(members));
    return members.map((member) => watch.linkOf(member)?.state);
  };
  assert.deepEqual(await states(), [undefined, "open", "open"]);
  assert.deepEqual([watch.flowOf("edge"), watch.backlogOf("edge")?.records].map((value) => (typeof value === "object" ? [value.upBytes, value.downBytes] : value)), [[2, 1], 3]);
  seen.edge = report();
  assert.deepEqual(await states(), [undefined, "open", "lost"]);
  assert.equal(watch.linkOf({ name: "gateway", above: "edge" })?.sinceAtMs, clock.monotonicMs(), "it was seen to end");
  seen.cloud = report();
  seen.edge = undefined;
  assert.deepEqual(await states(), [undefined, "lost", "unknown"], "nobody says of what is behind a cut that it is there");
  seen.cloud = report("edge");
  seen.edge = report("gateway");
  assert.deepEqual(await states(), [undefined, "open", "open"]);
  await world.run({ timeMs: world.nowMs + 3_600_000 });
  seen.edge = report();
  assert.deepEqual(await states(), [undefined, "open", "lost"]);
  assert.equal(watch.linkOf({ name: "gateway", above: "edge" })?.sinceAtMs, null, "nobody had looked for an hour");
});

test("who does not answer keeps nobody else's links from being seen, and is told of with since when it is asked", async () => {
  const world = new World(1);
  const clock = createClock(incarnation(world, "cloud"), new ClockHardware(world), 0);
  const all: readonly Member[] = [...members, { name: "hung", above: "cloud" }, { name: "below-hung", above: "hung" }];
  const seen = { cloud: report("edge", "hung"), edge: report("gateway") };
  let isHung = false;
  const asks: string[] = [];
  const watch = createLinkWatch("cloud", {
    clock,
    links: () => seen.cloud,
    call: (to, _method, _parameters, deadlineMs) => {
      asks.push(to);
      if (to === "hung" && isHung) return new Promise((_, reject) => void clock.after(deadlineMs, () => reject(new HolonError("HOLON_CALL_TIMEOUT", `no answer of ${to}`))));
      return Promise.resolve(to === "edge" ? seen.edge : to === "hung" ? report("below-hung") : report());
    },
  });
  const look = async (): Promise<void> => {
    await world.run({ timeMs: world.nowMs + 1_000 });
    await world.drive(watch.look(all));
  };
  const stateOf = (name: string): string | undefined => watch.linkOf(all.find((member) => member.name === name) ?? { name, above: undefined })?.state;
  await look();
  assert.deepEqual([[...watch.unansweredAt()], stateOf("below-hung")], [[], "open"]);

  isHung = true;
  const hungMs = clock.monotonicMs();
  await look();
  seen.edge = report();
  await look();
  assert.ok(clock.monotonicMs() - hungMs < limits.linksAskMs, "nobody has given it up yet");
  assert.deepEqual([stateOf("gateway"), stateOf("hung"), stateOf("below-hung")], ["lost", "open", "open"], "the others' are seen meanwhile");
  assert.equal(asks.filter((to) => to === "hung").length, 2, "it is not asked again while it may still answer");
  for (let turn = 0; turn < 8; turn++) await look();
  const sinceMs = watch.unansweredAt().get("hung") ?? Number.NaN;
  assert.ok(sinceMs >= hungMs && sinceMs <= hungMs + 2_000, `it is asked since ${sinceMs - hungMs} ms after it hung`);
  assert.deepEqual([...watch.unansweredAt().keys(), stateOf("below-hung")], ["hung", "unknown"]);

  await world.run({ timeMs: world.nowMs + 3_600_000 });
  const anewMs = clock.monotonicMs();
  await look();
  assert.ok((watch.unansweredAt().get("hung") ?? 0) >= anewMs, "while nobody looked nobody asked it");
  isHung = false;
  for (let turn = 0; turn < 6; turn++) await look();
  assert.deepEqual([[...watch.unansweredAt()], stateOf("below-hung")], [[], "open"]);
});
