/**
 * The election of a site's lead: one member's part as a pure state machine, by majority of the ENROLLED members.
 *
 *     follower ──nothing heard──▶ prober ──majority would vote──▶ candidate ──majority voted──▶ lead
 *        ▲                          │                               │                           │
 *        └──────────────────────────┴──── round over, other lead ───┴──── lease ran out ────────┘
 *
 * After Raft (Ongaro, "Consensus: Bridging Theory and Practice", 2014, sections 4.2.3, 6.4.1 and 9.6): terms, one vote a term, a
 * pre-vote so that a member that comes back disturbs nobody, and a lease. What makes two leads at a time impossible:
 * - A member that voted for a lead, or answered its renewal, promises it `promiseMs` of its own clock and votes for no other.
 * - A lead counts its lease from when it ASKED, and `leaseMs` by its own clock is over before any promise is, whatever the drift.
 * - A vote is persisted before it is answered. Promises are not: after a start a member votes for nobody for `promiseMs`.
 */
import { limits } from "../limits.ts";
import type { NodeName } from "../units.ts";

export interface ElectionRules {
  readonly self: NodeName;
  /** All enrolled members, this one included, sorted. */
  readonly members: readonly NodeName[];
  /** Members that are a majority of the enrolled. */
  readonly quorum: number;
  readonly promiseMs: number;
  readonly leaseMs: number;
  readonly renewMs: number;
  readonly roundMs: number;
  readonly jitterMs: number;
}

/** What outlives a restart. */
export interface Vote {
  readonly term: number;
  readonly votedFor: NodeName | undefined;
}

interface Kept extends Vote {
  /** Whom this member last promised its vote, and until when by its own clock. */
  readonly promise: { readonly to: NodeName; readonly untilMs: number } | undefined;
  /** Before this it votes for nobody: a promise of the time before its start may still hold. */
  readonly quietUntilMs: number;
  /** Number of the last round of questions; answers to earlier ones are void. */
  readonly round: number;
}

interface Round extends Kept {
  readonly yes: ReadonlySet<NodeName>;
  /** When the questions of this round were made. */
  readonly askedMs: number;
}

export interface Follower extends Kept {
  readonly kind: "follower";
  readonly electionAtMs: number;
}
export interface Prober extends Round {
  readonly kind: "prober";
}
export interface Candidate extends Round {
  readonly kind: "candidate";
}
export interface Lead extends Round {
  readonly kind: "lead";
  readonly leaseUntilMs: number;
}
export type ElectionState = Follower | Prober | Candidate | Lead;

interface Now {
  readonly nowMs: number;
  /** Uniform in [0, 1): spreads the members' attempts. */
  readonly uniform: number;
}
export type ElectionEvent = Now &
  (
    | { readonly kind: "tick" }
    /** A member asks for this one's vote; with `pre` only whether it would get it. */
    | { readonly kind: "asked"; readonly from: NodeName; readonly term: number; readonly pre: boolean }
    /** A lead renews its lease. */
    | { readonly kind: "renewed"; readonly from: NodeName; readonly term: number }
    | { readonly kind: "answered"; readonly from: NodeName; readonly round: number; readonly term: number; readonly granted: boolean }
  );

export interface Reply {
  readonly granted: boolean;
  readonly term: number;
}

/** A question to all other members. */
export type Question = { readonly method: "vote"; readonly term: number; readonly pre: boolean; readonly round: number } | { readonly method: "renew"; readonly term: number; readonly round: number };

/** What follows from an event, in this order: persist, then reply, then ask. */
export interface Step {
  readonly state: ElectionState;
  readonly persist?: Vote;
  readonly reply?: Reply;
  readonly ask?: Question;
}

/** The machine as a value, so that a test can plant a bug in one. */
export interface ElectionMachine {
  step(state: ElectionState, event: ElectionEvent, rules: ElectionRules): Step;
}

export const majorityOf = (members: number): number => Math.floor(members / 2) + 1;

/** A lease that is over by the slowest clock before a promise is by the fastest. */
export const leaseMsFor = (promiseMs: number, driftPpm: number): number => Math.floor((promiseMs * (1 - driftPpm / 1e6)) / (1 + driftPpm / 1e6));

export function electionRules(self: NodeName, siblings: readonly NodeName[]): ElectionRules {
  const members = [...siblings, self].sort();
  return {
    self,
    members,
    quorum: majorityOf(members.length),
    promiseMs: limits.sitePromiseMs,
    leaseMs: leaseMsFor(limits.sitePromiseMs, limits.siteDriftPpmMax),
    renewMs: limits.siteRenewMs,
    roundMs: limits.siteRoundMs,
    jitterMs: limits.siteElectionJitterMs,
  };
}

/** The state at a start, from the vote on disk. */
export function startElection(vote: Vote | undefined, now: Now, rules: ElectionRules): Follower {
  const quietUntilMs = now.nowMs + rules.promiseMs;
  return { kind: "follower", term: vote?.term ?? 0, votedFor: vote?.votedFor, promise: undefined, quietUntilMs, round: 0, electionAtMs: quietUntilMs + now.uniform * rules.jitterMs };
}

/** Whether this member leads at this moment: by its clock, not by what it last did. */
export const isLead = (state: ElectionState, nowMs: number): state is Lead => state.kind === "lead" && nowMs < state.leaseUntilMs;

/** The lead as this member knows it. */
export function leadKnown(state: ElectionState, nowMs: number, self: NodeName): NodeName | undefined {
  if (isLead(state, nowMs)) return self;
  return state.kind === "follower" && state.promise !== undefined && nowMs < state.promise.untilMs ? state.promise.to : undefined;
}

/** When the machine wants its next tick. */
export function nextTickMs(state: ElectionState, rules: ElectionRules): number {
  if (state.kind === "follower") return state.electionAtMs;
  if (state.kind === "lead") return Math.min(state.leaseUntilMs, state.askedMs + rules.renewMs);
  return state.askedMs + rules.roundMs;
}

type StateOf<Kind> = Extract<ElectionState, { kind: Kind }>;
type EventOf<Kind> = Extract<ElectionEvent, { kind: Kind }>;
type Table = { readonly [S in ElectionState["kind"]]: { readonly [E in ElectionEvent["kind"]]: (state: StateOf<S>, event: EventOf<E>, rules: ElectionRules) => Step } };

/** Total by type: each state says what each event does. */
const table: Table = {
  follower: {
    tick: (state, event, rules) => (event.nowMs < state.electionAtMs ? { state } : probe(state, event, rules)),
    asked: consider,
    renewed: follow,
    answered: (state, event, rules) => (event.term > state.term ? adopt(state, event, rules) : { state }),
  },
  prober: {
    tick: giveUp,
    asked: consider,
    renewed: follow,
    answered(state, event, rules) {
      if (event.term > state.term) return adopt(state, event, rules);
      const yes = counted(state, event);
      return yes.size < rules.quorum ? { state: { ...state, yes } } : stand(state, event, rules);
    },
  },
  candidate: {
    tick: giveUp,
    asked: consider,
    renewed: follow,
    answered(state, event, rules) {
      if (event.term > state.term) return adopt(state, event, rules);
      const yes = counted(state, event);
      if (yes.size < rules.quorum) return { state: { ...state, yes } };
      const leaseUntilMs = state.askedMs + rules.leaseMs;
      return event.nowMs < leaseUntilMs ? renew({ ...state, kind: "lead", leaseUntilMs }, event, rules) : { state: rest(state, event, rules) };
    },
  },
  lead: {
    tick(state, event, rules) {
      if (event.nowMs >= state.leaseUntilMs) return { state: rest(state, event, rules) };
      return event.nowMs < state.askedMs + rules.renewMs ? { state } : renew(state, event, rules);
    },
    asked: (state, event, rules) => (event.nowMs < state.leaseUntilMs ? refuse(state) : consider(rest(state, event, rules), event, rules)),
    renewed: (state, event, rules) => (event.term > state.term ? follow(state, event, rules) : refuse(state)),
    answered(state, event, rules) {
      if (event.term > state.term) return adopt(state, event, rules);
      const yes = counted(state, event);
      return { state: { ...state, yes, leaseUntilMs: yes.size < rules.quorum ? state.leaseUntilMs : Math.max(state.leaseUntilMs, state.askedMs + rules.leaseMs) } };
    },
  },
};

export const election: ElectionMachine = {
  step(state, event, rules) {
    const row = table[state.kind] as Readonly<Record<ElectionEvent["kind"], (state: ElectionState, event: ElectionEvent, rules: ElectionRules) => Step>>; // the row was chosen by the state's kind
    return row[event.kind](state, event, rules);
  },
};

const refuse = (state: ElectionState): Step => ({ state, reply: { granted: false, term: state.term } });

const counted = (state: Prober | Candidate | Lead, event: EventOf<"answered">): ReadonlySet<NodeName> =>
  event.granted && event.round === state.round ? new Set([...state.yes, event.from]) : state.yes;

const kept = ({ term, votedFor, promise, quietUntilMs, round }: Kept): Kept => ({ term, votedFor, promise, quietUntilMs, round });

/** Back to following, and a while before the next attempt: whatever was asked is void, since the round is no longer counted. */
const rest = (state: ElectionState, { nowMs, uniform }: Now, rules: ElectionRules): Follower => ({
  ...kept(state),
  kind: "follower",
  electionAtMs: nowMs + rules.renewMs + uniform * rules.jitterMs,
});

function giveUp(state: Prober | Candidate, now: Now, rules: ElectionRules): Step {
  return now.nowMs < state.askedMs + rules.roundMs ? { state } : { state: rest(state, now, rules) };
}

/** Whether no promise and no rest after a start stands against a vote for that member. */
const isFree = ({ promise, quietUntilMs }: Kept, candidate: NodeName, nowMs: number): boolean =>
  nowMs >= quietUntilMs && (promise === undefined || promise.to === candidate || nowMs >= promise.untilMs);

function probe(state: Follower, { nowMs, uniform }: Now, rules: ElectionRules): Step {
  if (!isFree(state, rules.self, nowMs)) {
    return { state: { ...state, electionAtMs: Math.max(state.quietUntilMs, state.promise?.untilMs ?? 0) + uniform * rules.jitterMs } };
  }
  const round = state.round + 1;
  return { state: { ...kept(state), kind: "prober", round, yes: new Set([rules.self]), askedMs: nowMs }, ask: { method: "vote", term: state.term + 1, pre: true, round } };
}

function stand(state: Prober, { nowMs }: Now, rules: ElectionRules): Step {
  const round = state.round + 1;
  const vote: Vote = { term: state.term + 1, votedFor: rules.self };
  return {
    state: { ...kept(state), ...vote, kind: "candidate", round, yes: new Set([rules.self]), askedMs: nowMs },
    persist: vote,
    ask: { method: "vote", term: vote.term, pre: false, round },
  };
}

function renew(state: Lead, { nowMs }: Now, rules: ElectionRules): Step {
  const round = state.round + 1;
  return { state: { ...state, round, yes: new Set([rules.self]), askedMs: nowMs }, ask: { method: "renew", term: state.term, round } };
}

function consider(state: Follower | Prober | Candidate, event: EventOf<"asked">, rules: ElectionRules): Step {
  const { from, term, pre, nowMs } = event;
  const hasVote = term > state.term || (!pre && term === state.term && (state.votedFor === undefined || state.votedFor === from));
  // A term that is refused is not adopted either: who cannot win must not raise the others' terms.
  if (!hasVote || !isFree(state, from, nowMs)) return refuse(state);
  if (pre) return { state, reply: { granted: true, term: state.term } };
  const vote: Vote = { term, votedFor: from };
  return { state: promised({ ...state, ...vote }, event, rules), persist: vote, reply: { granted: true, term } };
}

function follow(state: ElectionState, event: EventOf<"renewed">, rules: ElectionRules): Step {
  const { from, term } = event;
  if (term < state.term) return refuse(state);
  const reply = { granted: true, term };
  if (term === state.term) return { state: promised(state, event, rules), reply };
  // As if it had voted: after a restart no lead of an older term may be believed.
  const vote: Vote = { term, votedFor: from };
  return { state: promised({ ...state, ...vote }, event, rules), persist: vote, reply };
}

function promised(state: ElectionState, { from, nowMs, uniform }: Now & { readonly from: NodeName }, rules: ElectionRules): Follower {
  const untilMs = nowMs + rules.promiseMs;
  return { ...kept(state), kind: "follower", promise: { to: from, untilMs }, electionAtMs: untilMs + uniform * rules.jitterMs };
}

/** Somebody is ahead: this member's round, or its lead, belongs to the past. */
function adopt(state: ElectionState, event: EventOf<"answered">, rules: ElectionRules): Step {
  const vote: Vote = { term: event.term, votedFor: undefined };
  return { state: { ...rest(state, event, rules), ...vote }, persist: vote };
}
