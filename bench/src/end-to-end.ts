/**
 * Suite `endToEnd`: messages acknowledged at a gateway until they are at the hub, beside a JetStream source over a leaf link and a
 * mosquitto bridge at QoS 1. Then each again with its ends killed and frozen in the middle: what was acknowledged and is not at the
 * hub is lost, what is there twice is doubled. The client sends nothing twice, so that what is doubled was doubled on the way.
 */
import { join } from "node:path";
import { startLoadProcess, type LoadProcess } from "./client-process.ts";
import { breakInTheMiddle } from "./end-to-end-faults.ts";
import { findRival, versionOf } from "./rival-binary.ts";
import type { Replicator } from "./replicator.ts";
import { startHolonReplicator } from "./replicator-holon.ts";
import { startMosquittoReplicator } from "./replicator-mosquitto.ts";
import { startNatsReplicator } from "./replicator-nats.ts";
import { median, round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";
import { until } from "./until.ts";

const load = { inFlightMax: 1000, payloadBytes: 200 } as const;
const rounds = 5;
const countMin = 3000;
/** Of one round: the last few wait half a second for company (`lingerMs` of the link), which is to be a small part of it. A run of less than a second is a trial of the bench itself. */
const roundCountMin = (seconds: number): number => (seconds < 1 ? countMin : 100_000);
const lookEveryMs = 5;
const arriveMsMax = 120_000;

type Start = (folder: string) => Promise<Replicator>;

export const endToEndSuite: Suite = {
  measures: "gateway to hub against a JetStream source and a mosquitto bridge, and what each loses and doubles when its ends are killed and frozen",
  async run(context) {
    const starts = startsOf(context);
    const client = startLoadProcess();
    try {
      const speed = await compareSpeed(starts, client, context);
      const faults: Record<string, number> = {};
      for (const [name, start] of starts) {
        const counted = await breakInTheMiddle(await start(join(context.folder, `faults-${name}`)), client, load);
        context.say(`${name} with kill -9 and SIGSTOP at each end: ${counted.acknowledged} acknowledged, ${counted.lost} lost, ${counted.doubled} doubled`);
        for (const [what, value] of Object.entries(counted)) faults[`${what}${capital(name)}`] = value;
      }
      return { figures: { ...speed.figures, ...faults }, ratios: speed.ratios };
    } finally {
      await client.end();
    }
  },
};

function startsOf({ say }: SuiteContext): ReadonlyMap<Replicator["name"], Start> {
  const starts = new Map<Replicator["name"], Start>([["holon", startHolonReplicator]]);
  const nats = findRival("nats-server", say);
  if (nats !== undefined) {
    say(`nats-server ${versionOf(nats, "--version")}`);
    starts.set("jetStream", (folder) => startNatsReplicator(nats, folder));
  }
  const mosquitto = findRival("mosquitto", say);
  if (mosquitto !== undefined) {
    say(`mosquitto ${versionOf(mosquitto, "-h")}`);
    starts.set("mosquitto", (folder) => startMosquittoReplicator(mosquitto, folder));
  }
  return starts;
}

async function compareSpeed(starts: ReadonlyMap<Replicator["name"], Start>, client: LoadProcess, { folder, seconds, say }: SuiteContext): Promise<SuiteResult> {
  const replicators: Replicator[] = [];
  try {
    for (const [name, start] of starts) replicators.push(await start(join(folder, name)));
    const took = new Map(replicators.map(({ name }) => [name, [] as number[]]));
    let from = 0;
    const run = async (replicator: Replicator, count: number): Promise<number> => {
      const before = await replicator.arrived();
      const startMs = performance.now();
      const { acknowledged } = await client.run({ ...replicator.order(), ...load, from, count });
      from += count;
      if (acknowledged !== count) throw new Error(`${replicator.name} acknowledged ${acknowledged} of ${count}`);
      await until(`${replicator.name} has all at the hub`, async () => (await replicator.arrived()) - before >= count, { everyMs: lookEveryMs, boundMs: arriveMsMax });
      return performance.now() - startMs;
    };
    for (const replicator of replicators) await run(replicator, countMin); // not counted: compilers and caches warm up
    let slowestMs = 0;
    for (const replicator of replicators) slowestMs = Math.max(slowestMs, await run(replicator, countMin));
    const count = Math.max(roundCountMin(seconds), Math.round((countMin * 1000 * seconds) / rounds / slowestMs));
    for (let index = 0; index < rounds; index++) {
      for (const replicator of index % 2 === 0 ? replicators : replicators.toReversed()) took.get(replicator.name)?.push(await run(replicator, count));
    }
    return summed(took, count, say);
  } finally {
    for (const replicator of replicators) await replicator.end();
  }
}

function summed(took: ReadonlyMap<string, readonly number[]>, count: number, say: SuiteContext["say"]): SuiteResult {
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  const rate = (name: string): number => (1000 * count) / median(took.get(name) ?? []);
  for (const name of took.keys()) {
    figures[`${name}EndToEndPerSecond`] = rate(name);
    say(`${name}: ${round(rate(name))} a second at the hub (${rounds} rounds of ${count})`);
    if (name !== "holon") ratios[`endToEndVs${capital(name)}`] = rate("holon") / rate(name);
  }
  return { figures, ratios };
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
