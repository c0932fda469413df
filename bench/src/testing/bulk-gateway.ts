/** A real log behind a real bulk door, for tests; run as a program (`bulk-gateway.ts FOLDER PORT`) it is one that can be killed. */
import { createServer } from "node:net";
import { pathToFileURL } from "node:url";
import { sourceSpecSchema } from "@holon/core/schema/app.ts";
import { isNodeName } from "@holon/core/units.ts";
import type { Disk } from "@holon/core/ports.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createDoor } from "@holon/platform/door.ts";
import { createHostStats } from "@holon/platform/host-stats.ts";
import { openSource, type RunningSource } from "@holon/node/door/sources.ts";
import { createEvents } from "@holon/node/event/events.ts";
import type { SegmentLog } from "@holon/node/log/segment-log.ts";
import { openTempLog } from "@holon/node/testing/temp-log.ts";

export const bulkSource = "readings";
export const bulkType = "pump.reading";

export interface BulkGateway {
  readonly port: number;
  readonly log: SegmentLog;
  readonly source: RunningSource;
  close(): Promise<void>;
}

export async function openBulkGateway(folder: string, options: { readonly port?: number; readonly disk?: Disk } = {}): Promise<BulkGateway> {
  const clock = createClock();
  const name = "gateway-1";
  if (!isNodeName(name)) throw new Error("no node name");
  const log = await openTempLog(folder, options.disk === undefined ? {} : { disk: options.disk });
  const spec = sourceSpecSchema.parse({ kind: "bulk", name: bulkSource, type: bulkType, class: "derived", listen: `127.0.0.1:${options.port ?? 0}` });
  const events = createEvents({ name, jurisdiction: "EU" }, clock);
  const source = await openSource(spec, { app: "app", log, events, guard: { mayExport: () => true, stays: () => undefined, lowered: (_unit, from) => from }, door: createDoor({ clock, hostStats: createHostStats(clock) }), clock, random: createRandom(), trace: { note: () => undefined } });
  const { address, problem } = source.status();
  if (address === undefined) throw new Error(problem?.message);
  return {
    port: Number(new URL(address).port),
    log,
    source,
    async close() {
      await source.close();
      await log.close();
    },
  };
}

/** A port that nobody listens on now: the gateway is to come back on the same one. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

const [, program = "", folder = "", port = ""] = process.argv;
if (import.meta.url === pathToFileURL(program).href) {
  await openBulkGateway(folder, { port: Number(port) });
  process.send?.("open");
}
