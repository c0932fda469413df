/** The fleet as this page knows it: one copy for all screens, kept up by what has changed. */
import { useEffect, useState } from "preact/hooks";
import type { ApiProblem } from "./api.ts";
import { get } from "./api.ts";
import { servedByControl } from "./session.ts";
import { repeat } from "./repeat.ts";
import { islandOf, type NodeStatus } from "./island.ts";
import { asProblem } from "./use-polled.ts";

export interface FleetNode {
  readonly name: string;
  readonly site: string;
  readonly tier: string;
  readonly jurisdiction: string;
  readonly leads: boolean;
  readonly api: string | null;
  readonly startedAt: string | null;
  readonly desired: number;
  readonly reported: { readonly version: number; readonly outcome: "settled" | "refused"; readonly message?: string; readonly at: string } | null;
  readonly heardAtMs: number | null;
  /** It is known not to run: who plays back a run knows. */
  readonly isDown?: boolean;
  readonly link: { readonly to: string; readonly state: "open" | "lost" | "unknown"; readonly sinceAtMs: number | null } | null;
  /** As `GET /v1/fleet` says it, and since when; null where no telemetry is kept. */
  readonly state: "present" | "slow" | "silent" | "crashed" | "gone" | "revoked" | "awaited" | null;
  readonly stateSinceAtMs: number | null;
}

export interface FleetAnswer {
  readonly run: string;
  readonly revision: number;
  readonly nowMs: number;
  readonly asOf: string;
  readonly asOfAtMs: number;
  readonly self: string;
  readonly total: number;
  readonly nodes: readonly FleetNode[];
  readonly askedAtMs: Readonly<Record<string, number>>;
  /** Who is asked for its links, and has given no answer since then. */
  readonly unansweredAtMs: Readonly<Record<string, number>>;
  readonly flows: Readonly<Record<string, readonly [number, number]>>;
  readonly backlogs: Readonly<Record<string, { readonly records: number; readonly atMs: number }>>;
  readonly next: string | null;
}

/** An answer, and when its first page was here, as `Date.now()` says. */
interface Heard {
  readonly answer: FleetAnswer;
  readonly heardMs: number;
}

/** Bytes a second over a link, up and down. */
export interface Rate {
  readonly up: number;
  readonly down: number;
}

export interface Fleet {
  readonly nodes: ReadonlyMap<string, FleetNode>;
  readonly self: string | undefined;
  /** Monotonic milliseconds of control less `Date.now()` of this browser: brings its times to this clock. */
  readonly offsetMs: number;
  /** As of when it is told, as `Date.now()` says. */
  readonly asOfMs: number | undefined;
  readonly rates: ReadonlyMap<string, Rate>;
  readonly backlogs: FleetAnswer["backlogs"];
  readonly askedAtMs: FleetAnswer["askedAtMs"];
  readonly unansweredAtMs: FleetAnswer["unansweredAtMs"];
  readonly problem: ApiProblem | undefined;
}

const nothing: Fleet = { nodes: new Map(), self: undefined, offsetMs: 0, asOfMs: undefined, rates: new Map(), backlogs: {}, askedAtMs: {}, unansweredAtMs: {}, problem: undefined };
const fewNodes = 500;
const [fewMs, manyMs] = [1_000, 2_000];
/** Of so many rows an answer is made and taken in without anybody else having to wait. */
const pageRows = 2_000;

interface Known {
  run: string;
  revision: number;
  flows: FleetAnswer["flows"];
  nowMs: number;
}

export function useFleet(isSignedIn: boolean): Fleet {
  const [fleet, setFleet] = useState(nothing);
  useEffect(() => {
    if (!isSignedIn) return setFleet(nothing);
    return followFleet(setFleet);
  }, [isSignedIn]);
  return fleet;
}

function followFleet(tell: (change: (before: Fleet) => Fleet) => void): () => void {
  const known: Known = { run: "", revision: 0, flows: {}, nowMs: 0 };
  const step = async (ended: AbortSignal): Promise<number> => {
    const heard = servedByControl() ? await changes(known, ended) : heardNow(islandOf(await get<NodeStatus>("/v1/status", ended)));
    tell((before) => merge(before, heard, known));
    return heard.answer.total > fewNodes ? manyMs : fewMs;
  };
  return repeat(step, (error) => tell((before) => ({ ...before, problem: asProblem(error) })), fewMs).end;
}

/** All that has changed, page by page. What changes meanwhile is told the next time: the first page says as of which revision that is. */
async function changes(known: Known, ended: AbortSignal): Promise<Heard> {
  const page = (run: string, since: number, cursor: string): Promise<FleetAnswer> => get<FleetAnswer>(`/v1/continuum?run=${run}&since=${since}&limit=${pageRows}&cursor=${cursor}`, ended);
  const first = await page(known.run, known.revision, "0");
  const heard = heardNow(first);
  const since = first.run === known.run ? known.revision : 0;
  const nodes = [...first.nodes];
  for (let { next } = first; next !== null; ) {
    const more = await page(first.run, since, next);
    if (more.run !== first.run) return changes(known, ended); // control has begun anew in the midst of it
    nodes.push(...more.nodes);
    next = more.next;
  }
  return { ...heard, answer: { ...first, nodes } };
}

const heardNow = (answer: FleetAnswer): Heard => ({ answer, heardMs: Date.now() });

/** Takes an answer in; one of another run of control replaces all. */
function merge(before: Fleet, { answer, heardMs }: Heard, known: Known): Fleet {
  const isSameRun = known.run === answer.run;
  const nodes = isSameRun && answer.nodes.length === 0 ? before.nodes : new Map(isSameRun ? before.nodes : []);
  if (nodes instanceof Map) for (const node of answer.nodes) nodes.set(node.name, node);
  const rates = isSameRun ? ratesOf(known, answer, before.rates) : new Map<string, Rate>();
  Object.assign(known, { run: answer.run, revision: answer.revision, flows: answer.flows, nowMs: answer.nowMs });
  return { nodes, self: answer.self, offsetMs: answer.nowMs - heardMs, asOfMs: heardMs - (answer.nowMs - answer.asOfAtMs), rates, backlogs: answer.backlogs, askedAtMs: answer.askedAtMs, unansweredAtMs: answer.unansweredAtMs, problem: undefined };
}

const smoothing = 0.4;

/** Smoothed, since what is sent comes in bursts; a connection that began anew begins anew here too. */
function ratesOf(known: Known, { flows, nowMs }: FleetAnswer, before: ReadonlyMap<string, Rate>): ReadonlyMap<string, Rate> {
  const seconds = (nowMs - known.nowMs) / 1_000;
  if (seconds <= 0) return before;
  return new Map(
    Object.entries(flows).flatMap(([name, [up, down]]) => {
      const last = known.flows[name];
      if (last === undefined || up < last[0] || down < last[1]) return [];
      const now = { up: (up - last[0]) / seconds, down: (down - last[1]) / seconds };
      const was = before.get(name) ?? now;
      return [[name, { up: was.up + smoothing * (now.up - was.up), down: was.down + smoothing * (now.down - was.down) }]];
    }),
  );
}
