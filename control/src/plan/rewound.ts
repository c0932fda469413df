/** Hears, from nodes that are linked here, that this node's log holds less than it had acknowledged to them: it was put back from a backup. Only what comes after the start counts. */
import { storedType } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane, type Log } from "@holon/core/log/log.ts";

export interface RewoundWatch {
  /** Lanes that have grown. Resolves to whether one of them tells so. */
  look(lanes: readonly Lane[]): Promise<boolean>;
}

export function watchRewound(log: Pick<Log, "heads" | "head" | "read">): RewoundWatch {
  const isAlarm = ({ stream }: Lane): boolean => stream === "alarm";
  const through = new Map([...log.heads().values()].flatMap(({ lane, mark }) => (isAlarm(lane) ? [[laneName(lane), mark.sequence] as const] : [])));

  async function isToldIn(lane: Lane): Promise<boolean> {
    const [name, head] = [laneName(lane), log.head(lane)?.sequence ?? 0];
    let isTold = false;
    for (let next = (through.get(name) ?? 0) + 1; next <= head; ) {
      const records = await log.read(lane, next, bounds);
      isTold ||= records.some(({ bytes }) => storedType(bytes) === "holon.link.rewound");
      next = (records.at(-1)?.sequence ?? head) + 1;
    }
    through.set(name, head);
    return isTold;
  }

  return {
    async look(lanes) {
      const told = await Promise.all(lanes.filter(isAlarm).map(isToldIn));
      return told.includes(true);
    },
  };
}

const bounds = { maxRecords: 1_000, maxBytes: limits.recordBytesMax };
