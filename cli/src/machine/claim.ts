/** Takes a data folder and its ports for this process before anything in it is touched. */
import { createServer } from "node:net";
import { HolonError } from "@holon/core/errors.ts";
import { lockFolder, type FolderLock } from "@holon/platform/lock.ts";

/** Which of the ports from the base on the three nodes listen on. */
const offsets = [0, 1, 3, 4, 6] as const;

/** `HOLON_DATA_IN_USE`, `HOLON_PORT_TAKEN`, `HOLON_DISK_READ_ONLY`. Port base 0 leaves the choice to the system. */
export async function claim(data: string, portBase: number): Promise<FolderLock> {
  const lock = lockFolder(data);
  try {
    for (const offset of portBase === 0 ? [] : offsets) await checkPort(portBase + offset);
  } catch (error) {
    lock.release();
    throw error;
  }
  return lock;
}

function checkPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause) => {
      reject(new HolonError("HOLON_PORT_TAKEN", `127.0.0.1:${port} cannot be listened on (${cause.message})`, { cause, next: "Stop the other process, or choose other ports with --port-base." }));
    });
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve()));
  });
}
