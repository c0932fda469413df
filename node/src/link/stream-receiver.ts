/** Takes a child's runs into this node's log, each once, by the chain alone; answers with marks when they are on disk. */
import { HolonError } from "@holon/core/errors.ts";
import type { CreditKind } from "@holon/core/link/admission.ts";
import type { FrameInput } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { isSameStream, laneName, type Lane } from "@holon/core/log/log.ts";
import { zeroHash, type Merge } from "@holon/core/log/merge.ts";
import { lastSequence, runHolds, type Integrity, type RunHeader } from "@holon/core/log/run.ts";
import { splitRuns } from "@holon/core/log/split-runs.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { lastHeld, runAt } from "./common-history.ts";

export interface StreamReceiverOptions {
  readonly log: SegmentLog;
  readonly integrity: Integrity;
  /** Into the log, when it is this child's turn. */
  append(runs: readonly ReceivedRun[], urgency: CreditKind): Promise<readonly Merge[]>;
  /** What the child may send in all, as it is told. */
  credit(): readonly [number, number];
  /** So many bytes came in. `false` if they are more than the child's credit. */
  received(dataBytes: number, alarmBytes: number): boolean;
  /** They are on disk, or were refused. */
  settled(dataBytes: number, alarmBytes: number): void;
  send(frame: FrameInput): void;
  /** They are on the disk now, and were not before. */
  arrived?(runs: readonly ReceivedRun[]): void;
  /** How far a lane is safe beyond this node's own loss. */
  safe(lane: Lane, received: number): number;
  /** A branch began here: behind that record it is another history of its lane. */
  branched(lane: Lane, after: number): void;
  /** Whether another of this name is connected and alive, as soon as that is known. */
  hasTwin(): Promise<boolean>;
  failed(error: unknown): void;
}

export interface StreamReceiver {
  /** Lanes the child can send: subscribes to those that may come, from the marks held here. */
  offered(lanes: readonly string[]): void;
  /** `HOLON_FRAME_BAD` if the payload is not runs as their origin wrote them, or more than there is credit for. */
  records(payload: Uint8Array, alarmBytes: number): void;
  /** How far this log holds what the child holds of a lane. `HOLON_FRAME_BAD` if the question before has not been answered. */
  history(lane: string, points: readonly [number, string][]): void;
  /** Tells the child its credit. */
  grant(): void;
}

export interface ReceivedRun {
  readonly header: RunHeader;
  readonly bytes: Uint8Array;
}

export function createStreamReceiver(options: StreamReceiverOptions): StreamReceiver {
  const { log, integrity } = options;
  /** Lanes with two histories: refused until the child offers them anew. Asking for what is missing would bring the same runs. */
  const parted = new Set<string>();
  /** Lanes that were asked for from the mark: what was on the way before that does not follow either, and is no reason to ask again. */
  const awaited = new Set<string>();
  let isSearching = false;

  const subscription = (lane: Lane): readonly [string, number, string] => {
    const mark = log.head(lane);
    return [laneName(lane), mark?.sequence ?? 0, mark?.hash ?? zeroHash];
  };

  async function take(runs: readonly ReceivedRun[], urgency: CreditKind, dataBytes: number, alarmBytes: number): Promise<void> {
    let merges: readonly Merge[];
    try {
      merges = await verified(await options.append(runs, urgency), runs);
    } finally {
      options.settled(dataBytes, alarmBytes);
    }
    const applied = runs.filter((_, index) => merges[index]?.outcome === "apply");
    if (applied.length > 0) options.arrived?.(applied);
    const marked = new Map<string, Lane>();
    const asked = new Map<string, Lane>();
    for (const [index, merge] of merges.entries()) {
      const run = runs[index]?.header;
      if (run === undefined) continue;
      if (merge.outcome === "apply") awaited.delete(laneName(run));
      if (merge.outcome === "apply" && run.branch !== undefined && run.firstSequence === 1) options.branched(run, run.reason === "branched" ? run.count : 0);
      if (merge.outcome === "fork") {
        if (parted.has(laneName(run))) continue;
        parted.add(laneName(run));
        options.send({ kind: "stream", header: { op: "refuse", lane: laneName(run), code: "HOLON_LINK_FORK", message: merge.reason } });
      } else if (parted.has(laneName(run))) continue;
      else if (merge.outcome === "gap") {
        if (!awaited.has(laneName(run))) asked.set(laneName(run), run);
        awaited.add(laneName(run));
      } else marked.set(laneName(run), run);
    }
    if (marked.size > 0) options.send({ kind: "stream", header: { op: "mark", lanes: [...marked.values()].map(markOf), credit: [...options.credit()] } });
    if (asked.size > 0) options.send({ kind: "stream", header: { op: "subscribe", lanes: [...asked.values()].map((lane) => [...subscription(lane)]), credit: [...options.credit()] } });
  }

  /** What stands before the head and looks like a repetition may be another history that is not so far. */
  async function verified(merges: readonly Merge[], runs: readonly ReceivedRun[]): Promise<readonly Merge[]> {
    const checked: Merge[] = [];
    for (const [index, merge] of merges.entries()) {
      const run = runs[index]?.header;
      const held = merge.outcome === "duplicate" && run !== undefined && run.form !== "gap" ? await runAt(log, run, lastSequence(run)) : undefined;
      const differs = held !== undefined && run !== undefined && held.form !== "gap" && held.hash !== run.hash;
      checked.push(differs ? { outcome: "fork", reason: `record ${lastSequence(run)} differs from the one held` } : merge);
    }
    return checked;
  }

  /** The runs of a frame. `HOLON_FRAME_BAD` if they are not as their origin wrote them, or may not come from below. */
  function parse(payload: Uint8Array): readonly ReceivedRun[] {
    const runs = splitRuns(payload, integrity);
    if (runs === undefined) throw new HolonError("HOLON_FRAME_BAD", "a frame of records does not hold whole runs");
    for (const run of runs) {
      const fits = (exportableStreams as readonly string[]).includes(run.header.stream) && run.header.origin !== log.origin && mayBranch(run.header);
      if (!fits) throw new HolonError("HOLON_FRAME_BAD", `a frame holds a run of ${laneName(run.header)}, which may not come from below`);
      if (!runHolds(run.bytes, run.header, integrity)) {
        throw new HolonError("HOLON_FRAME_BAD", `run ${run.header.firstSequence} of ${laneName(run.header)} is not as its origin wrote it`);
      }
    }
    return runs;
  }

  /** Of one stream of one origin there are not too many histories. */
  function mayBranch(lane: Lane): boolean {
    if (lane.branch === undefined || log.head(lane) !== undefined) return true;
    return [...log.heads().values()].filter((held) => isSameStream(held.lane, lane)).length <= limits.branchesMax;
  }

  async function search(lane: Lane, points: readonly [number, string][]): Promise<void> {
    isSearching = true;
    try {
      const hasTwin = await options.hasTwin();
      const found = await lastHeld(log, lane, points);
      options.send({ kind: "stream", header: { op: "common", lane: laneName(lane), ...(found === undefined ? {} : { found: hasTwin ? { ...found, twin: true } : found }) } });
    } finally {
      isSearching = false;
    }
  }

  const markOf = (lane: Lane): [string, number, number] => {
    const received = log.head(lane)?.sequence ?? 0;
    return [laneName(lane), received, options.safe(lane, received)];
  };

  return {
    offered(names) {
      const lanes = [...new Set(names)].map(parseLaneName).filter((lane) => lane !== undefined);
      const wanted = lanes.filter((lane) => (exportableStreams as readonly string[]).includes(lane.stream) && lane.origin !== log.origin);
      const taken = wanted.filter(mayBranch);
      for (const lane of taken) {
        parted.delete(laneName(lane));
        awaited.delete(laneName(lane));
      }
      options.send({ kind: "stream", header: { op: "subscribe", lanes: taken.map((lane) => [...subscription(lane)]), credit: [...options.credit()] } });
      for (const lane of wanted) {
        if (!taken.includes(lane)) options.send({ kind: "stream", header: { op: "refuse", lane: laneName(lane), code: "HOLON_LINK_FORK", message: `there are ${limits.branchesMax} branches of it already` } });
      }
    },
    history(name, points) {
      const lane = parseLaneName(name);
      if (lane === undefined || isSearching) throw new HolonError("HOLON_FRAME_BAD", isSearching ? "a child asks before it was answered" : `a child asks for the history of ${name}, which is no lane`);
      search(lane, points).catch(options.failed);
    },
    grant: () => options.send({ kind: "stream", header: { op: "mark", lanes: [], credit: [...options.credit()] } }),
    records(payload, alarmBytes) {
      const runs = parse(payload);
      const place = runs.findIndex(({ header }) => header.stream !== "alarm");
      const alarms = place < 0 ? runs : runs.slice(0, place);
      const alarmRunBytes = alarms.reduce((sum, run) => sum + run.bytes.length, 0);
      if (alarmBytes > alarmRunBytes) throw new HolonError("HOLON_FRAME_BAD", "a frame charges to the alarms what is no alarm");
      if (!options.received(payload.length - alarmBytes, alarmBytes)) throw new HolonError("HOLON_FRAME_BAD", "a frame holds more bytes of records than the child has credit for");
      // Alarms, which stand first in a frame, do not wait for what came with them.
      if (alarms.length > 0) take(alarms, "alarm", alarmRunBytes - alarmBytes, alarmBytes).catch(options.failed);
      if (alarms.length < runs.length) take(runs.slice(alarms.length), "data", payload.length - alarmRunBytes, 0).catch(options.failed);
    },
  };
}
