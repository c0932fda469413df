/**
 * The guard's word on what leaves. A decision covers a stream and its classes under one version of the policy; its record is on disk
 * before the first byte leaves, and a second one closes it over the range and the count.
 */
import { decideEgress } from "@holon/core/policy/egress.ts";
import { laneName, type Log, type NewRecord } from "@holon/core/log/log.ts";
import { classesOf, lastSequence, type RunHeader } from "@holon/core/log/run.ts";
import type { EgressRule } from "@holon/core/schema/app.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import type { Events } from "../event/events.ts";

export interface EgressPolicy {
  /** Version of the desired document the rules come from. */
  readonly version: number;
  readonly rules: readonly EgressRule[];
}

export interface EgressGuard {
  setPolicy(policy: EgressPolicy): void;
  /** Whether a function's output of that class may stand in a stream that leaves. */
  mayExport(dataClass: DataClass): boolean;
  mayLeave(run: RunHeader): Promise<boolean>;
  /** The same for shared state, change by change. */
  mayShare(shared: SharedOutgoing): Promise<boolean>;
  /** The same for rows of a model that are passed up. */
  mayAsk(rows: RowsOutgoing): Promise<boolean>;
  /**
   * Closes the open decisions: the node stops. The one on this node's own audit stream is closed over the closing records as well, so
   * that they may still leave.
   */
  closeDecisions(): Promise<void>;
}

/** Shared state that is about to leave. */
export interface SharedOutgoing {
  readonly app: string;
  readonly name: string;
  readonly class: DataClass;
  /** The app's rules; undefined where it does not run here, so that it was decided where it does. */
  readonly rules: readonly EgressRule[] | undefined;
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
  readonly rules: readonly EgressRule[];
  readonly policyVersion: number;
  /** Numbers of the first and the last, of all that were passed up since the model was loaded. */
  readonly from: number;
  readonly to: number;
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
}

interface Question {
  /** Of records, or `shared/<app>/<name>`, or `model/<app>/<model>`. */
  readonly lane: string;
  readonly classes: readonly DataClass[];
  readonly rules: readonly EgressRule[];
  readonly policyVersion: number;
  readonly from: number;
}

interface OpenDecision {
  readonly data: DecisionData & { to: number; count: number };
  /** Resolves when the opening record is on disk. */
  readonly recorded: Promise<unknown>;
}

const relayed: readonly EgressRule[] = [
  { class: "derived", to: "*" },
  { class: "aggregate", to: "*" },
];

export function createEgressGuard(log: Log, events: Events, destination: string): EgressGuard {
  let policy: EgressPolicy = { version: 0, rules: [] };
  const open = new Map<string, OpenDecision>();
  /** Records through which a closed decision allows a lane to leave. */
  const closedThrough = new Map<string, number>();
  const auditLane = { origin: log.origin, stream: "audit" } as const;

  function decide({ lane, classes, rules, policyVersion, from }: Question): OpenDecision {
    const answers = classes.map((dataClass) => decideEgress(rules, dataClass, destination));
    const denied = answers.find((answer) => !answer.allow);
    const allow = denied === undefined;
    const rule = denied?.rule ?? [...new Set(answers.map((answer) => answer.rule))].join(", ");
    const data = { allow, rule, lane, classes, policyVersion, from };
    const recorded = log.append({ records: [decisionRecord("opened", data)] });
    return { data: { ...data, to: from - 1, count: 0 }, recorded };
  }

  async function decided(question: Question, to: number, count: number): Promise<boolean> {
    const key = `${question.lane} ${question.classes.join()} ${question.policyVersion}`;
    if (to <= (closedThrough.get(key) ?? 0)) return true;
    const decision = open.get(key) ?? decide(question);
    open.set(key, decision);
    try {
      await decision.recorded;
    } catch (error) {
      open.delete(key); // what could not be recorded was not decided: the next run asks anew
      throw error;
    }
    if (decision.data.allow) {
      decision.data.to = to;
      decision.data.count += count;
    }
    return decision.data.allow;
  }

  const decisionRecord = (phase: "opened" | "closed", data: DecisionData): NewRecord =>
    events.record({
      stream: "audit",
      type: `holon.policy.decision.${phase}`,
      class: "public",
      producer: "guard",
      data: { principal: "link", action: "leave", destination, ...data },
    });

  return {
    setPolicy: (next) => void (policy = next),
    mayExport: (dataClass) => decideEgress(policy.rules, dataClass, destination).allow,
    // A child's records were decided at their origin; here only what may never travel is held back.
    mayLeave: (run) => decided({ lane: laneName(run), classes: classesOf(run.classes), rules: run.origin === log.origin ? policy.rules : relayed, policyVersion: policy.version, from: run.firstSequence }, lastSequence(run), run.count),
    mayShare: ({ app, name, class: dataClass, rules = relayed, policyVersion, change }) => decided({ lane: `shared/${app}/${name}`, classes: [dataClass], rules, policyVersion, from: change }, change, 1),
    mayAsk: ({ app, model, class: dataClass, rules, policyVersion, from, to }) => decided({ lane: `model/${app}/${model}`, classes: [dataClass], rules, policyVersion, from }, to, to - from + 1),
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
      if (closing.length > 0) await log.append({ records: closing.map(([, { data }]) => decisionRecord("closed", data)) });
    },
  };
}
