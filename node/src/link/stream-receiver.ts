/** Takes a child's runs into this node's log, each once, by the chain alone; answers with marks when they are on disk. */
import { HolonError } from "@holon/core/errors.ts";
import type { FrameInput } from "@holon/core/link/frame.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { zeroHash } from "@holon/core/log/merge.ts";
import { runHashHolds, type Integrity, type RunHeader } from "@holon/core/log/run.ts";
import { splitRuns } from "@holon/core/log/split-runs.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface StreamReceiverOptions {
  readonly log: SegmentLog;
  readonly integrity: Integrity;
  send(frame: FrameInput): void;
  /** How far a lane is safe beyond this node's own loss. */
  safe(lane: Lane, received: number): number;
  /** A lane with two histories: reported, never merged. */
  forked(lane: Lane, reason: string): void;
  failed(error: unknown): void;
}

export interface StreamReceiver {
  /** Lanes the child can send: subscribes to those that may come, from the marks held here. */
  offered(lanes: readonly string[]): void;
  /** `HOLON_FRAME_BAD` if the payload is not runs as their origin wrote them. */
  records(payload: Uint8Array): void;
}

export function createStreamReceiver(options: StreamReceiverOptions): StreamReceiver {
  const { log, integrity } = options;
  /** Lanes with two histories: refused until the child connects again. Asking for what is missing would bring the same runs. */
  const parted = new Set<string>();

  const subscription = (lane: Lane): readonly [string, number, string] => {
    const mark = log.head(lane);
    return [laneName(lane), mark?.sequence ?? 0, mark?.hash ?? zeroHash];
  };

  async function take(runs: readonly { readonly header: RunHeader; readonly bytes: Uint8Array }[]): Promise<void> {
    const merges = await log.appendRuns(runs);
    const marked = new Map<string, Lane>();
    const asked = new Map<string, Lane>();
    for (const [index, merge] of merges.entries()) {
      const run = runs[index]?.header;
      if (run === undefined) continue;
      if (merge.outcome === "fork") {
        parted.add(laneName(run));
        options.forked(run, merge.reason);
        options.send({ kind: "stream", header: { op: "refuse", lane: laneName(run), code: "HOLON_LINK_FORK", message: merge.reason } });
      } else if (parted.has(laneName(run))) continue;
      else if (merge.outcome === "gap") asked.set(laneName(run), run);
      else marked.set(laneName(run), run);
    }
    if (marked.size > 0) options.send({ kind: "stream", header: { op: "mark", lanes: [...marked.values()].map(markOf) } });
    if (asked.size > 0) options.send({ kind: "stream", header: { op: "subscribe", lanes: [...asked.values()].map((lane) => [...subscription(lane)]) } });
  }

  const markOf = (lane: Lane): [string, number, number] => {
    const received = log.head(lane)?.sequence ?? 0;
    return [laneName(lane), received, options.safe(lane, received)];
  };

  return {
    offered(names) {
      const lanes = names.map(parseLaneName).filter((lane) => lane !== undefined);
      const wanted = lanes.filter((lane) => (exportableStreams as readonly string[]).includes(lane.stream) && lane.origin !== log.origin);
      options.send({ kind: "stream", header: { op: "subscribe", lanes: wanted.map((lane) => [...subscription(lane)]) } });
    },
    records(payload) {
      const runs = splitRuns(payload, integrity);
      if (runs === undefined) throw new HolonError("HOLON_FRAME_BAD", "a frame of records does not hold whole runs");
      for (const run of runs) {
        const fits = (exportableStreams as readonly string[]).includes(run.header.stream) && run.header.origin !== log.origin;
        if (!fits) throw new HolonError("HOLON_FRAME_BAD", `a frame holds a run of ${laneName(run.header)}, which may not come from below`);
        if (!runHashHolds(run.bytes, run.header, integrity)) {
          throw new HolonError("HOLON_FRAME_BAD", `run ${run.header.firstSequence} of ${laneName(run.header)} is not as its origin wrote it`);
        }
      }
      take(runs).catch(options.failed);
    },
  };
}
