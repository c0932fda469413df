/** What a node still owes the root. */
import type { Lane } from "@holon/core/log/log.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { NodeMachine } from "./node-machine.ts";
import type { SimSubject } from "./subject.ts";

/** Whether the root lacks something of the node's, or the node has work left. */
export function isBehind({ subject, devices }: NodeMachine<SimSubject>, root: SimSubject, parted: ReadonlySet<string>): boolean {
  if (subject === undefined || devices.isWaiting || subject.isIdle?.() === false) return true;
  const { uplink } = parted.size === 0 ? {} : (subject.status?.() ?? {});
  // A member's word is taken for when to look; whether it is true is then checked record by record.
  if (uplink !== undefined && (uplink.state !== "open" || uplink.backlog !== 0 || uplink.held.length > 0)) return true;
  if (parted.has(subject.log.origin)) return false;
  return !exportableLanes(subject.log.origin).every((lane) => {
    const here = subject.log.head(lane);
    return here === undefined || here.sequence === 0 || root.log.head(lane)?.hash === here.hash;
  });
}

export const exportableLanes = (origin: Lane["origin"]): readonly Lane[] => exportableStreams.map((stream) => ({ origin, stream }));
