/** What control does about units on their way: takes a step with each plan, brings up what was sealed, and answers who asks for a unit. */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Clock, Trace } from "@holon/core/ports.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { takeAskSchema } from "@holon/core/schema/moving.ts";
import { isNodeName, type BlobHash, type NodeName } from "@holon/core/units.ts";
import type { Planning } from "./documents.ts";
import { stoppingOf } from "./leaving.ts";
import { blobsOf, moveBook, movesCell, readMoves, type Move, type MoveBook, type MoveFacts } from "./moving.ts";

export interface MoversHost {
  readonly log: Log;
  readonly blobs: { has(hash: BlobHash): Promise<boolean> };
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** Brings a blob from a node below; without it what was sealed there is waited for. */
  bring?(node: NodeName, hash: BlobHash): Promise<void>;
}

export interface MoveStep {
  readonly moves: readonly Move[];
  readonly facts: MoveFacts;
  isHere(unit: string, node: string): boolean;
  hasState(move: Move): boolean;
}

export interface Movers {
  step(planning: Planning, held: ReadonlyMap<string, Desired | undefined>): Promise<MoveStep>;
  /** Whether this node may start the unit; on disk before it resolves. Called in turn. */
  grant(parameters: unknown): Promise<{ readonly granted: boolean }>;
  areUnderWay(): boolean;
}

/** `arrived`: what was brought is here. */
export function createMovers({ log, blobs, ports, bring }: MoversHost, arrived: () => void, book: MoveBook = moveBook): Movers {
  const { clock, trace } = ports;
  /** Since when each move is in its phase towards its node. */
  const since = new Map<string, number>();
  const bringing = new Set<string>();
  const keyOf = ({ id, phase, to }: Move): string => `${id} ${phase} ${to}`;

  function ageMs(move: Move): number {
    const key = keyOf(move);
    const beganMs = since.get(key) ?? clock.monotonicMs();
    since.set(key, beganMs);
    return clock.monotonicMs() - beganMs;
  }

  async function here(moves: readonly Move[]): Promise<ReadonlySet<string>> {
    const present = new Set<string>();
    for (const move of moves) {
      const lacking: BlobHash[] = [];
      for (const hash of blobsOf(move)) if (!(await blobs.has(hash))) lacking.push(hash);
      if (lacking.length === 0) present.add(move.id);
      else if (move.to !== move.from) fetch(move, lacking);
    }
    return present;
  }

  function fetch({ id, from }: Move, lacking: readonly BlobHash[]): void {
    if (bring === undefined || bringing.has(id) || !isNodeName(from)) return;
    bringing.add(id);
    const all = async (): Promise<void> => {
      for (const hash of lacking) await bring(from, hash);
    };
    all()
      .then(arrived, (error: unknown) => trace.note("warn", `state of ${id}: ${toHolonError(error).message}`, { code: toHolonError(error).code })) // asked for again at the next look
      .finally(() => bringing.delete(id));
  }

  return {
    async step({ state, hearing, plan }, held) {
      const documents = [...state.apps.values()].map(({ document }) => document);
      const deployed = new Set(documents.flatMap((app) => app.functions.flatMap((fn) => (fn.needs === undefined || fn.needs.delegated === true ? [] : [`${app.name}/${fn.name}`]))));
      const placed = new Map<string, string[]>();
      for (const { unit, node } of plan?.placements ?? []) placed.set(unit, [...(placed.get(unit) ?? []), node]);
      const facts: MoveFacts = {
        held: new Map([...held].map(([node, desired]) => [node, new Set((desired?.apps ?? []).flatMap((app) => app.functions.map(({ name }) => `${app.name}/${name}`)).filter((unit) => deployed.has(unit)))])),
        placed,
        deployed,
        stopping: new Set(stoppingOf(documents)),
        nextVersion: (node) => (held.get(node)?.version ?? 0) + 1,
        sealed: (id) => state.seals.get(id),
        isTaken: (id, node) => state.taken.get(id)?.has(node) === true,
        isGone: (node) => !state.nodes.has(node) || state.revoked.has(node),
        isLeaseOver: hearing.isLeaseOver,
        isPresent: (node) => hearing.stateOf(node) === "present",
        jurisdictionOf: (node) => state.nodes.get(node)?.jurisdiction,
        ageMs,
        policy: state.policy?.hash,
      };
      const moves = book.next(readMoves(log), facts);
      const keys = new Set(moves.map(keyOf));
      for (const key of since.keys()) if (!keys.has(key)) since.delete(key);
      for (const move of moves) ageMs(move);
      const present = await here(moves);
      const hasState = (move: Move): boolean => present.has(move.id);
      return { moves, facts, hasState, isHere: (unit, node) => book.isHere(moves, facts, unit, node, hasState) };
    },
    async grant(parameters) {
      const { node, unit, id } = takeAskSchema.parse(parameters);
      const moves = readMoves(log);
      const asked = moves.find((move) => move.id === id && move.unit === unit && move.to === node && (move.phase === "sealed" || move.phase === "given"));
      if (asked === undefined) return { granted: false };
      const cell = movesCell(log, moves.map((move) => (move === asked ? { ...move, phase: "given" as const } : move)));
      if (cell !== undefined) await log.append({ cells: [cell] });
      return { granted: true };
    },
    areUnderWay: () => readMoves(log).some((move) => move.phase !== "kept" || ageMs(move) >= limits.moveAgainMs),
  };
}
