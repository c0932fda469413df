/** As planted-bugs.test.ts: bugs of the log, of what it keeps and of the clock that it reads. */
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { caught, onGateways } from "./testing/planting.ts";

const planted = takesTurns(3);

planted("leaves a segment whose roll was refused at its sync", () => {
  /** What is to be taken back again stays. */
  const keeps = (disk: Disk): Disk => {
    const refused = new Set<string>();
    const watched = (path: string, file: DiskFile): DiskFile => ({
      ...file,
      sync: () =>
        file.sync().catch((error: unknown) => {
          refused.add(path);
          throw error;
        }),
    });
    return { ...disk, open: async (path, options) => watched(path, await disk.open(path, options)), remove: (path) => (refused.delete(path) ? Promise.resolve() : disk.remove(path)) };
  };
  return caught(onGateways((ports) => ({ ...ports, disk: keeps(ports.disk) })), "disk-full", /lost|not in the log|no life of its origin|out of order|doubled|not converged/, 30);
});
