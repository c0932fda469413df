import type { Cipher, Disk, DiskFile } from "@holon/core/ports.ts";
import { isNodeName } from "@holon/core/units.ts";
import { createEvents } from "@holon/node/event/events.ts";
import { openLog, type SegmentLog } from "@holon/node/log/segment-log.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createRandom } from "@holon/platform/random.ts";

/** What the log hashes and sums with on a real machine. */
export const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };

/** The log of a node as the node opens it, on this machine's ports, without a node around it. */
export async function openBenchLog(folder: string, name = "gateway-1", disk: Disk = createDisk(folder), cipher?: Cipher): Promise<SegmentLog> {
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  const clock = createClock();
  const events = createEvents({ name, jurisdiction: "EU" }, clock);
  return openLog({
    origin: name,
    disk,
    clock,
    random: createRandom(),
    integrity: { ...integrity, cipher },
    opened: (stream, predecessor) => events.record({ stream, type: "holon.log.opened", class: "public", producer: "log", data: { predecessor: predecessor ?? null } }),
  });
}

/** A disk that tells of each batch when it goes to the medium. */
export function tellingDisk(disk: Disk, written: () => void): Disk {
  const telling = (file: DiskFile): DiskFile => ({
    size: () => file.size(),
    read: (position, length) => file.read(position, length),
    write: (position, bytes) => file.write(position, bytes),
    writeThrough: (position, bytes) => {
      written();
      return file.writeThrough(position, bytes);
    },
    sync: () => file.sync(),
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  });
  return { ...disk, open: async (path, options) => telling(await disk.open(path, options)) };
}
