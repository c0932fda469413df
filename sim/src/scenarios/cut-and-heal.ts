import type { Scenario } from "../scenario.ts";
import { crashSomehow, cutForAWhile, repeat, roundsMax, slowForAWhile } from "./faults.ts";

/** Means of the times between faults, milliseconds. */
const betweenCutsMs = 8_000;
const betweenCrashesMs = 20_000;
const betweenSlowSpellsMs = 30_000;

/** One or two gateways -> edge -> cloud: uplinks are cut and healed, nodes crash, disks have slow spells; then all is well again. */
export const cutAndHeal: Scenario = {
  name: "cut-and-heal",
  about: "Gateways, an edge and a cloud; uplinks are cut and healed and every node loses power at random times.",
  pains: ["KubeEdge #4995", "NanoMQ #1873", "NanoMQ #897", "NanoMQ #2432", "ThingsBoard Edge #147", "NATS #3207", "NATS #7530", "NATS #6468", "NATS #7615", "EdgeX asc #318", "OpenYurt #2137", "Zenoh #323", "Zenoh pico #767", "wasmCloud #2174", "Greengrass Lite #1172"],
  convergeMsMax: 300_000,
  roundsMax,
  safetyMs: (world) => world.random.fork("safety").integer(40_000, 120_000),
  build: (fleet) => {
    const random = fleet.world.random.fork("topology");
    const driftPpm = (): number => random.between(-100, 100);
    fleet.add({ name: "cloud", tier: "cloud", driftPpm: driftPpm() });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", driftPpm: driftPpm() });
    const gateways = random.integer(1, 2);
    for (let index = 1; index <= gateways; index++) {
      const devices = { readingsPerSecond: random.between(2, 20), burstChance: 0.05, burstMax: random.integer(2, 100), markerEvery: random.integer(1, 20) };
      fleet.add({ name: `gateway-${index}`, tier: "gateway", parent: "edge-1", devices, driftPpm: driftPpm() });
    }
  },
  plan: (fleet, untilMs, chance) => {
    const { world } = fleet;
    for (const { machine, parent } of fleet.members.values()) {
      const random = chance.fork(`faults/${machine.name}`);
      if (parent !== undefined) {
        const cuts = random.fork("cuts");
        repeat(world, cuts, betweenCutsMs, untilMs, () => cutForAWhile(fleet, cuts, machine.name, parent, untilMs));
      }
      const crashes = random.fork("crashes");
      repeat(world, crashes, betweenCrashesMs, untilMs, () => crashSomehow(machine, crashes));
      const spells = random.fork("spells");
      repeat(world, spells, betweenSlowSpellsMs, untilMs, () => slowForAWhile(world, machine, spells));
    }
  },
};
