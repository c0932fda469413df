/**
 * Whether control remembers what its nodes hold. One that was put back from a backup does not: units moved, and were deployed, of which its own documents say nothing. So after each start
 *
 * - a node that holds a newer document than control had is asked what that says, and what it says of units counts in place of what control remembers (`claims`);
 * - what concerns units with needs waits (`mayPlace`) until every node was heard, or every lease is over that was given before; what does not stop on islands waits for nobody who was silent before;
 * - meanwhile a node goes on under the lease that it has, and is given no other.
 *
 * Nodes that were enrolled since then are not among those that it waits for. So where anybody tells that there was more than control remembers, it waits for whoever comes, until a lease has passed.
 *
 * Where two are said to have a unit, it is with the one that has a lease by this control, or was issued a document by it; else with the one whose document is newer than control's memory. What the
 * documents of a site's members leave to it is the site's, unless somebody else has a lease for it.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import { heldAnswerSchema, planMethods, type HeldAnswer } from "@holon/core/schema/node-report.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import type { Hearing } from "./hearing.ts";
import type { Move } from "./moving.ts";

/** What stands issued for a node, by control's memory. */
export interface Remembered {
  readonly version: number;
  readonly document: string | undefined;
  readonly stops: boolean;
}

/** What a node holds by a document that control does not remember. */
export interface Claim {
  readonly version: number;
  /** Units with needs, but for those that are another's. */
  readonly units: ReadonlySet<string>;
  readonly stops: ReadonlySet<string>;
  /** Those that it leaves to its site. */
  readonly left: ReadonlySet<string>;
  /** On their way, by that document. */
  readonly moving: ReadonlySet<string>;
  /** Whether there are units in its document that are another's. */
  readonly isContested: boolean;
}

export interface Recall {
  /** A node asked for its lease with this version of its document. Resolves to whether it gets one, as far as that is known here; `news`: there is something to be planned by. */
  asked(node: string, held: number, news: () => Promise<void>): Promise<boolean>;
  /** By node. `standing`: by control's memory, which units are whose; `moves`: those that are on their way. */
  claims(standing: ReadonlyMap<string, ReadonlySet<string>>, moves: readonly Pick<Move, "unit" | "from">[]): ReadonlyMap<string, Claim>;
  /** Somebody tells of what control does not remember. */
  doubt(): void;
  /** Whether it matters that somebody does. */
  mayDoubt(): boolean;
  close(): void;
  /** What follows from them is issued: which units are on their way control knows from now on. `isSure`: it was known where they stand. */
  placed(isSure: boolean): void;
  /** Whether units with needs may be given to anybody; `stops`: some of them stop on islands. */
  mayPlace(stops: boolean): boolean;
  /** The version of which the node told, where control does not remember it; else 0. */
  told(node: string): number;
}

export interface RecallOptions {
  readonly self: string;
  readonly clock: Clock;
  readonly hearing: Pick<Hearing, "isGranted" | "stateOf">;
  readonly ask?: ((node: NodeName, method: string, parameters: unknown, deadlineMs: number) => Promise<unknown>) | undefined;
  /** Known at the start. */
  readonly nodes: Iterable<string>;
  /** Whether it may have units with needs. */
  isAwaited(node: string): boolean;
  remembered(node: string): Remembered;
}

export function createRecall({ self, clock, hearing, ask, nodes, isAwaited, remembered }: RecallOptions): Recall {
  const openedMs = clock.monotonicMs();
  /** As of the start: numbers up to these were given once. */
  const first = new Map([...nodes].map((node) => [node, remembered(node).version] as const));
  const known = new Set<string>([self]);
  const answers = new Map<string, HeldAnswer>();
  const waiting = new Set<() => void>();
  /** Once all were heard, control knows what its nodes hold for as long as it lives. */
  let isOpen = false;
  let isDoubted = false;
  let hasPlaced = false;
  let wasSure = false;
  let settling: Timer | undefined;
  /** When the last of those that it waits for was heard for the first time. */
  let heardMs = [...first.keys()].some((node) => node !== self && isAwaited(node)) ? openedMs : Number.NEGATIVE_INFINITY;

  const isLeasePast = (): boolean => clock.monotonicMs() - openedMs > limits.nodeLeaseMs * (1 + limits.nodeLeaseDrift);
  /** They have had the time to say that there was more. */
  const isSettled = (): boolean => !isDoubted && clock.monotonicMs() - heardMs >= limits.recallSettleMs;
  const areAllKnown = (unless: (node: string) => boolean): boolean => [...first.keys()].every((node) => known.has(node) || !isAwaited(node) || unless(node));

  function areKnown(): boolean {
    if (!isOpen) isOpen = isSettled() && areAllKnown(() => false);
    if (isOpen) for (const go of waiting) go();
    return isOpen;
  }
  function mayPlace(stops: boolean): boolean {
    if (areKnown() || isLeasePast()) return true;
    // Who was silent before may be so for weeks.
    return !stops && isSettled() && areAllKnown((node) => hearing.stateOf(node) === "silent");
  }
  /** What is on control's own disk is as old as control's memory: nothing of it begins before it is known what is where, and what follows from that is issued. */
  async function ownLease(): Promise<boolean> {
    if (!mayPlace(remembered(self).stops)) await whenKnown();
    return wasSure && mayPlace(remembered(self).stops);
  }
  function doubt(): void {
    isDoubted = true;
    isOpen = false;
  }
  function met(node: string, news: () => Promise<void>): void {
    if (known.has(node)) return;
    known.add(node);
    if (!first.has(node) || isOpen) return;
    heardMs = clock.monotonicMs();
    settling?.cancel();
    settling = clock.after(limits.recallSettleMs, () => void (areKnown() && news()));
  }

  /** Whoever comes early waits for the others for as long as it waits for an answer. */
  function whenKnown(): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.after(limits.nodeRenewAskMs / 3, () => go());
      const go = (): void => {
        timer.cancel();
        waiting.delete(go);
        resolve();
      };
      waiting.add(go);
    });
  }

  /** Null of a node of before, which cannot be asked. */
  async function answerOf(node: string): Promise<HeldAnswer | null> {
    if (ask === undefined || !isNodeName(node)) return null;
    try {
      return heldAnswerSchema.parse(await ask(node, planMethods.held, {}, limits.nodeRenewAskMs / 3));
    } catch (error) {
      if (toHolonError(error).code === "HOLON_CALL_UNKNOWN") return null;
      throw error;
    }
  }

  /** What it holds by a document that control does not remember; undefined where that one does. */
  async function unknownOf(node: string, held: number): Promise<HeldAnswer | undefined> {
    const own = remembered(node);
    const isOurs = known.has(node) ? held <= own.version : held <= (first.get(node) ?? 0);
    const before = answers.get(node);
    if (isOurs || before?.version === held) return undefined;
    const answer = await answerOf(node);
    return answer === null || (answer.version === own.version && answer.document === own.document) ? undefined : answer;
  }

  return {
    mayPlace,
    told: (node) => answers.get(node)?.version ?? 0,
    placed(isSure) {
      hasPlaced = true;
      wasSure ||= isSure;
    },
    doubt,
    mayDoubt: () => !isDoubted && !isLeasePast(),
    close: () => settling?.cancel(),
    claims(standing, moves) {
      const rank = ([node, { leased }]: readonly [string, HeldAnswer]): string => `${hearing.isGranted(node) ? 0 : 1} ${leased ? 0 : 1} ${node}`;
      const open = [...answers].filter(([node, { version }]) => remembered(node).version <= version).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
      const mine = new Set(open.map(([node]) => node));
      const others = [...standing].filter(([node]) => !mine.has(node));
      const hasLeft = new Set(hasPlaced ? [] : moves.map(({ unit, from }) => `${unit} ${from}`));
      const isSure = (node: string, unit: string): boolean => remembered(node).version > (first.get(node) ?? 0) || (hearing.isGranted(node) && !hasLeft.has(`${unit} ${node}`));
      const taken = new Set<string>([...(hasPlaced ? moves.map(({ unit }) => unit) : []), ...others.flatMap(([node, units]) => [...units].filter((unit) => isSure(node, unit)))]);
      const free = (row: HeldAnswer["units"][number]): boolean => !taken.has(row.unit) && taken.add(row.unit).size > 0;
      const runsOf = (rows: typeof open) => rows.map(([node, { units }]) => [node, units.filter(({ departed }) => !departed).filter(free)] as const);
      const mayRun = ([node, { leased }]: (typeof open)[number]): boolean => leased || hearing.isGranted(node);
      const leased = runsOf(open.filter(mayRun));
      const leftTo = new Map(open.map(([node, { left = [] }]) => [node, left.filter((unit) => !taken.has(unit))] as const));
      for (const units of leftTo.values()) for (const unit of units) taken.add(unit);
      const runs = new Map([...leased, ...runsOf(open.filter((row) => !mayRun(row)))]);
      // What departed is its old node's only where no other has it.
      for (const [, units] of others) for (const unit of units) taken.add(unit);
      const departed = new Map(open.map(([node, { units }]) => [node, units.filter((row) => row.departed).filter(free)] as const));
      return new Map(open.map(([node, { version, units, moving, left = [] }]) => {
        const [own, gone, sites] = [runs.get(node) ?? [], departed.get(node) ?? [], leftTo.get(node) ?? []];
        const isContested = own.length < units.filter((row) => !row.departed).length || sites.length < left.length;
        return [node, { version, units: namesOf([...own, ...gone]), stops: namesOf(own.filter(({ stops }) => stops)), left: new Set(sites), moving: new Set(moving), isContested }] as const;
      }));
    },
    async asked(node, held, news) {
      if (held > remembered(node).version + limits.desiredLeapMax) throw new HolonError("HOLON_CALL_DENIED", `${node} says that it holds version ${held} of its document, and ${remembered(node).version} was issued`);
      const wasOpen = areKnown();
      if (node === self) return ownLease();
      const told = await unknownOf(node, held);
      // Until all are heard, who has no lease is given none: what it had may be another's.
      const isLeased = mayPlace(true) || (told === undefined && !remembered(node).stops && !answers.has(node)) || (told ?? (await answerOf(node)))?.leased !== false;
      if (told !== undefined) {
        answers.set(node, told);
        doubt();
      }
      met(node, news);
      if (told !== undefined || areKnown() !== wasOpen) await news();
      if (isLeased) return true;
      if (!mayPlace(true)) await whenKnown();
      return mayPlace(true);
    },
  };
}

const namesOf = (rows: HeldAnswer["units"]): ReadonlySet<string> => new Set(rows.map(({ unit }) => unit));
