/**
 * A member's side of what control has left to its site. It asks the lead what it may run, runs that for a lease and no longer, gives siblings what its units hold, and goes on from what another
 * held. A lead that grants what control did not leave to the site is not followed.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import { askSpareSchema, compareIds, delegationEvents, delegationMethods, keepSpareSchema, spareSchema, unitLeaseAnswerSchema, unitLeaseAskSchema, type Delegation, type LeaseId, type Spare, type UnitLeaseAnswer, type UnitLeaseAsk } from "@holon/core/schema/delegation.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { fromBase64 } from "@holon/core/series/base64.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import type { Events } from "../event/events.ts";
import type { CallHandler } from "../link/calls.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { cellsFrom, parseUnitState, positionsTold, unitStateOf } from "../moving/unit-state.ts";
import type { Guard } from "../policy/guard.ts";
import { createSpares } from "./spares.ts";
import { createTenancy, type Tenancy } from "./tenancy.ts";
import type { Steward } from "./steward.ts";

export interface TenantOptions {
  readonly self: NodeName;
  readonly siblings: readonly string[];
  readonly jurisdiction: string;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly guard: Pick<Guard, "mayShare">;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  readonly handlers: Map<string, CallHandler>;
  readonly steward: Steward;
  /** The lead as far as this node knows, and its term. */
  lead(): { readonly node: string | null; readonly term: number };
  /** Asks a sibling; rejects where it is not reached. */
  ask(sibling: NodeName, method: string, parameters: unknown): Promise<unknown>;
  desired(): Desired | undefined;
  /** Version of the document that is reached. */
  reached(): number;
  /** Whether anything of the unit runs. */
  isRunning(unit: string): boolean;
  /** Whether control has let this node run what stops on islands. */
  isConnected(): boolean;
  /** Other units may run now. */
  changed(): void;
  append(record: NewRecord): void;
}

export interface TenantRow {
  readonly unit: string;
  readonly home: string;
  /** Who has it, as the lead said last; null where nobody has, or no lead is known. */
  readonly holder: string | null;
  /** Whether this node may run it now. */
  readonly isHere: boolean;
  /** Why siblings cannot have what it holds. */
  readonly withheld: string | null;
}

export interface Tenant extends Pick<Tenancy, "reach"> {
  start(): void;
  isDelegated(unit: string): boolean;
  /** The grant under which this node may run it now. */
  tenure(unit: string): string | undefined;
  /** Who has it, as the lead said last. */
  holderOf(unit: string): string | undefined;
  status(): readonly TenantRow[];
  close(): void;
}

interface Held {
  readonly lease: LeaseId;
  untilMs: number;
  /** What it is to go on from is here. */
  isReady: boolean;
}

export function createTenant(options: TenantOptions): Tenant {
  const { self, log, events, steward, ports } = options;
  const { clock } = ports;
  const spares = createSpares(options);
  const tenancy = createTenancy(log, spares);
  const held = new Map<string, Held>();
  /** Not granted any more; what ran of it may run still. */
  const ending = new Map<string, LeaseId>();
  const taking = new Set<string>();
  /** By unit, siblings that have its newest state. */
  const given = new Map<string, { readonly id: readonly number[]; readonly to: Set<string>; readonly nextMs: number }>();
  const refused = new Set<string>();
  let holders: Readonly<Record<string, string>> = {};
  let number = 0;
  let asking: Timer | undefined;
  let giving: Timer | undefined;
  let over: Timer | undefined;
  let closed = false;

  const delegation = (): Delegation | undefined => options.desired()?.delegation;
  const holds = (unit: string): boolean => !closed && clock.elapsedMs() < (held.get(unit)?.untilMs ?? Number.NEGATIVE_INFINITY);
  const note = (what: string, error: unknown): void => ports.trace.note("debug", `${what}: ${toHolonError(error).message}`);

  function end(unit: string): void {
    const own = held.get(unit);
    if (own === undefined) return;
    held.delete(unit);
    ending.set(unit, own.lease);
    options.changed();
  }

  /** What is over by this node's own clock ends, whoever can be reached. */
  function watchEnds(): void {
    over?.cancel();
    const next = Math.min(...[...held.values()].map(({ untilMs }) => untilMs));
    if (closed || !Number.isFinite(next)) return;
    over = clock.after(Math.max(0, next - clock.elapsedMs()), () => {
      for (const unit of [...held.keys()]) if (!holds(unit)) end(unit);
      watchEnds();
    });
  }

  async function question({ units, serial }: Delegation): Promise<UnitLeaseAsk> {
    const rows: UnitLeaseAsk["units"] = {};
    for (const { unit } of units) {
      if (!tenancy.has(unit)) continue;
      const lease = ending.get(unit);
      if (lease !== undefined && !options.isRunning(unit)) {
        // What it ended with is what another goes on from; under a grant for which it was never ready nothing ran.
        if (compareIds(spares.tenure(unit), lease) === 0) await spares.make(unit);
        ending.delete(unit);
      }
      const own = spares.of(unit);
      rows[unit] = { runs: held.get(unit)?.lease ?? ending.get(unit) ?? null, spare: own?.id ?? null, isWithheld: own !== undefined && own.state === null };
    }
    number += 1;
    return { epoch: log.epoch, number, serial: options.reached() === options.desired()?.version ? serial : 0, isConnected: options.isConnected(), units: rows };
  }

  async function askLead(): Promise<void> {
    steward.look();
    const left = delegation();
    for (const unit of held.keys()) if (left?.units.some((one) => one.unit === unit) !== true) end(unit);
    const { node: lead } = options.lead();
    if (left === undefined || lead === null || !isNodeName(lead)) return;
    const ask = await question(left);
    const askedMs = clock.elapsedMs();
    const answer = lead === self ? steward.ask(self, ask) : unitLeaseAnswerSchema.parse(await options.ask(lead, delegationMethods.lease, ask));
    if (!closed) follow(answer, left, lead, askedMs);
  }

  /** One question at a time. */
  let current: Promise<void> | undefined;
  function askOnce(): Promise<void> {
    current ??= askLead().finally(() => (current = undefined));
    return current;
  }

  /** The lead may have named it since it was asked last: that is asked before anybody is refused. */
  async function isHolder(unit: string, member: NodeName): Promise<boolean> {
    if (holders[unit] !== member) await current?.catch(() => undefined);
    if (holders[unit] !== member) await askOnce();
    if (holders[unit] !== member && options.lead().node === null) throw new HolonError("HOLON_LEAD_MISSING", `nobody tells ${self} who has ${unit}`);
    return holders[unit] === member;
  }

  function follow(answer: UnitLeaseAnswer, left: Delegation, lead: string, askedMs: number): void {
    const known = options.lead();
    if (known.node !== lead || known.term !== answer.term) return; // it leads no more
    ({ holders } = answer);
    for (const { unit } of answer.granted) if (!left.units.some((one) => one.unit === unit)) refuse(lead, answer.term, unit, "control has not left it to the site");
    for (const { unit } of left.units) {
      const grant = answer.granted.find((one) => one.unit === unit);
      const own = held.get(unit);
      if (grant === undefined) {
        end(unit);
        continue;
      }
      const untilMs = askedMs + limits.siteUnitLeaseMs - limits.siteUnitGuardMs;
      if (own !== undefined && compareIds(own.lease, grant.lease) === 0) own.untilMs = untilMs;
      else if (compareIds(grant.lease, spares.tenure(unit)) < 0) refuse(lead, answer.term, unit, "it was granted later to this node already");
      else held.set(unit, { lease: grant.lease, untilMs, isReady: false });
      if (held.get(unit)?.isReady === false) take(unit, grant);
    }
    watchEnds();
  }

  /** Once of each lead and unit. */
  function refuse(lead: string, term: number, unit: string, because: string): void {
    const key = `${lead} ${term} ${unit}`;
    if (refused.has(key) || refused.size >= limits.appFunctionsMax) return;
    refused.add(key);
    ports.trace.note("warn", `${lead} grants ${unit}: ${because}`, { code: "HOLON_OVERLAY_REFUSED" });
    options.append(events.record({ stream: "audit", type: delegationEvents.refused, class: "public", producer: "site", subject: unit, data: { unit, lead, term, because } }));
  }

  function take(unit: string, grant: UnitLeaseAnswer["granted"][number]): void {
    if (taking.has(unit)) return;
    taking.add(unit);
    goOn(unit, grant)
      .catch((error: unknown) => note(`state of ${unit}`, error)) // asked for again with the next answer
      .finally(() => taking.delete(unit));
  }

  async function goOn(unit: string, { lease, from }: UnitLeaseAnswer["granted"][number]): Promise<void> {
    const before = spares.tenure(unit);
    const isOthers = from !== null && compareIds(from.spare.slice(0, 2), before) > 0;
    const spare = isOthers ? await spareFrom(unit, from) : undefined;
    const own = held.get(unit);
    if (own === undefined || compareIds(own.lease, lease) !== 0 || closed) return;
    const cells = [spares.tenureCell(unit, lease)];
    if (compareIds(lease, before) !== 0) {
      const state = spare?.state === undefined || spare.state === null ? undefined : parseUnitState(fromBase64(spare.state), unit);
      const positions = (state ?? unitStateOf(unit, "spare", log)).positions;
      // Behind what a sibling had of it this node may have gone on, before it was away: that is handled again.
      const again = state === undefined || before === null ? {} : Object.fromEntries(Object.entries(unitStateOf(unit, "spare", log).positions).filter(([lane, at]) => at > (positions[lane] ?? 0)));
      const data = { unit, lease, from: isOthers ? from : null, positions: positionsTold(positions), again: positionsTold(again) };
      const record = events.record({ stream: "audit", type: "holon.site.taken", class: "public", producer: "site", subject: unit, data });
      await log.append({ records: [record], cells: [...(state === undefined ? [] : cellsFrom(state, log)), ...(spare === undefined ? [] : [spares.spareCell(unit, spare)]), ...cells], may: () => held.get(unit) === own && holds(unit) });
    }
    own.isReady = true;
    options.changed();
  }

  async function spareFrom(unit: string, { node, spare }: { readonly node: string; readonly spare: readonly number[] }): Promise<Spare> {
    const own = spares.of(unit);
    const found = node === self || compareIds(own?.id ?? null, spare) === 0 || !isNodeName(node) ? own : spareSchema.parse(await options.ask(node, delegationMethods.spare, { unit }));
    if (found === undefined || found.state === null || compareIds(found.id, spare) < 0) throw new HolonError("HOLON_BLOB_MISSING", `${node} has not what ${unit} held last${found?.because == null ? "" : `: ${found.because}`}`);
    return found;
  }

  /** Siblings get what units here hold: the larger, the more rarely. One that does not answer is not waited for twice. */
  async function giveSpares(): Promise<void> {
    const members = new Set(delegation()?.members.map(({ name }) => name).filter((name) => name !== self));
    for (const [unit, { isReady }] of held) {
      const nowMs = clock.elapsedMs();
      if (!isReady || !options.isRunning(unit) || nowMs < (given.get(unit)?.nextMs ?? 0)) continue;
      const spare = await spares.make(unit);
      const known = given.get(unit);
      const nextMs = nowMs + ((spare.state?.length ?? 0) * 1_000) / limits.siteSpareBytesPerSecond;
      const row = { id: spare.id, to: known !== undefined && compareIds(known.id, spare.id) === 0 ? known.to : new Set<string>(), nextMs };
      given.set(unit, row);
      for (const member of members) {
        if (row.to.has(member) || !isNodeName(member)) continue;
        try {
          await options.ask(member, delegationMethods.keep, { unit, ...spare });
          row.to.add(member);
        } catch (error) {
          members.delete(member);
          note(`${member} does not keep ${unit}`, error);
        }
      }
    }
  }

  const memberOnly = (handler: (from: NodeName, parameters: unknown) => Promise<unknown>): CallHandler => (parameters, from) =>
    options.siblings.includes(from) ? handler(from, parameters) : Promise.reject(new HolonError("HOLON_SIBLING_UNKNOWN", `${from} is no enrolled member of the site of ${self}`));
  const isLeft = (unit: string): boolean => delegation()?.units.some((one) => one.unit === unit) === true;
  const isKept = (unit: string): boolean => isLeft(unit) && tenancy.has(unit);

  options.handlers.set(delegationMethods.lease, memberOnly(async (from, parameters) => steward.ask(from, unitLeaseAskSchema.parse(parameters))));
  options.handlers.set(delegationMethods.keep, memberOnly(async (from, parameters) => {
    const { unit, ...spare } = keepSpareSchema.parse(parameters);
    if (!isKept(unit) || !(await isHolder(unit, from))) throw new HolonError("HOLON_CALL_DENIED", `${self} keeps of ${unit} what the member gives that the lead named: not ${from}`);
    await spares.keep(unit, spare);
    return null;
  }));
  options.handlers.set(delegationMethods.spare, memberOnly(async (_, parameters) => {
    const { unit } = askSpareSchema.parse(parameters);
    const spare = isKept(unit) ? spares.of(unit) : undefined;
    if (spare === undefined) throw new HolonError("HOLON_BLOB_MISSING", `${self} keeps nothing of ${unit}`);
    return spare;
  }));

  function askAgain(): void {
    if (!closed) asking = clock.after(limits.siteUnitAskMs, () => void askOnce().catch((error: unknown) => note("lead", error)).finally(askAgain));
  }

  /** Beside the questions: a sibling that is slow to take a state ends no lease. */
  function giveAgain(): void {
    if (!closed) giving = clock.after(limits.siteSpareMs, () => void giveSpares().catch((error: unknown) => note("spares", error)).finally(giveAgain));
  }

  return {
    start() {
      askAgain();
      giveAgain();
    },
    isDelegated: isLeft,
    reach: tenancy.reach,
    tenure: (unit) => (holds(unit) && held.get(unit)?.isReady === true ? held.get(unit)?.lease.join(" ") : undefined),
    holderOf: (unit) => (isLeft(unit) ? holders[unit] : undefined),
    status: () => (delegation()?.units ?? []).map(({ unit, home }) => ({ unit, home, holder: holders[unit] ?? null, isHere: holds(unit) && held.get(unit)?.isReady === true, withheld: spares.of(unit)?.because ?? null })),
    close() {
      closed = true;
      for (const timer of [asking, giving, over]) timer?.cancel();
    },
  };
}
