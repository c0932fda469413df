/**
 * What the aggregates of several apps tell together. Reductions stand at every gateway, and each app's there is handed the same readings: what lies between two of their totals may be a reading that
 * neither tells. So an app is held to those that are deployed beside it as it is to its own.
 */
import type { DataClass } from "../schema/event.ts";
import type { AggregateReduction } from "../schema/reduction.ts";
import { moreSensitive } from "../policy/lowering.ts";
import { declaredClass, type AppParts } from "./declared.ts";
import { tellsTooMuch } from "./tells.ts";

type NamedApp = AppParts & { readonly name: string };

/** What would be told too much with this app beside those, as text; not what those tell without it. */
export function tellingTogether(app: NamedApp, beside: readonly NamedApp[]): readonly string[] {
  const others = beside.filter(({ name }) => name !== app.name);
  const before = new Set(problemsOf(others));
  const alone = new Set(problemsOf([app]));
  return problemsOf([app, ...others]).filter((problem) => !before.has(problem) && !alone.has(problem));
}

function problemsOf(apps: readonly NamedApp[]): readonly string[] {
  const all = apps.flatMap((app) => (app.reductions ?? []).flatMap((reduction): AggregateReduction[] => (reduction.kind === "aggregate" ? [{ ...reduction, name: `${app.name}/${reduction.name}` }] : [])));
  return all.flatMap((reduction) => {
    const from = classAmong(apps, reduction.on);
    return tellsTooMuch(reduction, from, all).map((why) => `reduction ${reduction.name}: ${reduction.on} is ${from}, and ${why}`);
  });
}

/** As the most careful of those says who say anything. */
function classAmong(apps: readonly NamedApp[], type: string): DataClass {
  const said = apps.map((app) => declaredClass(app, type)).filter((own) => own !== undefined);
  const [first = "raw"] = said;
  return said.reduce(moreSensitive, first);
}
