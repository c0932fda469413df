/**
 * Who of a site may run a unit that control has left to its lead: a book of grants, pure. A grant is a lease; the member counts it from its question, the lead from its answer and longer by the
 * drift of clocks. A unit is granted to another when the one that had it says that nothing of it runs, or when its lease is over.
 *
 * A new lead knows no grants. All that were given before are over one lease after it began; until then it lets go on what already runs.
 */
import { limits } from "../limits.ts";
import type { LeaseId } from "../schema/delegation.ts";

export interface Grant {
  readonly node: string;
  readonly lease: LeaseId;
  readonly untilMs: number;
}

export interface LeaseBook {
  readonly term: number;
  readonly beganMs: number;
  readonly given: number;
  readonly grants: ReadonlyMap<string, Grant>;
}

export interface LeaseQuestion {
  readonly unit: string;
  readonly from: string;
  /** Under which grant something of it runs there. */
  readonly runs: LeaseId | null;
  /** Where the lead wants it; null: nowhere. */
  readonly target: string | null;
  readonly nowMs: number;
}

/** As a value, so that a test can plant a bug in one. */
export interface UnitLeases {
  ask(book: LeaseBook, question: LeaseQuestion): { readonly book: LeaseBook; readonly granted: LeaseId | undefined };
}

const countedMs = limits.siteUnitLeaseMs * (1 + limits.nodeLeaseDrift);

export const beginBook = (term: number, nowMs: number): LeaseBook => ({ term, beganMs: nowMs, given: 0, grants: new Map() });

/** Whether every grant of leads before is over. */
export const isSettled = ({ beganMs }: LeaseBook, nowMs: number): boolean => nowMs - beganMs > countedMs;

/** Who may run it now, as far as this lead has granted it. */
export function holderOf({ grants }: LeaseBook, unit: string, nowMs: number): string | undefined {
  const grant = grants.get(unit);
  return grant !== undefined && grant.untilMs >= nowMs ? grant.node : undefined;
}

export const unitLeases: UnitLeases = {
  ask(book, { unit, from, runs, target, nowMs }) {
    const before = book.grants.get(unit);
    const open = before !== undefined && before.untilMs >= nowMs ? before : undefined;
    const nothing = { book, granted: undefined };
    if (open === undefined && !isSettled(book, nowMs)) return runs === null ? nothing : give(book, unit, { from, lease: runs, nowMs });
    if (open !== undefined && open.node !== from) return nothing;
    // What says that it runs no more has given it back.
    const mine = open !== undefined && runs !== null ? open : undefined;
    const isOver = open !== undefined && runs === null;
    if (target !== from) return isOver ? { book: without(book, unit), granted: undefined } : nothing;
    if (mine !== undefined) return give(book, unit, { from, lease: mine.lease, nowMs });
    return give({ ...book, given: book.given + 1 }, unit, { from, lease: [book.term, book.given + 1], nowMs });
  },
};

function give(book: LeaseBook, unit: string, { from, lease, nowMs }: { readonly from: string; readonly lease: LeaseId; readonly nowMs: number }): ReturnType<UnitLeases["ask"]> {
  return { book: { ...book, grants: new Map(book.grants).set(unit, { node: from, lease, untilMs: nowMs + countedMs }) }, granted: lease };
}

function without(book: LeaseBook, unit: string): LeaseBook {
  const grants = new Map(book.grants);
  grants.delete(unit);
  return { ...book, grants };
}
