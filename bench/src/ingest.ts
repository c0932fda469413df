/**
 * Suite `ingest`: what a gateway takes in and acknowledges, beside nats-server's JetStream on files. Real processes; the client is one
 * of its own, over loopback, with the same payloads and the same number of them unacknowledged. Beside them the floor: the same producer, and behind the
 * socket nothing but the disk.
 */
import { join } from "node:path";
import { startBareDoor } from "./bare-door-process.ts";
import { findRival, versionOf } from "./rival-binary.ts";
import { benchStream, startNats, takesConfig, type NatsServer } from "./rival-nats.ts";
import { startLoadProcess, type ClientOrder, type LoadProcess } from "./client-process.ts";
import { startHolonPair } from "./holon-pair.ts";
import { median, round, sum } from "./statistics.ts";
import { processorMsOf } from "./process-memory.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

const inFlightMax = 1000;
const payloadBytes = 200;
const rounds = 7;
/** A shorter round would mostly say how long it takes to connect. */
const roundMsMin = 500;
const warmingRoundsMax = 20;
/** Of one round; a run of less than a second is a trial of the bench itself. */
const countMinOf = (seconds: number): number => (seconds < 1 ? 500 : 5000);

interface Contender {
  readonly name: "holon" | "holonMqtt" | "bare" | "jetStream" | "jetStreamLibrary" | "jetStreamAlways";
  readonly order: Pick<ClientOrder, "kind" | "port">;
  readonly pid: number;
  /** Messages of one round. */
  count: number;
  readonly tookMs: number[];
  readonly clientMs: number[];
  readonly serverMs: number[];
}

export const ingestSuite: Suite = {
  measures: "a gateway's ingest, acknowledged on disk, against nats-server JetStream",
  async run(context) {
    const pair = await startHolonPair({ folder: context.folder, withFunction: false, stream: "local" });
    const servers: { stop(): Promise<void> }[] = [];
    const load = startLoadProcess();
    try {
      const bare = await startBareDoor(join(context.folder, "bare"));
      servers.push(bare);
      const contenders: Contender[] = [contender("holon", { kind: "bulk", port: pair.bulkPort() }, pair.gateway().pid), contender("bare", { kind: "bulk", port: bare.port }, bare.pid), contender("holonMqtt", { kind: "mqtt", port: pair.mqttPort() }, pair.gateway().pid)];
      for (const { name, server } of await startRivals(context)) {
        servers.push(server);
        contenders.push(contender(name, { kind: "nats", port: server.port }, server.pid()));
        if (name === "jetStream") contenders.push(contender("jetStreamLibrary", { kind: "natsLibrary", port: server.port }, server.pid()));
      }
      return await compare(contenders, load, context);
    } finally {
      await load.end();
      for (const server of servers) await server.stop();
      await pair.end();
    }
  },
};

const contender = (name: Contender["name"], order: Contender["order"], pid: number): Contender => ({ name, order, pid, count: countMinOf(0), tookMs: [], clientMs: [], serverMs: [] });

async function startRivals({ folder, say }: SuiteContext): Promise<readonly { readonly name: "jetStream" | "jetStreamAlways"; readonly server: NatsServer }[]> {
  const path = findRival("nats-server", say);
  if (path === undefined) return [];
  say(`nats-server ${versionOf(path, "--version")}`);
  const started = [{ name: "jetStream" as const, server: await startNats({ path, folder, name: "jetstream" }) }];
  const always = { path, folder, name: "jetstream-always", jetstream: ["sync_interval: always"] };
  if (!takesConfig(always)) say("this version of nats-server has no `sync_interval: always`: nothing is compared with that");
  const all = takesConfig(always) ? [...started, { name: "jetStreamAlways" as const, server: await startNats(always) }] : started;
  for (const { server } of all) await server.ask(`$JS.API.STREAM.CREATE.${benchStream.name}`, benchStream);
  return all;
}

async function compare(contenders: readonly Contender[], load: LoadProcess, { seconds, say }: SuiteContext): Promise<SuiteResult> {
  let from = 0;
  const run = async ({ name, order, count }: Contender) => {
    const report = await load.run({ ...order, from, count, inFlightMax, payloadBytes });
    from += count;
    if (report.acknowledged !== count) throw new Error(`${name} acknowledged ${report.acknowledged} of ${count}`);
    return report;
  };
  // Not counted: compilers and caches warm up, and each learns how many messages take it the time of a round.
  const countMin = countMinOf(seconds);
  const roundMs = Math.max(seconds < 1 ? 0 : roundMsMin, (1000 * seconds) / rounds / contenders.length);
  for (const one of contenders) await warm(one, run, { countMin, roundMs });
  for (let index = 0; index < rounds; index++) {
    await inOrder(index % 2 === 0 ? contenders : contenders.toReversed(), async (one) => {
      const beforeMs = processorMsOf(one.pid);
      const { tookMs, processorMs } = await run(one);
      one.serverMs.push(processorMsOf(one.pid) - beforeMs);
      one.tookMs.push(tookMs);
      one.clientMs.push(processorMs);
    });
  }
  const figures: Record<string, number> = {};
  const perSecond = new Map<string, number>();
  for (const { name, count, tookMs, clientMs, serverMs } of contenders) {
    const rate = (1000 * count) / median(tookMs);
    perSecond.set(name, rate);
    figures[`${name}IngestPerSecond`] = rate;
    figures[`${name}IngestPerSecondBest`] = (1000 * count) / Math.min(...tookMs);
    figures[`${name}IngestClientUsPerEvent`] = (1000 * median(clientMs)) / count;
    const serverUs = (1000 * sum(serverMs)) / (count * rounds);
    if (serverUs > 0) figures[`${name}IngestServerUsPerEvent`] = serverUs;
    say(`${name}: ${round(rate)} acknowledged a second (${rounds} rounds of ${count}, ${inFlightMax} in flight)`);
  }
  const ratio = (ratioName: string, own: Contender["name"], other: Contender["name"]): Record<string, number> => {
    const [one, two] = [perSecond.get(own), perSecond.get(other)];
    return one === undefined || two === undefined ? {} : { [ratioName]: one / two };
  };
  const ratios = {
    ...ratio("ingestVsJetStream", "holon", "jetStream"),
    ...ratio("ingestVsBare", "holon", "bare"),
    ...ratio("bareVsJetStream", "bare", "jetStream"),
    ...ratio("ingestVsJetStreamLibrary", "holon", "jetStreamLibrary"),
    ...ratio("ingestVsJetStreamAlways", "holon", "jetStreamAlways"),
    ...ratio("ingestMqttVsJetStream", "holonMqtt", "jetStream"),
    ...ratio("ingestMqttVsJetStreamAlways", "holonMqtt", "jetStreamAlways"),
  };
  return { figures, ratios };
}

/**
 * Until a contender is as fast as it becomes: three rounds running bring no tenth more than the best before them, or it had its time. Each
 * round takes as many messages as fill its time by the rate of the last.
 */
async function warm(one: Contender, run: (one: Contender) => Promise<{ readonly tookMs: number }>, { countMin, roundMs }: { readonly countMin: number; readonly roundMs: number }): Promise<void> {
  let best = 0;
  for (let [done, without] = [0, 0]; done < warmingRoundsMax && without < 3; done++) {
    const rate = one.count / (await run(one)).tookMs;
    without = rate > 1.1 * best ? 0 : without + 1;
    best = Math.max(best, rate);
    one.count = Math.max(countMin, Math.round(rate * roundMs));
  }
}

async function inOrder<Item, Result>(items: readonly Item[], use: (item: Item) => Promise<Result>): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await use(item));
  return results;
}
