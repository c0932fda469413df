/**
 * Islands that write shared state for a week, mostly without each other: links are cut for hours, power is cut, clocks stand at 1970 or ten
 * years ahead and say that they are right, and a disk may be put back from a backup. All heal in any order, and all nodes are equal.
 */
import { assert } from "@holon/core/errors.ts";
import { counterValue } from "@holon/core/shared/counter.ts";
import { printSharedKey } from "@holon/core/shared/key.ts";
import type { SharedOperation } from "@holon/core/shared/operation.ts";
import type { SharedState } from "@holon/core/shared/state.ts";
import type { SharedDeclaration, SharedKind } from "@holon/core/schema/shared.ts";
import { differences, SharedLedger, type Dots, type SharedChange } from "../checkers/shared-equal.ts";
import { backUp, restore } from "../copies.ts";
import type { Fleet, Machine, Member } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario, ScenarioSize, Watch } from "../scenario.ts";
import { settledApp, settledProgram } from "../programs/settled.ts";
import { disturb } from "./clock-faults.ts";
import { crashSomehow, repeat, whenUp } from "./faults.ts";

const hourMs = 3_600_000;
const weekHours = 168;
/** Means of the times between what each node or link meets in a week; less time is more eventful, down to so many times. */
const denser = 2.5;
const betweenWritesMs = 20 * 60_000;
const betweenIslandsMs = 10 * hourMs;
const islandMs = 14 * hourMs;
const betweenCutsMs = 6 * hourMs;
const cutMs = 30 * 60_000;
const betweenCrashesMs = 20 * hourMs;
const betweenClockFaultsMs = 12 * hourMs;

export const sharedDeclarations: readonly SharedDeclaration[] = [
  { name: "made", kind: "counter", class: "derived" },
  { name: "mode", kind: "register", class: "derived" },
  { name: "open", kind: "set", class: "derived" },
];
export const sharedApp = { ...settledApp, shared: [...sharedDeclarations] };
/** Few, so that sites meet in them. */
const keysEach = 2;
const elements = 6;

const ledgers = new WeakMap<Fleet, SharedLedger>();
function ledgerOf(fleet: Fleet): SharedLedger {
  const ledger = ledgers.get(fleet) ?? new SharedLedger();
  ledgers.set(fleet, ledger);
  return ledger;
}

export const sharedIslands: Scenario = {
  name: "shared-islands",
  about: "Islands change counters, registers and sets for a week without each other, with power cuts, wrong clocks and backups; healed, all nodes are equal.",
  convergeMsMax: 900_000,
  withoutReadings: true,
  program: (program) => settledProgram(program, {}, sharedApp),
  safetyMs: (_world, { hours = weekHours }) => hours * hourMs,
  build(fleet, { nodes }: ScenarioSize) {
    const random = fleet.world.random.fork("topology");
    const driftPpm = (): number => random.between(-100, 100);
    fleet.add({ name: "cloud", tier: "cloud", control: false, driftPpm: driftPpm() });
    for (let island = 1; island <= (nodes ?? random.integer(2, 3)); island++) {
      fleet.add({ name: `edge-${island}`, tier: "edge", parent: "cloud", driftPpm: driftPpm() });
      for (let index = random.integer(0, 2); index > 0; index--) fleet.add({ name: `gateway-${island}-${index}`, tier: "gateway", parent: `edge-${island}`, driftPpm: driftPpm() });
    }
  },
  plan(fleet, untilMs) {
    const { world } = fleet;
    const ledger = ledgerOf(fleet);
    const pace = Math.min(1, (denser * (untilMs - world.nowMs)) / (weekHours * hourMs));
    let written = 0;
    for (const { machine, parent } of fleet.members.values()) {
      const random = world.random.fork(`faults/${machine.name}`);
      const [writes, cuts, crashes, clocks] = [random.fork("writes"), random.fork("cuts"), random.fork("crashes"), random.fork("clocks")];
      repeat(world, writes, pace * betweenWritesMs, untilMs, () => change(fleet, machine, writes, (written += 1), ledger));
      const isIsland = parent === "cloud";
      if (parent !== undefined) repeat(world, cuts, pace * (isIsland ? betweenIslandsMs : betweenCutsMs), untilMs, () => cut(fleet, cuts, machine.name, parent, pace * (isIsland ? islandMs : cutMs), untilMs));
      repeat(world, crashes, pace * betweenCrashesMs, untilMs, () => crashSomehow(machine, crashes));
      repeat(world, clocks, pace * betweenClockFaultsMs, untilMs, () => disturbOrLie(machine, clocks));
    }
    const disasters = world.random.fork("disasters");
    if (disasters.chance(0.5)) loseADisk(fleet, disasters, untilMs, ledger);
  },
  watch: (fleet): Watch => ({
    see: () => undefined,
    hasConverged: () => differences(sightingsOf(fleet)).length === 0,
    violations: () => differences(sightingsOf(fleet)),
  }),
  findings(fleet) {
    const ledger = ledgerOf(fleet);
    const store = fleet.root.machine.subject?.shared;
    const violations = ledger.keys.flatMap((id) => checkKey(ledger, id, store?.entry(id)?.state));
    if (ledger.acknowledged === 0) violations.push("the run proves nothing: no change was acknowledged");
    return { violations, figures: { sharedChanges: ledger.acknowledged, sharedKeyBytesMax: Math.max(0, ...(store?.entries() ?? []).map(({ text }) => text.length)) } };
  },
};

const sightingsOf = (fleet: Fleet) => fleet.honest.map(({ machine }) => ({ node: machine.name, texts: new Map((machine.subject?.shared?.entries() ?? []).map(({ id, text }) => [id, text])) }));

function checkKey(ledger: SharedLedger, id: string, state: SharedState | undefined): readonly string[] {
  const kind = id.split("/")[1];
  if (kind === "counter") return ledger.checkCounter(id, state?.kind === "counter" ? counterValue(state) : 0);
  if (kind === "set") return ledger.checkSet(id, new Set(state?.kind === "set" ? state.elements.keys() : []));
  return ledger.checkRegister(id, state?.kind === "register" ? state.text : undefined);
}

/** One change by a node that is up, as a function of its would do it. */
function change(fleet: Fleet, { name, subject }: Machine, random: SeededRandom, number: number, ledger: SharedLedger): void {
  const store = subject?.shared;
  const kind = random.pick(["counter", "counter", "register", "set", "set"] as const satisfies readonly SharedKind[]);
  const [key, amount, element, isExclusion] = [String(random.integer(1, keysEach)), random.integer(-3, 9), JSON.stringify(random.integer(1, elements)), random.chance(0.4)];
  if (store === undefined) return;
  const declared = sharedDeclarations.find((one) => one.kind === kind);
  assert(declared !== undefined, `a ${kind} is declared`);
  const id = printSharedKey({ app: sharedApp.name, kind, name: declared.name, key });
  const at = { name: declared.name, key };
  const by = { node: name, atMs: fleet.world.nowMs, isSure: false };
  const state = store.entry(id)?.state;
  const dots = (of: SharedState | undefined): Dots => (of?.kind === "set" ? (of.elements.get(element) ?? new Map()) : new Map());
  const value = JSON.stringify(`${name} ${number}`);
  const [operation, made]: [SharedOperation, SharedChange] =
    kind === "counter"
      ? [{ op: "count", ...at, amount }, { kind: "count", amount, ...by }]
      : kind === "register"
        ? [{ op: "write", ...at, text: value }, { kind: "write", value, seen: state?.kind === "register" ? state.text : undefined, ...by }]
        : isExclusion
          ? [{ op: "exclude", ...at, text: element, seen: [...dots(state)] }, { kind: "exclude", element, seen: dots(state), ...by }]
          : [{ op: "include", ...at, text: element }, { kind: "include", element, seen: dots(state), dots: new Map(), ...by }];
  const noted = ledger.note(id, made);
  store.apply(sharedApp, [operation]).then(
    () => {
      noted.isSure = true;
      if (noted.kind === "include") noted.dots = dots(store.entry(id)?.state);
    },
    () => undefined, // refused or not, nobody was told that it is there
  );
}

function cut({ net, world }: Fleet, random: SeededRandom, child: string, parent: string, meanMs: number, untilMs: number): void {
  if (random.chance(0.7)) net.cut(child, parent, { reset: random.chance(0.5) });
  else if (random.chance(0.5)) net.cutOneWay(child, parent);
  else net.cutOneWay(parent, child);
  world.at(Math.min(untilMs, world.nowMs + random.exponential(meanMs)), () => net.heal(child, parent));
}

/** Wrong and not trusted, or wrong and said to be right. */
function disturbOrLie(machine: Machine, random: SeededRandom): void {
  disturb(machine, random);
  if (random.chance(0.3)) machine.clock.state = "synced";
}

/** Some node's disk is gone in the middle of it all; an older state of it is put in its place. */
function loseADisk(fleet: Fleet, random: SeededRandom, untilMs: number, ledger: SharedLedger): void {
  const { world } = fleet;
  const members: readonly Member[] = [...fleet.members.values()];
  const member = members[random.integer(0, members.length - 1)];
  assert(member !== undefined, "the fleet has members");
  const share = untilMs - world.nowMs;
  world.at(world.nowMs + share * random.between(0.2, 0.6), () =>
    whenUp(world, member.machine, () => {
      const backup = backUp(member);
      const sinceMs = world.nowMs;
      world.at(world.nowMs + share * random.between(0.01, 0.3), () =>
        whenUp(world, member.machine, () => {
          ledger.lost(member.machine.name, sinceMs - inFlightMs);
          restore(fleet, member, backup, random.between(10, 5_000));
        }),
      );
    }),
  );
}

/** What was asked for shortly before the backup may not be in it. */
const inFlightMs = 60_000;
