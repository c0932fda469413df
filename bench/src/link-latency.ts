/** One event at a time: from its append at the gateway until the cloud's mark for it is back. */
import type { StreamName } from "@holon/core/schema/event.ts";
import type { BenchNode } from "./link-node.ts";
import { makeRecords } from "./records.ts";
import { percentile, round } from "./statistics.ts";
import type { SuiteContext } from "./suite.ts";

/** Between two events: the link is quiet when the next one comes. */
const pauseMs = 5;
const samplesMin = 3;

export async function measureLatency(gateway: BenchNode, { seconds, say }: SuiteContext): Promise<Readonly<Record<string, number>>> {
  const alarm = await latencies(gateway, "alarm", seconds);
  const data = await latencies(gateway, "data", seconds);
  say(`one event, append to mark: alarm ${round(percentile(alarm, 0.5))} ms (p99 ${round(percentile(alarm, 0.99))}), data ${round(percentile(data, 0.5))} ms (p99 ${round(percentile(data, 0.99))})`);
  return {
    latencyAlarmMsP50: percentile(alarm, 0.5),
    latencyAlarmMsP99: percentile(alarm, 0.99),
    latencyAlarmSamples: alarm.length,
    latencyDataMsP50: percentile(data, 0.5),
    latencyDataMsP99: percentile(data, 0.99),
    latencyDataSamples: data.length,
  };
}

async function latencies({ node, delivered }: BenchNode, stream: StreamName, seconds: number): Promise<readonly number[]> {
  const records = makeRecords(1000, stream);
  const taken: number[] = [];
  const endMs = performance.now() + 1000 * seconds;
  // The first one of a stream also opens the epoch and the guard's decision: not counted.
  for (let index = -1; taken.length < samplesMin || performance.now() < endMs; index++) {
    const record = records[(index + records.length) % records.length];
    if (record === undefined) continue;
    const startMs = performance.now();
    await node.log.append({ records: [record] });
    await delivered();
    if (index >= 0) taken.push(performance.now() - startMs);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return taken;
}
