import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { Attestor, Identity } from "@holon/core/ports.ts";
import { SimMeasurer } from "@holon/sim/measurer.ts";
import { takesTurns } from "../../../scripts/testing/turns.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";
import { trustCell } from "./attestation.ts";

/** Much virtual time of a whole fleet. */
const seldom = takesTurns(4);
const inventory = { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 };

type Vouch = Identity["vouch"];

function bound(target: object, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key, target);
  return typeof value === "function" ? value.bind(target) : value;
}

/** Two edges, each with a TPM of its own. */
async function start(isUnheard: (name: string) => boolean = () => false) {
  const machines = new Map<string, { readonly measurer: SimMeasurer; attestor: Attestor | undefined; nonces: string[]; own?: Vouch; vouch?: Vouch | undefined }>();
  const fleet: ControlFleet = await ControlFleet.start(
    [
      { name: "cloud", tier: "cloud", inventory },
      ...["edge-1", "edge-2"].map((name) => ({ name, tier: "edge" as const, parent: "cloud", inventory })),
    ],
    {
      certificateMs: 30 * 86_400_000,
      ports: (config, ports, authority) => {
        if (config.tier !== "edge" || authority === undefined) return ports;
        const machine = machines.get(config.name) ?? { measurer: new SimMeasurer(), attestor: authority.attestor(), nonces: [] };
        machines.set(config.name, machine);
        const { identity } = ports;
        if (identity !== undefined) machine.own = (text) => identity.vouch(text);
        const vouching = identity && new Proxy(identity, { get: (target, key) => (key === "vouch" && machine.vouch !== undefined ? machine.vouch : bound(target, key)) });
        const attestor: Attestor = { quote: (lines, nonce) => (machine.nonces.push(nonce), machine.attestor?.quote(lines, nonce) ?? Promise.reject(new Error("there is no TPM"))) };
        return { ...ports, ...(vouching === undefined ? {} : { identity: vouching }), measurer: machine.measurer, ...(isUnheard(config.name) && machine.vouch === undefined ? {} : { attestor }) };
      },
    },
  );
  const machine = (name: string) => machines.get(name) ?? assert.fail(name);
  for (const name of ["edge-1", "edge-2"]) machine(name).measurer.adoptHere("installed");
  const trust = (name: string) => fleet.control.nodes().find((node) => node.name === name)?.trust;
  const drift = (name: string) => fleet.control.nodes().find((node) => node.name === name)?.drift.find(({ kind }) => kind === "measured")?.text;
  const told = (type: string) => fleet.told("cloud", type);
  const pass = (ms: number) => fleet.world.run({ timeMs: fleet.world.nowMs + ms });
  const become = async (name: string, level: string) => {
    const untilMs = fleet.world.nowMs + 4 * limits.quoteEveryMs;
    while (trust(name)?.level !== level && fleet.world.nowMs < untilMs) await pass(10_000);
    assert.equal(trust(name)?.level, level, `${name}: ${trust(name)?.because}`);
  };
  /** It looks at itself when it starts, and then once an hour. */
  const restart = async (name: string) => {
    await fleet.restart(name);
    await pass(1_000);
  };
  return { fleet, machine, trust, drift, told, pass, become, restart };
}

test("a node whose TPM signs what was adopted is attested; altered it is not any more, which is told, shown as drift, and moves what wants it", async () => {
  const { fleet, machine, trust, drift, told, become, restart } = await start();
  for (const name of ["edge-1", "edge-2"]) await become(name, "attested");
  assert.match(trust("edge-1")?.because ?? "", /its TPM signs that it is made of what was adopted/);
  assert.equal(trust("cloud"), undefined, "it has none");
  const needs = { tiers: ["edge"], trust: "attested" };
  const app = appDocumentSchema.parse({ name: "pump", version: "1", functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs }], models: [], egress: [{ class: "derived", to: "*" }] });
  await fleet.until("both are known", () => fleet.control.nodes().every(({ inventory: known }) => known?.capacity.processors === 2));
  await fleet.drive(fleet.control.deploy(app));
  await fleet.until("it runs on one of them", () => ["edge-1", "edge-2"].some((name) => fleet.runningOn(name).includes("pump/sum")));
  const home = fleet.runningOn("edge-1").includes("pump/sum") ? "edge-1" : "edge-2";
  const other = home === "edge-1" ? "edge-2" : "edge-1";
  machine(home).measurer.files.set("program", "export default 2;");
  await restart(home);
  await become(home, "enrolled");
  assert.match(trust(home)?.because ?? "", /signs that it is altered: program/);
  await fleet.until("it has told so itself", () => drift(home) !== undefined);
  assert.match(drift(home) ?? "", /it is not made of what was adopted: program/);
  assert.deepEqual([drift(other), trust(other)?.level], [undefined, "attested"]);
  assert.deepEqual((await told("holon.node.distrusted")).map((data) => data["node"]), [home]);
  await fleet.until("it runs on the other", () => fleet.runningOn(other).includes("pump/sum") && !fleet.runningOn(home).includes("pump/sum"));
  machine(home).measurer.adoptHere("upgraded");
  await restart(home);
  await become(home, "attested");
  await fleet.until("it has told that too", () => drift(home) === undefined);
});

seldom("what is replayed, signed with another key, or says other than it measured is refused, and told as an alarm", async () => {
  const { fleet, machine, trust, told, become, restart } = await start();
  await become("edge-1", "attested");
  const own = machine("edge-1").attestor ?? assert.fail();
  const first = await own.quote([], "aa".repeat(16));
  const { authority } = fleet.fleet;
  const bads: readonly (readonly [string, Attestor, RegExp])[] = [
    ["replayed", { quote: (lines) => own.quote(lines, machine("edge-1").nonces[0] ?? "") }, /was not made for this question/],
    ["another key", authority?.attestor() ?? assert.fail(), /another key/],
    ["an altered log", { quote: async (lines, nonce) => ({ ...(await own.quote(lines.map((line) => ({ ...line, hash: "00".repeat(32) })), nonce)), files: [...lines] }) }, /was not made for this question, or of something else/],
    ["of something else", { quote: () => Promise.resolve(first) }, /was not made for this question/],
    ["another's adoption", { quote: (lines, nonce) => own.quote(lines.map((line) => ({ ...line, hash: "11".repeat(32) })), nonce) }, /was adopted, and its trail says/],
  ];
  for (const [what, attestor, why] of bads) {
    const before = (await told("holon.node.distrusted")).length;
    machine("edge-1").attestor = attestor;
    await restart("edge-1");
    await become("edge-1", "enrolled");
    assert.match(trust("edge-1")?.because ?? "", why, what);
    assert.equal((await told("holon.node.distrusted")).length, before + 1, what);
    machine("edge-1").attestor = own;
    await restart("edge-1");
    await become("edge-1", "attested");
  }
});

seldom("a quote with a key for which another node vouches attests nothing", async () => {
  const { machine, trust, become, restart } = await start((name) => name === "edge-1");
  await become("edge-2", "attested");
  machine("edge-1").vouch = machine("edge-2").own;
  await restart("edge-1");
  await become("edge-1", "enrolled");
  assert.equal(trust("edge-1")?.because, "the key that a quote of edge-1 is signed with is vouched for by edge-2");
});

test("an adoption that another one followed attests nothing: neither its record put back, nor with a log that has forgotten the later one", async () => {
  const { fleet, machine, trust, pass, become, restart } = await start();
  const { measurer } = machine("edge-1");
  await become("edge-1", "attested");
  const older = (await measurer.adopted()) ?? assert.fail();
  measurer.files.set("program", "export default 2;");
  measurer.adoptHere("upgraded");
  const later = (await measurer.adopted()) ?? assert.fail();
  await restart("edge-1");
  await pass(60_000);
  await become("edge-1", "attested");
  const putBack = async (): Promise<void> => {
    measurer.files.set("program", "export default 1;");
    await measurer.adopt(older);
    await restart("edge-1");
    await become("edge-1", "enrolled");
  };
  await putBack();
  assert.match(trust("edge-1")?.because ?? "", /signs that it is altered: record of what was adopted: an older one/);
  measurer.files.set("program", "export default 2;");
  await measurer.adopt(later);
  await restart("edge-1");
  await become("edge-1", "attested");
  const { log } = fleet.fleet.members.get("edge-1")?.machine.subject ?? assert.fail("it is down");
  await fleet.drive(log.append({ cells: [{ key: "measured/adopted", value: null }] }));
  await putBack();
  assert.match(trust("edge-1")?.because ?? "", /was adopted, and its trail says/);
});

seldom("an island keeps its level for a while, and not for ever", async () => {
  const { fleet, trust, become, pass } = await start();
  await become("edge-1", "attested");
  fleet.fleet.net.cut("edge-1", "cloud");
  await pass(limits.quoteKeptMs / 2);
  assert.equal(trust("edge-1")?.level, "attested");
  await pass(limits.quoteKeptMs);
  assert.match(trust("edge-1")?.because ?? "", /^no quote of it came since /);
  fleet.fleet.net.heal("edge-1", "cloud");
  await become("edge-1", "attested");
});

test("an answer that was asked for before the node was enrolled anew or revoked says nothing of it", async () => {
  const { fleet, machine, trust, pass, become, restart } = await start();
  await become("edge-1", "attested");
  const own = machine("edge-1").attestor ?? assert.fail();
  let asked = 0;
  machine("edge-1").attestor = {
    async quote(lines, nonce) {
      if (asked++ === 0) await fleet.log.append({ cells: [{ key: trustCell("edge-1"), value: null }] }); // as an enrolment does
      return own.quote(lines, nonce);
    },
  };
  await restart("edge-1");
  while (asked === 0) await pass(1_000);
  await pass(1_000);
  assert.equal(trust("edge-1"), undefined, "another key may take its place");
  await become("edge-2", "attested");
  await fleet.claim("cloud", "holon.node.revoked", { node: "edge-2" });
  await pass(60_000);
  assert.equal(trust("edge-2"), undefined);
});
