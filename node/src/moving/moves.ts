/**
 * Units that leave this node for another, and units that come from one, each with what it holds.
 *
 *     leaves:  runs ─▶ worked off ─▶ ended ─▶ departed      one append: the departure, and a cell by which it never starts here again
 *     takes:   state here ─▶ granted by control ─▶ taken    one append: state, positions and the cell by which it may start
 *
 * Whatever fails in between begins again from what is on the disk. Nothing is handled here after the departure, nor there before the take.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import { laneName, type CellChange } from "@holon/core/log/log.ts";
import { makersOf, moreSensitive } from "@holon/core/policy/lowering.ts";
import type { Clock, Random, Timer, Trace } from "@holon/core/ports.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { fits } from "@holon/core/run/trigger-events.ts";
import { blobHashSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { movingEvents, takeAnswerSchema, type Leave, type Take, type UnitState } from "@holon/core/schema/moving.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { BlobStore } from "../blob/store.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";
import { namedFits } from "../run/fitted.ts";
import type { RunningUnit } from "../run/unit.ts";
import { heldOf, movedCell, type Held } from "./held.ts";
import { createForgetter } from "./forgetter.ts";
import { whole } from "./pieces.ts";
import { bornOf, cellsFrom, encodeUnitState, parseUnitState, positionsTold, unitStateOf } from "./unit-state.ts";

export interface MovesContext {
  readonly log: SegmentLog;
  readonly events: Events;
  readonly blobs: Pick<BlobStore, "own">;
  readonly guard: Pick<Guard, "mayShare">;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly trace: Trace };
  /** Where this node's own state would go first; undefined at the root, from which nothing goes further up. */
  readonly above: { readonly jurisdiction: string | undefined } | undefined;
  readonly integrity: Pick<Integrity, "sha256">;
  /** Asks control by way of those above: whether it may start the unit here; for a part of what the unit holds; and whether a unit that departed here goes on elsewhere. */
  askTake(unit: string, id: string): Promise<unknown>;
  askState(unit: string, id: string, hash: BlobHash, offset: number): Promise<unknown>;
  askMoved(unit: string, id: string): Promise<unknown>;
  /** What runs of it, if it does. */
  running(unit: string): Pick<RunningUnit, "hasReached" | "reached"> | undefined;
  /** Something may start now, or is to end. */
  changed(): void;
}

export interface MoveRow {
  readonly unit: string;
  readonly as: "leaves" | "comes";
  readonly problem: { readonly code: string; readonly message: string; readonly next: string } | undefined;
}

export interface Moves {
  /** This document is to be reached. */
  follow(desired: Desired): void;
  /** Whether the unit is this node's to run, as far as moves go. */
  mayRun(unit: string): boolean;
  /** The apps of a document of before, without what departed here since, or was never taken. */
  ownOf(before: Desired): Desired["apps"];
  /** The document is reached: what departed here once and is to run here by it, without a way that it comes, has begun anew. */
  beganAnew(): Promise<void>;
  /** The document is reached, as far as it can be: what leaves begins to. Of what comes only these units are asked for. */
  begin(takeable: readonly string[]): void;
  /** Units that are to leave: they are told no more times, which their next home tells in place of this one. */
  leaving(): readonly string[];
  /** Units that have been worked off: they are to be ended, then to depart. */
  ended(): readonly string[];
  /** Nothing of the unit runs. Writes the departure; a failure is tried again. */
  depart(unit: string): Promise<void>;
  status(): readonly MoveRow[];
  close(): void;
}

/** A move as a value, so that a test can plant a bug in one. */
export interface MoveRules {
  /** Whether a unit that is to leave may still run. */
  runsBeforeDeparture(hasDeparted: boolean): boolean;
  /** Whether a unit that is to come may run. */
  runsBeforeTake(isTaken: boolean): boolean;
  cellsFrom: typeof cellsFrom;
}

export const moveRules: MoveRules = { runsBeforeDeparture: (hasDeparted) => !hasDeparted, runsBeforeTake: (isTaken) => isTaken, cellsFrom };

const encoder = new TextEncoder();
const saltBytes = 16;

/** Of what it holds: of all that it was handed, as far as that stands beside it, and as its app declares it. */
export const classHeld = (app: AppDocument | undefined, name: string, state: Pick<UnitState, "cells">): DataClass => (app === undefined ? "raw" : bornOf(state).reduce(moreSensitive, classDeclared(app, name)));

/** Of what it is handed. What nothing here makes has come from other nodes, whose guards let it go: that is never raw or personal. */
function classDeclared(app: AppDocument, name: string): DataClass {
  const fn = app.functions.find((one) => one.name === name);
  const isMadeHere = fn !== undefined && "type" in fn.on && isDeclared(app, fn.on.type);
  return fn === undefined || (!("type" in fn.on) && !("schedule" in fn.on)) || isMadeHere ? (makersOf(app).find((maker) => maker.name === name)?.from ?? "raw") : "derived";
}

const isDeclared = (app: AppDocument, pattern: string): boolean => [...app.sources.map(({ type }) => type), ...makersOf(app).flatMap(({ emits }) => Object.keys(emits))].some((type) => fits(pattern, type));

export function createMoves(context: MovesContext, rules: MoveRules = moveRules): Moves {
  const { log, events, blobs, ports } = context;
  const { clock } = ports;
  let desired: Desired | undefined;
  let leaves = new Map<string, Leave>();
  let takes = new Map<string, Take>();
  /** Units that are ended and have not departed yet, with what ran of them. */
  const ending = new Map<string, Pick<RunningUnit, "reached"> | undefined>();
  let takeable: ReadonlySet<string> = new Set();
  const waits = new Map<string, Timer>();
  /** Moves, by id: a unit may be on a second before the first has come to rest. */
  const busy = new Set<string>();
  const problems = new Map<string, HolonError>();
  const attempts = new Map<string, number>();
  /** By move, sets of parameters that were brought here for it and that no cell names yet. */
  const brought = new Map<string, readonly BlobHash[]>();
  let closed = false;

  const isAt = ({ unit, id }: Leave | Take, as: "sealed" | "taken"): boolean => {
    const held = heldOf(unit, log);
    return held?.id === id && held.as === as;
  };
  const open = (): readonly (Leave | Take)[] => [...[...leaves.values()].filter((leave) => !isAt(leave, "sealed")), ...[...takes.values()].filter((entry) => !isAt(entry, "taken"))];

  function later(id: string, ms: number, act: () => void): void {
    waits.get(id)?.cancel();
    if (!closed) waits.set(id, clock.after(ms, act));
  }

  function faltered({ unit, id }: Leave | Take, error: unknown, again: () => void): void {
    if (closed) return;
    const coded = toHolonError(error);
    if (problems.get(unit)?.message !== coded.message) ports.trace.note("warn", `move of ${unit}: ${coded.message}`, { code: coded.code });
    problems.set(unit, coded);
    const attempt = attempts.get(unit) ?? 0;
    attempts.set(unit, attempt + 1);
    later(id, backoffMs(attempt, { firstMs: limits.unitRestartFirstMs, maxMs: limits.unitRestartMaxMs }, 0.5 + ports.random.uniform() / 2), again);
  }

  function done(unit: string): void {
    problems.delete(unit);
    attempts.delete(unit);
  }

  /** Until it has handled all that there was when it was told; what comes meanwhile its next home reads for itself. */
  function workOff(leave: Leave, heads: ReadonlyMap<string, number>, untilMs: number): void {
    if (closed || leaves.get(leave.unit)?.id !== leave.id) return void busy.delete(leave.id);
    const running = context.running(leave.unit);
    if (running !== undefined && !running.hasReached(heads) && clock.monotonicMs() < untilMs) return later(leave.id, limits.moveLookMs, () => workOff(leave, heads, untilMs));
    ending.set(leave.unit, running);
    context.changed();
  }

  async function take(entry: Take): Promise<void> {
    const { unit, id, from, state: hash } = entry;
    const isHome = from === log.origin;
    const state = hash === undefined || isHome ? undefined : parseUnitState(await fetched(entry, hash), unit);
    if (state !== undefined) brought.set(id, state.blobs);
    for (const blob of state?.blobs ?? []) if (!(await blobs.own.has(blob))) await blobs.own.put(await fetched(entry, blob));
    if (!isWanted(entry)) return;
    const { granted } = takeAnswerSchema.parse(await context.askTake(unit, id));
    if (closed || takes.get(unit)?.id !== id) return;
    if (!granted) await letGo(id);
    if (!granted) throw new HolonError("HOLON_MOVE_REFUSED", `control does not give ${unit} to ${log.origin}: it is elsewhere by now`);
    const positions = state?.positions ?? unitStateOf(unit, id, log).positions;
    const cells: readonly CellChange[] = [...(state === undefined ? [] : rules.cellsFrom(state, log)), movedAs(unit, { id, as: "taken", blobs: [] })];
    const record = events.record({ stream: "audit", type: movingEvents.taken, class: "public", producer: "agent", subject: unit, data: { unit, id, from, state: hash ?? null, positions: positionsTold(positions) } });
    await log.append({ records: [record], cells });
    brought.delete(id);
    done(unit);
    context.changed();
  }

  /** It does not come: what was brought of what it fitted goes again, but for what a unit of this node has, or another brings that is coming. */
  async function letGo(id: string): Promise<void> {
    const own = brought.get(id) ?? [];
    brought.delete(id);
    const others = new Set([...namedFits(log), ...[...brought.values()].flat()]);
    for (const blob of own) if (!others.has(blob)) await blobs.own.remove(blob);
  }

  /** Moves that are given up, and are not under way: those let go when they come to rest. */
  function letGoOfEnded(): void {
    const wanted = new Set([...takes.values()].map(({ id }) => id));
    for (const id of brought.keys()) if (!wanted.has(id) && !busy.has(id)) letGo(id).catch((error: unknown) => ports.trace.note("warn", `what was brought and is not taken: ${toHolonError(error).message}`)); // the next start does it
  }

  /** Kept in memory alone until it is taken. */
  async function fetched({ unit, id }: Take, hash: BlobHash): Promise<Uint8Array> {
    const content = await whole(hash, (offset) => context.askState(unit, id, hash, offset));
    if (toHex(context.integrity.sha256(content)) !== hash) throw new HolonError("HOLON_BLOB_BAD", `what came of what ${unit} holds is not what its departure says`);
    return content;
  }

  /** A newer document that is not reached yet, or is refused, would leave it granted to a node that does not run it. */
  const isWanted = ({ unit, id }: Take): boolean => !closed && takes.get(unit)?.id === id && takeable.has(unit);

  function rested({ id }: Take): void {
    busy.delete(id);
    if (!closed) letGoOfEnded();
  }

  function beginTake(entry: Take): void {
    if (!isWanted(entry)) return rested(entry);
    busy.add(entry.id);
    take(entry).then(
      () => (isAt(entry, "taken") ? void busy.delete(entry.id) : beginTake(entry)), // given up while a newer document was being reached, and wanted again since
      (error: unknown) => (isWanted(entry) ? faltered(entry, error, () => beginTake(entry)) : rested(entry)),
    );
  }

  const movedAs = (unit: string, held: Held): CellChange => ({ key: movedCell(unit), value: encoder.encode(canonicalJson(held)) });

  /** Why it has to stay; undefined where it may go. */
  async function keptFor({ unit, jurisdiction, by = [] }: Leave, state: UnitState, bytes: number): Promise<string | undefined> {
    const { cells, blobs: fitted } = state;
    if (cells.length === 0) return undefined; // how far it has read says nothing of what it read
    if (fitted.length > limits.moveBlobsMax) return `it has fitted ${fitted.length} sets of parameters, and ${limits.moveBlobsMax} may travel`;
    if (bytes > limits.moveStateBytesMax) return `it holds ${bytes} bytes, and ${limits.moveStateBytesMax} may travel`;
    const [appName = "", name = ""] = unit.split("/");
    const app = desired?.apps.find((one) => one.name === appName);
    const dataClass = classHeld(app, name, state);
    const refusal = `what it holds is of class ${dataClass}, which may not leave ${log.origin}`;
    if (jurisdiction === undefined && (dataClass === "raw" || dataClass === "personal")) return `${refusal} for where nobody has said`;
    // It goes by way of who is above, and of control, to its next home: all of them have to be allowed.
    for (const destination of new Set([...(context.above === undefined ? [] : [context.above.jurisdiction]), ...by, jurisdiction])) {
      if (!(await context.guard.mayShare({ app: appName, name, class: dataClass, rules: app?.egress ?? [], destination, policyVersion: desired?.version ?? 0, change: desired?.version ?? 1 }))) return refusal;
    }
    return undefined;
  }

  /** Records of its node's own lane, which no other node is handed. How far it had read is stored only with what it made of it. */
  function leftOf(unit: string, positions: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const lane = { origin: log.origin, stream: "local" } as const;
    const stored = positions[laneName(lane)];
    const behind = (log.head(lane)?.sequence ?? 0) - Math.max(stored ?? 0, ending.get(unit)?.reached(lane) ?? 0);
    return stored === undefined || behind <= 0 ? {} : { [laneName(lane)]: behind };
  }

  const forgetter = createForgetter({
    log, blobs: blobs.own, clock, trace: ports.trace, changed: context.changed, askMoved: context.askMoved,
    isOwn: (unit) => takes.has(unit) || leaves.has(unit) || desired === undefined || desired.apps.some((app) => app.functions.some(({ name }) => `${app.name}/${name}` === unit)),
  });
  forgetter.wake();

  return {
    follow(next) {
      desired = next;
      takeable = new Set();
      leaves = new Map((next.moving?.leaves ?? []).map((leave) => [leave.unit, leave]));
      takes = new Map((next.moving?.takes ?? []).map((entry) => [entry.unit, entry]));
      for (const unit of ending.keys()) if (!leaves.has(unit)) ending.delete(unit);
      const current = new Set(open().map(({ id }) => id));
      for (const [id, timer] of waits) {
        if (current.has(id)) continue;
        timer.cancel();
        waits.delete(id);
        busy.delete(id);
      }
      letGoOfEnded();
    },
    mayRun(unit) {
      const [leave, coming] = [leaves.get(unit), takes.get(unit)];
      if (forgetter.isForgetting(unit)) return false;
      if (leave !== undefined) return !ending.has(unit) && rules.runsBeforeDeparture(isAt(leave, "sealed"));
      return coming === undefined || rules.runsBeforeTake(isAt(coming, "taken"));
    },
    ownOf(before) {
      const isOwn = (unit: string): boolean => {
        const held = heldOf(unit, log);
        const coming = before.moving?.takes?.find((entry) => entry.unit === unit);
        return held?.as !== "sealed" && (coming === undefined || rules.runsBeforeTake(held?.id === coming.id));
      };
      return before.apps.map((app) => ({ ...app, functions: app.functions.filter(({ name }) => isOwn(`${app.name}/${name}`)) }));
    },
    async beganAnew() {
      const units = (desired?.apps ?? []).flatMap((app) => app.functions.map(({ name }) => `${app.name}/${name}`));
      const cells = units.filter((unit) => !leaves.has(unit) && !takes.has(unit) && heldOf(unit, log)?.as === "sealed").map((unit): CellChange => ({ key: movedCell(unit), value: null }));
      if (cells.length > 0) await log.append({ cells });
    },
    begin(units) {
      takeable = new Set(units);
      for (const leave of leaves.values()) {
        if (busy.has(leave.id) || ending.has(leave.unit) || isAt(leave, "sealed")) continue;
        busy.add(leave.id);
        workOff(leave, new Map([...log.heads()].map(([name, { mark }]) => [name, mark.sequence])), clock.monotonicMs() + limits.moveDrainMs);
      }
      for (const entry of takes.values()) {
        if (!takeable.has(entry.unit) || busy.has(entry.id) || isAt(entry, "taken")) continue;
        beginTake(entry);
      }
    },
    leaving: () => [...leaves.keys()],
    ended: () => [...ending.keys()],
    async depart(unit) {
      const leave = leaves.get(unit);
      if (leave === undefined || isAt(leave, "sealed")) return void ending.delete(unit);
      try {
        const salt = toHex(ports.random.bytes(saltBytes));
        const state = unitStateOf(unit, leave.id, log, salt);
        const bytes = encodeUnitState(state);
        const kept = await keptFor(leave, state, bytes.length);
        const hash = kept === undefined ? blobHashSchema.parse(toHex(context.integrity.sha256(bytes))) : undefined;
        const data = { unit, id: leave.id, to: leave.to, state: hash ?? null, bytes: bytes.length, blobs: hash === undefined ? [] : state.blobs, positions: positionsTold(state.positions), left: leftOf(unit, state.positions), kept: kept ?? null };
        const record = events.record({ stream: "audit", type: movingEvents.departed, class: "public", producer: "agent", subject: unit, data });
        await log.append({ records: [record], cells: [movedAs(unit, hash === undefined ? { id: leave.id, as: "sealed", blobs: [] } : { id: leave.id, as: "sealed", blobs: [hash, ...state.blobs], salt })] });
        ending.delete(unit);
        busy.delete(leave.id);
        done(unit);
        forgetter.wake();
      } catch (error) {
        faltered(leave, error, context.changed);
      }
    },
    status: () => open().map((row) => ({ unit: row.unit, as: "from" in row ? "comes" : "leaves", problem: problems.get(row.unit)?.toJSON() })),
    close() {
      closed = true;
      for (const timer of waits.values()) timer.cancel();
      forgetter.close();
    },
  };
}
