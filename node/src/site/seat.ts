/**
 * This member's seat in the election of its site: runs the pure machine over ports. One event after the other; what the machine
 * persists is on disk before anything is answered or asked.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { isLead, leadKnown, nextTickMs, startElection, type ElectionEvent, type ElectionMachine, type ElectionRules, type ElectionState, type Question, type Reply, type Vote } from "@holon/core/site/election.ts";
import type { Clock, Random, Timer, Trace } from "@holon/core/ports.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { z } from "zod";
import type { SegmentLog } from "../log/segment-log.ts";

export interface SeatOptions {
  readonly log: SegmentLog;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly trace: Trace };
  readonly rules: ElectionRules;
  readonly machine: ElectionMachine;
  /** Asks one member; rejects if it cannot be reached or does not answer within the deadline. */
  ask(member: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** This member became lead, or is lead no more. */
  changed(leads: boolean, term: number): void;
}

export interface Seat {
  state(): ElectionState;
  /** Another member asks for a vote or renews its lease. Answers when what it decided is on disk. */
  question(from: NodeName, question: { readonly method: "vote"; readonly term: number; readonly pre: boolean } | { readonly method: "renew"; readonly term: number }): Promise<Reply>;
  /** Whether this member leads at this moment. */
  leads(): boolean;
  /** The lead as far as this member knows. */
  lead(): NodeName | undefined;
  close(): void;
}

type WithoutNow<Event> = Event extends unknown ? Omit<Event, "nowMs" | "uniform"> : never;

export const voteCell = "site/vote";
const voteSchema = z.strictObject({ term: z.int().min(0), votedFor: z.string().refine(isNodeName).nullable() });
const replySchema = z.strictObject({ granted: z.boolean(), term: z.int().min(0) });
const encoder = new TextEncoder();

export function openSeat(options: SeatOptions): Seat {
  const { log, rules, machine } = options;
  const { clock, random, trace } = options.ports;
  const now = () => ({ nowMs: clock.monotonicMs(), uniform: random.uniform() });
  /** What the machine slept since the node began, and had slept when the last round was asked, and when the one was asked that the lease counts from: a promise of others goes on meanwhile. */
  const sleptMs = (): number => clock.elapsedMs() - clock.monotonicMs();
  let askedSleptMs = sleptMs();
  let leaseSleptMs = askedSleptMs;
  const leadsNow = (): boolean => isLead(state, clock.monotonicMs() + sleptMs() - leaseSleptMs);
  let state: ElectionState = startElection(readVote(log), now(), rules);
  let turn: Promise<unknown> = Promise.resolve();
  let pending = 0;
  let led = false;
  let closed = false;
  let timer: Timer | undefined;

  /** `undefined` where too many events wait: as good as never heard. */
  function handle(event: WithoutNow<ElectionEvent>): Promise<Reply | undefined> {
    if (closed || pending >= limits.siteEventsPendingMax) return Promise.resolve(undefined);
    pending += 1;
    const result = turn.then(() => (closed ? undefined : process(event)));
    turn = result.catch(() => undefined).then(() => (pending -= 1)); // whoever waits for the result hears of the error
    return result;
  }

  async function process(event: WithoutNow<ElectionEvent>): Promise<Reply | undefined> {
    const step = machine.step(state, { ...event, ...now() }, rules);
    if (step.state.kind === "lead" && (state.kind !== "lead" || step.state.leaseUntilMs > state.leaseUntilMs)) leaseSleptMs = askedSleptMs;
    if (step.ask !== undefined) askedSleptMs = sleptMs();
    state = step.state;
    tellChange();
    arm();
    if (step.persist !== undefined) await log.append({ cells: [{ key: voteCell, value: encodeVote(step.persist) }] });
    if (step.ask !== undefined) for (const member of rules.members) if (member !== rules.self) put(member, step.ask);
    return step.reply;
  }

  function put(member: NodeName, question: Question): void {
    const { method, term, round } = question;
    const parameters = method === "vote" ? { term, pre: question.pre } : { term };
    options.ask(member, `site.${method}`, parameters, method === "vote" ? rules.roundMs : rules.renewMs).then(
      (answer) => {
        const parsed = replySchema.safeParse(answer);
        if (parsed.success) handle({ kind: "answered", from: member, round, ...parsed.data }).catch(failed);
        else failed(new HolonError("HOLON_FRAME_BAD", `${member} answered site.${method} with something else`));
      },
      () => undefined, // who cannot be reached does not count; the status says whom this member reaches
    );
  }

  function tellChange(): void {
    const leads = leadsNow();
    if (leads === led) return;
    led = leads;
    options.changed(leads, state.term);
  }

  function arm(): void {
    timer?.cancel();
    if (closed) return;
    timer = clock.after(Math.max(1, nextTickMs(state, rules) - clock.monotonicMs()), () => {
      handle({ kind: "tick" }).catch(failed);
    });
  }

  function failed(error: unknown): void {
    const coded = toHolonError(error);
    trace.note("warn", `election: ${coded.message}`, { code: coded.code });
  }

  arm();
  return {
    state: () => state,
    async question(from, { method, ...question }) {
      const event = method === "vote" && "pre" in question ? ({ kind: "asked", from, term: question.term, pre: question.pre } as const) : ({ kind: "renewed", from, term: question.term } as const);
      return (await handle(event)) ?? { granted: false, term: state.term };
    },
    leads: () => !closed && leadsNow(),
    lead: () => (closed ? undefined : leadKnown(state, clock.monotonicMs(), rules.self)),
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

const encodeVote = ({ term, votedFor }: Vote): Uint8Array => encoder.encode(JSON.stringify({ term, votedFor: votedFor ?? null }));

function readVote(log: SegmentLog): Vote | undefined {
  const bytes = log.cell(voteCell);
  if (bytes === undefined) return undefined;
  const { term, votedFor } = voteSchema.parse(parseJson(bytes));
  return { term, votedFor: votedFor !== null && isNodeName(votedFor) ? votedFor : undefined };
}
