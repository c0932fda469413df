/**
 * A site with no uplink for three days: two power cuts on every node, clocks that jump by a year and back to 1970; then the uplink
 * is back and all that was taken in arrives, each record once and in order. The local API answers throughout. Certificates hold for a third of the
 * time: all of the island go past their date, keep no link within it from opening, and are made anew when the uplink is back.
 */
import { worldBeginsMs } from "../clock.ts";
import type { Fleet, Machine } from "../fleet.ts";
import type { Scenario, ScenarioSize } from "../scenario.ts";
import type { World } from "../world.ts";

const hoursDefault = 72;
const hourMs = 3_600_000;
const yearMs = 365.25 * 24 * hourMs;
const gatewaysDefault = 2;
/** Three days at the rates of other scenarios prove no more than this and take hours. From nearly silent to a reading or burst in 50 seconds. */
const readingsPerSecond = { from: 0.002, to: 0.02 } as const;
const lookEveryMs = 600_000;
/** Time for the app to come down before the island begins. */
const settleMs = 60_000;
const bootMsMax = 120_000;
const certificateMs = 24 * hourMs;
const cloud = "cloud";

interface Looks {
  answered: number;
  /** Looks at a link of the island that was open while the certificate of one end was over, by true time. */
  linksPastDate: number;
  readonly violations: string[];
}
const looksOf = new WeakMap<Fleet, Looks>();

export const island72h: Scenario = {
  name: "island-72h",
  about: "No uplink for 72 hours, two power cuts on every node, clocks a year ahead and behind, certificates past their date; then reconnect.",
  pains: ["OTel contrib #48635", "IoT Edge #7321", "KubeEdge #3067", "SPIRE #1562", "SPIRE #1847", "rossoctl #1899", "K3s #2342", "K3s #4097"],
  certificateMs,
  convergeMsMax: 600_000,
  safetyMs: (_world, { hours = hoursDefault }) => hours * hourMs,
  build(fleet, { nodes = gatewaysDefault }: ScenarioSize) {
    const random = fleet.world.random.fork("topology");
    fleet.add({ name: cloud, tier: "cloud", driftPpm: random.between(-50, 50) });
    fleet.add({ name: "edge-1", tier: "edge", parent: cloud, driftPpm: random.between(-50, 50) });
    for (let number = 1; number <= nodes; number++) {
      const devices = { readingsPerSecond: random.between(readingsPerSecond.from, readingsPerSecond.to), burstChance: 0.05, burstMax: 40, markerEvery: random.integer(2, 10) };
      fleet.add({ name: `gateway-${number}`, tier: "gateway", parent: "edge-1", devices, driftPpm: random.between(-100, 100) });
    }
  },
  plan(fleet, untilMs) {
    const { world, net } = fleet;
    const beginMs = world.nowMs + settleMs;
    const looks: Looks = { answered: 0, linksPastDate: 0, violations: [] };
    looksOf.set(fleet, looks);
    world.at(beginMs, () => net.cut("edge-1", cloud, { reset: world.random.fork("cut").chance(0.5) }));
    for (const { machine } of fleet.members.values()) {
      if (machine.name === cloud) continue;
      const random = world.random.fork(`faults/${machine.name}`);
      const at = (share: number): number => beginMs + (untilMs - beginMs) * share;
      for (const [from, to] of [[0.1, 0.45], [0.55, 0.9]] as const) {
        world.at(at(random.between(from, to)), () => machine.crash("power", 1_000 + random.exponential(20_000)));
        world.at(at(random.between(from, to)), () => machine.clock.stepWall(random.chance(0.5) ? yearMs : -yearMs));
      }
      if (random.chance(0.5)) world.at(at(random.between(0.1, 0.9)), () => machine.clock.resetTo1970());
      lookAgain(fleet, machine, untilMs, looks);
    }
  },
  watch: (fleet) => ({ see: () => undefined, hasConverged: () => overdue(fleet).length === 0, violations: () => [] }),
  findings(fleet) {
    const looks = looksOf.get(fleet);
    const crashes = [...fleet.members.values()].reduce((sum, { machine }) => sum + machine.crashes, 0);
    const expected = (fleet.members.size - 1) * 2;
    const violations = [...(looks?.violations ?? [])];
    if (crashes < expected) violations.push(`only ${crashes} power cuts of ${expected} struck`);
    if (fleet.world.nowMs > 2 * certificateMs && (looks?.linksPastDate ?? 0) === 0) violations.push("no link of the island was open past the date of a certificate");
    return { violations: [...violations, ...overdue(fleet)], figures: { statusAnswers: looks?.answered ?? 0, powerCuts: crashes, linksPastDate: looks?.linksPastDate ?? 0, renewals: fleet.authority?.issues ?? 0 } };
  },
};

const isOver = ({ identity }: Machine, { nowMs }: World): boolean => (identity.passport?.validity().expiresMs ?? Infinity) < worldBeginsMs + nowMs;

/** At the end of a run that was long enough, nobody is left behind with a certificate that is over. */
function overdue({ members, world }: Fleet): readonly string[] {
  return [...members.values()].flatMap(({ machine }) => (isOver(machine, world) ? [`the certificate of ${machine.name} is over and was not made anew`] : []));
}

/** Asks the node's local API for its status now and then; a node that is down may be so for a while, for its boot. */
function lookAgain({ world }: Fleet, machine: Machine, untilMs: number, looks: Looks): void {
  let downSinceMs: number | undefined;
  const look = (): void => {
    const status = machine.subject?.status?.();
    if (status === undefined) downSinceMs ??= world.nowMs;
    else {
      downSinceMs = undefined;
      looks.answered += 1;
      if (machine.name !== "edge-1" && status.uplink?.state === "open" && isOver(machine, world)) looks.linksPastDate += 1;
      if (status.node !== machine.name || status.agent.state === "refused") looks.violations.push(`${machine.name} answers as ${status.node}, its agent is ${status.agent.state}`);
      const parentIsCut = machine.name === "edge-1" && status.uplink?.state === "open" && (status.uplink.sinceMs ?? 0) > bootMsMax;
      if (parentIsCut) looks.violations.push(`${machine.name} says that its uplink is open while it is cut`);
    }
    if (downSinceMs !== undefined && world.nowMs - downSinceMs > bootMsMax) looks.violations.push(`${machine.name} has been down for ${Math.round(world.nowMs - downSinceMs)} ms`);
    const next = world.nowMs + (downSinceMs === undefined ? lookEveryMs : bootMsMax / 4);
    if (next < untilMs) world.at(next, look);
  };
  world.after(lookEveryMs, look);
}
