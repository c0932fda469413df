/** Damage at rest while a node is down: single flipped bits, which are mended, and rubbish in a sector, which is told exactly. */
import { parseBatchHeader } from "@holon/core/log/batch.ts";
import { segmentHeaderBytes, segmentNumber } from "@holon/core/log/segment.ts";
import { createCodec } from "../codec.ts";
import { createCrypto } from "../crypto.ts";
import { sectorBytes, type FileContent } from "../disk-content.ts";
import type { Fleet, Machine } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { buildChain, cutForAWhile, repeat } from "./faults.ts";

/** Until the functions are where they should be: before that there is nothing to damage. */
const calmMs = 10_000;
const downForMs = 1_000;
const betweenDamagesMs = 12_000;
const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };

type Damage = (fleet: Fleet, machine: Machine, random: SeededRandom) => void;

export const bitFlipEverywhere: Scenario = {
  ...frame(flipBits),
  name: "bit-flip-everywhere",
  about: "Nodes go down, and in every file of theirs, log, blobs and all, one bit flips before they are up again.",
  async check(fleet) {
    const reports: string[] = [];
    for (const { machine } of fleet.honest) {
      for (const { lane } of machine.subject?.log.heads().values() ?? []) {
        const missing = (await fleet.missing(machine, lane)).filter(({ reason }) => reason === "damaged");
        if (missing.length > 0) reports.push(`${machine.name} calls ${lane.origin}/${lane.stream} ${missing.map(({ first, last }) => `${first}-${last}`).join(", ")} damaged, and only single bits were flipped`);
      }
    }
    return reports;
  },
};

export const rubbishEverywhere: Scenario = {
  ...frame((fleet, machine, random) => {
    // What was deployed stands in the control's own history alone: nobody could tell it again.
    if (machine !== fleet.root.machine) scribbleSector(fleet, machine, random);
  }),
  name: "rubbish-everywhere",
  about: "Nodes go down, and a sector of their log holds rubbish when they are up again; what is lost is reported as exact ranges.",
};

function frame(damage: Damage): Pick<Scenario, "convergeMsMax" | "safetyMs" | "build" | "plan"> {
  return {
    convergeMsMax: 300_000,
    safetyMs: (world) => calmMs + world.random.fork("safety").integer(30_000, 90_000),
    build: (fleet) => {
      const random = fleet.world.random.fork("topology");
      buildChain(fleet, random, { gateways: random.integer(1, 2), readingsPerSecond: random.between(0.5, 4), burstMax: random.integer(2, 40) });
    },
    plan: (fleet, untilMs) => fleet.world.after(calmMs, () => {
      for (const { machine, parent } of fleet.members.values()) {
        const random = fleet.world.random.fork(`faults/${machine.name}`);
        const cuts = random.fork("cuts");
        if (parent !== undefined) repeat(fleet.world, cuts, 8_000, untilMs, () => cutForAWhile(fleet, cuts, machine.name, parent, untilMs));
        const damages = random.fork("damages");
        repeat(fleet.world, damages, betweenDamagesMs, untilMs, () => {
          if (!machine.isOn) return;
          machine.crash(damages.chance(0.5) ? "power" : "process");
          damage(fleet, machine, damages);
          fleet.world.after(downForMs, () => machine.start());
        });
      }
    }),
  };
}

const flipped = new WeakMap<Fleet, Set<FileContent>>();

/** Once only where a file is not read through at each boot: flips of many boots would add up until somebody asks for what is in it. */
function flipBits(fleet: Fleet, { medium }: Machine, random: SeededRandom): void {
  const done = flipped.get(fleet) ?? new Set();
  flipped.set(fleet, done);
  const files = [...medium.names.files].sort(([a], [b]) => (a < b ? -1 : 1));
  const newest = files.findLast(([path]) => segmentNumber(path.slice("log/".length)) !== undefined)?.[0];
  for (const [path, content] of files) {
    if (content.size === 0 || (path !== newest && done.has(content))) continue;
    done.add(content);
    medium.flipBit(path, random.integer(0, content.size - 1), random.integer(0, 7));
  }
}

/**
 * Not in the newest batch, since what a batch held is told by the one behind it; and not in the one before it, which is the newest where
 * the power cut the last one short.
 */
function scribbleSector(fleet: Fleet, { name, medium }: Machine, random: SeededRandom): void {
  const segments = [...medium.names.files].filter(([path]) => segmentNumber(path.slice("log/".length)) !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  const newest = segments.at(-1)?.[1];
  const places = segments.flatMap(([path, content]) => {
    const end = content === newest ? lastButOne(content) : content.size;
    return Array.from({ length: Math.floor(end / sectorBytes) }, (_, sector) => ({ path, position: sector * sectorBytes }));
  });
  const place = places[random.integer(0, places.length - 1)];
  if (place === undefined) return;
  fleet.damaged.add(name);
  medium.scribble(place.path, place.position, random.bytes(sectorBytes));
}

/** Where the last but one of a segment's batches begins. */
function lastButOne(content: FileContent): number {
  const bytes = content.read(0, content.size);
  const begins: number[] = [];
  for (let offset = segmentHeaderBytes; offset < bytes.length; ) {
    const header = parseBatchHeader(bytes.subarray(offset), integrity);
    if (header === undefined || offset + header.sizeBytes > bytes.length) offset += 1;
    else {
      begins.push(offset);
      offset += header.sizeBytes;
    }
  }
  return begins.at(-2) ?? 0;
}
