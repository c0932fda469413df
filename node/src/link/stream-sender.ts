/**
 * Sends lanes to the parent: alarms first, then audit, data, telemetry; always from the parent's own mark. What is on the way is
 * bounded; what is small and no alarm waits a moment for company.
 */
import { limits } from "@holon/core/limits.ts";
import type { FrameInput } from "@holon/core/link/frame.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { lastSequence, runHashHolds, type Integrity, type RunHeader } from "@holon/core/log/run.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { BatchRun } from "../log/scan.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface StreamSenderOptions {
  readonly log: SegmentLog;
  readonly clock: Clock;
  /** What the parent acknowledged, kept over connections. */
  readonly marks: Map<string, LaneMarks>;
  send(frame: FrameInput): void;
  /** The guard's word on a run, before its bytes exist outside. Resolves when the decision is on disk. */
  mayLeave(run: RunHeader): Promise<boolean>;
  readonly integrity: Integrity;
  /** A lane whose next run cannot be read as it was written: it waits, so that the others go on. */
  damaged(lane: string, message: string): void;
  failed(error: unknown): void;
}

export interface LaneMarks {
  /** Last sequence that the parent has on its disk. */
  readonly received: number;
  /** Last sequence that is durable beyond the parent's own loss. */
  readonly safe: number;
}

export interface StreamSender {
  /** The parent wants these lanes from its marks; lanes it does not name are not sent. */
  subscribe(lanes: readonly (readonly [string, number])[]): void;
  marked(lanes: readonly (readonly [string, number, number])[]): void;
  refuse(lane: string): void;
  /** There is more to send. */
  notify(): void;
  stop(): void;
}

interface SentLane {
  readonly lane: Lane;
  sent: number;
  refused: boolean;
  readonly onTheWay: { readonly last: number; readonly bytes: number }[];
}

/** Long enough to gather the records of many commits, short for people. */
export const lingerMs = 500;
const lingerBelowBytes = 32 * 1024;

export function createStreamSender(options: StreamSenderOptions): StreamSender {
  const { log, clock } = options;
  const lanes = new Map<string, SentLane>();
  let onTheWayBytes = 0;
  let pumping = false;
  let again = false;
  let stopped = false;
  let linger: Timer | undefined;
  let lingered = false;

  const inOrder = (): readonly SentLane[] =>
    exportableStreams.flatMap((stream) => [...lanes.values()].filter((sent) => sent.lane.stream === stream && !sent.refused));

  function note(name: string, received: number, safe: number): void {
    const before = options.marks.get(name);
    options.marks.set(name, { received, safe: Math.max(before?.safe ?? 0, safe) });
  }

  async function pump(): Promise<void> {
    if (pumping) {
      again = true;
      return;
    }
    pumping = true;
    try {
      do {
        again = false;
        while (!stopped && onTheWayBytes < limits.linkInFlightBytesMax && (await sendSome()));
      } while (again && !stopped);
    } catch (error) {
      options.failed(error);
    } finally {
      pumping = false;
    }
  }

  /** Sends one frame of what is next; `false` if there is nothing, or it may wait. */
  async function sendSome(): Promise<boolean> {
    const picked: { readonly sent: SentLane; readonly run: BatchRun }[] = [];
    let bytes = 0;
    let alarm = false;
    for (const sent of inOrder()) {
      if (bytes >= limits.linkBatchBytesMax) break;
      const head = log.head(sent.lane);
      if (head === undefined || head.sequence <= sent.sent) continue;
      const runs = await log.readRuns(sent.lane, sent.sent + 1, limits.linkBatchBytesMax - bytes);
      if (runs.length === 0) hold(sent, `records ${sent.sent + 1} to ${head.sequence} cannot be read`);
      for (const run of runs) {
        picked.push({ sent, run });
        bytes += run.bytes.length;
        if (sent.lane.stream === "alarm") alarm = true;
        if (bytes >= limits.linkBatchBytesMax) break;
      }
    }
    if (picked.length === 0 || stopped) return false;
    if (!alarm && bytes < lingerBelowBytes && !lingered) {
      linger ??= clock.after(lingerMs, () => {
        linger = undefined;
        lingered = true;
        void pump();
      });
      return false;
    }
    lingered = false;
    linger?.cancel();
    linger = undefined;
    return sendPicked(picked, bytes);
  }

  async function sendPicked(picked: readonly { readonly sent: SentLane; readonly run: BatchRun }[], bytes: number): Promise<boolean> {
    const payload = new Uint8Array(bytes);
    let position = 0;
    for (const { sent, run } of picked) {
      if (sent.refused || !isAsWritten(sent, run)) continue;
      if (!(await options.mayLeave(run.header))) {
        sent.refused = true;
        continue;
      }
      payload.set(run.bytes, position);
      position += run.bytes.length;
      sent.sent = lastSequence(run.header);
      sent.onTheWay.push({ last: sent.sent, bytes: run.bytes.length });
      onTheWayBytes += run.bytes.length;
    }
    if (stopped) return false;
    if (position > 0) options.send({ kind: "stream", header: { op: "records" }, payload: payload.subarray(0, position) });
    return true;
  }

  function hold(sent: SentLane, message: string): void {
    sent.refused = true;
    options.damaged(laneName(sent.lane), message);
  }

  /** The parent would close the link on a run that is not as its origin wrote it, and ask for ever for one that is missing. */
  function isAsWritten(sent: SentLane, { header, bytes }: BatchRun): boolean {
    if (header.firstSequence > sent.sent + 1) hold(sent, `records ${sent.sent + 1} to ${header.firstSequence - 1} cannot be read`);
    else if (!runHashHolds(bytes, header, options.integrity)) hold(sent, `records ${header.firstSequence} to ${lastSequence(header)} are not as they were written`);
    return !sent.refused;
  }

  return {
    subscribe(wanted) {
      for (const [name, sequence] of wanted) {
        const lane = parseLaneName(name);
        if (lane === undefined || !(exportableStreams as readonly string[]).includes(lane.stream)) continue;
        const before = lanes.get(name);
        for (const piece of before?.onTheWay ?? []) onTheWayBytes -= piece.bytes;
        note(name, sequence, 0);
        lanes.set(name, { lane, sent: sequence, refused: false, onTheWay: [] });
      }
      void pump();
    },
    marked(marks) {
      for (const [name, received, safe] of marks) {
        const sent = lanes.get(name);
        if (sent === undefined) continue;
        note(name, received, safe);
        while ((sent.onTheWay[0]?.last ?? Infinity) <= received) onTheWayBytes -= sent.onTheWay.shift()?.bytes ?? 0;
      }
      void pump();
    },
    refuse(name) {
      const sent = lanes.get(name);
      if (sent !== undefined) sent.refused = true;
    },
    notify: () => void pump(),
    stop() {
      stopped = true;
      linger?.cancel();
    },
  };
}
