/**
 * The guard of one node: decides what runs here, what is used and what leaves, by the policy in force, and records it.
 *
 * A decision on what leaves covers a stream and its labels towards one place under one version of the policy; its record is on disk before the
 * first byte leaves, and a second one closes it over the range and the count. What runs or is used is on record once for each policy.
 */
import { HolonError } from "@holon/core/errors.ts";
import { decidedEvent, isSomebody } from "@holon/core/event/of-people.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { laneName, type CellChange, type Log, type NewRecord } from "@holon/core/log/log.ts";
import { lastSequence, type Integrity } from "@holon/core/log/run.ts";
import type { CompiledPolicy } from "@holon/core/policy/compile.ts";
import { relayedPolicy } from "@holon/core/policy/from-egress.ts";
import type { Action, Context, Decision, Resource } from "@holon/core/policy/policy.ts";
import { printPrincipal, type Principal } from "@holon/core/policy/principal.ts";
import type { Clock } from "@holon/core/ports.ts";
import { printOnEvent, type Transform } from "@holon/core/policy/transform.ts";
import { unwrittenStays, type WithheldRow } from "@holon/core/policy/withheld.ts";
import type { EgressRule } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { DataClass, StreamName } from "@holon/core/schema/event.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { Epoch } from "@holon/core/units.ts";
import type { Events } from "../event/events.ts";
import type { BatchRun } from "../log/scan.ts";
import { egressPolicy, policyOf, unreadable, type PolicyInForce } from "./in-force.ts";
import { createLabels, printLabel, type Label } from "./labels.ts";
import { createWithheld } from "./withheld.ts";

export interface Guard {
  /** A document is on disk: from now on its policy decides what leaves. `HOLON_POLICY_BAD` leaves what was in force. */
  follow(desired: Desired | undefined): void;
  /** What runs is being switched to that document: from now on its policy decides where outputs stand and what class they have. */
  setPolicy(desired: Desired): void;
  /** The policy that decides what leaves. */
  inForce(): PolicyInForce;
  /** Whether output of that class may stand in a stream that leaves. */
  mayExport(dataClass: DataClass, stream: StreamName, through?: Transform): boolean;
  /** Output of that class was made for a stream that leaves, and was recorded in `local` since the policy does not let it leave. `isMeant`: somebody said that it is to, and it is counted without a written policy too. */
  stays(dataClass: DataClass, stream: StreamName, through?: Transform, isMeant?: boolean): void;
  /** What was made to leave, and is kept here by a written policy, since the start at most. */
  withheld(): readonly WithheldRow[];
  /** The class that data gets from a unit: a lower one only where the policy lets this unit lower it so; while a document is changed for the next one, only where both do. */
  lowered(unit: string, from: DataClass, into: DataClass, through: Transform): DataClass;
  /** Decides, and records it once for each policy where one was written. */
  decide(principal: Principal, action: Action, resource: Resource, context?: Context): Promise<Decision>;
  /** The same, with `HOLON_POLICY_DENIED` in place of a no. */
  demand(principal: Principal, action: Action, resource: Resource, context?: Context): Promise<void>;
  /** Who asks before a run's bytes exist outside, on the way to a jurisdiction. `by`: another way there than the link, with decisions of its own. */
  towards(destination: string | undefined, by?: string): (run: BatchRun) => Promise<boolean>;
  /** The same for shared state, change by change. */
  mayShare(shared: SharedOutgoing): Promise<boolean>;
  /** The same for rows of a model that are passed up. */
  mayAsk(rows: RowsOutgoing): Promise<boolean>;
  /** The same for rows of nodes below, which go on from here to where the model stands. */
  mayRelay(rows: RowsRelayed): Promise<boolean>;
  /** From now on this conceals who called or looked, where the trail says so; before, and where nobody does, the trail says of which kind they were. */
  concealsBy(conceal: Conceal): void;
  /**
   * Closes the open decisions: the node stops. The one on this node's own audit stream is closed over the closing records as well, so
   * that they may still leave.
   */
  closeDecisions(): Promise<void>;
}

/** What is said of somebody by an event of a type, in a form that only its writer opens, and what is to be written with it. */
export type Conceal = (type: string, said: { readonly subject: undefined; readonly data: Readonly<Record<string, unknown>> }) => { readonly sealed: string; readonly cells: readonly CellChange[] };

/** Shared state that is about to leave. */
export interface SharedOutgoing {
  readonly app: string;
  readonly name: string;
  readonly class: DataClass;
  /** The app's rules; undefined where it does not run here, so that it was decided where it does. Where a policy was written they do not count. */
  readonly rules: readonly EgressRule[] | undefined;
  /** Where it would go, as far as is known. */
  readonly destination: string | undefined;
  /** Version of the desired document that the rules come from. */
  readonly policyVersion: number;
  /** Number of its change. */
  readonly change: number;
}

/** Rows that are about to leave as a question to a model above. */
export interface RowsOutgoing {
  readonly app: string;
  readonly model: string;
  readonly class: DataClass;
  /** The app's rules. Where a policy was written they do not count. */
  readonly rules: readonly EgressRule[];
  readonly policyVersion: number;
  /** Numbers of the first and the last, of all that were passed up since the model was loaded. */
  readonly from: number;
  readonly to: number;
  /** A sibling's jurisdiction; without it they go up. */
  readonly destination?: string;
}

export interface RowsRelayed {
  /** `app/model` */
  readonly model: string;
  /** As the node says that asks; undefined where it says nothing. Where a policy was written, nothing is then known that would help. */
  readonly label: Pick<Label, "class" | "jurisdiction"> | undefined;
  /** Numbers of the first and the last, of all that went on from here since the node was opened. */
  readonly from: number;
  readonly to: number;
  readonly destination?: string;
}

export interface GuardOptions {
  readonly config: Pick<NodeConfig, "name" | "jurisdiction" | "parent" | "uplink" | "policy">;
  readonly log: Log & { readonly epoch: Epoch };
  readonly clock: Pick<Clock, "wall">;
  readonly events: Events;
  readonly integrity: Integrity;
}

interface DecisionData {
  readonly allow: boolean;
  readonly rule: string;
  readonly lane: string;
  readonly classes: readonly DataClass[];
  readonly policyVersion: number;
  readonly from: number;
  to?: number;
  count?: number;
  /** Of a written policy. */
  readonly policy?: string;
  /** Where it was born, and what it went through where a rule asks for that. */
  readonly jurisdictions?: readonly string[];
  readonly through?: readonly string[];
  /** Why not. */
  readonly reason?: string;
}

interface Question {
  /** Of records, or `shared/<app>/<name>`, or `model/<app>/<model>`. */
  readonly lane: string;
  readonly action: "leave" | "share" | "ask";
  readonly name: string;
  readonly labels: readonly Label[];
  readonly destination: string | undefined;
  readonly by?: string | undefined;
  readonly policy: CompiledPolicy;
  readonly hash: string | undefined;
  readonly policyVersion: number;
  readonly from: number;
}

interface OpenDecision {
  /** As the trail names it. */
  readonly destination: string;
  readonly data: DecisionData & { to: number; count: number };
  /** Resolves when the opening record is on disk. */
  readonly recorded: Promise<unknown>;
}

export function createGuard({ config, log, clock, events, integrity }: GuardOptions): Guard {
  const options = { isRequired: config.policy === "required", sha256: integrity.sha256 };
  const self: Principal = { kind: "node", name: config.name };
  const labels = createLabels({ self: log.origin, epoch: log.epoch, jurisdiction: config.jurisdiction, integrity });
  /** Where what this node writes goes next; what a root writes stays. */
  const above = config.parent === undefined ? config.jurisdiction : config.uplink?.jurisdiction;
  const open = new Map<string, OpenDecision>();
  /** Records through which a closed decision allows a lane to leave. */
  const closedThrough = new Map<string, number>();
  const withheld = createWithheld(clock);
  const auditLane = { origin: log.origin, stream: "audit" } as const;
  const told = new Map<string, Promise<unknown>>();
  let conceal: Conceal | undefined;
  let known: { readonly desired: Desired | undefined; readonly policy: PolicyInForce } | undefined;
  let leaving = policyOf(undefined, options);
  let running = leaving;

  function read(desired: Desired | undefined): PolicyInForce {
    if (known === undefined || known.desired?.version !== desired?.version || known.desired?.policy?.hash !== desired?.policy?.hash) known = { desired, policy: policyOf(desired, options) };
    return known.policy;
  }

  function decideLeaving({ lane, action, name, labels: own, destination, by, policy, hash, policyVersion, from }: Question): OpenDecision {
    const answers = own.map(({ class: dataClass, jurisdiction, through }) => policy.decide(self, action, { name, class: dataClass, jurisdiction }, { destination, through }));
    const denied = answers.find((answer) => !answer.allow);
    const allow = denied === undefined;
    const rule = denied?.rule ?? unique(answers.map((answer) => answer.rule)).join(", ");
    const through = unique(own.flatMap((label) => (label.through === undefined ? [] : printOnEvent(label.through))));
    const data = {
      allow, rule, lane, classes: unique(own.map((label) => label.class)), policyVersion, from,
      ...(hash === undefined ? {} : { policy: hash, jurisdictions: unique(own.flatMap((label) => label.jurisdiction ?? [])), ...(through.length === 0 ? {} : { through }) }),
      ...(denied === undefined ? {} : { reason: denied.reason }),
    };
    const place = `${destination ?? "*"}${by === undefined ? "" : ` ${by}`}`;
    const recorded = log.append({ records: [decisionRecord("opened", place, data)] });
    return { destination: place, data: { ...data, to: from - 1, count: 0 }, recorded };
  }

  async function decided(question: Question, to: number, count: number): Promise<boolean> {
    const key = `${question.lane} ${question.labels.map(printLabel).join()} ${question.destination ?? "*"} ${question.by ?? ""} ${question.policyVersion} ${question.hash ?? ""}`;
    if (to <= (closedThrough.get(key) ?? 0)) return true;
    const decision = open.get(key) ?? decideLeaving(question);
    open.set(key, decision);
    try {
      await decision.recorded;
    } catch (error) {
      open.delete(key); // what could not be recorded was not decided: the next run asks anew
      throw error;
    }
    if (question.action === "leave" && question.by === undefined) {
      const { allow, rule: named, reason = "" } = decision.data;
      if (allow) withheld.goes(question.lane);
      else if (isWritten(leaving)) withheld.waits(question.lane, question.from, { rule: named, reason, destination: question.hash === undefined ? above : question.destination });
    }
    // What is tried again by another way than the link has been counted.
    if (decision.data.allow && (question.by === undefined || to > decision.data.to)) {
      decision.data.to = to;
      decision.data.count += count;
    }
    return decision.data.allow;
  }

  const decisionRecord = (phase: "opened" | "closed", destination: string, data: DecisionData): NewRecord =>
    events.record({
      stream: "audit",
      type: `holon.policy.decision.${phase}`,
      class: "public",
      producer: "guard",
      data: { principal: printPrincipal(self), action: actionOf(data.lane), destination, ...data },
    });

  /** Without a written policy nobody has said where records go from there on: only what may go anywhere leaves. */
  const placeFor = (destination: string | undefined): string | undefined => (leaving.hash === undefined ? undefined : destination);

  async function decide(principal: Principal, action: Action, resource: Resource, context: Context = {}): Promise<Decision> {
    const decision = leaving.own.decide(principal, action, resource, context);
    await tell(principal, action, resource, decision, leaving);
    return decision;
  }

  /** Each answer once, while so many are known; without a written policy there is nothing to say by which rule. */
  async function tell(principal: Principal, action: Action, resource: Resource, decision: Decision, { hash, version }: PolicyInForce): Promise<void> {
    if (hash === undefined) return;
    const { name, class: from, into } = resource;
    const data = { principal: printPrincipal(principal), action, resource: name, allow: decision.allow, rule: decision.rule, reason: decision.reason, policy: hash, policyVersion: version, ...(from === undefined ? {} : { class: from }), ...(into === undefined ? {} : { into }) };
    const key = JSON.stringify([data.principal, action, name, from, into, decision.rule, hash]);
    if (told.size >= toldMax) told.clear();
    const recorded = told.get(key) ?? recordDecided(principal, data);
    told.set(key, recorded);
    try {
      await recorded;
    } catch (error) {
      told.delete(key);
      throw error;
    }
  }

  /** Units of the document before run on under its policy until they have ended; what the next one closes is closed to them, too. */
  function mayLower(unit: string, from: DataClass, into: DataClass, through: Transform): boolean {
    const [principal, resource] = [{ kind: "function", name: unit } as const, { name: unit, class: from, into, jurisdiction: config.jurisdiction }];
    const answers = [running, leaving].map((policy) => ({ policy, decision: policy.own.decide(principal, "lower", resource, { through }) }));
    const [first, last] = [answers.find(({ decision }) => !decision.allow), answers.at(-1)];
    const answer = first ?? last;
    if (answer !== undefined) tell(principal, "lower", resource, answer.decision, answer.policy).catch(() => undefined); // asked in the midst of an append: what could not be recorded is asked and told again
    return first === undefined;
  }

  /** Who somebody is, and what a rule says of them, is nothing for all to whom the trail goes. */
  function recordDecided(principal: Principal, { principal: who, reason, ...rest }: { readonly principal: string; readonly reason: string }): Promise<unknown> {
    const concealed = isSomebody(principal) ? conceal?.(decidedEvent, { subject: undefined, data: { principal: who, reason } }) : undefined;
    const said = isSomebody(principal) ? { principal: principal.kind, ...(concealed === undefined ? {} : { sealed: concealed.sealed }) } : { principal: who, reason };
    return log.append({ records: [events.record({ stream: "audit", type: decidedEvent, class: "public", producer: "guard", data: { ...said, ...rest } })], cells: concealed?.cells ?? [] });
  }

  const isWritten = ({ hash }: PolicyInForce): boolean => hash !== undefined || options.isRequired;
  const atBirth = (dataClass: DataClass, stream: StreamName, through: Transform | undefined): Decision => running.own.decide(self, "leave", { name: stream, class: dataClass, jurisdiction: config.jurisdiction }, { destination: running.hash === undefined ? undefined : above, through });

  return {
    concealsBy: (by) => void (conceal = by),
    follow(desired) {
      try {
        leaving = read(desired);
      } catch (error) {
        if (leaving.version === 0) leaving = unreadable;
        throw error;
      }
    },
    setPolicy(desired) {
      running = read(desired);
      leaving = running;
    },
    inForce: () => leaving,
    mayExport: (dataClass, stream, through) => atBirth(dataClass, stream, through).allow,
    stays(dataClass, stream, through, isMeant = false) {
      if (isMeant && !isWritten(running)) withheld.stays(stream, { rule: unwrittenStays, reason: `no policy is written, and no app's egress lets ${dataClass} leave with ${stream}`, destination: above }, "");
      if (isWritten(running)) withheld.stays(stream, { ...atBirth(dataClass, stream, through), destination: above }, running.hash ?? "");
    },
    withheld: () => withheld.rows(running.hash ?? "", (lane) => {
      const parsed = parseLaneName(lane);
      return (parsed && log.head(parsed)?.sequence) ?? 0;
    }),
    lowered: (unit, from, into, through) => (mayLower(unit, from, into, through) ? into : from),
    decide,
    async demand(principal, action, resource, context) {
      const decision = await decide(principal, action, resource, context);
      if (!decision.allow) throw new HolonError("HOLON_POLICY_DENIED", decision.reason);
    },
    towards: (destination, by) => (run) => {
      const isOwn = run.header.origin === log.origin;
      const { own, relayed, hash, version } = leaving;
      const policy = isOwn ? own : relayed;
      const { header } = run;
      return decided({ lane: laneName(header), action: "leave", name: header.stream, labels: labels.of(run, policy.asksTransforms), destination: placeFor(destination), by, policy, hash, policyVersion: version, from: header.firstSequence }, lastSequence(header), header.count);
    },
    mayShare({ app, name, class: dataClass, rules, destination, policyVersion, change }) {
      const { own, hash } = leaving;
      const unwritten = config.policy === "required" ? own : rules === undefined ? relayedPolicy : egressPolicy(rules);
      // Shared state is merged of what many sites did: where it was born, nobody knows.
      const label: Label = { class: dataClass, jurisdiction: undefined, through: undefined };
      return decided({ lane: `shared/${app}/${name}`, action: "share", name: `${app}/${name}`, labels: [label], destination: placeFor(destination), policy: hash === undefined ? unwritten : own, hash, policyVersion, from: change }, change, 1);
    },
    mayAsk({ app, model, class: dataClass, rules, policyVersion, from, to, destination = above }) {
      const { own, hash } = leaving;
      // What a cascade passes up are this node's own rows, released by its author's word.
      const label: Label = { class: dataClass, jurisdiction: config.jurisdiction, through: own.asksTransforms.has(dataClass) ? { kind: "release" } : undefined };
      const policy = hash !== undefined || config.policy === "required" ? own : egressPolicy(rules);
      return decided({ lane: `model/${app}/${model}`, action: "ask", name: `${app}/${model}`, labels: [label], destination: placeFor(destination), policy, hash, policyVersion, from }, to, to - from + 1);
    },
    mayRelay({ model, label, from, to, destination = above }) {
      const { relayed, hash, version } = leaving;
      const isUnwritten = hash === undefined && config.policy !== "required";
      const said = label ?? { class: isUnwritten ? "derived" : "raw", jurisdiction: undefined };
      const own: Label = { ...said, through: relayed.asksTransforms.has(said.class) ? { kind: "release" } : undefined };
      return decided({ lane: `model/${model}/relayed`, action: "ask", name: model, labels: [own], destination: placeFor(destination), policy: relayed, hash, policyVersion: version, from }, to, to - from + 1);
    },
    async closeDecisions() {
      const closing = [...open].filter(([, { data }]) => data.count > 0);
      open.clear();
      const through = (log.head(auditLane)?.sequence ?? 0) + closing.length;
      for (const [key, { data }] of closing) {
        if (data.lane !== laneName(auditLane) || !data.allow || data.classes.join() !== "public") continue;
        data.count += through - data.to;
        data.to = through;
        closedThrough.set(key, through);
      }
      if (closing.length > 0) await log.append({ records: closing.map(([, { destination, data }]) => decisionRecord("closed", destination, data)) });
    },
  };
}

const actionOf = (lane: string): "leave" | "share" | "ask" => (lane.startsWith("shared/") ? "share" : lane.startsWith("model/") ? "ask" : "leave");

/** Decisions on what runs, is used or called that are remembered as told. At the bound: all are forgotten, and told once more. */
const toldMax = 4_096;

const unique = <Value>(values: readonly Value[]): readonly Value[] => [...new Set(values)];
