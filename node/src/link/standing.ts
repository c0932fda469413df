/**
 * Where this node's lanes stand at the parent. Most lanes go on from the parent's mark. Where the parent holds another history of one, because this
 * disk was copied or put back from a backup, or the parent's was, the common part is looked for in all lanes that the parent has of that stream:
 *
 *     a lane of the parent ends with what is common      this history goes on there
 *     all of this lane is common                         this node is behind: nothing to send until it writes or is sent something else
 *     both go on from the common part                    a branch: named by the first run of its own, it begins behind the common part
 *     the parent has nothing of that stream              there is nothing to part from, whatever its mark said: it is offered anew, from its beginning
 *
 * Nothing of this is kept: the same two logs are found to stand the same at the next connection.
 */
import { limits } from "@holon/core/limits.ts";
import type { StreamFrame } from "@holon/core/link/frame.ts";
import type { Credit } from "@holon/core/link/child-credit.ts";
import { branchOf } from "@holon/core/log/branch.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { laneName, type Lane, type Mark } from "@holon/core/log/log.ts";
import { zeroHash } from "@holon/core/log/merge.ts";
import { lastSequence, runMark, type RunHeader } from "@holon/core/log/run.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { findCommon, runAt, type Common, type Found } from "./common-history.ts";
import type { Outgoing } from "./outgoing.ts";
import type { LaneMarks, StreamSender } from "./stream-sender.ts";

/** How a node came to have another history than its parent holds. */
export type ForkKind =
  /** This log went on in a new epoch from before the parent's mark, and nobody else of this name is there: its disk was put back from a backup, or cut short. */
  | "restored"
  /** Another of this name is there, or it went on from this log and not the other way round: one of the two is a copy. */
  | "cloned"
  /** Both go on in the same epoch: one running system was woken twice. */
  | "resumed"
  /** They have nothing in common: another node under this name. */
  | "replaced";

export interface Fork {
  readonly lane: string;
  /** The lane under which this history is sent. */
  readonly branch: string;
  /** The last record that both have. */
  readonly after: Mark | undefined;
  readonly kind: ForkKind;
  /** Whether it is this node's own lane, and no other of its name is connected: the parent has what was once in this log. */
  readonly endsEarly: boolean;
  /** Behind that, the last record that the parent has: what is between is not in this log any more, if it ever was. */
  readonly parentLast: number;
  /** In which of its lanes it has that: in one of several where this log had parted before. */
  readonly parentLane: string;
}

/** The parent holds less of a lane than it had acknowledged. */
export interface Rewound {
  readonly lane: string;
  readonly had: number;
  readonly has: number;
}

export interface StandingOptions {
  readonly log: SegmentLog;
  readonly clock: Clock;
  readonly outgoing: Outgoing;
  readonly sender: Pick<StreamSender, "credited" | "refuse" | "subscribe">;
  /** By lane of the log, kept over connections. */
  readonly marks: Map<string, LaneMarks>;
  offer(lanes: readonly string[]): void;
  ask(lane: string, points: [number, string][]): void;
  forked(fork: Fork): void;
  rewound(lanes: readonly Rewound[]): void;
  /** It is not sent on this connection any more. */
  held(lane: string, message: string): void;
  released(lane: string): void;
  failed(error: unknown): void;
}

export interface Standing {
  subscribed(lanes: readonly (readonly [string, number, string])[], credit: Credit | undefined): void;
  answered(header: Extract<StreamFrame["header"], { op: "common" }>): void;
  /** The parent did not take a run of the lane. */
  refused(lane: string, message: string): void;
  committed(lanes: readonly string[]): void;
  stop(): void;
}

/** `untold`: one end let go of the record at the mark. */
type Verdict = "agreed" | "parted" | "untold";

export function createStanding(options: StandingOptions): Standing {
  const { log, outgoing, sender, marks } = options;
  /** What the parent had acknowledged before this connection: what it holds less of, it lost. What it says of lanes may be older than what it has acknowledged since. */
  const had = new Map([...marks].map(([name, { received }]) => [name, received]));
  /** Lanes of which the parent holds all and more. */
  const behind = new Set<string>();
  /** Those of them that have grown since they were compared. */
  const grown = new Set<string>();
  /** Branches of the parent that go on with another history than the lane of this log that came under their name. */
  const others = new Set<string>();
  const attempts = new Map<string, number>();
  /** By lane of the log: the name under which it was found to go on at the parent. */
  const placed = new Map<string, string>();
  let work: Promise<void> = Promise.resolve();
  let question: { readonly lane: string; resolve(found: Found | undefined): void } | undefined;
  let timer: Timer | undefined;
  let stopped = false;

  /** One after the other: what was told first must not be believed last. */
  function inTurn(act: () => Promise<void>): void {
    work = work.then(() => (stopped ? undefined : act())).catch((error: unknown) => void (stopped || options.failed(error)));
  }

  async function agree(lanes: readonly (readonly [string, number, string])[]): Promise<void> {
    const agreed: (readonly [string, number])[] = [];
    const parted: Lane[] = [];
    const rewound: Rewound[] = [];
    for (const [name, [, sequence, hash]] of new Map(lanes.map((row) => [row[0], row]))) {
      const wire = parseLaneName(name);
      if (wire === undefined) continue;
      const { lane, start } = outgoing.source(wire);
      // One of several answers about where it stood before: each would begin the search again, and none of them would end.
      const elsewhere = placed.get(laneName(lane));
      if (elsewhere !== undefined && elsewhere !== name) continue;
      const verdict = await compare(wire, sequence, hash);
      const isParted = verdict === "parted" || (verdict === "untold" && (await goesOnElsewhere(lane, wire, sequence)));
      if (stopped) return;
      if (isParted) {
        sender.refuse(name); // not from where it stood before
        if (wire.branch !== undefined && laneName(lane) !== name) others.add(name);
        parted.push(lane);
        continue;
      }
      const known = marks.get(laneName(lane));
      const has = Math.max(sequence, start?.sequence ?? 0);
      if (known !== undefined && known.received > has && (had.get(laneName(lane)) ?? 0) > has) {
        rewound.push({ lane: laneName(lane), had: known.received, has });
        marks.set(laneName(lane), { received: has, safe: Math.min(known.safe, has) });
      }
      if (known === undefined || known.received < has) attempts.delete(laneName(lane));
      behind.delete(laneName(lane));
      options.released(laneName(lane));
      agreed.push([name, sequence]);
    }
    sender.subscribe(agreed, undefined);
    if (rewound.length > 0) options.rewound(rewound);
    for (const lane of inOrder(parted)) {
      if (!stopped) await place(lane);
    }
  }

  async function compare(wire: Lane, sequence: number, hash: string): Promise<Verdict> {
    const { lane, isPlaced } = outgoing.source(wire);
    const head = log.head(lane)?.sequence ?? 0;
    if (sequence > head) return "parted";
    // What the parent has of a branch, it may have under another name.
    if (sequence === 0) return lane.branch !== undefined && !isPlaced ? "parted" : "agreed";
    const run = await runAt(log, lane, sequence);
    if (run === undefined || run.hash === zeroHash || hash === zeroHash || (run.form === "gap" && lastSequence(run) !== sequence)) return "untold";
    return lastSequence(run) === sequence && run.hash === hash ? "agreed" : "parted";
  }

  /**
   * Whether what this log still holds behind the parent's mark is at the parent already, in another of its lanes; or the two had parted before that mark, which lies where this log has a hole:
   * behind what both have, each has a run that the other has not.
   */
  async function goesOnElsewhere(lane: Lane, wire: Lane, markSequence: number): Promise<boolean> {
    const { mark, found } = await findCommon(log, lane, (points) => ask(laneName(lane), points));
    if (mark === undefined || mark.sequence > markSequence) return mark !== undefined;
    if (mark.sequence === markSequence || found?.nextEpoch === undefined || found.lane !== laneName(wire)) return false;
    const first = await runAt(log, lane, mark.sequence + 1);
    return first?.form === "whole" && first.hash !== zeroHash;
  }

  /** Finds where the lane stands at the parent, and goes on from there. */
  async function place(lane: Lane): Promise<void> {
    const name = laneName(lane);
    outgoing.reset(lane);
    placed.delete(name);
    behind.delete(name); // what it was found to be is asked anew: left there, each commit would begin the search again
    grown.delete(name);
    const head = log.head(lane)?.sequence ?? 0;
    const common = await findCommon(log, lane, (points) => ask(name, points));
    if (stopped) return;
    const end = common.mark?.sequence ?? 0;
    const wire = common.found && parseLaneName(common.found.lane);
    const last = common.found && (await headHere(lane, common.found));
    if (wire !== undefined && last !== undefined && isFree(wire, lane)) return goOn(lane, wire, last);
    if (end === head) return stayBehind(lane, end);
    if (!mayTry(name)) return options.held(name, "the parent's history of it and this one were compared again and again, and did not come together");
    if (common.mark === undefined && common.other === undefined) {
      outgoing.send(lane, lane, undefined);
      return options.offer([name]);
    }
    const first = await runAt(log, lane, end + 1);
    if (first === undefined || stopped) return;
    if (first.reason === "branched") {
      // It is a branch here already, and the parent knows nothing of it, or of what it is a branch of: not yet, or not any more.
      outgoing.send(lane, lane, common.mark);
      return options.offer([name]);
    }
    const own = await ownFrom(lane, common.mark, first);
    if (stopped) return;
    if (own === undefined) return stayBehind(lane, head);
    const { after, branch } = own;
    outgoing.send(lane, branch, after);
    placed.set(name, laneName(branch));
    const isOwn = lane.origin === log.origin;
    options.forked({ lane: name, branch: laneName(branch), after, ...whichOf(common, await partsIn(lane, common, first), isOwn), parentLast: (common.found ?? common.other)?.sequence ?? end, parentLane: (common.found ?? common.other)?.lane ?? name });
    options.offer([laneName(branch)]);
  }

  /** In which epoch this history leaves the other: that of the first own run, or, where the parent let go of what it had there, of the first that is another. */
  async function partsIn(lane: Lane, { mark, found }: Common, first: RunHeader): Promise<string> {
    const isUntold = mark !== undefined && found !== undefined && found.sequence > mark.sequence && found.nextEpoch === undefined;
    if (!isUntold || first.epoch !== mark.epoch) return first.epoch;
    // Epochs follow each other in a chain.
    let other = lane.origin === log.origin ? log.epoch : first.epoch;
    for (let low = lastSequence(first), high = log.head(lane)?.sequence ?? 0; low < high; ) {
      const run = await runAt(log, lane, Math.floor((low + high) / 2) + 1);
      if (run === undefined) break;
      if (run.epoch === mark.epoch) low = lastSequence(run);
      else [other, high] = [run.epoch, run.firstSequence - 1];
    }
    return other;
  }

  /**
   * Where this history parts from every branch of the parent. A branch of another history that bears the name of this one's first run begins with that run, though the parent let go of it and
   * could not say so. Undefined: there is nothing behind.
   */
  async function ownFrom(lane: Lane, common: Mark | undefined, begin: RunHeader): Promise<{ readonly after: Mark | undefined; readonly branch: Lane } | undefined> {
    let after = common;
    for (let first: RunHeader | undefined = begin; first !== undefined; first = await runAt(log, lane, after.sequence + 1)) {
      const branch: Lane = { origin: lane.origin, stream: lane.stream, branch: branchOf(first.hash) };
      if (!others.has(laneName(branch))) return { after, branch };
      after = runMark(first);
    }
    return undefined;
  }

  /** The end of the parent's lane if it is in this chain too. It may have moved on while it was asked about: what was on the way came in. */
  async function headHere(lane: Lane, { sequence, hash }: Found): Promise<Mark | undefined> {
    const run = await runAt(log, lane, sequence);
    return run !== undefined && lastSequence(run) === sequence && run.hash === hash ? runMark(run) : undefined;
  }

  function goOn(lane: Lane, wire: Lane, mark: Mark | undefined): void {
    if (laneName(wire) !== laneName(lane)) outgoing.send(lane, wire, mark);
    placed.set(laneName(lane), laneName(wire));
    behind.delete(laneName(lane));
    options.released(laneName(lane));
    sender.subscribe([[laneName(wire), mark?.sequence ?? 0]], undefined);
  }

  function stayBehind(lane: Lane, end: number): void {
    const name = laneName(lane);
    behind.add(name);
    options.released(name);
    marks.set(name, { received: end, safe: Math.min(marks.get(name)?.safe ?? 0, end) });
    if ((log.head(lane)?.sequence ?? 0) > end) compareSoon([name]); // it has grown while it was looked for
  }

  function compareSoon(names: readonly string[]): void {
    for (const name of names) if (behind.has(name)) grown.add(name);
    if (timer !== undefined || grown.size === 0) return;
    timer = options.clock.after(limits.laneCompareMs, () => {
      timer = undefined;
      options.offer([...grown]);
      grown.clear();
    });
  }

  const isFree = (wire: Lane, lane: Lane): boolean => {
    const { lane: user } = outgoing.source(wire);
    if (laneName(user) === laneName(lane)) return true;
    // A lane that nobody here has under that name, or one that is itself sent under another.
    return laneName(user) === laneName(wire) && (log.head(wire) === undefined || outgoing.renamed().some((sent) => laneName(sent.lane) === laneName(wire)));
  };

  function mayTry(name: string): boolean {
    const count = (attempts.get(name) ?? 0) + 1;
    attempts.set(name, count);
    return count <= limits.laneAttemptsMax;
  }

  function ask(lane: string, points: [number, string][]): Promise<Found | undefined> {
    return new Promise((resolve) => {
      question = { lane, resolve };
      options.ask(lane, points);
    });
  }

  return {
    subscribed(lanes, credit) {
      if (credit !== undefined) sender.credited(credit); // before any later word of it
      inTurn(() => agree(lanes));
    },
    answered({ lane, found }) {
      if (question?.lane !== lane) return;
      const { resolve } = question;
      question = undefined;
      resolve(found);
    },
    refused(name, message) {
      const wire = parseLaneName(name);
      if (wire === undefined) return;
      sender.refuse(name);
      const { lane } = outgoing.source(wire);
      const own = laneName(lane);
      placed.delete(own);
      if (!mayTry(own)) return options.held(own, message);
      outgoing.reset(lane);
      options.offer([own]);
    },
    committed: compareSoon,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

const inOrder = (lanes: readonly Lane[]): readonly Lane[] => exportableStreams.flatMap((stream) => lanes.filter((lane) => lane.stream === stream));

/**
 * How the two came about. The epochs alone do not tell a cold backup from a cold copy: of both the parent holds another successor of the same epoch. What does is
 * whether another of the name is there to go on with it. Whose lane another node's is cannot be asked here.
 */
function whichOf({ mark, found, other }: Common, epoch: string, isOwn: boolean): Pick<Fork, "kind" | "endsEarly"> {
  const hasTwin = (found ?? other)?.twin === true;
  if (mark === undefined) return { kind: "replaced", endsEarly: isOwn && !hasTwin };
  const otherGoesOn = found?.nextEpoch === mark.epoch;
  if (epoch === mark.epoch) return { kind: otherGoesOn ? "resumed" : "cloned", endsEarly: false };
  if (hasTwin || !(isOwn || otherGoesOn)) return { kind: "cloned", endsEarly: false };
  return { kind: "restored", endsEarly: isOwn };
}
