/** Damage at rest while a node is down: single flipped bits, which are mended, and rubbish, in a sector or in many batches, which is told exactly. */
import { parseBatchHeader } from "@holon/core/log/batch.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { segmentHeaderBytes, segmentNumber } from "@holon/core/log/segment.ts";
import { RangeSet } from "../checkers/ranges.ts";
import { createCodec } from "../codec.ts";
import { createCrypto } from "../crypto.ts";
import { sectorBytes, type FileContent } from "../disk/content.ts";
import type { Fleet, Machine } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { buildChain, cutForAWhile, repeat, roundsMax } from "./faults.ts";

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
    if (machine !== fleet.root.machine) scribble(fleet, machine, random);
  }),
  name: "rubbish-everywhere",
  about: "Nodes go down, and a sector or many batches of their log hold rubbish when they are up again; what is lost is reported as exact ranges.",
  pains: ["OTel contrib #35899"],
  check: checkTold,
};

function frame(damage: Damage): Pick<Scenario, "convergeMsMax" | "roundsMax" | "safetyMs" | "build" | "plan"> {
  return {
    convergeMsMax: 300_000,
    roundsMax,
    safetyMs: (world) => calmMs + world.random.fork("safety").integer(30_000, 90_000),
    build: (fleet) => {
      const random = fleet.world.random.fork("topology");
      buildChain(fleet, random, { gateways: random.integer(1, 2), readingsPerSecond: random.between(0.5, 4), burstMax: random.integer(2, 40) });
    },
    plan: (fleet, untilMs, chance) => fleet.world.after(calmMs, () => {
      for (const { machine, parent } of fleet.members.values()) {
        const random = chance.fork(`faults/${machine.name}`);
        const cuts = random.fork("cuts");
        if (parent !== undefined) repeat(fleet.world, cuts, 8_000, untilMs, () => cutForAWhile(fleet, cuts, machine.name, parent, untilMs));
        const damages = random.fork("damages");
        repeat(fleet.world, damages, betweenDamagesMs, untilMs, () => {
          if (!machine.isOn) return;
          noteTold(machine);
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

/** Up to so many sectors that lie side by side. */
const sectorsMax = 40;

/**
 * One sector, or many that lie side by side, from one file into the next. Not in the newest batch, since what a batch held is told by the ones
 * behind it; and not in the one before it, which is the newest where the power cut the last one short. Many not in what no roll speaks for yet.
 */
function scribble(fleet: Fleet, { name, medium }: Machine, random: SeededRandom): void {
  const segments = [...medium.names.files].filter(([path]) => segmentNumber(path.slice("log/".length)) !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  const newest = segments.at(-1)?.[1];
  const areMany = random.chance(0.5);
  const places = segments.flatMap(([path, content]) => {
    const end = content === newest ? lastSpokenFor(content, areMany) : content.size;
    return Array.from({ length: Math.floor(end / sectorBytes) }, (_, sector) => ({ path, position: sector * sectorBytes }));
  });
  const first = random.integer(0, places.length - 1);
  for (const { path, position } of places.slice(first, first + (areMany ? random.integer(2, sectorsMax) : 1))) {
    fleet.damaged.add(name);
    medium.scribble(path, position, random.bytes(sectorBytes));
  }
}

/** Where the last but one of a segment's batches begins; of those whose roll speaks for all before it, if many batches are to go. */
function lastSpokenFor(content: FileContent, areMany: boolean): number {
  const bytes = content.read(0, content.size);
  const begins: { readonly offset: number; readonly isWide: boolean }[] = [];
  for (let offset = segmentHeaderBytes; offset < bytes.length; ) {
    const header = parseBatchHeader(bytes.subarray(offset), integrity);
    if (header === undefined || offset + header.diskBytes > bytes.length) offset += 1;
    else {
      begins.push({ offset, isWide: header.snapshot || header.reach >= header.number - 1 });
      offset += header.diskBytes;
    }
  }
  return begins.slice(0, -1).findLast(({ isWide }) => isWide || !areMany)?.offset ?? 0;
}

/** By machine, what its lives told of as lost, and whether one could not say how much. */
const told = new WeakMap<Machine, Map<string, RangeSet>>();
const unsure = new WeakSet<Machine>();

function noteTold(machine: Machine): Map<string, RangeSet> {
  const lanes = told.get(machine) ?? new Map<string, RangeSet>();
  told.set(machine, lanes);
  const log = machine.subject?.status?.().log;
  for (const { lane, first, last } of [...(log?.lost ?? []), ...(log?.scrubbed?.lost ?? [])]) {
    const ranges = lanes.get(lane) ?? new RangeSet();
    lanes.set(lane, ranges);
    ranges.add(first, last);
  }
  if ((log?.unsettled.length ?? 0) > 0) unsure.add(machine);
  return lanes;
}

/** A round of scrubbing, a segment at a time. */
const scrubRoundMs = ({ medium }: Machine): number => (medium.names.files.size + 2) * limits.scrubEveryMs;

/** What a node told of as lost is what its log lacks: nothing is left out, and nothing is there after all. */
async function checkTold(fleet: Fleet): Promise<readonly string[]> {
  const { world } = fleet;
  await world.run({ condition: () => false, timeMs: world.nowMs + Math.max(...fleet.honest.map(({ machine }) => scrubRoundMs(machine))) });
  const breaches: string[] = [];
  for (const { machine } of fleet.honest) {
    if (!fleet.damaged.has(machine.name) || unsure.has(machine)) continue;
    const lost = noteTold(machine);
    for (const { lane } of machine.subject?.log.heads().values() ?? []) breaches.push(...(await checkLaneTold(fleet, machine, lane, lost.get(laneName(lane)))));
  }
  return breaches;
}

async function checkLaneTold(fleet: Fleet, machine: Machine, lane: Lane, lost: RangeSet | undefined): Promise<readonly string[]> {
  const missing = await fleet.missing(machine, lane);
  const own = lane.origin === machine.subject?.log.origin;
  const silent = new RangeSet();
  const wrong = new RangeSet();
  const lacking = new RangeSet();
  for (const { first, last, reason } of missing) {
    lacking.add(first, last);
    // What a child's lane lacks may be the child's loss.
    if (reason === "damaged" && own) for (let sequence = first; sequence <= last; sequence++) if (lost?.has(sequence) !== true) silent.add(sequence);
  }
  for (const sequence of lost ?? []) if (!lacking.has(sequence)) wrong.add(sequence);
  return [
    ...(silent.count > 0 ? [`${machine.name} lacks ${laneName(lane)} ${silent.print()} and did not tell`] : []),
    ...(wrong.count > 0 ? [`${machine.name} told that ${laneName(lane)} ${wrong.print()} is lost, and it is there`] : []),
  ];
}
