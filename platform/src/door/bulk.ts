/**
 * The bulk door: producers hand over batches of events that they have encoded, and number them, so that each is stored once however often it is
 * sent. Acknowledged means on disk. Producers are not asked who they are, so the door stays on this machine's loopback.
 */
import { createServer } from "node:net";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, DoorSink, OpenDoor } from "@holon/core/ports.ts";
import type { BulkSourceSpec } from "@holon/core/schema/app.ts";
import { type BulkConnection, type BulkWorld, createBulkConnection } from "./bulk-connection.ts";
import { listenOn, loopbackOnly } from "./listen.ts";
import { parseAddress, printAddress } from "../net/address.ts";

/** Listens for producers. `HOLON_PORT_TAKEN`, `HOLON_CONFIG_BAD` for an address. */
export async function openBulk(spec: BulkSourceSpec, sink: DoorSink, clock: Clock): Promise<OpenDoor> {
  const wanted = loopbackOnly(parseAddress(spec.listen, "bulk"), spec.name);
  const connections = new Set<BulkConnection>();
  const waiting: (() => void)[] = [];
  let pendingBytes = 0;

  const server = createServer({ noDelay: true, highWaterMark: limits.bulkAnswerBytesMax });
  server.maxConnections = limits.bulkConnectionsMax;

  const world: BulkWorld = {
    clock,
    sink,
    check({ source }) {
      if (source !== spec.name) throw new HolonError("HOLON_SOURCE_UNKNOWN", `this is the door of source ${spec.name}, not of ${source}`);
    },
    pending(bytes) {
      pendingBytes += bytes;
      if (pendingBytes <= limits.bulkPendingBytesMax / 2) for (const resume of waiting.splice(0)) resume();
    },
    isFull: () => pendingBytes >= limits.bulkPendingBytesMax,
    onRoom: (resume) => void waiting.push(resume),
    broken(problem) {
      server.close();
      for (const connection of connections) connection.close(problem);
      sink.ended(problem);
    },
    left: (connection) => void connections.delete(connection),
  };
  server.on("connection", (socket) => connections.add(createBulkConnection(socket, world)));

  const port = await listenOn(server, "bulk", wanted);
  return {
    address: printAddress("bulk", { host: wanted.host, port }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      await Promise.all([...connections].map((connection) => connection.stop()));
      await closed;
    },
  };
}
