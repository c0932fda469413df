/** Wall clocks that are wrong in every way; what is stored, sent and let go of must not depend on them. */
import { worldBeginsMs } from "../clock.ts";
import type { Machine } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { crashSomehow, cutForAWhile, repeat } from "./faults.ts";

const yearMs = 365.25 * 86_400_000;

export const clockFaults: Scenario = {
  name: "clock-faults",
  about: "Wall clocks stand at 1970, ten years ahead, go backwards and jump while links are cut and nodes reboot; oscillators are off by up to half a percent.",
  pains: ["Greengrass #1559", "IoT Edge #6933", "IoT Edge #6708", "IoT Edge #7397", "K3s #6368", "K3s #411", "balena #827", "TUF #137", "python-tuf #2359", "python-tuf #2472"],
  convergeMsMax: 300_000,
  safetyMs: (world) => world.random.fork("safety").integer(70_000, 140_000),
  build: (fleet) => {
    const random = fleet.world.random.fork("topology");
    const driftPpm = (): number => random.between(-5_000, 5_000);
    // By age alone: a clock that nobody trusts must not make records old.
    const retention = { segmentBytesMax: 16 << 10, streams: { local: { maxAgeMs: 3_600_000 }, data: { maxAgeMs: 3_600_000 }, alarm: { maxAgeMs: 3_600_000 } } };
    fleet.add({ name: "cloud", tier: "cloud", driftPpm: driftPpm() });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", driftPpm: driftPpm(), retention });
    for (let index = random.integer(1, 2); index > 0; index--) {
      const devices = { readingsPerSecond: random.between(1, 8), burstChance: 0.05, burstMax: 40, markerEvery: 5 };
      fleet.add({ name: `gateway-${index}`, tier: "gateway", parent: "edge-1", devices, driftPpm: driftPpm(), retention });
    }
  },
  plan: (fleet, untilMs) => {
    for (const { machine, parent } of fleet.members.values()) {
      const random = fleet.world.random.fork(`faults/${machine.name}`);
      const clocks = random.fork("clocks");
      repeat(fleet.world, clocks, 6_000, untilMs, () => disturb(machine, clocks));
      const crashes = random.fork("crashes");
      repeat(fleet.world, crashes, 25_000, untilMs, () => crashSomehow(machine, crashes));
      const cuts = random.fork("cuts");
      if (parent !== undefined) repeat(fleet.world, cuts, 12_000, untilMs, () => cutForAWhile(fleet, cuts, machine.name, parent, untilMs));
    }
  },
  check: async (fleet) => {
    const violations: string[] = [];
    for (const { machine } of fleet.honest) {
      for (const { lane } of machine.subject?.log.heads().values() ?? []) {
        const expired = (await fleet.missing(machine, lane)).filter(({ reason }) => reason === "expired");
        if (expired.length > 0) violations.push(`${machine.name} let go of ${lane.origin}/${lane.stream} by age, and its clock was only wrong`);
      }
    }
    return violations;
  },
};

/** A clock that was wrong is not trusted until somebody who knows the time has set it. */
export function disturb({ clock }: Machine, random: SeededRandom): void {
  const manner = random.uniform();
  if (manner < 0.2) clock.resetTo1970();
  else if (manner < 0.4) clock.stepWall(10 * yearMs);
  else if (manner < 0.6) clock.stepWall(-random.between(0, 2 * yearMs));
  else if (manner < 0.8) clock.stepWall(random.between(-3_600_000, 3_600_000));
  else return clock.synchronise();
  clock.state = "unknown";
  if (clock.wallMs() < 0) clock.resetTo1970();
  if (clock.wallMs() > worldBeginsMs + 100 * yearMs) clock.synchronise();
}
