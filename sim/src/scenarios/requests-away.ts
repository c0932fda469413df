/**
 * Somebody at the cloud asks things of a gateway that is away for days, and goes on asking when it is back; every node loses power at any moment, above all around the moment at which the
 * gateway comes back. Each request that the cloud has accepted is done once at the most, and what became of it is told.
 */
import type { KnownRequest } from "@holon/node/diagnosis/desk.ts";
import type { Fleet } from "../fleet.ts";
import type { Scenario, ScenarioSize } from "../scenario.ts";
import { crashSomehow, repeat } from "./faults.ts";

const hoursDefault = 48;
const hourMs = 3_600_000;
/** After its return the gateway is there for so long before all is well; less where the whole is short. */
const backMsMax = 180_000;
const asksMax = 12;
const gateway = "gateway-1";

interface Asked {
  /** By the word that it marks: what the cloud said when it had the request on its disk. */
  readonly accepted: Map<string, KnownRequest>;
  /** Words of which something was told. */
  readonly told: Set<string>;
  words: number;
}
const askedOf = new WeakMap<Fleet, Asked>();

export const requestsAway: Scenario = {
  name: "requests-away",
  about: "Requests to a gateway that is away for days; every node loses power at any moment; each is done once at the most, and its answer comes.",
  pains: ["IoT Edge #7321", "KubeEdge #3067"],
  withoutReadings: true,
  convergeMsMax: 600_000,
  safetyMs: (_world, { hours = hoursDefault }: ScenarioSize) => hours * hourMs,
  build(fleet) {
    const random = fleet.world.random.fork("topology");
    fleet.add({ name: "cloud", tier: "cloud", driftPpm: random.between(-50, 50) });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", driftPpm: random.between(-50, 50) });
    fleet.add({ name: gateway, tier: "gateway", parent: "edge-1", driftPpm: random.between(-100, 100) });
  },
  plan(fleet, untilMs) {
    const { world } = fleet;
    const random = world.random.fork("requests");
    const asked: Asked = { accepted: new Map(), told: new Set(), words: 0 };
    askedOf.set(fleet, asked);
    const away = fleet.members.get(gateway)?.machine;
    const backMs = Math.min(backMsMax, (untilMs - world.nowMs) / 3);
    const backAtMs = untilMs - backMs;
    world.after(20_000, () => away?.crash("power"));
    world.at(backAtMs, () => away?.start());
    repeat(world, random.fork("asks"), (untilMs - world.nowMs) / asksMax, untilMs, () => ask(fleet, asked));
    repeat(world, random.fork("late asks"), backMs / 6, untilMs, () => world.nowMs > backAtMs && ask(fleet, asked));
    for (const { machine } of fleet.members.values()) {
      const crashes = random.fork(`crashes/${machine.name}`);
      if (machine.name !== gateway) repeat(world, crashes, (untilMs - world.nowMs) / 4, untilMs, () => crashSomehow(machine, crashes));
      for (const part of [0.02, 0.05, 0.1, 0.3, 0.5]) world.at(backAtMs + (untilMs - backAtMs) * part * crashes.between(0.5, 1.5), () => machine.isOn && crashSomehow(machine, crashes));
    }
  },
  watch: (fleet) => ({ see: () => undefined, hasConverged: () => areAllTold(fleet), violations: () => [] }),
  findings(fleet) {
    const { accepted } = askedOf.get(fleet) ?? { accepted: new Map<string, KnownRequest>() };
    const marks = fleet.members.get(gateway)?.machine.marks ?? [];
    const times = (word: string): number => marks.filter((mark) => mark === word).length;
    const violations = [...(accepted.size === 0 ? ["no request was accepted: the run proves nothing"] : []), ...unanswered(fleet)];
    for (const word of new Set(marks)) if (times(word) > 1) violations.push(`${word} was done ${times(word)} times`);
    let cut = 0;
    for (const [word, { id }] of accepted) {
      const said = resultOf(fleet, id);
      if (said === "ok" && times(word) === 0) violations.push(`${word} is told as done and was not`);
      if (said === "HOLON_DIAGNOSIS_EXPIRED" || said === "HOLON_DIAGNOSIS_GONE") violations.push(`${word} was accepted and came to ${said}`);
      if (said === "HOLON_DIAGNOSIS_CUT") cut += 1;
    }
    return { violations, figures: { requests: accepted.size, cut, marks: marks.length } };
  },
};

function ask({ members, world }: Fleet, asked: Asked): void {
  const desk = members.get("cloud")?.machine.subject?.diagnosis?.desk;
  if (desk === undefined) return;
  const word = `word-${(asked.words += 1)}`;
  // Refused, or cut off by a crash: nobody was promised anything.
  desk.request(gateway, { kind: "exec", command: "mark", arguments: { word } }, { principal: "token machine", role: "machine", at: "cloud" }, 30 * 24 * hourMs).then((request) => asked.accepted.set(word, request), () => world.nowMs);
}

/** Asked after everything that happens: what was told once is not asked for again, until the end. */
function areAllTold(fleet: Fleet): boolean {
  const { accepted, told } = askedOf.get(fleet) ?? { accepted: new Map<string, KnownRequest>(), told: new Set<string>() };
  if (told.size === accepted.size) return true;
  for (const [word, { id }] of accepted) {
    if (told.has(word)) continue;
    if (resultOf(fleet, id) === undefined) return false;
    told.add(word);
  }
  return true;
}

const unanswered = (fleet: Fleet): readonly string[] => [...(askedOf.get(fleet)?.accepted ?? [])].flatMap(([word, { id }]) => (resultOf(fleet, id) === undefined ? [`${word} has no answer`] : []));

/** `ok`, the code of what went wrong, or undefined while nothing came of it. */
function resultOf({ members }: Fleet, id: string): string | undefined {
  const desk = members.get("cloud")?.machine.subject?.diagnosis?.desk;
  if (desk === undefined) return undefined;
  try {
    const result = desk.result(id);
    return result === undefined ? undefined : result.ok ? "ok" : result.error.code;
  } catch (error) {
    return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
  }
}
