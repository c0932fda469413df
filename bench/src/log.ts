/** Suite `log`: durable append beside the same bytes written and synced with nothing around them. */
import { join } from "node:path";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { SegmentLog } from "@holon/node/log/segment-log.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openBenchLog, tellingDisk } from "./bench-log.ts";
import { openLimitFile } from "./limit-file.ts";
import { measureEncoding } from "./log-encoding.ts";
import { inBatches, joined, makeRecords } from "./records.ts";
import { contender, repeated, runInTurns, type Contender, type Work } from "./rounds.ts";
import { round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

/** Few, so that keeping the bench's own records alive is no work for the collector. */
const poolRecords = 4000;
const sizes = [1, 100, 1000] as const;

export const logSuite: Suite = {
  measures: "durable append of 200-byte records against write + fdatasync of the same bytes",
  async run(context) {
    const records = makeRecords(poolRecords, "data");
    const figures: Record<string, number> = {};
    const ratios: Record<string, number> = {};
    for (const size of sizes) {
      const result = await measureAppend(size, inBatches(records, size), context);
      Object.assign(figures, result.figures);
      Object.assign(ratios, result.ratios);
    }
    Object.assign(figures, await measureEncoding(records, context));
    return { figures, ratios };
  },
};

async function measureAppend(size: number, batches: readonly (readonly NewRecord[])[], { folder, seconds, say }: SuiteContext): Promise<SuiteResult> {
  let writtenMs = 0;
  const log = await openBenchLog("", "gateway-1", tellingDisk(createDisk(join(folder, `append-${size}`)), () => (writtenMs = performance.now())));
  const file = openLimitFile(join(folder, `limit-${size}`));
  const asBytes = batches.map(joined);
  const appendNext = inTurn(batches, (records) => log.append({ records }));
  const durable = contender(() => Promise.reject(new Error("has no rounds of its own: `append` tells it")));
  const contenders = {
    append: contender(inParts(appendNext, () => writtenMs, durable)),
    limit: contender(repeated(inTurn(asBytes, file.append))),
    two: contender(twoInFlight(log, batches)),
    limitAsync: contender(repeated(inTurn(asBytes, file.appendAsync))),
  };
  try {
    await runInTurns(Object.values(contenders), { seconds });
    const [append, writing, limit, two, limitAsync] = [contenders.append.measured(), durable.measured(), contenders.limit.measured(), contenders.two.measured(), contenders.limitAsync.measured()];
    say(`batches of ${size}: append ${round(append.p50Ms)} ms, ${round(writing.p50Ms)} ms of it after encoding, two in flight ${round(two.p50Ms)} ms a batch, limit ${round(limit.p50Ms)} ms (async ${round(limitAsync.p50Ms)} ms)`);
    return {
      figures: {
        [`appendMs${size}P10`]: append.p10Ms,
        [`appendMs${size}P50`]: append.p50Ms,
        [`appendMs${size}P99`]: append.p99Ms,
        [`appendEncodedMs${size}P50`]: writing.p50Ms,
        [`appendTwoMsPerBatch${size}P50`]: two.p50Ms,
        [`limitMs${size}P10`]: limit.p10Ms,
        [`limitMs${size}P50`]: limit.p50Ms,
        [`limitMs${size}P99`]: limit.p99Ms,
        [`limitAsyncMs${size}P50`]: limitAsync.p50Ms,
        [`appendRecordsPerSecond${size}`]: size * append.perSecond,
        [`appendTwoRecordsPerSecond${size}`]: size * two.perSecond,
        [`limitRecordsPerSecond${size}`]: size * limit.perSecond,
      },
      ratios: {
        [ratioName("appendVsLimit", size)]: writing.p50Ms / limit.p50Ms,
        [ratioName("appendVsLimitQuiet", size)]: writing.p10Ms / limit.p10Ms,
        [ratioName("appendWithEncodingVsLimit", size)]: append.p50Ms / limit.p50Ms,
        [ratioName("appendMeanVsLimit", size)]: limit.perSecond / append.perSecond,
        [ratioName("appendTwoVsLimit", size)]: two.p50Ms / limit.p50Ms,
        [ratioName("appendVsLimitAsync", size)]: append.p50Ms / limitAsync.p50Ms,
      },
    };
  } finally {
    await log.close();
    file.close();
  }
}

/** Batches of 1000 are the main case: their ratio has the plain name. */
const ratioName = (name: string, size: number): string => (size === 1000 ? name : `${name}${size}`);

/** Calls with one item after the other, round and round. */
function inTurn<Item, Result>(items: readonly Item[], use: (item: Item) => Result): () => Result | undefined {
  let next = 0;
  return () => {
    const item = items[next++ % items.length];
    return item === undefined ? undefined : use(item);
  };
}

/** Appends one after the other; `rest` learns what each took from the moment when all of it was encoded. */
function inParts(append: () => Promise<unknown> | undefined, writtenMs: () => number, rest: Contender): Work {
  return async (durationMs) => {
    const [whole, after]: [number[], number[]] = [[], []];
    const endMs = performance.now() + durationMs;
    do {
      const startMs = performance.now();
      await append();
      const nowMs = performance.now();
      whole.push(nowMs - startMs);
      after.push(nowMs - writtenMs());
    } while (performance.now() < endMs);
    rest.took(after);
    return whole;
  };
}

/** Two appends wait at any time, as when two sources write. Says milliseconds a batch, one value a slot. */
function twoInFlight(log: SegmentLog, batches: readonly (readonly NewRecord[])[]): Work {
  const append = inTurn(batches, (records) => log.append({ records }));
  return async (durationMs) => {
    const startMs = performance.now();
    let count = 0;
    const one = async (): Promise<void> => {
      do {
        await append();
        count += 1;
      } while (performance.now() - startMs < durationMs);
    };
    await Promise.all([one(), one()]);
    return [(performance.now() - startMs) / count];
  };
}
