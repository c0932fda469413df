/** What is kept of one node whose telemetry is here. */
import { isoTime } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import type { Tier } from "../schema/tier.ts";
import type { FleetRow } from "./fleet-status.ts";
import type { Now } from "./fleet-view.ts";

export interface NodeFacts {
  readonly site: string;
  readonly tier: Tier;
  readonly jurisdiction: string;
}

export interface Known {
  facts: NodeFacts;
  /** When it was enrolled, by the clock here. */
  enrolledMs: number | undefined;
  /** When it was started first, as far as is known, by its own clock, as all that it tells. */
  firstMs: number;
  /** In which run of it that was; of the others below likewise. */
  firstEpoch: string | undefined;
  revokedMs: number | undefined;
  stoppedMs: number | undefined;
  stoppedEpoch: string | undefined;
  /** Monotonic, of the answerer; before its own start where it was found there. */
  heardMs: number | undefined;
  /** Monotonic: when it was heard again after it had been silent with its link open. */
  backMs: number | undefined;
  /** By its own clock. */
  toldMs: number | undefined;
  toldEpoch: string | undefined;
  everyMs: number;
  startedMs: number | undefined;
  startedEpoch: string | undefined;
  ended: { readonly how: "stopped" | "crashed"; readonly atMs: number; readonly epoch: string | undefined } | undefined;
  late: number;
  readonly lateSpans: { readonly startMs: number; endMs: number; readonly atMs: number }[];
  /** By parent. */
  readonly links: Map<string, { readonly isUp: boolean; readonly atMs: number; readonly epoch?: string | undefined }>;
  /** Its row as it was made last, and of what: most nodes say the same from look to look. */
  made: Made | undefined;
}

interface Made {
  readonly row: FleetRow;
  readonly facts: NodeFacts;
  readonly ended: Known["ended"];
  readonly sinceMs: number | undefined;
  readonly heardMs: number | undefined;
  readonly heardWallMs: number | undefined;
  readonly throughMs: number | undefined;
}

/** Of which nothing was heard yet. */
export const newKnown = (): Known => ({ facts: { site: "", tier: "gateway", jurisdiction: "XX" }, enrolledMs: undefined, firstMs: Infinity, firstEpoch: undefined, revokedMs: undefined, stoppedMs: undefined, stoppedEpoch: undefined, heardMs: undefined, backMs: undefined, toldMs: undefined, toldEpoch: undefined, everyMs: limits.telemetryEveryMs, startedMs: undefined, startedEpoch: undefined, ended: undefined, late: 0, lateSpans: [], links: new Map(), made: undefined });

/** It was enrolled, and nothing of it came yet, not even a connection. */
export const isAwaited = ({ enrolledMs, firstMs, heardMs, links }: Known): boolean => enrolledMs !== undefined && firstMs === Infinity && heardMs === undefined && links.size === 0;

export const isOfFleet = ({ enrolledMs, firstMs }: Known): boolean => enrolledMs !== undefined || Number.isFinite(firstMs);

/** So long it may be behind, or not heard. */
export const patienceOf = ({ everyMs }: Known): number => 2 * everyMs + limits.telemetryGraceMs;

/** When it was heard last, by the clock here. */
export const heardWall = ({ heardMs }: Known, now: Now): number | undefined => (heardMs === undefined ? undefined : now.wallMs - (now.monotonicMs - heardMs));

export const iso = (ms: number | undefined): string | null => (ms === undefined || !Number.isFinite(ms) ? null : isoTime(ms));
