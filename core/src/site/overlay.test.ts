import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { delegationSchema, type LeaseId } from "../schema/delegation.ts";
import { sitePlanner, targetOf, type MemberView, type SiteView } from "./overlay.ts";
import { beginBook, unitLeases } from "./unit-leases.ts";

const tools = { sha256: (bytes: Uint8Array) => createHash("sha256").update(bytes).digest() };
const member = (name: string, processors: number) => ({ name, tier: "gateway", site: "plant", jurisdiction: "EU/DE", trust: "enrolled", providers: ["cpu"], capacity: { processors, memoryBytes: 4e9, diskBytes: 1e9 } });
const unit = (name: string, home: string, processors: number, priority: number) => ({ unit: `a/${name}`, home, needs: { name, processors, priority, onIsolation: "stop", delegated: true } });
const delegation = delegationSchema.parse({
  site: "plant",
  serial: 1,
  members: [member("g1", 1), member("g2", 1), member("g3", 1)],
  units: [unit("one", "g1", 0.8, 9), unit("two", "g2", 0.8, 5), unit("three", "g3", 0.8, 1)],
});
const view = (away: readonly string[], more: Partial<SiteView> = {}): SiteView => ({
  delegation,
  members: ["g1", "g2", "g3"].map((name): MemberView => ({ name, isThere: !away.includes(name), isReady: true, units: {} })),
  holders: new Map(),
  isIsolated: true,
  before: new Map(),
  nowMs: 0,
  ...more,
});

test("on an island what is urgent gets the room of what is less so, and says why; with all homes there nothing is decided", () => {
  assert.equal(sitePlanner.decide(view([]), tools).size, 0);
  assert.equal(sitePlanner.decide(view(["g1"], { isIsolated: false }), tools).size, 0, "control can be asked");
  const decided = sitePlanner.decide(view(["g1"]), tools);
  assert.deepEqual([...decided].map(([name, { node }]) => [name, node]), [["a/one", "g3"], ["a/three", null]]);
  assert.match(decided.get("a/one")?.because ?? "", /^g1 is not heard for longer than its lease; a\/one is on g3/);
  assert.match(decided.get("a/three")?.because ?? "", /no member has room for it/);
  assert.deepEqual([...sitePlanner.decide(view(["g1"], { isIsolated: false, before: decided }), tools)], [...decided], "it stands until control has planned anew");
  assert.equal(sitePlanner.decide(view([], { before: decided }), tools).size, 0, "the home is back");
});

test("what one unit hands another goes to no sibling: on an island they come to stand together, and who has all the room does not part them", () => {
  const upward = (name: string, processors: number) => ({ ...member(name, processors), uplink: { parent: "edge-1" } });
  const pair = (flows: object): SiteView => ({ ...view(["g1"]), delegation: delegationSchema.parse({ site: "plant", serial: 1, members: [upward("g1", 1), upward("g2", 0.8), upward("g3", 0.8)], units: [unit("first", "g1", 0.3, 5), unit("second", "g1", 0.3, 5), unit("other", "g2", 0.5, 5)], ...flows }) });
  const nodes = (seen: SiteView): readonly (string | null)[] => {
    const decided = sitePlanner.decide(seen, tools);
    return ["a/first", "a/second"].map((name) => decided.get(name)?.node ?? null);
  };
  assert.deepEqual(nodes(pair({ flows: { a: [{ from: "first", to: "second", hands: "up" }] } })), ["g3", "g3"]);
  assert.deepEqual(nodes(pair({})).toSorted(), ["g2", "g3"], "without that they are apart");
  const made = (makers: readonly object[]): SiteView => ({ ...view(["g1"]), delegation: delegationSchema.parse({ site: "plant", serial: 1, members: [upward("g1", 1), upward("g2", 1), upward("g3", 1)], units: [{ ...unit("one", "g1", 0.3, 5), needs: { ...unit("one", "g1", 0.3, 5).needs, ...(makers.length === 0 ? {} : { makers }) } }] }) });
  assert.deepEqual([made([]), made([{ node: "g3" }])].map((seen) => sitePlanner.decide(seen, tools).get("a/one")?.node), ["g2", "g3"], "it stands where what it is handed is made");
});

test("what a member has of which control said so is the lead's to give, whatever else is in use of it", () => {
  const empty = view(["g1"], { delegation: { ...delegation, units: delegation.units.slice(0, 1) } });
  assert.deepEqual([...sitePlanner.decide(empty, tools)].map(([name, { node }]) => [name, node]), [["a/one", "g2"]]);
});

test("a unit whose state is at a node alone that is away waits, and says where", () => {
  const members = view(["g1"]).members.map((one) => ({ ...one, units: { "a/one": { spare: [1, 1, 1] as [number, number, number], isWithheld: true } } }));
  assert.match(sitePlanner.decide(view(["g1"], { members }), tools).get("a/one")?.because ?? "", /what it holds is at g1 alone/);
});

test("a home that is away loses nothing to control: who has the unit keeps it until something else is decided", () => {
  const seen = view(["g1"], { isIsolated: false, holders: new Map([["a/one", "g3"]]) });
  assert.equal(targetOf("a/one", "g1", seen), "g3");
  assert.equal(targetOf("a/one", "g1", view([], { holders: new Map([["a/one", "g3"]]) })), "g1");
});

test("a unit is granted to one at a time: to another when the first has given it back, or when its lease is over by any clock", () => {
  const leaseMs = limits.siteUnitLeaseMs;
  const ask = (book: ReturnType<typeof beginBook>, from: string, target: string | null, nowMs: number, runs: LeaseId | null = null) => unitLeases.ask(book, { unit: "a/one", from, runs, target, nowMs });
  let book = beginBook(3, 0);
  assert.equal(ask(book, "g1", "g1", leaseMs).granted, undefined, "what a lead before had granted may still run");
  const adopted = ask(book, "g2", "g1", 5, [2, 7]);
  assert.deepEqual(adopted.granted, [2, 7], "what runs goes on under a new lead");
  assert.equal(ask(adopted.book, "g1", "g1", 10).granted, undefined);
  const settledMs = leaseMs * 1.02;
  ({ book } = ask(book, "g1", "g1", settledMs));
  assert.deepEqual(book.grants.get("a/one")?.lease, [3, 1]);
  assert.equal(ask(book, "g2", "g2", settledMs + leaseMs).granted, undefined);
  assert.deepEqual(ask(book, "g2", "g2", settledMs + leaseMs * 1.02).granted, [3, 2]);
  const given = ask(book, "g1", "g2", settledMs + 1);
  assert.deepEqual([given.granted, ask(given.book, "g2", "g2", settledMs + 2).granted], [undefined, [3, 2]], "given back");
  const told = ask(book, "g1", "g2", settledMs + 1, [3, 1]);
  assert.deepEqual([told.granted, ask(told.book, "g2", "g2", settledMs + 2).granted], [undefined, undefined], "it is told, and runs still");
});
