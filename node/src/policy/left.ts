/**
 * What of a class left a site in a span of time, by which rule: the decisions of its nodes, laid over the records that are in the log.
 *
 * When a record left is written nowhere; it is bounded. It did not leave before it was recorded, nor before its decision was opened, nor after that was closed. So a span is answered with
 * all that may have left in it, and with what of the log is not there to be asked. Of what was recorded by a clock that cannot be believed it is not known whether it is of the span: it is
 * told with every span in which its decision may have stood open.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { laneName } from "@holon/core/log/log.ts";
import { classBit, lastSequence, runRecords, type Integrity } from "@holon/core/log/run.ts";
import { dataClassSchema, type DataClass, type StoredEvent } from "@holon/core/schema/event.ts";
import { z } from "zod";
import type { BatchRun } from "../log/scan.ts";
import { createLaneTimes, type LaneTimes } from "./doubtful-times.ts";

export interface LeftQuestion {
  readonly class: DataClass;
  /** Undefined: any site that this log has heard of. */
  readonly site: string | undefined;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface LeftRow {
  /** Whose guard decided, and in which site that node stands. */
  readonly node: string;
  readonly site: string | undefined;
  readonly lane: string;
  readonly destination: string;
  readonly allow: boolean;
  readonly rule: string;
  /** Hash of the policy; undefined where none was written. */
  readonly policy: string | undefined;
  /** Records of the class and the time that are in this log, and the first and the last of them. */
  readonly records: number;
  readonly first: number;
  readonly last: number;
  /** The decision was closed over all of them, and within the span: so many left in it. If not, the node ran on or died, or they left before the span or behind it: they may have. */
  readonly closed: boolean;
  /** When they were recorded is not known, since a clock was wrong: they may be of the span that was asked about, or of any other. */
  readonly isTimeUnknown: boolean;
  /** Transforms and birthplaces as they stand on the records. */
  readonly through: readonly string[];
  readonly jurisdictions: readonly string[];
}

/** Records that are not in this log, in which there may be more of the answer: of a trail decisions, of another lane what left. */
export interface LeftGap {
  readonly lane: string;
  readonly first: number;
  readonly last: number;
  /** When they were recorded, as those around them say; undefined where nothing does, or nothing that can be believed. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  /** A clock beside them was wrong: they may be of any span. */
  readonly isTimeUnknown: boolean;
}

/** Records of the class and the time of which no decision is here: they stayed, or the decision is not in this log. */
export interface LeftUndecided {
  readonly lane: string;
  readonly records: number;
  readonly first: number;
  readonly last: number;
}

export interface LeftWatch {
  see(run: BatchRun): void;
  rows(): readonly LeftRow[];
  undecided(): readonly LeftUndecided[];
  /** Of each node whose trail is here, when the last of it was recorded, undefined by a clock that cannot be believed: what it decided since is known at that node. */
  heard(): readonly { readonly node: string; readonly throughMs: number | undefined }[];
  /** Of which it knows nodes: one that is not among them cannot be asked about here. */
  sites(): readonly string[];
  /** What the rows do not cover; empty where all that was recorded through the end of the span is here. `heads`: where lanes end, as the log says. */
  gaps(heads: readonly { readonly lane: string; readonly head: { readonly sequence: number } }[]): readonly LeftGap[];
}

const decisionSchema = z.object({ principal: z.string(), destination: z.string(), allow: z.boolean(), rule: z.string(), lane: z.string(), classes: z.array(dataClassSchema), policyVersion: z.int(), policy: z.string().optional(), jurisdictions: z.array(z.string()).optional(), from: z.number(), to: z.number().optional(), count: z.number().optional() });
type DecisionData = z.infer<typeof decisionSchema>;
interface SeenDecision {
  readonly node: string;
  readonly data: DecisionData;
  readonly opened: Recorded;
  closed: Recorded | undefined;
  closedThrough: number;
  count: number;
}
/** When something was recorded, by its own account, and which piece of its lane that is. */
interface Recorded {
  readonly atMs: number;
  readonly piece: number;
}
/** Records that are not here, between those of which the clock is judged once all are seen. */
interface Missing {
  readonly lane: string;
  readonly first: number;
  readonly last: number;
  readonly from: Recorded | undefined;
  readonly to: Recorded | undefined;
}
/** Of one run: decisions begin where runs begin. */
interface SeenRun {
  readonly lane: string;
  readonly piece: number;
  /** Records of the class, and those of them that say that they are not behind the span. */
  readonly whole: SeenRecords;
  readonly inTime: SeenRecords;
}
interface SeenRecords {
  readonly lane: string;
  readonly isTimeUnknown: boolean;
  first: number;
  last: number;
  count: number;
  /** When the first of them was recorded. */
  firstMs: number;
  readonly through: Set<string>;
  readonly jurisdictions: Set<string>;
}

/** Hand it the runs in the order of the log. */
export function watchLeft(question: LeftQuestion, integrity: Integrity): LeftWatch {
  const decisions: SeenDecision[] = [];
  const runs: SeenRun[] = [];
  const times = new Map<string, LaneTimes>();
  const timesOf = (lane: string): LaneTimes => {
    const known = times.get(lane) ?? createLaneTimes();
    times.set(lane, known);
    return known;
  };
  const isSpan = question.sinceMs !== -Infinity || question.untilMs !== Infinity;
  const sites = new Map<string, string>();
  /** How far each lane was seen, and when that was recorded. */
  const seen = new Map<string, { readonly sequence: number; readonly at: Recorded }>();
  const missing: Missing[] = [];

  function follow({ header }: BatchRun, piece: number): void {
    const lane = laneName(header);
    const before = seen.get(lane);
    if (header.firstSequence > (before?.sequence ?? 0) + 1) missing.push({ lane, first: (before?.sequence ?? 0) + 1, last: header.firstSequence - 1, from: before?.at, to: { atMs: header.recordedFirstMs, piece } });
    seen.set(lane, { sequence: lastSequence(header), at: { atMs: header.recordedLastMs, piece } });
  }

  function seeAudit(node: string, event: StoredEvent, piece: number): void {
    if (event.type === "holon.node.started" && typeof event.data === "object" && event.data !== null && "site" in event.data) sites.set(node, String(event.data.site));
    const phase = /^holon\.policy\.decision\.(opened|closed)$/.exec(event.type)?.[1];
    const parsed = phase === undefined ? undefined : decisionSchema.safeParse(event.data).data;
    if (parsed === undefined || !parsed.classes.includes(question.class)) return;
    if (phase === "opened") decisions.push({ node, data: parsed, opened: { atMs: Date.parse(event.recordedtime), piece }, closed: undefined, closedThrough: 0, count: 0 });
    else {
      const open = decisions.findLast(({ node: own, data }) => own === node && data.lane === parsed.lane && data.destination === parsed.destination && data.from === parsed.from && data.classes.join() === parsed.classes.join());
      if (open !== undefined) Object.assign(open, { closed: { atMs: Date.parse(event.recordedtime), piece }, closedThrough: parsed.to ?? 0, count: parsed.count ?? 0 });
    }
  }

  const isBelievedIn = (lane: string, { piece }: Recorded): boolean => !timesOf(lane).isDoubtful(piece);
  const isBelieved = (node: string, recorded: Recorded): boolean => isBelievedIn(`${node}/audit`, recorded);
  const believedMs = (lane: string, recorded: Recorded | undefined): number | undefined => (recorded !== undefined && isBelievedIn(lane, recorded) ? recorded.atMs : undefined);
  /** Between when it stood open: by a time that cannot be believed it is bounded by nothing. */
  const openedMs = ({ node, opened }: SeenDecision): number => (isBelieved(node, opened) ? opened.atMs : -Infinity);
  const closedMs = ({ node, closed }: SeenDecision): number => (closed !== undefined && isBelieved(node, closed) ? closed.atMs : Infinity);
  const wasOpen = (decision: SeenDecision): boolean => openedMs(decision) <= question.untilMs && closedMs(decision) >= question.sinceMs;

  /** What is asked about of all runs. */
  const asked = (): readonly SeenRecords[] => runs.flatMap(({ lane, piece, whole, inTime }) => (isSpan && timesOf(lane).isDoubtful(piece) ? [{ ...whole, isTimeUnknown: true, firstMs: -Infinity }] : inTime.count > 0 ? [inTime] : []));

  const isOfSite = ({ node }: SeenDecision): boolean => question.site === undefined || sites.get(node) === question.site;

  /** The last that was opened at or before the record, for each node and destination. */
  function decisionsFor({ lane, first }: SeenRecords): readonly SeenDecision[] {
    const found = new Map<string, SeenDecision>();
    for (const decision of decisions) if (decision.data.lane === lane && decision.data.from <= first) found.set(`${decision.node} ${decision.data.destination}`, decision);
    return [...found.values()];
  }

  /** Neither it nor what it allowed lies outside of the span. */
  const isWithin = (decision: SeenDecision, firstMs = -Infinity): boolean => Math.max(openedMs(decision), firstMs) >= question.sinceMs && closedMs(decision) <= question.untilMs;

  return {
    sites: () => [...new Set(sites.values())].toSorted(),
    see(run) {
      const { header, bytes } = run;
      if (header.stream === "local") return;
      const isAudit = header.stream === "audit";
      const isAsked = isAudit || (header.classes & classBit(question.class)) !== 0;
      const lane = laneName(header);
      const { records } = runRecords(bytes, header, integrity);
      // Of what is not asked about only the clock is looked at.
      const events = records.flatMap((record, index) => {
        const event = record === undefined || !(isAsked || index === 0 || index === records.length - 1) ? undefined : eventIn(record);
        return event === undefined ? [] : [{ event, sequence: header.firstSequence + index }];
      });
      const piece = timesOf(lane).add(events.map(({ event }) => event));
      follow(run, piece);
      if (!isAsked) return;
      if (isAudit) for (const { event } of events) seeAudit(header.origin, event, piece);
      const [whole, inTime] = [noRecords(lane), noRecords(lane)];
      for (const { event, sequence } of events) {
        if (event.class !== question.class) continue;
        tally(whole, event, sequence);
        if (Date.parse(event.recordedtime) <= question.untilMs) tally(inTime, event, sequence);
      }
      if (whole.count > 0) runs.push({ lane, piece, whole, inTime });
    },
    rows() {
      const rows = [new Map<SeenDecision, SeenRecords[]>(), new Map<SeenDecision, SeenRecords[]>()] as const;
      for (const record of asked()) {
        const part = rows[record.isTimeUnknown ? 1 : 0];
        for (const decision of decisionsFor(record)) {
          if (!isOfSite(decision) || !wasOpen(decision)) continue;
          const own = part.get(decision);
          if (own === undefined) part.set(decision, [record]);
          else own.push(record);
        }
      }
      const ofRecords = rows.flatMap((part) => [...part]).map(([decision, own]): LeftRow => {
        const last = own.reduce((most, run) => Math.max(most, run.last), 0);
        const first = own.reduce((least, run) => Math.min(least, run.first), Infinity);
        return { ...rowOf(decision), records: own.reduce((sum, { count }) => sum + count, 0), first, last, isTimeUnknown: own.some(({ isTimeUnknown }) => isTimeUnknown), closed: decision.closedThrough >= last && isWithin(decision, own.reduce((least, { firstMs }) => Math.min(least, firstMs), Infinity)), through: union(own.map(({ through }) => through)), jurisdictions: union(own.map(({ jurisdictions }) => jurisdictions)) };
      });
      // Of shared state, and of rows that a model was asked about, no record is kept: what counts is when the decision stood open.
      const ofShared = decisions.filter((decision) => /^(?:shared|model)\//.test(decision.data.lane) && isOfSite(decision) && wasOpen(decision));
      return [...ofRecords, ...ofShared.map((decision): LeftRow => ({ ...rowOf(decision), records: decision.count, first: decision.data.from, last: decision.closedThrough, isTimeUnknown: isSpan && !(isBelieved(decision.node, decision.opened) && (decision.closed === undefined || isBelieved(decision.node, decision.closed))), closed: decision.closedThrough > 0 && isWithin(decision), through: [], jurisdictions: decision.data.jurisdictions ?? [] }))];
    },
    gaps(heads) {
      const ends = heads.flatMap(({ lane, head }): Missing[] => {
        const { sequence, at } = seen.get(lane) ?? { sequence: 0, at: undefined };
        return lane.endsWith("/local") || head.sequence <= sequence ? [] : [{ lane, first: sequence + 1, last: head.sequence, from: at, to: undefined }];
      });
      const gaps = [...missing, ...ends].map(({ lane, first, last, from, to }): LeftGap => {
        const isTimeUnknown = [from, to].some((recorded) => recorded !== undefined && !isBelievedIn(lane, recorded));
        return { lane, first, last, fromMs: believedMs(lane, from), toMs: believedMs(lane, to), isTimeUnknown };
      });
      // What was decided or recorded before the span may have counted in it.
      return gaps.filter(({ fromMs = -Infinity }) => fromMs <= question.untilMs);
    },
    undecided() {
      const rows = new Map<string, LeftUndecided>();
      for (const { lane, first, last, count } of asked()) {
        const site = sites.get(lane.slice(0, lane.indexOf("/")));
        const isElsewhere = question.site !== undefined && site !== undefined && site !== question.site;
        if (isElsewhere || decisions.some(({ data }) => data.lane === lane && data.from <= first)) continue;
        const row = rows.get(lane);
        rows.set(lane, { lane, records: (row?.records ?? 0) + count, first: Math.min(row?.first ?? first, first), last: Math.max(row?.last ?? last, last) });
      }
      return [...rows.values()];
    },
    heard: () => [...seen].flatMap(([lane, { at }]) => (lane.endsWith("/audit") ? [{ node: lane.slice(0, lane.indexOf("/")), throughMs: believedMs(lane, at) }] : [])),
  };

  function rowOf({ node, data }: SeenDecision): Pick<LeftRow, "node" | "site" | "lane" | "destination" | "allow" | "rule" | "policy"> {
    return { node, site: sites.get(node), lane: data.lane, destination: data.destination, allow: data.allow, rule: data.rule, policy: data.policy };
  }
}

/** What this version cannot read has no class that it could tell of; the chain was held over it all the same. */
function eventIn(record: Uint8Array): StoredEvent | undefined {
  try {
    return parseStoredEvent(record, "");
  } catch {
    return undefined;
  }
}

const noRecords = (lane: string): SeenRecords => ({ lane, isTimeUnknown: false, first: Infinity, last: 0, count: 0, firstMs: Infinity, through: new Set(), jurisdictions: new Set() });

function tally(own: SeenRecords, event: StoredEvent, sequence: number): void {
  own.first = Math.min(own.first, sequence);
  own.last = sequence;
  own.count += 1;
  own.firstMs = Math.min(own.firstMs, Date.parse(event.recordedtime));
  own.jurisdictions.add(event.jurisdiction);
  if (event.through !== undefined) own.through.add(event.through);
}

const union = (sets: readonly ReadonlySet<string>[]): readonly string[] => [...new Set(sets.flatMap((set) => [...set]))];
