/** The fleet for somebody who keeps looking: all of it once, then what has changed. Times are monotonic milliseconds of control, so that no clock of a node matters. */
import { isoTime } from "@holon/core/event/iso-time.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import { createSlices } from "@holon/core/slice.ts";
import { tierSchema } from "@holon/core/schema/tier.ts";
import { nodeStateSchema } from "@holon/core/telemetry/completeness.ts";
import { z } from "zod";
import type { NodeLook } from "../control.ts";
import type { KnownNode } from "../store/fold.ts";
import { issuedFor } from "./issued.ts";
import { createLinkWatch, type FleetHost, type Member } from "./link-watch.ts";

const milliseconds = z.number();
export const fleetNodeSchema = z.object({
  name: z.string(),
  site: z.string(),
  tier: tierSchema,
  jurisdiction: z.string(),
  /** Whether it led its site by the last news of that site. */
  leads: z.boolean(),
  api: z.string().nullable(),
  /** Null: it was enrolled, and never started. */
  startedAt: z.string().nullable(),
  /** Version of the document issued for it; 0 if none. */
  desired: z.int(),
  reported: z.object({ version: z.int(), outcome: z.enum(["settled", "refused"]), message: z.string().optional(), at: z.string() }).nullable(),
  /** When a record of it last arrived; null: not since control started. */
  heardAtMs: milliseconds.nullable(),
  /** Its link up, by the word of the node above; null where that is unknown, or it is a root. */
  link: z.object({ to: z.string(), state: z.enum(["open", "lost", "unknown"]), sinceAtMs: milliseconds.nullable() }).nullable(),
  /** As `GET /v1/fleet` says it. Null where no telemetry is kept. */
  state: nodeStateSchema.nullable(),
  /** Since when it is in this state; null where that is not known. */
  stateSinceAtMs: milliseconds.nullable(),
});
export const fleetSchema = z.object({
  /** Another one: forget all and begin anew. */
  run: z.string(),
  revision: z.int(),
  /** Now, on the clock that all `…AtMs` are of; and by the wall. */
  nowMs: milliseconds,
  asOf: z.string(),
  /** `asOf` on the clock of `nowMs`: of a large fleet it may lie some seconds back. */
  asOfAtMs: milliseconds,
  /** The node that carries control. */
  self: z.string(),
  total: z.int(),
  nodes: z.array(fleetNodeSchema),
  /** `cursor` of the page behind this one, asked for with the same `since`; null on the last. What comes next is what has changed after the `revision` of the first page. */
  next: z.string().nullable(),
  /** When those above others last told of their links. */
  askedAtMs: z.record(z.string(), milliseconds),
  /** Who is asked for its links and has given no answer since then: what is known of it is as of before. */
  unansweredAtMs: z.record(z.string(), milliseconds),
  /** Bytes over links since they were made, `[up, down]`, in fleets of moderate size. */
  flows: z.record(z.string(), z.tuple([z.number(), z.number()])),
  /** Records that wait on a node, and when it said so. */
  backlogs: z.record(z.string(), z.object({ records: z.number(), atMs: milliseconds })),
});
export type FleetNode = z.infer<typeof fleetNodeSchema>;
export type FleetAnswer = z.infer<typeof fleetSchema>;

/** A node's row as text, of what it was made, and since which revision it says that. */
interface Kept {
  readonly text: string;
  readonly of: Parts;
  readonly revision: number;
}

/** Where none of these is another, the row says the same. */
interface Parts {
  readonly node: KnownNode | Awaited;
  readonly leads: boolean;
  readonly issued: Uint8Array | undefined;
  /** Finer than a second it would be news all the time. */
  readonly heardAtMs: number | null;
  readonly link: FleetNode["link"];
  readonly state: FleetNode["state"];
  readonly stateSinceAtMs: number | null;
}

/** What is known of a node before it starts for the first time. */
type Awaited = Pick<KnownNode, "name" | "site" | "tier">;
const enrolledSchema = z.object({ site: z.string(), tier: tierSchema });

/** Up to so many rows, behind so many. */
export interface Page {
  readonly rows: number;
  readonly behind: number;
}

/** What is read of the log of control. */
type FleetLog = Pick<Log, "origin" | "epoch" | "cell">;

export interface FleetView {
  /** What has changed since a revision of this run; all of it without one. The rows stand ready as text: a fleet is not written out anew for each who asks. */
  since(run: string | undefined, revision: number, page?: Page): Promise<string>;
}

const whole: Page = { rows: Infinity, behind: 0 };

export function createFleetView(control: { readonly log: FleetLog; known(): readonly KnownNode[]; looks(): Iterable<NodeLook> }, host: FleetHost): FleetView {
  const { log } = control;
  const { clock } = host;
  const watch = createLinkWatch(log.origin, host);
  const kept = new Map<string, Kept>();
  let revision = 0;
  let triedMs = Number.NEGATIVE_INFINITY;
  /** When the last one was through, by both clocks; before the first there is nothing to tell. */
  let made: { readonly atMs: number; readonly wallMs: number } | undefined;
  let renewing: Promise<void> | undefined;
  const slices = createSlices(clock);

  /** One at a time. Its revision counts when it is through: who is answered in the midst of it is told the rest of it the next time. */
  function renewed(): Promise<void> {
    const nowMs = clock.monotonicMs();
    const isLarge = kept.size > limits.telemetryManyNodes;
    const everyMs = isLarge ? limits.telemetryWholeMs : limits.fleetViewMs;
    if (renewing === undefined && nowMs - triedMs < everyMs && made !== undefined) return Promise.resolve();
    renewing ??= renew().finally(() => (renewing = undefined));
    // Of a large fleet what was made a moment ago is told at once, as of then.
    if (!isLarge || made === undefined || nowMs - made.atMs >= limits.telemetryStaleMs) return renewing;
    renewing.catch(() => undefined); // who comes when what there is has become old is told
    return Promise.resolve();
  }

  async function renew(): Promise<void> {
    const atMs = clock.monotonicMs();
    triedMs = atMs;
    await watch.look(control.known().map(memberOf));
    const next = revision + 1;
    const wallMs = clock.wall().ms;
    let hasNews = false;
    const told = host.told?.();
    const keep = (of: Parts): void => {
      const { name } = of.node;
      const before = kept.get(name);
      if (before !== undefined && isSame(before.of, of)) return;
      const text = JSON.stringify(rowOf(of, log));
      const isNews = before?.text !== text;
      hasNews ||= isNews;
      kept.set(name, { text, of, revision: isNews ? next : before.revision });
    };
    const standing = (name: string): Pick<Parts, "state" | "stateSinceAtMs"> => {
      const { state = null, sinceMs } = told?.stateOf(name) ?? {};
      return { state, stateSinceAtMs: sinceMs === undefined ? null : steady(kept.get(name)?.of.stateSinceAtMs, toSecond(atMs - Math.max(0, wallMs - sinceMs))) };
    };
    slices.begin();
    for (const { node, leads, heardAtMs, isRevoked } of control.looks()) {
      const rest = slices.rest();
      if (rest !== undefined) await rest;
      const link = watch.linkOf(memberOf(node)) ?? null;
      const { state, stateSinceAtMs } = standing(node.name);
      keep({ node, leads, issued: log.cell(`desired/${node.name}`), heardAtMs: heardAtMs === undefined ? null : toSecond(heardAtMs), link: link && { ...link, sinceAtMs: link.sinceAtMs === null ? null : toSecond(link.sinceAtMs) }, state: isRevoked ? "revoked" : state, stateSinceAtMs });
    }
    for (const name of told?.nodes() ?? []) {
      const before = kept.get(name)?.of.node;
      if (before !== undefined && "startedAt" in before) continue;
      const rest = slices.rest();
      if (rest !== undefined) await rest;
      const node = awaited(name) ?? before; // it may have been invited anew meanwhile
      if (node === undefined) continue;
      keep({ node, leads: false, issued: undefined, heardAtMs: null, link: null, ...standing(name) });
    }
    if (hasNews) revision = next;
    made = { atMs, wallMs };
  }

  function awaited(name: string): Awaited | undefined {
    const bytes = log.cell(`enrolled/${name}`);
    return bytes && { name, ...enrolledSchema.parse(parseJson(bytes)) };
  }

  return {
    async since(run, since, page = whole) {
      await renewed();
      const from = run === log.epoch ? since : 0;
      const few = kept.size <= limits.fleetFlowsMax;
      const flows = few ? [...kept.keys()].flatMap((name) => pair(name, watch.flowOf(name), ({ upBytes, downBytes }) => [upBytes, downBytes] as [number, number])) : [];
      const askedAtMs = watch.askedAt();
      const backlogs = [...askedAtMs.keys()].flatMap((name) => pair(name, watch.backlogOf(name), (backlog) => backlog));
      const { rows, next } = pageOf(kept.values(), from, page);
      const rest: Omit<FleetAnswer, "nodes"> = {
        run: log.epoch,
        revision,
        nowMs: clock.monotonicMs(),
        asOf: isoTime(made?.wallMs ?? 0),
        asOfAtMs: made?.atMs ?? 0,
        self: log.origin,
        total: kept.size,
        askedAtMs: Object.fromEntries(askedAtMs),
        unansweredAtMs: Object.fromEntries(watch.unansweredAt()),
        flows: Object.fromEntries(flows),
        backlogs: Object.fromEntries(backlogs),
        next,
      };
      return `${JSON.stringify(rest).slice(0, -1)},"nodes":[${rows.join(",")}]}`;
    },
  };
}

/** A node keeps its place for as long as control runs, and new ones come behind the last: between two pages none is skipped. */
function pageOf(all: Iterable<Kept>, since: number, { rows: most, behind }: Page): { readonly rows: readonly string[]; readonly next: string | null } {
  const rows: string[] = [];
  let place = 0;
  for (const { text, revision } of all) {
    const isDue = place++ >= behind && revision > since;
    if (isDue && rows.length === most) return { rows, next: String(place - 1) };
    if (isDue) rows.push(text);
  }
  return { rows, next: null };
}

function isSame(one: Parts, other: Parts): boolean {
  if (!isSameNode(one.node, other.node) || one.leads !== other.leads || one.issued !== other.issued || one.heardAtMs !== other.heardAtMs || one.state !== other.state || one.stateSinceAtMs !== other.stateSinceAtMs) return false;
  return one.link?.to === other.link?.to && one.link?.state === other.link?.state && one.link?.sinceAtMs === other.link?.sinceAtMs;
}

/** One that has not started yet is read anew each time. */
const isSameNode = (one: Parts["node"], other: Parts["node"]): boolean => one === other || (!("startedAt" in one) && !("startedAt" in other) && one.site === other.site && one.tier === other.tier);

const memberOf = ({ name, inventory }: KnownNode): Member => ({ name, above: inventory?.uplink?.parent });

function rowOf({ node, leads, heardAtMs, link, state, stateSinceAtMs }: Parts, log: FleetLog): FleetNode {
  if (!("startedAt" in node)) return { ...node, jurisdiction: "", leads, api: null, startedAt: null, desired: 0, reported: null, heardAtMs, link, state, stateSinceAtMs };
  const { name, site, tier, jurisdiction, api, startedAt, reported } = node;
  const told = reported === undefined ? null : { version: reported.version, outcome: reported.outcome, at: reported.at, ...(reported.message === undefined ? {} : { message: reported.message }) };
  return { name, site, tier, jurisdiction, leads, api, startedAt, desired: issuedFor(log, name)?.version ?? 0, reported: told, heardAtMs, link, state, stateSinceAtMs };
}

const toSecond = (ms: number): number => Math.round(ms / 1_000) * 1_000;

/** What is brought from one clock to another is never the same to the second: such a change is no news. */
const steady = (before: number | null | undefined, now: number): number => (before != null && Math.abs(before - now) <= 1_000 ? before : now);

const pair = <T, U>(name: string, value: T | undefined, made: (value: T) => U): readonly (readonly [string, U])[] => (value === undefined ? [] : [[name, made(value)]]);
