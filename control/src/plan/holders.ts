/**
 * Who has what a unit holds, where nobody runs it: the node that had it last and gave it to nobody. While that one can be asked, the unit comes from there, whoever it is given to; where it
 * cannot, it begins anew, and that is told and kept for as long as it stands there. All of it is in a cell, so that a restart does not forget it.
 */
import { z } from "zod";
import { canonicalJson } from "@holon/core/json.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { Explanation } from "@holon/core/placement/explain.ts";
import type { Move } from "./moving.ts";
import type { KnownStanding } from "./standing.ts";

/** `anew`: it has begun without what `node` holds. */
const holderSchema = z.strictObject({ unit: z.string(), node: z.string(), anew: z.strictObject({ on: z.string(), at: z.string(), because: z.string() }).optional() });
export type Holder = z.infer<typeof holderSchema>;
export type Begun = Holder & { readonly anew: NonNullable<Holder["anew"]> };
const holdersSchema = z.array(holderSchema);
const cell = "plan/holders";

export function readHolders(log: Pick<Log, "cell">): readonly Holder[] {
  const bytes = log.cell(cell);
  return bytes === undefined ? [] : holdersSchema.parse(parseJson(bytes));
}

/** Undefined where nothing changes. */
export function holdersCell(log: Pick<Log, "cell">, holders: readonly Holder[]): CellChange | undefined {
  return canonicalJson(readHolders(log)) === canonicalJson(holders) ? undefined : { key: cell, value: new TextEncoder().encode(canonicalJson(holders)) };
}

/** With what sites have given back, where nobody runs it by now. */
export function withReturned(before: readonly Holder[], returned: readonly { readonly unit: string; readonly node: string }[], { standing, left }: Pick<KnownStanding, "standing" | "left">): readonly Holder[] {
  const runs = (unit: string): boolean => [...standing.values(), ...left.values()].some((units) => units.has(unit));
  const begun = returned.filter(({ unit }) => !runs(unit) && !before.some((row) => row.unit === unit && row.anew === undefined));
  return [...begun, ...before];
}

/** By unit, the nodes that have what it holds while nobody runs it. */
export function keepersOf(holders: readonly Holder[]): ReadonlyMap<string, readonly string[]> {
  const keepers = new Map<string, string[]>();
  for (const { unit, node, anew } of holders) if (anew === undefined) keepers.set(unit, [...(keepers.get(unit) ?? []), node]);
  return keepers;
}

type ByNode = ReadonlyMap<string, ReadonlySet<string>>;

export interface HolderFacts {
  /** Units that control places alone, by node: in the documents before, and in those that follow. */
  readonly held: ByNode;
  readonly assigned: ByNode;
  readonly deployed: ReadonlySet<string>;
  readonly delegated: ReadonlySet<string>;
  /** The book before, and as it is now. */
  readonly movesBefore: readonly Move[];
  readonly moves: readonly Move[];
  /** How many of it there are to be, with a place or without. */
  wanted(unit: string): number;
  /** Why a node cannot be asked, for people. */
  whyNot(node: string): string;
  readonly at: string;
}

/** What stands then, and what has begun anew with this. */
export function nextHolders(before: readonly Holder[], facts: HolderFacts): { readonly holders: readonly Holder[]; readonly begun: readonly Begun[] } {
  const units = [...facts.deployed].filter((unit) => !facts.delegated.has(unit)).sort();
  const steps = units.map((unit) => ofUnit(unit, before.filter((row) => row.unit === unit), facts));
  return { holders: steps.flatMap(({ holders }) => holders), begun: steps.flatMap(({ begun }) => begun) };
}

function ofUnit(unit: string, before: readonly Holder[], { held, assigned, movesBefore, moves, wanted, whyNot, at }: HolderFacts): { readonly holders: readonly Holder[]; readonly begun: readonly Begun[] } {
  const [had, has] = [nodesOf(held, unit), nodesOf(assigned, unit)];
  const mine = moves.filter((move) => move.unit === unit);
  const isMoving = (node: string): boolean => mine.some(({ from, to }) => from === node || to === node);
  // What was only offered to a node is still with the one that it departed from.
  const wasOffered = (node: string): boolean => movesBefore.some(({ id, to, from }) => to === node && to !== from && mine.some((move) => move.id === id));
  const left = had.filter((node) => !has.includes(node) && !isMoving(node) && !wasOffered(node));
  const kept = before.flatMap(({ node, anew }) => (anew === undefined && !has.includes(node) && !left.includes(node) && !isMoving(node) ? [node] : []));
  const keepers = [...left, ...kept];
  const known = new Set(before.flatMap(({ node, anew }) => (anew === undefined ? [node] : [])));
  const begun = has
    .filter((node) => !had.includes(node) && !known.has(node) && !isMoving(node))
    .flatMap((on) => {
      const node = keepers.shift();
      return node === undefined ? [] : [{ unit, node, anew: { on, at, because: whyNot(node) } }];
    });
  const homes = has.filter((node) => !isMoving(node)).length + mine.length;
  const waiting = keepers.slice(0, Math.max(0, wanted(unit) - homes)).map((node) => ({ unit, node }));
  const stands = before.filter(({ anew }) => anew !== undefined && has.includes(anew.on) && !begun.some((row) => row.anew.on === anew.on));
  return { holders: [...stands, ...begun, ...waiting], begun };
}

const nodesOf = (byNode: ByNode, unit: string): readonly string[] => [...byNode].flatMap(([node, units]) => (units.has(unit) ? [node] : [])).sort();

/** With what the unit left behind, where it began anew on that node, or who has it while nobody runs it. */
/** A plan says where a unit is to be: as long as it stays where it was, or is on its way, that is told first. */
export function withMove(explanation: Explanation, moves: readonly Pick<Move, "unit" | "from" | "to" | "phase" | "because">[], unit: string, node: string): Explanation {
  const move = moves.find((one) => one.unit === unit && (one.from === node || one.to === node));
  if (move === undefined) return explanation;
  const { from, to, phase, because } = move;
  const why = because === undefined ? "" : `: ${because}`;
  const now =
    phase !== "kept" ? `${unit} is on its way from ${from} to ${to}.`
    : node === to ? `${unit} is to be on ${to}, and runs on ${from} still${why}.`
    : `${unit} is to be on ${to}, and runs on ${from}, here, still${why}.`;
  return { ...explanation, text: `${now} By the plan: ${explanation.text}` };
}

export function withHolders(explanation: Explanation, holders: readonly Holder[], unit: string, node: string): Explanation {
  const told = holders.flatMap((row) => {
    if (row.unit !== unit) return [];
    if (row.anew === undefined) return [`Nobody runs it: ${row.node} had it last, and has what it holds.`];
    return row.anew.on === node ? [`It began anew there at ${row.anew.at}, without what ${row.node} holds of it, since ${row.anew.because}.`] : [];
  });
  return told.length === 0 ? explanation : { ...explanation, text: [explanation.text, ...told].join(" ") };
}
