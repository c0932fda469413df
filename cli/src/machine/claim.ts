/** Takes a data folder and its ports for this process before anything in it is touched. */
import { createServer } from "node:net";
import { HolonError } from "@holon/core/errors.ts";
import { bindHost, parseAddress } from "@holon/platform/net/address.ts";
import { lockFolder, type FolderLock } from "@holon/platform/lock.ts";

/** Which of the ports from the base on the three nodes listen on. */
const offsets = [0, 1, 3, 4, 6] as const;

/** `HOLON_DATA_IN_USE`, `HOLON_PORT_TAKEN`, `HOLON_DISK_READ_ONLY`. Port base 0 leaves the choice to the system. `doors` are where devices will come to: `host:port`. */
export async function claim(data: string, portBase: number, doors: readonly string[] = []): Promise<FolderLock> {
  const lock = lockFolder(data);
  try {
    for (const offset of portBase === 0 ? [] : offsets) await checkPort("127.0.0.1", portBase + offset, "Stop the other process, or choose other ports with --port-base.");
    for (const door of doors) {
      const { host, port } = parseAddress(door, "mqtt");
      if (port !== 0) await checkPort(host, port, "Stop the other process, or have devices come to another address: --mqtt HOST:PORT, or `listen` of the app's source.");
    }
  } catch (error) {
    lock.release();
    throw error;
  }
  return lock;
}

function checkPort(host: string, port: number, next: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause) => {
      reject(new HolonError("HOLON_PORT_TAKEN", `${host}:${port} cannot be listened on (${cause.message})`, { cause, next }));
    });
    server.listen({ host: bindHost(host), port, exclusive: true }, () => server.close(() => resolve()));
  });
}
