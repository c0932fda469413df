/** Events a second from the gateway's first append to the cloud's last mark, and what they cost at each end. */
import type { Credentials } from "@holon/platform/identity.ts";
import { join } from "node:path";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { SegmentLog } from "@holon/node/log/segment-log.ts";
import { openBenchLog } from "./bench-log.ts";
import type { CloudProcess } from "./link-cloud-process.ts";
import type { BenchNode } from "./link-node.ts";
import { connectRawTls } from "./link-raw-tls.ts";
import { inBatches, joined, makeRecords, recordBytes } from "./records.ts";
import { median, round, sum } from "./statistics.ts";
import type { SuiteContext, SuiteResult } from "./suite.ts";

interface Ends {
  readonly gateway: BenchNode;
  readonly cloud: CloudProcess;
  readonly credentials: Credentials;
}

const rounds = 5;
/** More than a frame holds, so that compression finds no repetition that real events do not have. */
const poolRecords = 8000;
const batchRecords = 1000;
/** Appends that wait at a time: enough that the log always has the next commit at hand. */
const inFlight = 4;
const warmBatches = 20;

export async function measureThroughput({ gateway, cloud, credentials }: Ends, { folder, seconds, say }: SuiteContext): Promise<SuiteResult> {
  const batches = inBatches(makeRecords(poolRecords, "data"), batchRecords);
  const alone = await openBenchLog(join(folder, "alone"));
  const raw = await connectRawTls(cloud.rawTlsPort, credentials);
  const piece = joined(batches[0] ?? []);
  const contenders = {
    endToEnd: async (count: number) => {
      await feed(gateway.node.log, batches, count);
      await gateway.delivered();
    },
    append: (count: number) => feed(alone, batches, count),
    rawTls: (count: number) => raw.transfer(piece, count),
  };
  try {
    for (const contender of Object.values(contenders)) await contender(warmBatches); // not counted: compilers and caches warm up
    const count = Math.max(1, Math.round((seconds * 1000) / rounds / ((await timed(() => contenders.endToEnd(warmBatches))) / warmBatches)));
    const took = { endToEnd: [] as number[], append: [] as number[], rawTls: [] as number[] };
    const costs: Costs[] = [];
    for (let index = 0; index < rounds; index++) {
      const before = await costsOf(gateway, cloud);
      took.endToEnd.push(await timed(() => contenders.endToEnd(count)));
      costs.push(difference(before, await costsOf(gateway, cloud)));
      took.append.push(await timed(() => contenders.append(count)));
      took.rawTls.push(await timed(() => contenders.rawTls(count)));
    }
    return summed(took, costs, count * batchRecords, say);
  } finally {
    raw.close();
    await alone.close();
  }
}

/** As fast as the log takes them. */
async function feed(log: SegmentLog, batches: readonly (readonly NewRecord[])[], count: number): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      const records = batches[next++ % batches.length];
      if (records !== undefined) await log.append({ records });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}

/** What both ends have spent so far. */
interface Costs {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly plainBytes: number;
  readonly packedBytes: number;
  readonly compressMs: number;
  readonly decompressMs: number;
  readonly gatewayMs: number;
  readonly cloudMs: number;
}

async function costsOf({ node, zstd }: BenchNode, cloud: CloudProcess): Promise<Costs> {
  const { user, system } = process.cpuUsage();
  const { sentBytes = 0, receivedBytes = 0 } = node.status().uplink ?? {};
  const { plainBytes, packedBytes, compressMs } = zstd;
  const { processorMs, decompressMs } = await cloud.figures();
  return { sentBytes, receivedBytes, plainBytes, packedBytes, compressMs, decompressMs, gatewayMs: (user + system) / 1000, cloudMs: processorMs };
}

const difference = (before: Costs, after: Costs): Costs => ({
  sentBytes: after.sentBytes - before.sentBytes,
  receivedBytes: after.receivedBytes - before.receivedBytes,
  plainBytes: after.plainBytes - before.plainBytes,
  packedBytes: after.packedBytes - before.packedBytes,
  compressMs: after.compressMs - before.compressMs,
  decompressMs: after.decompressMs - before.decompressMs,
  gatewayMs: after.gatewayMs - before.gatewayMs,
  cloudMs: after.cloudMs - before.cloudMs,
});

type Took = Readonly<Record<"endToEnd" | "append" | "rawTls", readonly number[]>>;

function summed(took: Took, costs: readonly Costs[], events: number, say: SuiteContext["say"]): SuiteResult {
  const all = events * rounds;
  const of = (name: keyof Costs): number => sum(costs.map((cost) => cost[name]));
  const perSecond = (ms: readonly number[]): number => (1000 * events) / median(ms);
  const figures = {
    endToEndEventsPerSecond: perSecond(took.endToEnd),
    endToEndEventsPerSecondBest: (1000 * events) / Math.min(...took.endToEnd),
    appendAloneEventsPerSecond: perSecond(took.append),
    rawTlsEventsPerSecond: perSecond(took.rawTls),
    rawTlsMegabytesPerSecond: (perSecond(took.rawTls) * recordBytes) / 1e6,
    socketSentBytesPerEvent: of("sentBytes") / all,
    socketReceivedBytesPerEvent: of("receivedBytes") / all,
    zstdPackedBytesPerPlainByte: of("packedBytes") / of("plainBytes"),
    gatewayProcessorUsPerEvent: (1000 * of("gatewayMs")) / all,
    gatewayZstdUsPerEvent: (1000 * of("compressMs")) / all,
    cloudProcessorUsPerEvent: (1000 * of("cloudMs")) / all,
    cloudZstdUsPerEvent: (1000 * of("decompressMs")) / all,
  };
  say(`${rounds} rounds of ${events} events: end to end ${round(figures.endToEndEventsPerSecond)} a second, append alone ${round(figures.appendAloneEventsPerSecond)}, bare TLS ${round(figures.rawTlsEventsPerSecond)}`);
  say(`an event costs ${round(figures.gatewayProcessorUsPerEvent)} µs of processor at the gateway, ${round(figures.cloudProcessorUsPerEvent)} µs at the cloud, ${round(figures.socketSentBytesPerEvent)} bytes on the socket`);
  return { figures, ratios: { endToEndVsAppend: median(took.endToEnd) / median(took.append), endToEndVsTls: median(took.endToEnd) / median(took.rawTls) } };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
