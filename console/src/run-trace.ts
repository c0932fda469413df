/** A run of the simulator, as `holon sim run --trace` writes it: read with care, since anybody may drop any file. */
import type { Fleet, FleetNode } from "./fleet.ts";

type Moment = readonly [up: boolean, uplink: string | null, waiting: number];

interface Step {
  readonly atMs: number;
  readonly nodes: ReadonlyMap<string, Moment>;
}

export interface Happening {
  readonly atMs: number;
  readonly node: string;
  readonly what: "up" | "down" | "cut" | "healed";
}

export interface RunTrace {
  readonly scenario: string;
  readonly seed: number;
  readonly nodes: readonly Pick<FleetNode, "name" | "site" | "tier">[];
  readonly parents: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
  readonly happenings: readonly Happening[];
  /** When all faults ended. */
  readonly healedMs: number | undefined;
  readonly endMs: number;
  readonly ended: { readonly acknowledged: number; readonly delivered: number; readonly violations: readonly string[] } | undefined;
}

const linesMax = 500_000;

/** Throws an `Error` that says what is wrong with which line. */
export function parseRunTrace(text: string): RunTrace {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > linesMax) throw new Error(`more than ${linesMax.toLocaleString("en-GB")} lines`);
  const [first = "", ...rest] = lines;
  const head = fieldsOf(first, 1);
  if (head["holon"] !== "run" || head["version"] !== 1 || !Array.isArray(head["nodes"])) throw new Error("it does not begin as one of version 1");
  const nodes = head["nodes"].map((node) => objectOf(node)).map((node) => ({ name: String(node["name"]), site: String(node["site"]), tier: String(node["tier"]), parent: node["parent"] }));
  const steps: Step[] = [];
  let healedMs: number | undefined;
  let ended: RunTrace["ended"];
  let endMs = 0;
  rest.forEach((line, place) => {
    const fields = fieldsOf(line, place + 2);
    const atMs = Number(fields["atMs"]);
    if (!Number.isFinite(atMs)) throw new Error(`line ${place + 2} has no time`);
    endMs = Math.max(endMs, atMs);
    if (fields["healed"] === true) healedMs = atMs;
    if (fields["nodes"] !== undefined) steps.push({ atMs, nodes: new Map(Object.entries(objectOf(fields["nodes"])).map(([name, moment]) => [name, momentOf(moment, place + 2)])) });
    if (fields["ended"] !== undefined) {
      const { acknowledged, delivered, violations } = objectOf(fields["ended"]);
      ended = { acknowledged: Number(acknowledged), delivered: Number(delivered), violations: Array.isArray(violations) ? violations.map(String) : [] };
    }
  });
  const parents = new Map(nodes.flatMap(({ name, parent }) => (typeof parent === "string" ? [[name, parent] as const] : [])));
  return { scenario: String(head["scenario"]), seed: Number(head["seed"]), nodes, parents, steps, happenings: happeningsOf(steps), healedMs, endMs, ended };
}

/** What the map shows at a moment of the run; the simulator knows how each node stands, so nothing is unknown, and nothing grows old. */
export function fleetAt({ nodes, parents, steps }: RunTrace, atMs: number): Fleet {
  const moments = new Map<string, Moment>();
  /** When what it is now began: cut off, or not. */
  const sinceMs = new Map<string, number>();
  for (const step of steps) {
    if (step.atMs > atMs) break;
    for (const [name, moment] of step.nodes) {
      if (isHeard(moments.get(name)) !== isHeard(moment)) sinceMs.set(name, step.atMs);
      moments.set(name, moment);
    }
  }
  const rows = nodes.map(({ name, site, tier }): FleetNode => {
    const [isUp, uplink] = moments.get(name) ?? [false, null, 0];
    const to = parents.get(name);
    return {
      name, site, tier, jurisdiction: "", leads: false, api: null, startedAt: null, desired: 0, reported: null,
      heardAtMs: !isUp ? null : uplink === "open" || to === undefined ? atMs : (sinceMs.get(name) ?? null),
      isDown: !isUp,
      link: to === undefined ? null : { to, state: isUp && uplink === "open" ? "open" : "lost", sinceAtMs: isUp && uplink === "open" ? null : (sinceMs.get(name) ?? null) },
      state: null,
      stateSinceAtMs: null,
    };
  });
  const backlogs = Object.fromEntries([...moments].flatMap(([name, [, , records]]) => (records > 0 ? [[name, { records, atMs }]] : [])));
  return { nodes: new Map(rows.map((row) => [row.name, row])), self: undefined, offsetMs: atMs - Date.now(), asOfMs: undefined, rates: new Map(), backlogs, askedAtMs: {}, unansweredAtMs: {}, problem: undefined };
}

const isHeard = (moment: Moment | undefined): boolean => moment !== undefined && moment[0] && moment[1] === "open";

function happeningsOf(steps: readonly Step[]): readonly Happening[] {
  const last = new Map<string, { readonly isUp: boolean; readonly isOpen: boolean }>();
  return steps.flatMap(({ atMs, nodes }) =>
    [...nodes].flatMap(([node, [isUp, uplink]]): readonly Happening[] => {
      const before = last.get(node);
      const isOpen = uplink === "open";
      // Between closed and open a link passes states that are neither.
      last.set(node, { isUp, isOpen });
      if (before === undefined) return [];
      if (before.isUp !== isUp) return [{ atMs, node, what: isUp ? "up" : "down" }];
      if (uplink === null || before.isOpen === isOpen) return [];
      return [{ atMs, node, what: isOpen ? "healed" : "cut" }];
    }),
  );
}

function momentOf(value: unknown, line: number): Moment {
  if (!Array.isArray(value) || value.length !== 3) throw new Error(`line ${line} says of a node what is no moment`);
  const [isUp, uplink, waiting]: readonly unknown[] = value;
  return [isUp === true, typeof uplink === "string" ? uplink : null, Number(waiting)];
}

function fieldsOf(line: string, number: number): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(line));
  } catch {
    throw new Error(`line ${number} is no JSON object`);
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("an object is missing");
  return Object.fromEntries(Object.entries(value));
}
