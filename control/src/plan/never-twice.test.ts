import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { chanceFrom } from "@holon/core/chance.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Ports, Runner } from "@holon/core/ports.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { onItsTurn } from "../../../scripts/testing/turns.ts";
import { ActsWatch } from "@holon/sim/checkers/acts.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { backUp, restore } from "@holon/sim/copies.ts";
import { beatCode } from "@holon/sim/programs/island.ts";
import { ControlFleet } from "../testing/control-fleet.ts";

const inventory = { processors: 2, memoryBytes: 4e9 };
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory, driftPpm: 4_000 },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "south", inventory, driftPpm: -4_000 },
  { name: "edge-3", tier: "edge", parent: "edge-2", site: "west", inventory },
];
const places = ["cloud", "edge-1", "edge-2", "edge-3"] as const;

const unit = "pump/sum";
/** A unit with something to do now and then, that is to run where this node's site is a source, and so there or above. */
const appAt = (site: string, tier: string, version: number) =>
  appDocumentSchema.parse({
    name: "pump",
    version: String(version),
    functions: [{ name: "sum", code: createHash("sha256").update(beatCode).digest("hex"), on: { schedule: { everyMs: 5_000 } }, emits: { "sim.beat": { stream: "data", class: "derived" } }, needs: { sources: [{ site }], tiers: [tier], onIsolation: "stop" } }],
    models: [],
    egress: [{ class: "derived", to: "*" }],
  });

/** Now and then the disk of control is put back as it was some steps before. */
function restores(fleet: ControlFleet, chance: ReturnType<typeof chanceFrom>): () => void {
  const cloud = fleet.fleet.members.get("cloud") ?? assert.fail("there is a root");
  let backup = backUp(cloud);
  return () => {
    if (chance.below(2) === 0) backup = backUp(cloud);
    else restore(fleet.fleet, cloud, backup, 1_000 + chance.below(20_000));
  };
}

/** Links are cut and mended, nodes and control lose power, processes stand still and machines sleep and go on, and the unit is sent elsewhere, all by chance; then all is mended. */
async function live(seed: number, isPutBack = false): Promise<void> {
  const chance = chanceFrom(seed);
  const acts = new ActsWatch(unit, () => started.fleet?.world.nowMs ?? 0);
  const started: { fleet?: ControlFleet } = {};
  const fleet = (started.fleet = await ControlFleet.start(members, { ports: ({ name }, ports) => acts.ports(name, ports), opened: (node, log) => acts.attach(node, log) }));
  await fleet.drive(fleet.control.blobs.put(beatCode));
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory: told }) => told?.capacity.processors === 2 && (name === "cloud" || told.uplink !== undefined)));
  const watch = fleet.watchTwice(unit);
  let version = 0;
  const send = async (): Promise<void> => {
    const [site, tier] = ([["cloud", "cloud"], ["north", "edge"], ["south", "edge"], ["west", "edge"]] as const)[chance.below(4)] ?? ["cloud", "cloud"];
    await fleet.drive(fleet.control.deploy(appAt(site, tier, ++version)).catch((error: unknown) => assert.ok(error instanceof Error && "code" in error && error.code === "HOLON_PLACEMENT_UNMET", String(error))));
  };
  await send();
  const backups = isPutBack ? restores(fleet, chanceFrom(seed + 1_000)) : () => undefined;
  for (let step = 0; step < 40; step++) {
    if (step % 3 === 2) backups();
    const name = places[1 + chance.below(3)] ?? "edge-1";
    const above = members.find((member) => member.name === name)?.parent ?? "cloud";
    const act = chance.below(8);
    if (act === 0) fleet.fleet.net.cut(name, above);
    if (act === 1) fleet.fleet.net.heal(name, above);
    if (act === 2) fleet.fleet.members.get(name)?.machine.crash("power", 1_000 + chance.below(60_000));
    if (act === 3) fleet.fleet.members.get("cloud")?.machine.crash("power", 1_000 + chance.below(20_000));
    if (act >= 6) fleet.fleet.members.get(name)?.machine.freezeInCall(1 + chance.below(12), chance.below(3 * limits.nodeLeaseMs), { sleeps: act === 7 });
    await fleet.world.run({ timeMs: fleet.world.nowMs + chance.below(limits.nodeLeaseMs) });
    await fleet.until("control is up", () => fleet.fleet.members.get("cloud")?.machine.subject !== undefined);
    if (act === 4 || act === 5) await send();
    assert.deepEqual([...watch.twice(), ...acts.violations], [], `seed ${seed}, step ${step}: in two places`);
  }
  for (const { name, parent } of members) if (parent !== undefined) fleet.fleet.net.heal(name, parent);
  await fleet.drive(fleet.control.deploy(appAt("north", "edge", ++version)).catch(() => undefined)); // a node that is silent still is no place
  for (const { machine } of fleet.fleet.members.values()) machine.identity.hooks = {};
  await fleet.world.run({ timeMs: fleet.world.nowMs + limits.nodeReturnMs + 5 * limits.nodeLeaseMs });
  await fleet.drive(fleet.control.deploy(appAt("north", "edge", ++version)));
  await fleet.until("it runs where it should", () => fleet.runningOn("edge-1").includes(unit));
  assert.ok(acts.acts > 200, `${acts.acts} acts prove little`);
  assert.deepEqual([[...watch.twice(), ...acts.violations], places.filter((node) => fleet.runningOn(node).includes(unit))], [[], ["edge-1"]]);
}

const equals = ["edge-1", "edge-2", "edge-3", "edge-4", "edge-5"];

/** A fleet of a root and its equal children: the unit is on one of them. */
async function fleetOfEquals(pace: Pace, app = busyApp(["sum"])): Promise<{ readonly fleet: ControlFleet; readonly acts: ActsWatch }> {
  const acts = new ActsWatch(unit, () => started.fleet?.world.nowMs ?? 0);
  const started: { fleet?: ControlFleet } = {};
  const edges = equals.map((name): MemberOptions => ({ name, tier: "edge", parent: "cloud", site: name, inventory }));
  const fleet = (started.fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud", inventory }, ...edges], { ports: ({ name }, ports) => acts.ports(name, { ...ports, runner: slowed(ports, pace) }), opened: (node, log) => acts.attach(node, log) }));
  await fleet.drive(fleet.control.blobs.put(beatCode));
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory: told }) => told?.capacity.processors === 2 && (name === "cloud" || told.uplink !== undefined)));
  await fleet.drive(fleet.control.deploy(app));
  await fleet.until("it runs", () => homeOf(fleet) !== undefined);
  return { fleet, acts };
}

interface Pace {
  /** Each batch takes so long, or until its sandbox is ended. */
  readonly workMs?: number;
  /** So long takes the end of the sandbox of `pump/first`. */
  readonly endMs?: number;
}

const slowed = ({ runner, clock }: Ports, { workMs = 0, endMs = 0 }: Pace): Runner => ({
  ...runner,
  async start(program, first) {
    const instance = await runner.start(program, first);
    if (workMs === 0 && endMs === 0) return instance;
    const ends = Promise.withResolvers<never>();
    ends.promise.catch(() => undefined);
    return {
      async handle(events) {
        // Nothing that a machine could stand still in: who does so in the midst of a batch cannot know, and what that made is not stored.
        if (workMs > 0) await Promise.race([new Promise<void>((resolve) => clock.after(workMs, resolve)), ends.promise]);
        return instance.handle(events);
      },
      async stop() {
        ends.reject(new HolonError("HOLON_UNIT_DIED", "it was stopped"));
        if (program.name === "pump/first") await new Promise<void>((resolve) => clock.after(endMs, resolve));
        await instance.stop();
      },
    };
  },
});

const busyApp = (names: readonly string[]) =>
  appDocumentSchema.parse({
    name: "pump",
    version: "1",
    functions: names.map((name) => ({ name, code: createHash("sha256").update(beatCode).digest("hex"), on: { schedule: { everyMs: 1_000 } }, emits: { "sim.beat": { stream: "data", class: "derived" } }, needs: { tiers: ["edge"], onIsolation: "stop" } })),
    models: [],
    egress: [{ class: "derived", to: "*" }],
  });
const homeOf = (fleet: ControlFleet): string | undefined => equals.find((node) => fleet.fleet.members.get(node)?.machine.isFrozen === false && fleet.runningOn(node).includes(unit));

/** What keeps a node from asking for its lease: its process stands still in its next call but so many, its machine sleeps from then on, or it is cut off and works on. */
const absences = {
  "process stands still": (fleet: ControlFleet, node: string, call: number) => fleet.fleet.members.get(node)?.machine.freezeInCall(call, absentMs),
  "machine sleeps": (fleet: ControlFleet, node: string, call: number) => fleet.fleet.members.get(node)?.machine.freezeInCall(call, absentMs, { sleeps: true }),
  "link is cut": (fleet: ControlFleet, node: string) => {
    fleet.fleet.net.cut(node, "cloud");
    fleet.world.after(absentMs, () => fleet.fleet.net.heal(node, "cloud"));
  },
} as const;
const absentMs = 2 * limits.nodeLeaseMs;

/** One node after the other is absent while it has the unit, until that has begun elsewhere, and is then there again. */
async function absent(absence: keyof typeof absences, pace: Pace, names: readonly string[] = ["sum"]): Promise<void> {
  const { fleet, acts } = await fleetOfEquals(pace, busyApp(names));
  for (const call of [1, 2, 3, 4]) {
    const home = homeOf(fleet);
    assert.ok(home !== undefined, "it runs somewhere");
    absences[absence](fleet, home, call);
    const endsMs = fleet.world.nowMs + absentMs;
    await fleet.until("the unit runs elsewhere", () => ![home, undefined].includes(homeOf(fleet)));
    await fleet.world.run({ timeMs: endsMs + 10_000 });
    assert.deepEqual(acts.violations, [], `${home} was absent, from its call ${call}`);
  }
  assert.ok(acts.acts > 60, `${acts.acts} acts prove little`);
}

for (const absence of Object.keys(absences) as (keyof typeof absences)[]) {
  test(`a node whose ${absence} for longer than its lease does nothing more of what begins elsewhere`, () => absent(absence, {}));
}

test("nor does one that is in the midst of a long batch when its lease is over", () => absent("link is cut", { workMs: 25_000 }));

test("nor does one that is slow to end what it ran beside it, and is granted a lease by its next document meanwhile", () => absent("process stands still", { endMs: 20_000 }, ["first", "sum"]));

const seeds = Number(process.env["HOLON_LEASE_SEEDS"] ?? 1);

test(`nor where control is put back from a backup now and then, in ${seeds} lives`, onItsTurn(2, 3), async () => {
  for (let seed = 1; seed <= seeds; seed++) await live(seed, true);
});

test(`what stops on islands is never in two places, whatever is cut, fails or is deployed, in ${seeds} lives`, onItsTurn(2, 3), async () => {
  for (let seed = 1; seed <= seeds; seed++) await live(seed);
});
