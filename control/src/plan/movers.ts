/** What control does about units on their way: takes a step with each plan, brings up what departed, and answers who asks for a unit. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Clock, Trace } from "@holon/core/ports.ts";
import type { takeAskSchema } from "@holon/core/schema/moving.ts";
import { isNodeName, type BlobHash, type NodeName } from "@holon/core/units.ts";
import type { z } from "zod";
import { issuedFor } from "../fleet/issued.ts";
import { nextVersion, type Planning } from "./documents.ts";
import { isWayKnown, jurisdictionsBetween } from "./way.ts";
import { keepersOf, type Holder } from "./holders.ts";
import { stoppingOf } from "./leaving.ts";
import type { KnownStanding } from "./standing.ts";
import { blobsOf, moveBook, movesCell, readMoves, type Move, type MoveBook, type MoveFacts } from "./moving.ts";

export interface MoversHost {
  readonly log: Log;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** What units hold on their way; without it what departed is waited for. */
  readonly states?: StatesHere | undefined;
}

/** What departed on nodes below, as far as it is here. */
export interface StatesHere {
  has(hash: BlobHash): Promise<boolean>;
  bring(node: NodeName, hash: BlobHash): Promise<void>;
  piece(hash: BlobHash, offset: number): Promise<unknown>;
  keepOnly(hashes: ReadonlySet<BlobHash>): Promise<void>;
}

export interface MoveStep {
  readonly moves: readonly Move[];
  readonly facts: MoveFacts;
  isHere(unit: string, node: string): boolean;
  hasState(move: Move): boolean;
}

export interface MoveStanding {
  readonly known: Pick<KnownStanding, "standing" | "strays">;
  /** Units with needs, and those of them that are left to sites. */
  readonly deployed: ReadonlySet<string>;
  readonly delegated: ReadonlySet<string>;
  readonly holders: readonly Holder[];
}

type MoveAsk = Pick<z.infer<typeof takeAskSchema>, "node" | "unit" | "id">;

export interface Movers {
  /** `isWaiting`: it is not known yet where units stand, and nobody is granted one. */
  step(planning: Planning, standing: MoveStanding, isWaiting: boolean): Promise<MoveStep>;
  /** Whether this node may start the unit; on disk before it resolves. Called in turn. */
  grant(asked: MoveAsk): Promise<{ readonly granted: boolean }>;
  /** A part of what the unit holds, for the node that it comes to. `HOLON_CALL_DENIED`, `HOLON_BLOB_MISSING`. */
  piece(asked: MoveAsk & { readonly hash: BlobHash; readonly offset: number }): Promise<unknown>;
  /** Whether what departed there goes on elsewhere, or is wanted nowhere. */
  isOver(asked: MoveAsk): boolean;
  areUnderWay(): boolean;
}

/** `arrived`: what was brought is here. */
export function createMovers({ log, ports, states }: MoversHost, arrived: () => void, book: MoveBook = moveBook): Movers {
  const { clock, trace } = ports;
  /** Since when each move is in its phase towards its node. */
  const since = new Map<string, number>();
  const bringing = new Set<string>();
  let mayGrant = false;
  /** As of the last step. */
  let last: { readonly deployed: ReadonlySet<string>; isTaken(id: string, except: string): boolean } | undefined;
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
      for (const hash of blobsOf(move)) if (!((await states?.has(hash)) ?? false)) lacking.push(hash);
      if (lacking.length === 0) present.add(move.id);
      else if (move.to !== move.from) fetch(move, lacking);
    }
    return present;
  }

  function fetch({ id, from }: Move, lacking: readonly BlobHash[]): void {
    if (states === undefined || bringing.has(id) || !isNodeName(from)) return;
    bringing.add(id);
    const all = async (): Promise<void> => {
      for (const hash of lacking) await states.bring(from, hash);
    };
    all()
      .then(arrived, (error: unknown) => trace.note("warn", `state of ${id}: ${toHolonError(error).message}`, { code: toHolonError(error).code })) // asked for again at the next look
      .finally(() => bringing.delete(id));
  }

  /** The move by which it comes to that node. */
  const coming = ({ node, unit, id }: MoveAsk): Move | undefined => readMoves(log).find((move) => move.id === id && move.unit === unit && move.to === node && (move.phase === "sealed" || move.phase === "given"));

  return {
    async step({ state, hearing, plan, recall }, { known: { standing, strays }, deployed, delegated, holders }, isWaiting) {
      mayGrant = !isWaiting;
      const documents = [...state.apps.values()].map(({ document }) => document);
      const placed = new Map<string, string[]>();
      for (const { unit, node } of plan?.placements ?? []) placed.set(unit, [...(placed.get(unit) ?? []), node]);
      const facts: MoveFacts = {
        held: new Map([...standing].map(([node, units]) => [node, new Set([...units].filter((unit) => deployed.has(unit) && !delegated.has(unit)))])),
        placed,
        deployed,
        delegated,
        stopping: new Set(stoppingOf(documents)),
        keepers: keepersOf(holders),
        nextVersion: (node) => nextVersion({ state, recall }, node, issuedFor(log, node)),
        departed: (id) => state.departures.get(id),
        isTaken: (id, node) => state.taken.get(id)?.has(node) === true,
        isGone: (node) => !state.nodes.has(node) || state.revoked.has(node),
        isLeaseOver: hearing.isLeaseOver,
        isHeard: hearing.isHeard,
        isPresent: (node) => hearing.stateOf(node) === "present",
        jurisdictionOf: (node) => state.nodes.get(node)?.jurisdiction,
        jurisdictionsBetween: (from, to) => jurisdictionsBetween(state.nodes, log.origin, from, to),
        isWayKnown: (from, to) => isWayKnown(state.nodes, log.origin, from, to),
        ageMs,
        policy: state.policy?.hash,
      };
      const moves = book.next(readMoves(log).filter(({ unit }) => !strays.has(unit)), facts);
      const keys = new Set(moves.map(keyOf));
      for (const key of since.keys()) if (!keys.has(key)) since.delete(key);
      for (const move of moves) ageMs(move);
      last = { deployed, isTaken: (id, node) => [...(state.taken.get(id) ?? [])].some((other) => other !== node) };
      // A move ends by what is in the log: it does not come back with an older book.
      await states?.keepOnly(new Set(moves.flatMap(blobsOf)));
      const present = await here(moves);
      const hasState = (move: Move): boolean => present.has(move.id);
      return { moves, facts, hasState, isHere: (unit, node) => book.isHere(moves, facts, unit, node, hasState) };
    },
    async grant(ask) {
      const moves = readMoves(log);
      const asked = coming(ask);
      if (asked === undefined || !mayGrant) return { granted: false };
      const cell = movesCell(log, moves.map((move) => (move.id === asked.id ? { ...move, phase: "given" as const } : move)));
      if (cell !== undefined) await log.append({ cells: [cell] });
      return { granted: true };
    },
    async piece({ hash, offset, ...ask }) {
      const asked = coming(ask);
      if (states === undefined || asked === undefined || !blobsOf(asked).includes(hash)) throw new HolonError("HOLON_CALL_DENIED", `${ask.node} asks for what ${ask.unit} holds, which does not go there`);
      return states.piece(hash, offset);
    },
    isOver: ({ node, unit, id }) => last !== undefined && !readMoves(log).some((move) => move.id === id) && (last.isTaken(id, node) || !last.deployed.has(unit)),
    areUnderWay: () => readMoves(log).some((move) => move.phase !== "kept" || ageMs(move) >= limits.moveAgainMs),
  };
}
