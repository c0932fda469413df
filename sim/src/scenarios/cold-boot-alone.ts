/**
 * A node that was once enrolled starts from its own disk, with no link and any clock, and works: takes in, judges, stores. It stays alone
 * for hours and reboots meanwhile; then the link is back and all of it arrives.
 */
import type { Fleet, Machine } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { disturb } from "./clock-faults.ts";

const hourMs = 3_600_000;
/** In which a boot must have led to work. */
const workingWithinMs = 10 * 60_000;
const found = new WeakMap<Fleet, string[]>();

export const coldBootAlone: Scenario = {
  name: "cold-boot-alone",
  about: "Every gateway is cut off, loses power, boots alone with a wrong clock, works for hours and over reboots, and delivers all of it later.",
  pains: ["Greengrass #1714", "Greengrass Lite #950", "KubeEdge #3618", "KubeEdge #4210", "KubeEdge #4441", "KubeEdge #6414", "OpenYurt #351", "OpenYurt #858", "Nomad #24629", "IoT Edge #7406", "IoT Edge #7123"],
  convergeMsMax: 300_000,
  safetyMs: (world) => world.random.fork("safety").between(2 * hourMs, 30 * hourMs),
  build: (fleet) => {
    const random = fleet.world.random.fork("topology");
    fleet.add({ name: "cloud", tier: "cloud" });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud" });
    for (let index = random.integer(1, 2); index > 0; index--) {
      const devices = { readingsPerSecond: 0.05, burstChance: 0.05, burstMax: 40, markerEvery: 5 };
      fleet.add({ name: `gateway-${index}`, tier: "gateway", parent: "edge-1", devices });
    }
  },
  plan: (fleet, untilMs) => {
    const { world } = fleet;
    found.set(fleet, []);
    for (const { machine, config } of fleet.members.values()) {
      if (config.tier !== "gateway") continue;
      const random = world.random.fork(`faults/${machine.name}`);
      world.after(30_000, () => {
        fleet.net.isolate(machine.name);
        const boots = random.integer(1, 4);
        for (let boot = 0; boot < boots; boot++) {
          const atMs = world.nowMs + 1_000 + (boot / boots) * (untilMs - world.nowMs - 2 * workingWithinMs);
          world.at(atMs, () => bootAlone(fleet, machine, random));
        }
      });
    }
  },
  check: (fleet) => Promise.resolve(found.get(fleet) ?? ["nobody booted alone"]),
};

function bootAlone(fleet: Fleet, machine: Machine, random: SeededRandom): void {
  const { world } = fleet;
  machine.crash(random.chance(0.8) ? "power" : "process");
  disturb(machine, random);
  world.after(random.between(1_000, 60_000), () => {
    machine.start();
    const before = readings(machine);
    world.after(workingWithinMs, () => {
      const problems = found.get(fleet);
      if (machine.subject === undefined) problems?.push(`${machine.name} did not come up without its link`);
      else if (readings(machine) <= before) problems?.push(`${machine.name} came up without its link and took nothing in`);
      else if (machine.subject.isIdle?.() === false) problems?.push(`${machine.name} came up without its link and its functions do not run`);
    });
  });
}

const readings = ({ devices }: Machine): number => [...devices.ledgers.values()].reduce((sum, ledger) => sum + ledger.acknowledged.count, 0);
