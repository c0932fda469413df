/** Ours: MQTT door, the gateway's log, link, the cloud's log. */
import { join } from "node:path";
import { decodeStoredEvent } from "@holon/core/event/stored.ts";
import { isNodeName } from "@holon/core/units.ts";
import { z } from "zod";
import { openBenchLog } from "./bench-log.ts";
import { startHolonPair } from "./holon-pair.ts";
import { addNumber, type Replicator } from "./replicator.ts";

const lanesSchema = z.looseObject({ lanes: z.array(z.object({ lane: z.string(), sequence: z.number() })) });
const readingSchema = z.looseObject({ n: z.string() });

export async function startHolonReplicator(folder: string): Promise<Replicator> {
  const pair = await startHolonPair({ folder, withFunction: false, stream: "data" });
  let isEnded = false;
  const end = async (): Promise<void> => {
    if (isEnded) return;
    isEnded = true;
    await pair.end();
  };
  return {
    name: "holon",
    source: { kill: () => pair.gateway().kill(), start: () => pair.restartGateway(), signal: (name) => pair.gateway().signal(name) },
    hub: { kill: () => pair.cloud().kill(), start: () => pair.restartCloud(), signal: (name) => pair.cloud().signal(name) },
    order: () => ({ kind: "mqtt", port: pair.mqttPort() }),
    async arrived() {
      const status = await pair.cloud().get("/v1/status").catch(() => undefined);
      return status === undefined ? Number.NaN : (lanesSchema.parse(status).lanes.find(({ lane }) => lane === "gateway-1/data")?.sequence ?? 0);
    },
    async count() {
      await end();
      return numbersIn(join(folder, "nodes", "cloud-1"));
    },
    end,
  };
}

/** From the cloud's own files, so that what is counted is what is on its disk. */
async function numbersIn(folder: string): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  const origin = "gateway-1";
  if (!isNodeName(origin)) throw new Error(`${origin} is no node name`);
  const log = await openBenchLog(folder, "cloud-1");
  try {
    for (let from = 1; ; ) {
      const records = await log.read({ origin, stream: "data" }, from, { maxRecords: 10_000, maxBytes: 4 << 20 });
      const last = records.at(-1);
      if (last === undefined) return counts;
      from = last.sequence + 1;
      for (const { bytes } of records) {
        const reading = readingSchema.safeParse(decodeStoredEvent(bytes).data);
        if (reading.success) addNumber(counts, Number(reading.data.n));
      }
    }
  } finally {
    await log.close();
  }
}
