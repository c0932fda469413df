/** The lanes of the log as they are sent: each under its own name, or under that of the parent's lane that holds its history. */
import { branchStart, stampRun } from "@holon/core/log/branch.ts";
import { laneName, type Lane, type Mark } from "@holon/core/log/log.ts";
import { trimGap } from "@holon/core/log/trim-gap.ts";
import { parseRunHeader, type Integrity } from "@holon/core/log/run.ts";
import type { BatchRun } from "../log/scan.ts";

/** Where runs are read from. */
export interface LaneSource {
  head(lane: Lane): Mark | undefined;
  readRuns(lane: Lane, fromSequence: number, maxBytes: number): Promise<readonly BatchRun[]>;
}

export interface Outgoing extends LaneSource {
  /** From now on the lane is sent as `wire`, which holds the same up to `start`. */
  send(lane: Lane, wire: Lane, start: Mark | undefined): void;
  /** It is sent under its own name. */
  reset(lane: Lane): void;
  /** The lane of the log that is sent under this name, up to where another lane of the parent has it, and whether that was looked for. */
  source(wire: Lane): { readonly lane: Lane; readonly start: Mark | undefined; readonly isPlaced: boolean };
  /** Lanes that are sent under another name than their own. */
  renamed(): readonly { readonly lane: Lane; readonly wire: Lane; readonly start: Mark | undefined }[];
}

export function createOutgoing(log: LaneSource, integrity: Integrity): Outgoing {
  const byWire = new Map<string, { readonly lane: Lane; readonly wire: Lane; readonly start: Mark | undefined }>();

  function reset(lane: Lane): void {
    const name = laneName(lane);
    for (const [wire, sent] of byWire) if (laneName(sent.lane) === name) byWire.delete(wire);
  }

  /** A gap may begin before what the parent lacks: it has records that are gone here. */
  function fromThere(runs: readonly BatchRun[], from: number): readonly BatchRun[] {
    const [first, ...rest] = runs;
    return first === undefined ? runs : [trimGap(first, from, integrity), ...rest];
  }

  const source = (wire: Lane): ReturnType<Outgoing["source"]> => {
    const sent = byWire.get(laneName(wire));
    return sent === undefined ? { lane: wire, start: undefined, isPlaced: false } : { lane: sent.lane, start: sent.start, isPlaced: true };
  };

  return {
    send(lane, wire, start) {
      reset(lane);
      byWire.set(laneName(wire), { lane, wire, start });
    },
    reset,
    source,
    renamed: () => [...byWire.values()].filter(({ lane, wire }) => lane.branch !== wire.branch),
    head: (wire) => log.head(source(wire).lane),
    async readRuns(wire, from, maxBytes) {
      const { lane, start } = source(wire);
      if (lane.branch === wire.branch) return fromThere(await log.readRuns(lane, from, maxBytes), from);
      const runs: BatchRun[] = [];
      const isBefore = start !== undefined && from <= start.sequence;
      if (isBefore) {
        const bytes = branchStart(wire, start, integrity);
        const header = parseRunHeader(bytes, integrity);
        if (header !== undefined) runs.push({ header, bytes });
      }
      const first = isBefore ? start.sequence + 1 : from;
      const own = fromThere(await log.readRuns(lane, first, maxBytes), first);
      return [...runs, ...own.map((run) => stampRun(run, wire, integrity))];
    },
  };
}
