/**
 * Units on their way between nodes, as control keeps them: a pure step from what stood and what is known to what stands, kept in a cell with the documents that follow from it.
 *
 *     leaving ──departed─▶ sealed ──its state is here, and the new home asks──▶ given ──taken──▶ (over)
 *        │                   │ ▲
 *        │                   │ └── new home did not ask in time: the old one is the home again ──▶ kept, for a while
 *        └─ gone, or its lease is over: goes on elsewhere without what it holds
 *
 * A unit is in the document of one of the two at a time, or in both while it is worked off here and not yet granted there; it starts nowhere without the grant, which is on disk before
 * it is answered, and which only one node gets.
 */
import { z } from "zod";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import { blobHashSchema } from "@holon/core/schema/app.ts";
import type { Departed, Moving } from "@holon/core/schema/moving.ts";
import type { BlobHash } from "@holon/core/units.ts";

const moveSchema = z.strictObject({
  unit: z.string(),
  id: z.string(),
  from: z.string(),
  to: z.string(),
  phase: z.enum(["leaving", "sealed", "given", "kept"]),
  /** What it goes on from, and the blobs that belong to it. */
  state: blobHashSchema.optional(),
  blobs: z.array(blobHashSchema).optional(),
  /** Why it stays where it was, for people. */
  because: z.string().optional(),
  /** Policy under which it was kept. */
  policy: z.string().optional(),
});
export type Move = z.infer<typeof moveSchema>;
const bookSchema = z.array(moveSchema);
const cell = "plan/moving";

export function readMoves(log: Pick<Log, "cell">): readonly Move[] {
  const bytes = log.cell(cell);
  return bytes === undefined ? [] : bookSchema.parse(parseJson(bytes));
}

/** Undefined where nothing changes. */
export function movesCell(log: Pick<Log, "cell">, moves: readonly Move[]): CellChange | undefined {
  return canonicalJson(readMoves(log)) === canonicalJson(moves) ? undefined : { key: cell, value: new TextEncoder().encode(canonicalJson(moves)) };
}

export interface MoveFacts {
  /** Units with needs that stand in the document of a node. */
  readonly held: ReadonlyMap<string, ReadonlySet<string>>;
  /** By unit, where the plan has them. */
  readonly placed: ReadonlyMap<string, readonly string[]>;
  readonly stopping: ReadonlySet<string>;
  /** By unit, nodes that had it last and gave it to nobody. */
  readonly keepers: ReadonlyMap<string, readonly string[]>;
  /** Units with needs. */
  readonly deployed: ReadonlySet<string>;
  /** Those of them that are left to sites, and leave no node by themselves. */
  readonly delegated: ReadonlySet<string>;
  /** Version of the next document of a node. */
  nextVersion(node: string): number;
  departed(id: string): { readonly node: string; readonly data: Departed } | undefined;
  /** Whether that node has said that it goes on with it. */
  isTaken(id: string, node: string): boolean;
  isGone(node: string): boolean;
  isLeaseOver(node: string): boolean;
  isPresent(node: string): boolean;
  /** It asked within a lease, so that it can be asked, too. */
  isHeard(node: string): boolean;
  /** Undefined where nothing was heard of the node. */
  jurisdictionOf(node: string): string | undefined;
  /** Of the nodes by way of which what a node gives gets to another, control's among them. */
  jurisdictionsBetween(from: string, to: string): readonly string[];
  isWayKnown(from: string, to: string): boolean;
  /** How long it has been in this phase towards this node, as far as this control knows. */
  ageMs(move: Move): number;
  readonly policy: string | undefined;
}

/** How a move goes on, as a value, so that a test can plant a bug in one. */
export interface MoveBook {
  next(moves: readonly Move[], facts: MoveFacts): readonly Move[];
  isHere(moves: readonly Move[], facts: MoveFacts, unit: string, node: string, hasState: (move: Move) => boolean): boolean;
}

export const moveBook: MoveBook = {
  next(moves, facts) {
    const going = moves.flatMap((move) => goOn(move, facts) ?? []);
    return [...going, ...beginning(going, facts)].sort((a, b) => (a.id < b.id ? -1 : 1));
  },
  isHere(moves, { placed, held }, unit, node, hasState) {
    const mine = moves.filter((move) => move.unit === unit);
    if (mine.some(({ from, phase }) => from === node && (phase === "leaving" || phase === "kept"))) return true;
    const coming = mine.find(({ to }) => to === node);
    if (coming !== undefined) return coming.phase === "given" || (coming.phase === "sealed" && mayAsk(coming, placed, hasState));
    const wanted = placed.get(unit) ?? [];
    if (!wanted.includes(node) || mine.some(({ from }) => from === node)) return false;
    return held.get(node)?.has(unit) === true || isFree(node, mine, wanted, (other) => held.get(other)?.has(unit) === true);
  },
};

/** Whether it may begin there from nothing: what is on its way to a node that the plan does not want any more will want one that it does. */
function isFree(node: string, mine: readonly Move[], wanted: readonly string[], isHeld: (node: string) => boolean): boolean {
  const homeless = mine.filter(({ to }) => !wanted.includes(to)).length;
  return wanted.filter((other) => !isHeld(other) && !mine.some(({ to }) => to === other)).indexOf(node) >= homeless;
}

/** Whether its new home may ask for it. */
const mayAsk = ({ unit, from, to, ...rest }: Move, placed: MoveFacts["placed"], hasState: (move: Move) => boolean): boolean => to === from || (placed.get(unit)?.includes(to) === true && hasState({ unit, from, to, ...rest }));

/** Undefined where it is over. */
function goOn(move: Move, facts: MoveFacts): Move | undefined {
  const { unit, id, from, to, phase } = move;
  const isWanted = facts.deployed.has(unit);
  const isOff = (node: string): boolean => facts.isGone(node) || (facts.stopping.has(unit) && facts.isLeaseOver(node));
  if (phase === "leaving") {
    const departure = facts.departed(id);
    if (departure?.node === from) return departure.data.kept === null ? { ...move, phase: "sealed", ...(departure.data.state === null ? {} : { state: departure.data.state, blobs: departure.data.blobs }) } : { ...move, to: from, phase: "sealed", because: departure.data.kept };
    if (!isWanted || facts.delegated.has(unit)) return undefined;
    const mayAnswer = !facts.isGone(from) && facts.isHeard(from) && facts.ageMs(move) < limits.moveAnswerMs;
    return isOff(from) && !mayAnswer ? undefined : move; // what it holds is where nobody comes to: it begins anew elsewhere
  }
  if (phase === "kept") {
    const wanted = facts.placed.get(unit) ?? [];
    // Where its node ended it without a word it begins anew; where the plan has it go somewhere else, that is another move.
    const isSettled = !isWanted || isOff(from) || wanted.includes(from) || !wanted.includes(to);
    if (isSettled || (move.because === unknownWay(to) && facts.isWayKnown(from, to))) return undefined;
    return facts.isPresent(to) && facts.ageMs(move) >= limits.moveAgainMs ? undefined : facts.policy === move.policy ? move : undefined;
  }
  if (!isWanted) return undefined;
  if (facts.isTaken(id, to)) return to === from ? keptAt(move, facts) : undefined;
  if (phase === "given") return isOff(to) ? { ...move, phase: "sealed", to: otherHome(move, facts) ?? from } : move;
  if (to === from) return isOff(from) ? { ...move, to: otherHome(move, facts) ?? from } : move;
  if (facts.isGone(to)) return { ...move, to: otherHome(move, facts) ?? from };
  if (facts.ageMs(move) >= limits.moveAnswerMs) return { ...move, to: from, because: `${to} did not ask for it within ${limits.moveAnswerMs / 1_000} s` };
  const wanted = facts.placed.get(unit) ?? [];
  return wanted.includes(to) ? move : { ...move, to: wanted.includes(from) ? from : (otherHome(move, facts) ?? to) };
}

/** It is back where it was, since it could not go; the plan wants it elsewhere still. */
const keptAt = (move: Move, facts: MoveFacts): Move | undefined => {
  const [to] = (facts.placed.get(move.unit) ?? []).filter((node) => node !== move.from);
  if (to === undefined || move.because === undefined) return undefined;
  const { state: _, blobs: __, ...rest } = move;
  return { ...rest, to, phase: "kept", ...(facts.policy === undefined ? {} : { policy: facts.policy }) };
};

function otherHome({ unit, to, from }: Move, { placed, held, isGone }: MoveFacts): string | undefined {
  return placed.get(unit)?.find((node) => node !== to && node !== from && !isGone(node) && held.get(node)?.has(unit) !== true);
}

const unknownWay = (to: string): string => `who stands on the way to ${to} is not known yet`;

/** What the plan has taken from one node and given to another. */
function beginning(going: readonly Move[], facts: MoveFacts): readonly Move[] {
  const begun: Move[] = [];
  const isOff = (unit: string, from: string): boolean => facts.stopping.has(unit) && facts.isLeaseOver(from);
  const held = [...facts.held].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([from, units]) => [...units].sort().flatMap((unit) => (isOff(unit, from) ? [] : [{ unit, from }])));
  // Whoever it is given to gets it from there. Of one that was not heard since control started it is not known yet whether it can be asked: what stops on islands waits for that.
  const kept = [...facts.keepers].flatMap(([unit, nodes]) => nodes.flatMap((from) => (facts.isHeard(from) || (facts.stopping.has(unit) && !facts.isLeaseOver(from)) ? [{ unit, from }] : [])));
  for (const { unit, from } of [...held, ...kept]) {
    const wanted = facts.placed.get(unit) ?? [];
    if (wanted.includes(from) || facts.isGone(from)) continue;
    const mine = [...going, ...begun].filter((move) => move.unit === unit);
    if (mine.some((move) => move.from === from || move.to === from)) continue;
    const to = wanted.find((node) => facts.held.get(node)?.has(unit) !== true && !mine.some((move) => move.to === node));
    if (to === undefined) continue;
    const move = { unit, id: `${unit}@${from}#${facts.nextVersion(from)}`, from, to } as const;
    if (facts.isWayKnown(from, to)) begun.push({ ...move, phase: "leaving" });
    else begun.push({ ...move, phase: "kept", because: unknownWay(to), ...(facts.policy === undefined ? {} : { policy: facts.policy }) });
  }
  return begun;
}

/** What the document of a node says of them. */
export function movingOf(moves: readonly Move[], { placed, jurisdictionOf, jurisdictionsBetween }: Pick<MoveFacts, "placed" | "jurisdictionOf" | "jurisdictionsBetween">, node: string, hasState: (move: Move) => boolean): Pick<Moving, "leaves" | "takes"> {
  const leaves = moves.filter(({ from, phase }) => from === node && phase === "leaving").map(({ unit, id, to }) => {
    const jurisdiction = jurisdictionOf(to);
    return { unit, id, to, ...(jurisdiction === undefined ? {} : { jurisdiction }), by: [...jurisdictionsBetween(node, to)] };
  });
  const takes = moves.filter((move) => move.to === node && (move.phase === "given" || (move.phase === "sealed" && mayAsk(move, placed, hasState)))).map(({ unit, id, from, state }) => ({ unit, id, from, ...(state === undefined || from === node ? {} : { state }) }));
  return { ...(leaves.length === 0 ? {} : { leaves }), ...(takes.length === 0 ? {} : { takes }) };
}

/** Blobs that have to be here before the new home can have them. */
export const blobsOf = ({ state, blobs = [] }: Move): readonly BlobHash[] => (state === undefined ? [] : [state, ...blobs]);
