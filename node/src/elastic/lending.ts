/** Asks siblings to do pieces of what waits here for an elastic function, through the guard. Whoever has the events decides; nobody else is asked, so it is the same on an island. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Trace, UnitEvent, UnitResult } from "@holon/core/ports.ts";
import { parseUnitResult } from "@holon/core/run/result.ts";
import { inOrder, smoothed } from "@holon/core/run/replicas.ts";
import { helpAnswerSchema, helpMethod, type HelpAsk } from "@holon/core/schema/elastic.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import { requireStateless } from "./batch.ts";
import type { Guard } from "../policy/guard.ts";

export interface LendingOptions {
  readonly siblings: readonly NodeName[];
  readonly jurisdiction: string;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  readonly calls: Pick<Calls, "callPeer">;
  readonly guard: Pick<Guard, "mayShare">;
  peer(sibling: NodeName): Peer | undefined;
  /** Version of the document that runs. */
  version(): number;
}

/** What is lent of one function. */
export interface Lent {
  readonly app: AppDocument;
  readonly fn: string;
  /** Of all that says what it does. */
  readonly key: string;
  readonly timeoutMs: number;
}

export interface Lending {
  /** Siblings that are reached and may be asked now, the nearest first. */
  candidates(unit: Lent): readonly NodeName[];
  /** Whether events of these classes may go to siblings. */
  may(unit: Lent, classes: readonly DataClass[]): Promise<boolean>;
  /** Whether these events go over in one call. */
  fits(events: readonly UnitEvent[]): boolean;
  /** Undefined where the sibling did not do it: it then rests for a while. */
  ask(sibling: NodeName, unit: Lent, classes: readonly DataClass[], events: readonly UnitEvent[]): Promise<UnitResult | undefined>;
}

interface Row {
  latencyMs: number | undefined;
  failures: number;
  failedMs: number;
  /** It said that it has no room, or does not know the function in this version; until then. */
  restsUntilMs: number;
  /** In a row. */
  refusals: number;
  busy: boolean;
}

export function createLending({ siblings, jurisdiction, ports, calls, guard, peer, version }: LendingOptions): Lending {
  const { clock } = ports;
  const rows = new Map<string, Row>();
  let changes = 0;

  function rowOf(sibling: NodeName, { app, fn }: Lent): Row {
    const key = `${sibling} ${app.name}/${fn}`;
    const row = rows.get(key) ?? { latencyMs: undefined, failures: 0, failedMs: 0, restsUntilMs: 0, refusals: 0, busy: false };
    rows.set(key, row);
    return row;
  }

  return {
    candidates(unit) {
      const nowMs = clock.monotonicMs();
      const open = siblings.flatMap((node) => {
        const { latencyMs, failures, failedMs, restsUntilMs, busy } = rowOf(node, unit);
        return peer(node) === undefined || busy || restsUntilMs > nowMs || (failures > 0 && nowMs - failedMs < limits.elasticRestMs) ? [] : [{ node, hops: 1, latencyMs, failures, failedMs }];
      });
      const order = inOrder(open, nowMs).map(({ node }) => node);
      return siblings.filter((node) => order.includes(node)).sort((a, b) => order.indexOf(a) - order.indexOf(b));
    },
    async may({ app, fn }, classes) {
      for (const dataClass of classes) {
        if (!(await guard.mayShare({ app: app.name, name: fn, class: dataClass, rules: app.egress, destination: jurisdiction, policyVersion: version(), change: ++changes }))) return false;
      }
      return true;
    },
    fits: (events) => encoder.encode(JSON.stringify(events.map(toAsked))).length <= limits.elasticPieceBytesMax,
    async ask(sibling, unit, classes, events) {
      const way = peer(sibling);
      const row = rowOf(sibling, unit);
      const name = `${unit.app.name}/${unit.fn}`;
      if (way === undefined || row.busy) return undefined;
      const asked: HelpAsk = { unit: name, key: unit.key, classes: [...classes], events: events.map(toAsked) };
      const startedMs = clock.monotonicMs();
      row.busy = true;
      try {
        const answer = helpAnswerSchema.parse(await calls.callPeer(way, helpMethod, asked, unit.timeoutMs + limits.elasticAnswerMs));
        const result = parseUnitResult(answer.result, [], events.length);
        if (typeof result === "string") throw new HolonError("HOLON_UNIT_DIED", `${sibling}: ${result}`);
        requireHelp(unit, requireStateless(name, result));
        row.failures = row.refusals = 0;
        row.latencyMs = smoothed(row.latencyMs, clock.monotonicMs() - startedMs);
        return answer.processorMs === undefined ? result : { ...result, usage: { processorMs: answer.processorMs, memoryBytes: answer.memoryBytes ?? 0 } };
      } catch (error) {
        const coded = toHolonError(error);
        if (isRefusal(coded.code)) row.restsUntilMs = clock.monotonicMs() + Math.min(limits.elasticRestMsMax, limits.elasticRestMs * 2 ** row.refusals++);
        else [row.failures, row.failedMs] = [row.failures + 1, clock.monotonicMs()];
        ports.trace.note("info", `${sibling} did not help with ${name}: ${coded.message}`, { code: coded.code });
        return undefined;
      } finally {
        row.busy = false;
      }
    },
  };
}

/** It did not take the piece in; anything else may be the function's own doing, or the way's. */
const isRefusal = (code: string): boolean => code === "HOLON_CALL_BUSY" || code === "HOLON_CALL_UNKNOWN" || code === "HOLON_POLICY_DENIED";

/** What does not fit the function is no help, whoever is at fault: it is done here. */
function requireHelp({ app, fn }: Lent, { outputs }: UnitResult): void {
  const emits = app.functions.find(({ name }) => name === fn)?.emits ?? {};
  const strange = outputs.find(({ type }) => !Object.hasOwn(emits, type));
  if (strange !== undefined) throw new HolonError("HOLON_UNIT_BAD", `it answered with ${strange.type}, which ${app.name}/${fn} does not declare`);
}

const encoder = new TextEncoder();
const toAsked = ({ id, type, source, subject, timeMs, arrivedMs, data, traceparent, span }: UnitEvent): HelpAsk["events"][number] => ({ id, type, source, ...(subject === undefined ? {} : { subject }), timeMs, arrivedMs, data, ...(traceparent === undefined ? {} : { traceparent }), ...(span === undefined ? {} : { span }) });
