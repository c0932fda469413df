/**
 * Which links of the fleet are open, by the word of the node at the upper end: it alone knows at once when a child is gone. Who stands above others
 * is asked over the links themselves, only while somebody looks; whoever cannot be asked leaves its children unknown, which is not open.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import type { NodeState } from "@holon/core/telemetry/completeness.ts";
import type { FleetRow } from "@holon/core/telemetry/fleet-status.ts";
import { linksReportSchema, statusMethods, type LinksReport } from "@holon/core/schema/links-report.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";

export interface FleetHost {
  readonly clock: Clock;
  /** Of the node that carries control. */
  links(): LinksReport;
  call(to: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** How nodes stand by their telemetry at this moment; nothing where this node keeps none. */
  told?(): ToldFleet | undefined;
  /** How one of them stands by its telemetry, with all that is known of it; undefined where nothing is. */
  standing?(node: string): Promise<FleetRow | undefined>;
}

/** The same answers as those of `GET /v1/fleet`. */
export interface ToldFleet {
  /** All that belong to the fleet, also those that were never started. */
  nodes(): readonly string[];
  /** `sinceMs`: wall time of this node. */
  stateOf(name: string): { readonly state: NodeState; readonly sinceMs: number | undefined } | undefined;
}

/** A node of the fleet, and who it said is above it. */
export interface Member {
  readonly name: string;
  readonly above: string | undefined;
}

export interface LinkState {
  readonly to: string;
  /** `unknown`: the node above could not be asked. */
  readonly state: "open" | "lost" | "unknown";
  /** Since when, in monotonic milliseconds of control; null where nobody saw it begin. */
  readonly sinceAtMs: number | null;
}

/** Bytes since the link was made: up to the parent, and down. */
export interface Flow {
  readonly upBytes: number;
  readonly downBytes: number;
}

export interface LinkWatch {
  /** Asks anew, at most as often as is worth it. Settles when all have answered or cannot, or after `linksWaitMs` with what is known by then: one that hangs holds nobody up. Its answer counts with the next look. */
  look(members: readonly Member[]): Promise<void>;
  linkOf(member: Member): LinkState | undefined;
  flowOf(name: string): Flow | undefined;
  /** Records that wait on a node, by its own word; undefined where it was not asked or did not say. */
  backlogOf(name: string): { readonly records: number; readonly atMs: number } | undefined;
  /** When each node was last asked successfully, in monotonic milliseconds of control. */
  askedAt(): ReadonlyMap<string, number>;
  /** Who is asked and has not answered since then. */
  unansweredAt(): ReadonlyMap<string, number>;
}

interface Asked {
  readonly report: LinksReport;
  readonly atMs: number;
}

/** A child in the report of whoever it is connected to. */
interface Listed extends Flow {
  readonly by: string;
  readonly sinceAtMs: number;
}

/** Looks that may be late or missing in a row. */
const watchedLooks = 4;

export function createLinkWatch(self: string, { clock, links, call }: FleetHost): LinkWatch {
  const asked = new Map<string, Asked>();
  const failing = new Set<string>();
  const underWay = new Set<string>();
  const unanswered = new Map<string, number>();
  const lostSince = new Map<string, number>();
  let listed = new Map<string, Listed>();
  let looking: Promise<void> | undefined;
  let lookedMs = Number.NEGATIVE_INFINITY;

  async function ask(node: string): Promise<void> {
    if (!isNodeName(node)) return;
    if (!unanswered.has(node)) unanswered.set(node, clock.monotonicMs());
    try {
      const report = linksReportSchema.parse(await call(node, statusMethods.links, {}, limits.linksAskMs));
      asked.set(node, { report, atMs: clock.monotonicMs() });
      failing.delete(node);
      unanswered.delete(node);
    } catch (error) {
      toHolonError(error); // a bug is told; else it is away, busy or older: its children are unknown
      failing.add(node);
    } finally {
      underWay.delete(node);
    }
  }

  async function lookNow(members: readonly Member[]): Promise<void> {
    const names = new Set(members.map(({ name }) => name));
    for (const name of asked.keys()) if (!names.has(name)) asked.delete(name);
    if (!wasWatched()) unanswered.clear(); // meanwhile nobody was asked
    const above = new Set(members.flatMap((member) => member.above ?? []));
    const wanted = members.length <= limits.linksAskAllMax ? names : above;
    for (const name of unanswered.keys()) if (!wanted.has(name)) unanswered.delete(name);
    const due = [...wanted].filter((name) => name !== self && names.has(name) && !underWay.has(name));
    for (const name of due) underWay.add(name); // who waits for its turn is not queued a second time
    const waiting = [...due.filter((name) => failing.has(name)), ...due.filter((name) => !failing.has(name))]; // from the end: who hangs comes last
    const worker = async (): Promise<void> => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) await ask(name);
    };
    await inTime(Promise.all(Array.from({ length: limits.linksAskedAtOnce }, worker)));
    asked.set(self, { report: links(), atMs: clock.monotonicMs() });
    gather();
    noteLost(members);
  }

  async function inTime(answers: Promise<unknown>): Promise<void> {
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => (timer = clock.after(limits.linksWaitMs, resolve)));
    await Promise.race([answers, late]);
    timer?.cancel();
  }

  function gather(): void {
    listed = new Map();
    for (const [by, { report, atMs }] of asked) {
      if (failing.has(by)) continue;
      for (const { node, sentBytes, receivedBytes, sinceMs } of report.children) {
        const sinceAtMs = atMs - sinceMs;
        if ((listed.get(node)?.sinceAtMs ?? Number.NEGATIVE_INFINITY) < sinceAtMs) listed.set(node, { by, sinceAtMs, upBytes: receivedBytes, downBytes: sentBytes });
      }
    }
  }

  const wasWatched = (): boolean => clock.monotonicMs() - lookedMs <= watchedLooks * limits.linksLookMs + limits.linksAskMs;

  /** Where nobody has looked for a while, nobody saw when it was lost. */
  function noteLost(members: readonly Member[]): void {
    const isWatched = wasWatched();
    for (const member of members) {
      if (linkOf(member)?.state !== "lost") lostSince.delete(member.name);
      else if (!lostSince.has(member.name)) lostSince.set(member.name, isWatched && wasOpen.has(member.name) ? clock.monotonicMs() : Number.NaN);
    }
    wasOpen = new Set(listed.keys());
  }
  let wasOpen = new Set<string>();

  function linkOf({ name, above }: Member): LinkState | undefined {
    const found = listed.get(name);
    if (found !== undefined) return { to: found.by, state: "open", sinceAtMs: found.sinceAtMs };
    if (above === undefined) return undefined;
    if (failing.has(above) || !asked.has(above)) return { to: above, state: "unknown", sinceAtMs: null };
    const since = lostSince.get(name);
    return { to: above, state: "lost", sinceAtMs: since === undefined || Number.isNaN(since) ? null : since };
  }

  return {
    look(members) {
      if (looking !== undefined) return looking;
      if (clock.monotonicMs() - lookedMs < limits.linksLookMs) return Promise.resolve();
      looking = lookNow(members).finally(() => {
        lookedMs = clock.monotonicMs();
        looking = undefined;
      });
      return looking;
    },
    linkOf,
    flowOf: (name) => listed.get(name),
    backlogOf(name) {
      const answered = asked.get(name);
      const records = answered?.report.uplink?.backlog;
      return answered === undefined || records == null ? undefined : { records, atMs: answered.atMs };
    },
    unansweredAt: () => unanswered,
    askedAt: () => new Map([...asked].map(([name, { atMs }]) => [name, atMs])),
  };
}
