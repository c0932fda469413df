/**
 * Looks through what is committed once for all functions, and wakes those that want some of it, with where it stands: with a thousand
 * functions, to wake each for every event would be a thousand reads for one, and a function that is called now and then would read all
 * that others were sent since. A function that is awake looks at the head itself before it sleeps.
 */
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane, type LogRecord } from "@holon/core/log/log.ts";
import { storedType } from "@holon/core/event/stored.ts";
import { fits } from "@holon/core/run/trigger-events.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface Sleeper {
  /** Type of the events it wants, or a pattern of types. */
  readonly wants: string;
  committed(found?: Found): void;
}

/** The first record of a lane that a sleeper wants, of all that came behind `behind`. */
export interface Found {
  readonly lane: string;
  readonly sequence: number;
  readonly behind: number;
}

export interface Scout {
  committed(lanes: readonly Lane[]): void;
  /** The sleepers are others than before. */
  changed(): void;
}

type Positions = ReadonlyMap<string, number>;

/** Sleepers by what they want, each with how far was read when it came. */
interface Directory {
  readonly byType: Map<string, Map<Sleeper, Positions>>;
  readonly byPattern: Map<Sleeper, Positions>;
}

export function createScout(log: SegmentLog, sleepers: () => Iterable<Sleeper>): Scout {
  const read = new Map<string, number>();
  const due = new Map<string, Lane>();
  let cameAt = new Map<Sleeper, Positions>();
  let directory: Directory | undefined;
  let busy = false;

  function listed(): Directory {
    if (directory !== undefined) return directory;
    const now: Positions = new Map(read);
    const made: Directory = { byType: new Map(), byPattern: new Map() };
    const known = cameAt;
    cameAt = new Map();
    for (const sleeper of sleepers()) {
      const since = known.get(sleeper) ?? now;
      cameAt.set(sleeper, since);
      if (sleeper.wants.endsWith("*")) made.byPattern.set(sleeper, since);
      else made.byType.set(sleeper.wants, (made.byType.get(sleeper.wants) ?? new Map<Sleeper, Positions>()).set(sleeper, since));
    }
    return (directory = made);
  }

  async function look(): Promise<void> {
    for (let next = [...due][0]; next !== undefined; next = [...due][0]) {
      const [name, lane] = next;
      due.delete(name);
      try {
        await lookAt(name, lane);
      } catch {
        for (const sleeper of sleepers()) sleeper.committed(); // what cannot be read here is told where it is to be handled
      }
    }
    busy = false;
  }

  async function lookAt(name: string, lane: Lane): Promise<void> {
    for (let from = (read.get(name) ?? 0) + 1; from <= (log.head(lane)?.sequence ?? 0); from = (read.get(name) ?? 0) + 1) {
      const records = await log.read(lane, from, { maxRecords: limits.unitBatchMax, maxBytes: limits.linkBatchBytesMax });
      for (const [sleeper, { sequence, since }] of wantedIn(records)) sleeper.committed({ lane: name, sequence, behind: since.get(name) ?? 0 });
      read.set(name, records.at(-1)?.sequence ?? log.head(lane)?.sequence ?? from);
    }
  }

  /** Who wants some of it, and the first that each wants. */
  function wantedIn(records: readonly LogRecord[]): ReadonlyMap<Sleeper, { readonly sequence: number; readonly since: Positions }> {
    const { byType, byPattern } = listed();
    const found = new Map<Sleeper, { readonly sequence: number; readonly since: Positions }>();
    for (const { bytes, sequence } of records) {
      const type = storedType(bytes);
      if (type === undefined) continue;
      for (const [sleeper, since] of byType.get(type) ?? []) if (!found.has(sleeper)) found.set(sleeper, { sequence, since });
      for (const [sleeper, since] of byPattern) if (!found.has(sleeper) && fits(sleeper.wants, type)) found.set(sleeper, { sequence, since });
    }
    return found;
  }

  for (const [name, { mark }] of log.heads()) read.set(name, mark.sequence); // a function that starts looks for itself
  return {
    changed: () => void (directory = undefined),
    committed(lanes) {
      for (const lane of lanes) if (lane.origin === log.origin) due.set(laneName(lane), lane);
      if (busy) return;
      busy = true;
      void look();
    },
  };
}
