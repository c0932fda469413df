import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fleet, FleetNode } from "./fleet.ts";
import { cutSince, flowOf, islandRootOf, isKnownToRun, isStale, lineStateOf, spreadOf, stateOf, unansweredFor, unansweringOf, unheardOf, waitsOf } from "./node-state.ts";
import { filterFleet } from "./fleet-filter.ts";
import { standsFor } from "./stands-for.ts";
import { groupBySite, islandText } from "./site-groups.ts";

const nowMs = 1_000_000;
const node = (name: string, more: Partial<FleetNode> = {}): FleetNode => ({ name, site: "plant", tier: "gateway", jurisdiction: "EU/DE", leads: false, api: null, startedAt: null, desired: 0, reported: null, heardAtMs: nowMs, state: "present", stateSinceAtMs: 900_000, link: null, ...more });
const under = (to: string, state: "open" | "lost" | "unknown", sinceAtMs: number | null = null): FleetNode["link"] => ({ to, state, sinceAtMs });
const fleetOf = (nodes: readonly FleetNode[], asOfMs = nowMs): Fleet => ({ nodes: new Map(nodes.map((each) => [each.name, each])), self: "cloud", offsetMs: 0, asOfMs, rates: new Map(), backlogs: {}, askedAtMs: {}, unansweredAtMs: {}, problem: undefined });
const cloud = node("cloud", { site: "cloud", tier: "cloud" });
const stand = (nodes: readonly FleetNode[], asOfMs = nowMs): readonly string[] => nodes.map((each) => `${each.name} ${stateOf(each, fleetOf(nodes, asOfMs), nowMs)}`);

test("nodes stand in the words of the API: a planned stop and a revocation are no cut", () => {
  const lost = under("cloud", "lost");
  const nodes = [
    cloud,
    node("well", { link: under("cloud", "open") }),
    node("slow", { state: "slow", link: under("cloud", "open") }),
    node("back", { state: "crashed", link: under("cloud", "open") }),
    node("stopped", { state: "gone", link: lost }),
    node("stolen", { state: "revoked", link: lost }),
    node("new", { state: "awaited", heardAtMs: null }),
    node("cut", { state: "silent", link: lost }),
    node("just-cut", { link: lost }),
    node("healed", { state: "silent", link: under("cloud", "open") }),
  ];
  assert.deepEqual(stand(nodes), ["cloud present", "well present", "slow slow", "back crashed", "stopped gone", "stolen revoked", "new awaited", "cut silent", "just-cut silent", "healed present"]);
  const roots = nodes.flatMap((each) => islandRootOf(each, fleetOf(nodes).nodes)?.name ?? []);
  assert.deepEqual(roots, ["cut", "just-cut"]);
  assert.deepEqual(stand([cloud, node("old", { state: null, heardAtMs: 0 }), node("never", { state: null, heardAtMs: null })]), ["cloud present", "old silent", "never unknown"], "without telemetry by what was heard");
});

test("a site whose nodes were stopped is no island; who stands below a stopped node is cut off; the rest of a site counts without the stopped", () => {
  const stopped = [cloud, node("edge", { state: "gone", link: under("cloud", "lost") })];
  assert.equal(groupBySite(stopped, fleetOf(stopped), nowMs).find(({ site }) => site === "plant")?.island, undefined);
  const below = [...stopped, node("gateway", { state: "silent", stateSinceAtMs: 700_000, link: under("edge", "unknown") })];
  assert.deepEqual(groupBySite(below, fleetOf(below), nowMs).find(({ site }) => site === "plant")?.island, { sinceAtMs: 700_000, isKnownToRun: false });
});

test("a filter leaves out who is shown, and not what is known of their site: one silent node of it is no island", () => {
  const nodes = [cloud, node("well", { link: under("cloud", "open") }), node("quiet", { state: "silent", link: under("cloud", "lost", 950_000) })];
  const shown = filterFleet(fleetOf(nodes), { state: "silent" }, nowMs);
  const [plant] = groupBySite(shown, fleetOf(nodes), nowMs);
  assert.deepEqual([plant?.nodes.map(({ name }) => name), plant?.counts.silent, plant?.island], [["quiet"], 1, undefined]);
  const alone = [cloud, node("quiet", { state: "silent", link: under("cloud", "lost", 950_000) }), node("stopped", { state: "gone" })];
  assert.deepEqual(groupBySite(filterFleet(fleetOf(alone), { state: "gone" }, nowMs), fleetOf(alone), nowMs)[0]?.island, { sinceAtMs: 950_000, isKnownToRun: false });
});

test("who tells of its own cut says which way it is: of the rest of its site it knows nothing", () => {
  const above = node("127.0.0.1:7503", { site: "above", tier: "above", heardAtMs: null });
  const nodes = [above, node("gateway-1", { link: under(above.name, "lost", 950_000) }), node("below", { link: under("gateway-1", "open") })];
  const island = (self: string) => groupBySite(nodes, { ...fleetOf(nodes), self }, nowMs).find(({ site }) => site === "plant")?.island;
  assert.deepEqual(island("gateway-1"), { sinceAtMs: 950_000, isKnownToRun: true, way: { node: "gateway-1", to: above.name } });
  assert.deepEqual(island("cloud"), { sinceAtMs: 950_000, isKnownToRun: false }, "who has all of the site tells of the site");
  assert.equal(islandText({ sinceAtMs: 950_000, isKnownToRun: true, way: { node: "gateway-1", to: above.name } }, 1_010_000), "gateway-1 is cut off from 127.0.0.1:7503 for 1 min 0 s; it works on alone");
  assert.equal(islandText({ sinceAtMs: 950_000, isKnownToRun: false }, 1_010_000), "cut off for 1 min 0 s");
  assert.equal(islandText({ sinceAtMs: null, isKnownToRun: false }, 1_010_000), "cut off; since when is not known");
});

test("since when it is cut off is taken from telemetry where nobody saw the link end; whether it runs is known of nobody afar", () => {
  assert.equal(cutSince(node("a", { state: "silent", link: under("cloud", "lost") })), 900_000);
  assert.equal(cutSince(node("a", { state: "silent", link: under("cloud", "lost", 950_000) })), 950_000);
  assert.equal(cutSince(node("a", { state: "present", link: under("cloud", "lost") })), null);
  assert.deepEqual([isKnownToRun(node("a"), { self: "cloud" }), isKnownToRun(node("a"), { self: "a" }), isKnownToRun(node("a", { isDown: false }), { self: undefined })], [false, true, true]);
});

test("what is old is not told as true now, but who was stopped stays stopped", () => {
  const nodes = [cloud, node("well", { link: under("cloud", "open") }), node("stopped", { state: "gone" })];
  assert.equal(isStale(fleetOf(nodes, nowMs - 4_000), nowMs), false);
  assert.deepEqual(stand(nodes, nowMs - 6_000), ["cloud unknown", "well unknown", "stopped gone"]);
  const many = Array.from({ length: 501 }, (_, place) => node(`n-${place}`));
  assert.deepEqual([isStale(fleetOf(many, nowMs - 6_000), nowMs), isStale(fleetOf(many, nowMs - 13_000), nowMs)], [false, true]);
});

test("of whom nothing is heard is counted at once, before any alert: a planned stop is not among them", () => {
  const lost = under("cloud", "lost");
  const nodes = [cloud, node("well", { link: under("cloud", "open") }), node("just-cut", { link: lost }), node("behind", { link: under("just-cut", "unknown") }), node("stopped", { state: "gone", link: lost }), node("new", { state: "awaited" })];
  assert.equal(unheardOf(fleetOf(nodes), nowMs), 2);
  assert.equal(unheardOf(fleetOf(nodes, nowMs - 60_000), nowMs), 4, "of nobody is anything known");
});

test("what flows is told of links that are open: in an island's own console also below the one that is cut", () => {
  const nodes = [node("above", { site: "above" }), node("edge", { link: under("above", "lost") }), node("gateway", { link: under("edge", "open") })];
  const fleet = { ...fleetOf(nodes), self: "edge", rates: new Map([["edge", { up: 1, down: 1 }], ["gateway", { up: 300, down: 20 }]]) };
  assert.deepEqual(nodes.map((each) => flowOf(each, fleet, nowMs)?.up), [undefined, undefined, 300]);
  assert.equal(flowOf(node("gateway", { link: under("edge", "open") }), fleet, nowMs + 60_000), undefined, "nobody knows it any more");
});

test("what waits on a node that cannot be asked now is told as of when it was", () => {
  const nodes = [cloud, node("well", { link: under("cloud", "open") })];
  const fleet = { ...fleetOf(nodes), backlogs: { well: { records: 12, atMs: nowMs - 2_000 }, cut: { records: 7, atMs: nowMs - 60_000 } } };
  assert.deepEqual([waitsOf("well", fleet, nowMs), waitsOf("cut", fleet, nowMs), waitsOf("nobody", fleet, nowMs)], [{ records: 12, agoMs: undefined }, { records: 7, agoMs: 60_000 }, undefined]);
});

test("the revoked are shown to who asks for them, and a filter by state goes by what was heard last", () => {
  const nodes = [cloud, node("well", { link: under("cloud", "open") }), node("stolen", { state: "revoked" })];
  const names = (query: Readonly<Record<string, string>>, asOfMs = nowMs): readonly string[] => filterFleet(fleetOf(nodes, asOfMs), query, nowMs).map(({ name }) => name);
  assert.deepEqual([names({}), names({ state: "revoked" }), names({ q: "stolen" }), names({ state: "present" }, 0)], [["cloud", "well"], ["stolen"], [], ["cloud", "well"]]);
});

test("who gives no answer for more than 5 seconds has no figures of now, and is counted: it may hang, or be busy", () => {
  const nodes = [cloud, node("hung", { link: under("cloud", "open") }), node("busy", { link: under("cloud", "open") }), node("cut", { link: under("cloud", "lost") }), node("stopped", { state: "gone", link: under("cloud", "lost") })];
  const [, hung = cloud, busy = cloud] = nodes;
  const rates = new Map(["hung", "busy"].map((name) => [name, { up: 3, down: 19 }]));
  const fleet: Fleet = { ...fleetOf(nodes), rates, unansweredAtMs: { hung: nowMs - 12_000, busy: nowMs - 4_000, cut: nowMs - 60_000, stopped: nowMs - 60_000 } };
  assert.deepEqual([unansweredFor(hung, fleet, nowMs), unansweredFor(busy, fleet, nowMs)], [12_000, undefined]);
  assert.deepEqual([flowOf(hung, fleet, nowMs), flowOf(busy, fleet, nowMs)], [undefined, { up: 3, down: 19 }]);
  assert.deepEqual([lineStateOf(hung, fleet, nowMs), lineStateOf(busy, fleet, nowMs)], ["unknown", "open"], "nothing is drawn as if it flowed");
  assert.deepEqual([stateOf(hung, fleet, nowMs), standsFor(hung, fleet, "present", nowMs), standsFor(busy, fleet, "present", nowMs)], ["present", "no answer for 12 s", ""]);
  assert.equal(unansweringOf(fleet, nowMs), 1, "who is cut off, or was stopped, is told as that");
});

test("what silent nodes run is not known now, whatever they told last; who was to run nothing runs nothing", () => {
  const reported = { version: 5, outcome: "settled", at: "" } as const;
  const nodes = [cloud, node("well", { desired: 5, reported, link: under("cloud", "open") }), node("cut", { desired: 5, reported, link: under("cloud", "lost") }), node("below", { desired: 5, reported, link: under("cut", "open") }), node("idle", { link: under("cloud", "lost") }), node("behind", { desired: 6, reported, link: under("cloud", "open") })];
  const spread = (asOfMs: number) => nodes.slice(1).map((each) => spreadOf(each, fleetOf(nodes, asOfMs), nowMs));
  assert.deepEqual(spread(nowMs), ["settled", "unheard", "unheard", "none", "spreading"]);
  assert.deepEqual(spread(nowMs - 60_000), ["unheard", "unheard", "unheard", "none", "unheard"], "a page that hears nothing knows it of nobody");
});
