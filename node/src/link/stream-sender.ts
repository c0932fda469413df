/**
 * Sends lanes to the parent: alarms first, then audit, data, telemetry; always from the parent's own mark. What is on the way is
 * bounded, by the parent's credit, by this node's own limit and by the budget of the link; what is small and no alarm waits a moment
 * for company.
 */
import { limits } from "@holon/core/limits.ts";
import type { LinkBudget } from "@holon/core/link/budget.ts";
import { createChildCredit, type Credit } from "@holon/core/link/child-credit.ts";
import type { FrameInput } from "@holon/core/link/frame.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { lastSequence, runHashHolds, type Integrity } from "@holon/core/log/run.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { BatchRun } from "../log/scan.ts";
import type { LaneSource } from "./outgoing.ts";

export interface StreamSenderOptions {
  readonly log: LaneSource;
  readonly clock: Clock;
  /** What the parent acknowledged, kept over connections. */
  readonly marks: Pick<Map<string, LaneMarks>, "get" | "set">;
  /** Since when this node waits for credit, kept while it is told to come back later so that it does not lose its place. */
  readonly patience: { sinceMs: number | undefined };
  readonly budget: Pick<LinkBudget, "waitMs">;
  send(frame: FrameInput): void;
  /** The guard's word on a run, before its bytes exist outside. Resolves when the decision is on disk. */
  mayLeave(run: BatchRun): Promise<boolean>;
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
  /** The parent wants these lanes from its marks; lanes it does not name are not sent. Without `credit` only this node's own limit holds. */
  subscribe(lanes: readonly (readonly [string, number])[], credit: Credit | undefined): void;
  /** The parent's word on credit, where what may be sent for it is not known yet: nothing is sent, and nothing given back. */
  credited(credit: Credit | undefined): void;
  marked(lanes: readonly (readonly [string, number, number])[], credit: Credit | undefined): void;
  refuse(lane: string): void;
  /** There is more to send. */
  notify(): void;
  /** Other rules hold: the guard is asked again about what it held back. */
  reconsider(): void;
  /** From now on nothing waits for company. */
  hurry(): void;
  stop(): void;
}

interface Picked {
  readonly sent: SentLane;
  readonly run: BatchRun;
}

interface SentLane {
  readonly lane: Lane;
  sent: number;
  refused: boolean;
  /** The guard held back its next run. */
  denied: boolean;
  readonly onTheWay: { readonly last: number; readonly bytes: number }[];
}

/** Long enough to gather the records of many commits, short for people. */
export const lingerMs = 500;
const lingerBelowBytes = 32 * 1024;

export function createStreamSender(options: StreamSenderOptions): StreamSender {
  const { log, clock } = options;
  const lanes = new Map<string, SentLane>();
  const credit = createChildCredit();
  /** Since when it had waited for a turn of which the parent has not marked anything: a turn that is lost with its link is none. */
  let turnSinceMs: number | undefined;
  let budgetTimer: Timer | undefined;
  let onTheWayBytes = 0;
  let pumping = false;
  let again = false;
  let stopped = false;
  let linger: Timer | undefined;
  let lingered = false;
  let hurried = false;

  const inOrder = (): readonly SentLane[] =>
    exportableStreams.flatMap((stream) => [...lanes.values()].filter((sent) => sent.lane.stream === stream && !sent.refused && !sent.denied));

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
    if (lanes.size === 0) return false; // it is not known yet what the parent wants: no reason to give up a place
    const next = await pick();
    const [head] = next;
    if (stopped) return false;
    if (head === undefined) {
      options.patience.sinceMs = undefined;
      giveBack(credit.takeUnused());
      return false;
    }
    const alarm = isAlarm(head);
    if (!alarm && bytesOf(next) < lingerBelowBytes && !lingered && !hurried) {
      linger ??= clock.after(lingerMs, () => {
        linger = undefined;
        lingered = true;
        void pump();
      });
      return false;
    }
    // The budget first: credit must not lie with a child that may not send for an hour.
    const affordable = withinBudget(next);
    if (affordable.length === 0) giveBack(credit.takeUnused());
    if (affordable.length === 0) return false;
    const fitting = affordable.slice(0, credit.fitting(affordable.map((item) => ({ bytes: item.run.bytes.length, isAlarm: isAlarm(item) }))));
    if (fitting.length === 0) return ask(affordable, alarm);
    // The rest has waited for company already: it is asked for at once.
    lingered = fitting.length < affordable.length;
    linger?.cancel();
    linger = undefined;
    return sendPicked(fitting);
  }

  /** What is next, one frame of it: by lane in order, and no more of one lane than fits. */
  async function pick(): Promise<readonly Picked[]> {
    const picked: Picked[] = [];
    let bytes = 0;
    for (const sent of inOrder()) {
      if (bytes >= limits.linkBatchBytesMax) break;
      const head = log.head(sent.lane);
      if (head === undefined || head.sequence <= sent.sent) continue;
      const runs = await log.readRuns(sent.lane, sent.sent + 1, limits.linkBatchBytesMax - bytes);
      if (runs.length === 0) hold(sent, `records ${sent.sent + 1} to ${head.sequence} cannot be read`);
      for (const run of runs) {
        picked.push({ sent, run });
        bytes += run.bytes.length;
        if (bytes >= limits.linkBatchBytesMax) break;
      }
    }
    return picked;
  }

  /** One turn, or the next run where that is larger. A large alarm is asked for as data: the alarms' credit is small. */
  function ask(picked: readonly Picked[], alarm: boolean): false {
    const firstBytes = picked[0]?.run.bytes.length ?? 0;
    const small = alarm && firstBytes <= limits.linkTurnBytes;
    const kind = small ? "alarm" : "data";
    const wanted = bytesOf(small ? picked.filter(isAlarm) : picked);
    // With room for what sending itself makes: the guard's decisions would need a turn of their own.
    const bytes = Math.max(firstBytes, Math.min(limits.linkTurnBytes, wanted)) + (small ? 0 : limits.linkBesideBytes);
    if (!credit.asks(kind, bytes)) return false;
    options.patience.sinceMs ??= clock.monotonicMs();
    options.send({ kind: "stream", header: { op: "ask", bytes, alarm: small, waitedMs: clock.monotonicMs() - options.patience.sinceMs } });
    return false;
  }

  function giveBack([bytes, alarmBytes]: Credit): void {
    if (bytes + alarmBytes > 0) options.send({ kind: "stream", header: { op: "return", bytes, alarmBytes } });
  }

  /** All of it, or the alarms alone, or nothing yet. */
  function withinBudget(picked: readonly Picked[]): readonly Picked[] {
    const nowMs = clock.monotonicMs();
    const wait = options.budget.waitMs(bytesOf(picked), false, nowMs);
    if (wait === 0) return picked;
    const alarms = picked.filter(isAlarm);
    const alarmWait = alarms.length === 0 ? wait : options.budget.waitMs(bytesOf(alarms), true, nowMs);
    if (alarms.length > 0 && alarmWait === 0) return alarms;
    budgetTimer?.cancel();
    budgetTimer = clock.after(alarmWait, () => void pump());
    return [];
  }

  async function sendPicked(picked: readonly Picked[]): Promise<boolean> {
    const payload = new Uint8Array(bytesOf(picked));
    let position = 0;
    let alarmBytes = 0;
    for (const { sent, run } of picked) {
      if (isOver(sent) || sent.denied || !isAsWritten(sent, run)) continue;
      if (!(await options.mayLeave(run))) {
        sent.denied = true;
        continue;
      }
      if (isOver(sent)) continue;
      payload.set(run.bytes, position);
      position += run.bytes.length;
      sent.sent = lastSequence(run.header);
      sent.onTheWay.push({ last: sent.sent, bytes: run.bytes.length });
      onTheWayBytes += run.bytes.length;
      if (sent.lane.stream === "alarm") alarmBytes += credit.alarmShareOf(run.bytes.length, alarmBytes);
    }
    if (stopped) return false;
    credit.spend(position - alarmBytes, alarmBytes);
    if (position > 0) options.send({ kind: "stream", header: { op: "records", alarmBytes }, payload: payload.subarray(0, position) });
    return true;
  }

  /** The parent refused the lane, or asked for it anew: nobody would mark what is sent by this. */
  const isOver = (sent: SentLane): boolean => sent.refused || lanes.get(laneName(sent.lane)) !== sent;

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

  /** Who has had a turn goes before newcomers for its next, but not for ever: a long backlog must not keep its place to the end. */
  function halvePatience(): void {
    const { sinceMs } = options.patience;
    if (sinceMs === undefined) return;
    turnSinceMs ??= sinceMs;
    options.patience.sinceMs = (sinceMs + clock.monotonicMs()) / 2;
  }

  function granted(next: Credit | undefined): void {
    if (next !== undefined && credit.granted(next)) halvePatience();
  }

  return {
    credited: granted,
    subscribe(wanted, given) {
      granted(given);
      for (const [name, sequence] of wanted) {
        const lane = parseLaneName(name);
        if (lane === undefined || !(exportableStreams as readonly string[]).includes(lane.stream)) continue;
        const before = lanes.get(name);
        for (const piece of before?.onTheWay ?? []) onTheWayBytes -= piece.bytes;
        note(name, sequence, 0);
        lanes.set(name, { lane, sent: sequence, refused: false, denied: false, onTheWay: [] });
      }
      lingered = true; // what was written before is company enough
      void pump();
    },
    marked(marks, given) {
      granted(given);
      for (const [name, received, safe] of marks) {
        const sent = lanes.get(name);
        if (sent === undefined) continue;
        if (received > (options.marks.get(name)?.received ?? 0)) turnSinceMs = undefined;
        note(name, received, safe);
        while ((sent.onTheWay[0]?.last ?? Infinity) <= received) onTheWayBytes -= sent.onTheWay.shift()?.bytes ?? 0;
      }
      void pump();
    },
    refuse(name) {
      const sent = lanes.get(name);
      if (sent !== undefined) {
        sent.refused = true;
        for (const piece of sent.onTheWay.splice(0)) onTheWayBytes -= piece.bytes; // nobody will mark it
      }
      void pump(); // credit that was for this lane goes back
    },
    notify: () => void pump(),
    reconsider() {
      for (const sent of lanes.values()) sent.denied = false;
      void pump();
    },
    hurry() {
      hurried = true;
      void pump();
    },
    stop() {
      stopped = true;
      if (turnSinceMs !== undefined) options.patience.sinceMs = turnSinceMs;
      linger?.cancel();
      budgetTimer?.cancel();
    },
  };
}

const isAlarm = ({ sent }: Picked): boolean => sent.lane.stream === "alarm";
const bytesOf = (picked: readonly Picked[]): number => picked.reduce((sum, { run }) => sum + run.bytes.length, 0);
