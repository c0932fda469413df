/**
 * k-anonymity (Sweeney, 2002) by windows of event time: of each subject the last row of the window, what could identify it made coarser, and told
 * only where at least k subjects share all of that. Whoever shares it with too few is left out, and counted. Of what is told as it is, a value that
 * fewer than k subjects of the window have is left out of its row: a name among the fields is a name, whatever `quasi` says of the rest. The state
 * holds one key for each subject, so that a reading changes one of them.
 */
import { limits } from "../limits.ts";
import type { UnitEvent } from "../ports.ts";
import type { StateTable } from "../run/state-table.ts";
import type { AnonymiseReduction } from "../schema/reduction.ts";
import { plainFields } from "./redact.ts";
import type { Reduced } from "./reducer.ts";
import { windowOf } from "./window-of.ts";

type Row = ReturnType<typeof plainFields>;
const rowPrefix = "row/";

export function anonymising(reduction: AnonymiseReduction, state: StateTable, kept: ReadonlyMap<string, string>): (event: UnitEvent) => readonly Reduced[] {
  const { everyMs, fields, quasi } = reduction;
  const names = [...new Set([...fields, ...Object.keys(quasi)])];
  const rows = new Map([...kept.keys()].filter((key) => key.startsWith(rowPrefix)).map((key) => [key.slice(rowPrefix.length), state.get(key) as Row])); // as it was set below
  const window = windowOf(everyMs, state);
  /** Rows of subjects beyond the limit: left out, as those are that share too little. */
  let crowd = Number(state.get("crowd") ?? 0);

  /** Of the fields that are told as they are, what at least k subjects have. */
  function commonValues(): ReadonlySet<string> {
    const counts = new Map<string, number>();
    for (const row of rows.values()) for (const [name, value] of Object.entries(row)) counts.set(valueKey(name, value), (counts.get(valueKey(name, value)) ?? 0) + 1);
    return new Set([...counts].filter(([, count]) => count >= reduction.k).map(([key]) => key));
  }

  function tell(startMs: number): readonly Reduced[] {
    const groups = new Map<string, Row[]>();
    for (const row of rows.values()) {
      const shared = JSON.stringify(Object.keys(quasi).map((name) => row[name] ?? null));
      groups.set(shared, [...(groups.get(shared) ?? []), row]);
    }
    const common = commonValues();
    const told = [...groups.values()].filter((group) => group.length >= reduction.k).flat().map((row) => Object.fromEntries(Object.entries(row).filter(([name, value]) => Object.hasOwn(quasi, name) || common.has(valueKey(name, value)))));
    const leftOut = rows.size - told.length + crowd;
    for (const subject of rows.keys()) state.delete(rowPrefix + subject);
    rows.clear();
    crowd = 0;
    state.delete("crowd");
    // Not in the order in which they came.
    const inOrder = told.map((row) => JSON.stringify(row)).sort().map((text): unknown => JSON.parse(text));
    return inOrder.length === 0 ? [] : [{ subject: undefined, timeMs: startMs, data: { everyMs, k: reduction.k, rows: inOrder, leftOut } }];
  }

  return ({ subject = "", timeMs, data }) => {
    const at = window.take(timeMs);
    if (at === "late") return [];
    const outputs = at.closed === undefined ? [] : tell(at.closed);
    const row = plainFields(data, names);
    if (Object.keys(row).length === 0) return outputs;
    if (!rows.has(subject) && rows.size >= limits.reductionSubjectsMax) state.set("crowd", (crowd += 1));
    else {
      const coarse = Object.fromEntries(Object.entries(row).flatMap(([name, value]) => coarser(name, value, quasi[name])));
      rows.set(subject, coarse);
      state.set(rowPrefix + subject, coarse);
    }
    return outputs;
  };
}

const valueKey = (name: string, value: Row[string] | undefined): string => JSON.stringify([name, value]);

/** A field whose values are not of the kind that its rule is for is left out. */
function coarser(name: string, value: Row[string] | undefined, rule: AnonymiseReduction["quasi"][string] | undefined): readonly (readonly [string, Row[string]])[] {
  if (value === undefined) return [];
  if (rule === undefined || "exact" in rule) return [[name, value]];
  if ("width" in rule) return typeof value === "number" ? [[name, Number((Math.floor(value / rule.width) * rule.width).toPrecision(12))]] : [];
  return typeof value === "string" ? [[name, value.slice(0, rule.characters)]] : [];
}
