/** The process behind `client-process.ts`. */
import { openBulkClient } from "./client-bulk.ts";
import { openMqttClient } from "./client-mqtt.ts";
import { openNatsLibraryClient } from "./client-nats-library.ts";
import { openNatsClient } from "./client-nats.ts";
import { drive, type OpenLoadClient } from "./client-load.ts";
import type { ClientKind, ClientOrder, ClientReport, FromClient } from "./client-process.ts";
import { createPayloads } from "./payloads.ts";

const clients: Readonly<Record<ClientKind, OpenLoadClient>> = { bulk: openBulkClient, mqtt: openMqttClient, nats: openNatsClient, natsLibrary: openNatsLibraryClient };
const tell = (message: FromClient): void => void process.send?.(message);
const progressEveryMs = 50;

process.on("message", (order: ClientOrder) => void run(order).then((report) => tell({ report })));
process.once("disconnect", () => process.exit());

async function run({ kind, port, payloadBytes, ...order }: ClientOrder): Promise<ClientReport> {
  let acknowledgedSoFar = 0;
  const timer = setInterval(() => tell({ acknowledged: acknowledgedSoFar }), progressEveryMs);
  const before = process.cpuUsage();
  const startMs = performance.now();
  const acknowledged = await drive(clients[kind], { port, payloadOf: createPayloads(payloadBytes) }, { ...order, progress: (value) => (acknowledgedSoFar = value) });
  const tookMs = performance.now() - startMs;
  clearInterval(timer);
  const { user, system } = process.cpuUsage(before);
  return { acknowledged, tookMs, processorMs: (user + system) / 1000 };
}
