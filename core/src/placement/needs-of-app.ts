/** What control has the planner place of an app: its functions and models with `needs`, and what flows between them. */
import type { AppDocument, FunctionDocument } from "../schema/app.ts";
import type { DataClass } from "../schema/event.ts";
import { appNeedsSchema, type AppNeeds, type PlacementNeeds } from "../schema/needs.ts";

/** Undefined where nothing of it has needs. */
export function needsOfApp(app: AppDocument): AppNeeds | undefined {
  const functions = app.functions.flatMap((fn) => (fn.needs === undefined ? [] : [unitOf(fn.name, fn.run?.tier, { ...confinedOf(fn), ...fn.needs, ...classesOf(app, fn) }, fn.needs.sources !== undefined)]));
  const models = app.models.flatMap((model) => (model.needs === undefined ? [] : [unitOf(model.name, undefined, { ...model.needs, tiers: [model.answers?.tier ?? "gateway"] }, false)]));
  const units = [...functions, ...models].map((unit) => (app.sealTo === undefined ? unit : { ...unit, sealedTo: app.sealTo }));
  return units.length === 0 ? undefined : appNeedsSchema.parse({ app: app.name, units, flows: flowsOf(app) });
}

/** What keeps the needs of an app from being met anywhere, for people. */
export function needsProblem({ functions, models }: Pick<AppDocument, "functions" | "models">): string | undefined {
  const silent = models.find((model) => model.needs !== undefined && model.answers === undefined);
  if (silent !== undefined) return `model ${silent.name} has needs and answers nobody: a model that a function uses stands where the function does, so the needs are the function's`;
  const divided = functions.find(({ needs }) => needs?.delegated === true && (needs.onIsolation !== "stop" || (needs.replicas ?? 1) > 1));
  if (divided !== undefined) return `function ${divided.name} is delegated: a site's lead decides on what runs once, so it needs onIsolation: stop and one replica`;
  const placed = new Set(functions.flatMap((fn) => (fn.needs === undefined ? [] : fn.name)));
  const twice = models.find((model) => model.needs !== undefined && placed.has(model.name));
  return twice === undefined ? undefined : `a function and a model with needs are both called ${twice.name}: what is placed by its needs has a name of its own`;
}

const unitOf = (name: string, tier: string | undefined, needs: PlacementNeeds, onTheWay: boolean): object => ({ ...needs, name, ...(tier === undefined || needs.tiers !== undefined ? {} : { tiers: [tier] }), ...(onTheWay ? { onTheWay } : {}) });

/** Programs go where they can be confined, unless the author says otherwise. */
const confinedOf = ({ runtime, unconfined }: FunctionDocument): PlacementNeeds => (runtime === "image" || (runtime === "process" && unconfined !== true) ? { providers: ["bubblewrap"] } : {});

/** Of what the app's own doors hand it, unless the author says. */
function classesOf(app: AppDocument, fn: FunctionDocument): { classes?: DataClass[] } {
  if (fn.needs?.classes !== undefined) return {};
  const classes = new Set(app.sources.filter(({ type }) => isFor(fn, type)).map((source) => source.class));
  return classes.size === 0 ? {} : { classes: [...classes].sort() };
}

function isFor({ on }: FunctionDocument, type: string): boolean {
  if (!("type" in on)) return false;
  return on.type.endsWith(".*") ? type.startsWith(on.type.slice(0, -1)) : on.type === type;
}

/** From a function to those that are handed what it emits, and to the models that answer it. How much nobody knows yet. */
function flowsOf({ functions, models }: AppDocument): readonly { readonly from: string; readonly to: string }[] {
  const placed = functions.filter(({ needs }) => needs !== undefined);
  const between = placed.flatMap((from) => placed.filter((to) => to !== from && Object.keys(from.emits).some((type) => isFor(to, type))).map((to) => ({ from: from.name, to: to.name })));
  const above = placed.flatMap((from) => models.filter((model) => model.needs !== undefined && models.some((own) => from.models.includes(own.name) && own.cascade?.above === model.name)).map((to) => ({ from: from.name, to: to.name })));
  return [...between, ...above];
}
