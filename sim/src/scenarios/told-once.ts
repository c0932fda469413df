/**
 * Outages one after the other, while those who watch lose power and those who are to be told are away or lose their answers: every outage is one incident, told once to each receiver that it
 * concerns, by the site's own route also while the site is cut off; and over is told once. An objective that nobody meets burns all the while, and is one incident for each site.
 */
import { alertingSchema, type Alerting } from "@holon/core/schema/alerting.ts";
import { objectiveSchema } from "@holon/core/schema/objective.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import type { Ports } from "@holon/core/ports.ts";
import { checkToldOnce, knownOverMs, type Outage, type ReceiverAccount } from "../checkers/told-once.ts";
import type { Fleet } from "../fleet.ts";
import { SimReceiver } from "../notifier.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";

const cloud = "cloud";
const edges = ["edge-1", "edge-2"] as const;
const below: Readonly<Record<string, readonly string[]>> = { "edge-1": ["gateway-1", "gateway-2"], "edge-2": ["gateway-3"] };
const parentOf = (node: string): string => (edges.some((edge) => edge === node) ? cloud : (edges.find((edge) => below[edge]?.includes(node)) ?? cloud));
const settleMs = 120_000;
/** Until the line is found broken, then until it is looked at, then until the receiver takes it. */
const toldWithinMs = 65_000 + 60_000 + 60_000;

/** Nothing is handled before it was recorded. */
const neverMet = objectiveSchema.parse({ name: "instant", kind: "latency", withinMs: 1e-9, target: 0.9 });

interface Watched {
  readonly receivers: Map<string, SimReceiver>;
  readonly outages: Outage[];
  crashes: number;
  spells: number;
  /** How long a watcher takes to boot. */
  readonly boots: SeededRandom;
}
const watchedOf = new WeakMap<Fleet, Watched>();

const settingsOf = (route: string): Alerting => alertingSchema.parse({ objectives: route === "ops" ? [] : [neverMet], routes: [{ name: route, jurisdiction: "EU/DE", to: { kind: "webhook", url: `http://${route}`, secret: "key" } }], alarmQuietMs: 60_000 });

export const toldOnce: Scenario = {
  name: "told-once",
  about: "Outages, watchers that lose power and receivers that are away: every incident is told once to each receiver, and so is that it is over.",
  convergeMsMax: 900_000,
  safetyMs: (world) => world.random.fork("safety").integer(1_800_000, 2_700_000),
  build(fleet) {
    const { world } = fleet;
    const random = world.random.fork("receivers");
    const habits = { away: random.between(0, 0.3), later: random.between(0, 0.2), lost: random.between(0, 0.3) };
    const watched: Watched = { receivers: new Map(), outages: [], crashes: 0, spells: 0, boots: world.random.fork("boot") };
    watchedOf.set(fleet, watched);
    const receiver = (name: string): { readonly alerts: Alerting; wrap(ports: Ports): Ports } => {
      const own = new SimReceiver(world, random.fork(name), habits);
      watched.receivers.set(name, own);
      return { alerts: settingsOf(name), wrap: (ports) => ({ ...ports, notifier: own.portFor(ports.clock) }) };
    };
    const telemetry = telemetrySettingsSchema.parse({ everyMs: 15_000, fullMs: 300_000, coarseMs: 60_000 });
    const devices = { readingsPerSecond: random.between(0.05, 0.2), burstChance: 0, burstMax: 1, markerEvery: 5 };
    fleet.add({ name: cloud, tier: "cloud", telemetry, ...receiver("ops") });
    for (const edge of edges) {
      fleet.add({ name: edge, tier: "edge", parent: cloud, site: `site-${edge.at(-1) ?? ""}`, telemetry, ...receiver(`local-${edge}`) });
      for (const name of below[edge] ?? []) fleet.add({ name, tier: "gateway", parent: edge, site: `site-${edge.at(-1) ?? ""}`, telemetry, devices });
    }
  },
  plan(fleet, untilMs) {
    const { world } = fleet;
    const watched = watchedOf.get(fleet);
    if (watched === undefined) return;
    const random = world.random.fork("episodes");
    let atMs = world.nowMs + settleMs;
    while (atMs < untilMs - 300_000) {
      const fromMs = atMs;
      const node = random.pick(["edge-1", "edge-2", "gateway-1", "gateway-2", "gateway-3"]);
      const lengthMs = random.between(130_000, 220_000);
      world.at(fromMs, () => strike(fleet, watched, node, lengthMs, random.chance(0.5)));
      // Every third time who is told of all is away from before it begins until long after it is over: then nobody is to be called for it.
      if (watched.spells++ % 3 === 1) closeFor(fleet, watched, { fromMs: fromMs - 1_000, toMs: fromMs + lengthMs + knownOverMs + 60_000 });
      if (random.chance(0.7)) world.at(fromMs + random.between(0, lengthMs + 60_000), () => crashWatcher(fleet, watched, random.pick([cloud, parentOf(node)]), node));
      atMs += lengthMs + settleMs + random.between(0, 60_000);
    }
  },
  watch: (fleet) => ({ see: () => undefined, hasConverged: () => isSettled(fleet), violations: () => [] }),
  async check(fleet) {
    const watched = watchedOf.get(fleet);
    if (watched === undefined) return ["nothing was planned"];
    const pass = (): Promise<void> => fleet.world.drive(new Promise<void>((resolve) => fleet.world.after(settleMs, resolve)));
    await pass();
    // A receiver that was away for long is tried again only every few minutes.
    for (let turn = 0; turn < 60 && !isAllTold(fleet); turn++) await pass();
    await pass();
    const accountOf = (name: string): ReceiverAccount[] => {
      const receiver = watched.receivers.get(name);
      const edge = name.replace("local-", "");
      return receiver === undefined ? [] : [name === "ops" ? { name, receiver, hearsOf: () => true } : { name, receiver, hearsOf: (node) => below[edge]?.includes(node) === true, withinMs: toldWithinMs }];
    };
    const violations = [...checkToldOnce([...watched.receivers.keys()].flatMap(accountOf), watched.outages), ...checkBurns(watched)];
    if (!wasToldAfterwards(watched)) violations.push("the run proves nothing: nobody was told of an outage only when it was over");
    if (watched.outages.filter(({ mustBeTold }) => mustBeTold).length < 3) violations.push("the run proves nothing: fewer than three outages");
    return violations.slice(0, 20);
  },
  findings: (fleet) => {
    const watched = watchedOf.get(fleet);
    const all = [...(watched?.receivers.values() ?? [])];
    const sum = (of: (receiver: SimReceiver) => number): number => all.reduce((total, receiver) => total + of(receiver), 0);
    return { violations: [], figures: { alertsOutages: watched?.outages.length ?? 0, alertsTaken: sum(({ taken }) => taken.length), alertsMessages: sum(({ messages }) => messages), alertsWatcherCrashes: watched?.crashes ?? 0 } };
  },
};

/** The node cannot be reached from above: its line is cut, or it has no power. */
function strike(fleet: Fleet, { outages }: Watched, node: string, lengthMs: number, byLine: boolean): void {
  const { world, net } = fleet;
  const outage: Outage = { node, fromMs: world.nowMs, toMs: world.nowMs + lengthMs, mustBeTold: true, behind: below[node] ?? [] };
  outages.push(outage);
  const machine = fleet.members.get(node)?.machine;
  if (byLine) {
    net.cut(node, parentOf(node), { reset: true });
    world.after(lengthMs, () => net.heal(node, parentOf(node)));
  } else {
    machine?.crash("power", lengthMs);
    for (const other of below[node] ?? []) outages.push({ node: other, fromMs: world.nowMs, toMs: world.nowMs + lengthMs, mustBeTold: false, behind: [] });
  }
}

function closeFor({ world }: Fleet, { receivers }: Watched, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): void {
  const receiver = receivers.get("ops");
  if (receiver === undefined) return;
  world.at(fromMs, () => void (receiver.isClosed = true));
  world.at(toMs, () => void (receiver.isClosed = false));
}

/** Who watches loses power for a moment; unless it is itself what cannot be reached. */
function crashWatcher(fleet: Fleet, watched: Watched, name: string, struck: string): void {
  const machine = fleet.members.get(name)?.machine;
  if (machine === undefined || !machine.isOn || name === struck) return;
  watched.crashes += 1;
  const { world } = fleet;
  const toMs = world.nowMs + 30_000;
  if (name !== cloud) watched.outages.push({ node: name, fromMs: world.nowMs, toMs, mustBeTold: false, behind: [] });
  for (const other of name === cloud ? edges : (below[name] ?? [])) watched.outages.push({ node: other, fromMs: world.nowMs, toMs, mustBeTold: false, behind: [] });
  machine.crash("power", watched.boots.between(500, 3_000));
}

/** Who is told of all learned of one when it was over, and only then. */
function wasToldAfterwards({ receivers }: Watched): boolean {
  const taken = receivers.get("ops")?.taken ?? [];
  return taken.some(({ id, kind, state }) => kind === "silence" && state === "resolved" && !taken.some((one) => one.id === id && one.state === "firing"));
}

const isAllTold = (fleet: Fleet): boolean => [cloud, ...edges].every((name) => fleet.members.get(name)?.machine.subject?.telemetry?.alerting.routes().every(({ waiting }) => waiting === 0) === true);

const isSettled = (fleet: Fleet): boolean => fleet.areUp();

/** What burns all the while is one incident for each site, by the site's word. */
function checkBurns({ receivers }: Watched): string[] {
  return [...receivers].flatMap(([name, { taken }]) => {
    const burning = taken.filter(({ kind, state }) => kind === "latency" && state === "firing");
    const wanted = name === "ops" ? ["site-1", "site-2"] : [`site-${name.at(-1) ?? ""}`];
    return wanted.flatMap((site) => {
      const told = burning.filter(({ subject }) => subject === site);
      return told.length === 1 ? [] : [`the objective that ${site} never meets was told to ${name} as ${told.length} incidents`];
    });
  });
}
