/**
 * What this node tells and does when one above it asks on behalf of somebody. It decides for itself, by its own guard; it tells nothing that is secret, raw or personal, whoever asks
 * and whatever the policy says; and each grant and each refusal is in its own trail before anything is told.
 */
import { decideFor } from "@holon/core/api/decide-for.ts";
import { diagnosisMethods, forgetAskSchema, logsAskSchema, pieceAskSchema, principalOf, requestAskSchema, resourceOf, tailAskSchema, type AskedBy, type LogsAnswer, type Wanted } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { Decision } from "@holon/core/policy/policy.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { Ports } from "@holon/core/ports.ts";
import { toBase64 } from "@holon/core/series/base64.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { Events } from "../event/events.ts";
import type { CallHandler } from "../link/calls.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { NodeStatus } from "../node.ts";
import type { MeasureWatch } from "../measure/watch.ts";
import type { Guard } from "../policy/guard.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { answerAdoption } from "./adoption.ts";
import { createErrands } from "./errands.ts";
import type { OwnLines } from "./own-lines.ts";
import { createKnown } from "./known.ts";
import { answerShells } from "./shells.ts";
import { answerSigns } from "./signs.ts";
import { tellEvents } from "./tail.ts";
import { commandsOf, createWork } from "./work.ts";

export interface AnsweringContext {
  readonly config: NodeConfig;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly guard: Guard;
  readonly ports: Ports;
  readonly ownLines: OwnLines;
  readonly telemetry: Telemetry | undefined;
  readonly handlers: Map<string, CallHandler>;
  status(): NodeStatus;
  /** What it is made of, by this hash, is what it is to be made of. */
  adopt: MeasureWatch["adopt"];
  /** Another in its place, for a test. */
  readonly errands?: typeof createErrands | undefined;
  /** Who is above: its parent, or the sibling through which it goes. */
  above(): NodeName | undefined;
}

export interface Answering {
  /** Ends what is open. */
  close(): void;
}

export function answerDiagnosis(context: AnsweringContext): Answering {
  const { log, events, guard, ports, ownLines, handlers, config } = context;
  const known = createKnown(context);
  const sessions = createSessions(ports.clock);
  const errands = (context.errands ?? createErrands)({ log, events, ports });
  const work = createWork({ ...context, known });

  /** Fails where the guard says no, or what else is asked for is not there. The first of a session is in the trail, with whether it was let. */
  async function demand(by: AskedBy, what: string, session: string, more: (wantsApproval: boolean) => void = () => undefined): Promise<void> {
    const decision = await decideFor({ principal: principalOf(by), role: by.role, maker: by.maker }, (principal, role) => guard.decide(principal, "diagnose", { name: what }, { facts: { role, node: config.name, site: config.site, tier: config.tier } }));
    const isOwn = by.approvedBy === by.principal || (by.maker !== undefined && by.approvedBy === `person ${by.maker.name}`);
    const isLetByRule = decision.allow || (decision.wantsApproval === true && by.approvedBy !== undefined && !isOwn);
    const refused = isLetByRule ? refusalOf(() => more(decision.wantsApproval === true)) : refusal(decision);
    const isLet = refused === undefined;
    const { version, hash } = guard.inForce();
    if (sessions.isNew(`${session} ${what} ${by.principal} ${by.role} ${by.at} ${isLet} ${decision.rule} ${version}`)) {
      const classes = (["derived", "aggregate", "public"] as const).filter((own) => guard.inForce().own.decide({ kind: "node", name: config.name }, "leave", { name: "data", class: own, jurisdiction: config.jurisdiction }, {}).allow);
      const data = { by, what, session, allow: isLet, rule: decision.rule, policyVersion: version, ...(hash === undefined ? {} : { policy: hash }), ...(isLet ? { classes } : { reason: isLetByRule ? refused.message : decision.reason }) };
      await log.append({ records: [events.record({ stream: "audit", type: "holon.diagnosis.decided", class: "public", producer: "diagnosis", data })] });
    }
    if (!isLet) throw refused;
  }

  async function logs(parameters: unknown): Promise<LogsAnswer> {
    const ask = logsAskSchema.parse(parameters);
    await demand(ask.by, "node.logs", ask.session);
    await known.refresh();
    const query = { level: ask.level, sinceMs: ask.since === undefined ? undefined : Date.parse(ask.since), after: ask.after, limit: ask.limit, bytesMax: diagnosisBounds.answerBytesMax };
    const untilMs = ports.clock.monotonicMs() + ask.waitMs;
    for (;;) {
      const read = ownLines.read(query);
      const leftMs = untilMs - ports.clock.monotonicMs();
      if (read.lines.length > 0 || read.missed > 0 || leftMs <= 0) return { node: config.name, ...read, lines: [...read.lines] };
      await ownLines.next(leftMs);
    }
  }

  const fromAbove = (answer: (parameters: unknown, from: NodeName) => Promise<unknown>): CallHandler => (parameters, from) => {
    if (from === context.above() || from === log.origin) return answer(parameters, from);
    return Promise.reject(new HolonError("HOLON_CALL_DENIED", `${from} asks ${log.origin} for what it tells whoever looks for a fault, and does not stand above it`));
  };

  handlers.set(diagnosisMethods.logs, fromAbove(logs));
  handlers.set(diagnosisMethods.events, fromAbove(async (parameters) => {
    const { by, session, since, until, ...query } = tailAskSchema.parse(parameters);
    await demand(by, "node.events", session);
    const redactor = await known.refresh();
    const time = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));
    return { node: config.name, events: await tellEvents(log, guard.inForce(), redactor, { ...query, sinceMs: time(since), untilMs: time(until) }) };
  }));
  handlers.set(diagnosisMethods.commands, fromAbove(async (parameters) => {
    const { by, session } = tailAskSchema.pick({ by: true, session: true }).parse(parameters);
    await demand(by, "node.commands", session);
    await known.refresh();
    return { node: config.name, commands: commandsOf(context).map(({ name, about, arguments: taken, timeoutMs, class: own }) => ({ name, about: about ?? "", arguments: taken, timeoutMs, class: own })) };
  }));
  handlers.set(diagnosisMethods.request, fromAbove(async (parameters) => {
    const { id, by, wanted, mayBegin } = requestAskSchema.parse(parameters);
    const errand = { id, by, wanted, mayBegin, demand: () => demand(by, resourceOf(wanted), id), work: () => doWanted(wanted) };
    const answer = await errands.ask(errand);
    if (answer.state !== "running") return answer;
    await errands.settled(id, diagnosisBounds.followWaitMs);
    return errands.ask({ ...errand, mayBegin: false });
  }));
  handlers.set(diagnosisMethods.piece, fromAbove((parameters) => {
    const { id, offset } = pieceAskSchema.parse(parameters);
    return Promise.resolve({ base64: toBase64(errands.piece(id, offset)) });
  }));
  handlers.set(diagnosisMethods.forget, fromAbove(async (parameters) => {
    await errands.forget(forgetAskSchema.parse(parameters).id);
    return null;
  }));

  const doWanted = async (wanted: Wanted): Promise<unknown> => {
    await known.refresh();
    return work(wanted);
  };

  answerAdoption({ ...context, demand, fromAbove });
  answerSigns({ ...context, fromAbove });
  const shells = answerShells({ ...context, known, demand, fromAbove });
  void known.refresh().catch(() => undefined); // asked anew with each question, which says what is wrong
  return { close: shells.close };
}

/** What was thrown, where something was. */
function refusalOf(demand: () => void): HolonError | undefined {
  try {
    demand();
    return undefined;
  } catch (error) {
    return toHolonError(error);
  }
}

const refusal = ({ reason, wantsApproval }: Decision): HolonError => new HolonError("HOLON_POLICY_DENIED", reason, wantsApproval === true ? { next: "Another person has to approve it: ask at control, where people are known." } : {});

/** Who looks, so that one look is one line of the trail. */
function createSessions(clock: Ports["clock"]): { isNew(key: string): boolean } {
  const seen = new Map<string, number>();
  return {
    isNew(key) {
      const nowMs = clock.monotonicMs();
      for (const [other, atMs] of seen) if (nowMs - atMs > diagnosisBounds.sessionIdleMs) seen.delete(other);
      const isNew = !seen.has(key);
      if (isNew && seen.size >= diagnosisBounds.sessionsMax * 8) throw new HolonError("HOLON_CALL_BUSY", "too many look at this node at a time");
      seen.set(key, nowMs);
      return isNew;
    },
  };
}
