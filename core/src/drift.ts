/** Where a node differs from what it is to be, by what it told last: pure. What it never told is no drift, it is unknown. */
import { driftKinds, type Condition, type Drift, type DriftKind } from "./schema/condition.ts";
import { spanText } from "./span-text.ts";

export interface DriftFacts {
  /** Version of the document that stands issued; 0 for none. Since when a newer one stands issued than the node runs. */
  readonly desired: { readonly version: number; readonly behindSince: string | undefined; readonly policy: string | null; /** Since when it is to decide by that policy. */ readonly policySince?: string | undefined };
  readonly condition: Condition | undefined;
  /** The document that the node ran when it told by which policy it decides; without it that of its condition. */
  readonly policyTold?: number | undefined;
  /** By how much its clock is ahead of what it should be, where it differs. */
  readonly clockOffMs?: number | undefined;
  /** Since when the node has told of each what it tells now. */
  readonly since: Readonly<Partial<Record<DriftKind, string>>>;
}

export function driftOf({ desired, condition, since, clockOffMs, policyTold = condition?.version }: DriftFacts): readonly Drift[] {
  const off = clockOffMs === undefined ? undefined : clockOffText(clockOffMs);
  if (condition === undefined) return off === undefined || clockOffMs === undefined ? [] : [{ kind: "clock", text: off, since: "", offMs: clockOffMs }];
  const texts: Readonly<Record<DriftKind, string | undefined>> = {
    version: condition.version < desired.version ? `it runs document ${condition.version === 0 ? "none" : condition.version}, and is to run ${desired.version}` : undefined,
    policy: desired.version > 0 && condition.version === desired.version && policyTold === desired.version && condition.policy !== desired.policy ? `it decides by policy ${short(condition.policy)}, and is to decide by ${short(desired.policy)}` : undefined,
    config: condition.config === "changed" ? "its configuration on disk is another than it was started with: it counts from the next start" : undefined,
    clock: off ?? ofClock(condition.clock),
    disk: condition.disk === "ok" ? undefined : condition.disk === "full" ? "its disk is full" : "its disk has failed: it takes nothing in",
    measured: condition.measured === "altered" || condition.held !== undefined ? alteredText(condition) : undefined,
    inventory: condition.inventory === undefined ? undefined : `its file declares ${condition.inventory}`,
  };
  /** Since both differ as is said: what the node told was right until something else was wanted, and a clock that it calls set may be off since nobody knows when. */
  const sinceOf = (kind: DriftKind): string => {
    if (kind === "version") return desired.behindSince ?? since.version ?? "";
    if (kind === "policy") return laterOf(since.policy, desired.policySince);
    return kind === "clock" && off !== undefined && condition.clock === "synced" ? "" : (since[kind] ?? "");
  };
  return driftKinds.flatMap((kind): Drift[] => {
    const text = texts[kind];
    return text === undefined ? [] : [{ kind, text, since: sinceOf(kind), ...(kind === "clock" && clockOffMs !== undefined ? { offMs: clockOffMs } : {}), ...(kind === "measured" && condition.held !== undefined ? { held: true } : {}) }];
  });
}

const laterOf = (one = "", other = ""): string => (Date.parse(other) > Date.parse(one) || one === "" ? other : one);

const ofClock = (clock: Condition["clock"]): string | undefined => (clock === "synced" ? undefined : clock === "coasting" ? "no time service has set its clock of late" : "its clock was never set: nobody knows what time it has");

/** Of a clock that is ahead, or behind, if negative. */
export function clockOffText(offMs: number): string {
  return `its clock is ${spanText(offMs)} ${offMs > 0 ? "ahead" : "behind"}: times of it are told as they were here`;
}

/** Of the clock by which all times of an answer are told. */
export const clockHereText = (offMs: number): string => `the clock here is ${spanText(offMs)} ${offMs > 0 ? "ahead of" : "behind"} those of its nodes: all times here are told by it`;

function alteredText({ altered, held }: Condition): string {
  const named = altered === undefined ? "" : `: ${altered.first.join(", ")}${altered.count > altered.first.length ? ` and ${altered.count - altered.first.length} more` : ""}`;
  return `it is not made of what was adopted${named}${held === undefined ? "" : `. It holds back secrets and what is new since ${held.since}: \`holon node adopt\``}`;
}

const short = (hash: string | null): string => (hash === null ? "none" : hash.slice(0, 12));
