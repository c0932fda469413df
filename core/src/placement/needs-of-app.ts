/** What control has the planner place of an app: its functions and models with `needs`, and what flows between them. */
import type { AppDocument, Emits, FunctionDocument } from "../schema/app.ts";
import type { DataClass } from "../schema/event.ts";
import type { Tier } from "../schema/tier.ts";
import type { ScheduleTrigger } from "../schema/trigger.ts";
import { aboveOf, endOf, endsOfParts } from "../schema/model-use.ts";
import { appNeedsSchema, type AppNeeds, type PlacementNeeds, type UnitNeeds } from "../schema/needs.ts";

/** Undefined where nothing of it has needs. */
export function needsOfApp(app: AppDocument): AppNeeds | undefined {
  const functions = app.functions.flatMap((fn) => (fn.needs === undefined ? [] : [unitOf(fn.name, fn.run?.tier, { ...confinedOf(fn), ...fn.needs, ...classesOf(app, fn), ...takersOf(app, fn) }, fn.needs.sources !== undefined)]));
  const parts = endsOfParts(app.models);
  const models = app.models.flatMap((model) => (model.needs === undefined || (parts.get(model.name) ?? model.name) !== model.name ? [] : [unitOf(model.name, undefined, { ...model.needs, tiers: model.needs.tiers ?? [model.answers?.tier ?? "gateway"] }, false)]));
  const units = [...functions, ...models].map((unit) => (app.sealTo === undefined ? unit : { ...unit, sealedTo: app.sealTo }));
  return units.length === 0 ? undefined : appNeedsSchema.parse({ app: app.name, units, flows: flowsOf(app) });
}

/** When there is work for a job; undefined where it is none, or nothing says when. */
export const scheduleOf = ({ on, needs }: Pick<FunctionDocument, "on" | "needs">): ScheduleTrigger["schedule"] | undefined => needs?.job?.schedule ?? (needs?.job !== undefined && "schedule" in on ? on.schedule : undefined);

/** What keeps the needs of an app from being met anywhere, for people. */
export function needsProblem({ functions, models }: Pick<AppDocument, "functions" | "models">): string | undefined {
  const silent = models.find((model) => model.needs !== undefined && model.answers === undefined);
  if (silent !== undefined) return `model ${silent.name} has needs and answers nobody: a model that a function uses stands where the function does, so the needs are the function's`;
  const job = functions.find((fn) => fn.needs?.job !== undefined && (scheduleOf(fn) === undefined || (fn.needs.replicas ?? 1) > 1));
  if (job !== undefined) return `${job.name} is a job, which has one replica, and a schedule that says when there is work: as its trigger, or as \`needs.job.schedule\``;
  const named = [...functions, ...models].find(({ needs }) => new Set(needs?.sources?.map(({ site }) => site)).size < (needs?.sources?.length ?? 0));
  if (named !== undefined) return `${named.name} names a site twice under \`needs.sources\`: its way would count twice`;
  const nothing = [...functions, ...models].find(({ needs }) => needs?.providers?.length === 0);
  if (nothing !== undefined) return `${nothing.name} names no execution provider under \`needs.providers\`: leave it out where any will do`;
  const idle = models.find((model) => model.needs?.job !== undefined);
  if (idle !== undefined) return `model ${idle.name} has needs with a job: it answers when it is asked, and only functions wait`;
  const divided = functions.find(({ needs }) => needs?.delegated === true && (needs.onIsolation !== "stop" || (needs.replicas ?? 1) > 1));
  if (divided !== undefined) return `function ${divided.name} is delegated: a site's lead decides on what runs once, so it needs onIsolation: stop and one replica`;
  const placed = new Set(functions.flatMap((fn) => (fn.needs === undefined ? [] : fn.name)));
  const twice = models.find((model) => model.needs !== undefined && placed.has(model.name));
  return twice === undefined ? undefined : `a function and a model with needs are both called ${twice.name}: what is placed by its needs has a name of its own`;
}

const unitOf = (name: string, tier: string | undefined, needs: PlacementNeeds & Pick<UnitNeeds, "takers">, onTheWay: boolean): object => ({ ...needs, name, ...(tier === undefined || needs.tiers !== undefined ? {} : { tiers: [tier] }), ...(onTheWay ? { onTheWay } : {}) });

/** Programs go where they can be confined, unless the author says otherwise. */
const confinedOf = ({ runtime, unconfined }: FunctionDocument): PlacementNeeds => (runtime === "image" || (runtime === "process" && unconfined !== true) ? { providers: ["bubblewrap"] } : {});

/** Of what the app's own doors hand it, unless the author says. */
function classesOf(app: AppDocument, fn: FunctionDocument): { classes?: DataClass[] } {
  if (fn.needs?.classes !== undefined) return {};
  const classes = new Set(app.sources.filter(({ type }) => isFor(fn, type)).map((source) => source.class));
  return classes.size === 0 ? {} : { classes: [...classes].sort() };
}

/** What runs on every node of a tier, and at every gateway reductions, and doors that give something to devices of their own node, are handed what is made on their own node: where one takes what this one makes, this one is of use on that tier. */
function takersOf({ functions, reductions = [], sources }: AppDocument, { name, emits }: FunctionDocument): Pick<UnitNeeds, "takers"> {
  const takers = [
    ...functions.flatMap((to) => (to.name !== name && to.needs === undefined && Object.keys(emits).some((type) => isFor(to, type)) ? [{ unit: to.name, tier: tierOf(to) }] : [])),
    ...reductions.flatMap((to) => (Object.keys(emits).includes(to.on) ? [{ unit: to.name, tier: "gateway" as const }] : [])),
    ...sources.flatMap((door) => ("gives" in door && door.gives?.some(({ type, roams }) => roams !== true && Object.keys(emits).includes(type)) === true ? [{ unit: door.name, tier: "gateway" as const }] : [])),
  ];
  return takers.length === 0 ? {} : { takers };
}

/** On every node of which a function runs that has no needs. */
export const tierOf = ({ run }: Pick<FunctionDocument, "run">): Tier => run?.tier ?? "gateway";

export function isFor({ on }: Pick<FunctionDocument, "on">, type: string): boolean {
  if (!("type" in on)) return false;
  return on.type.endsWith(".*") ? type.startsWith(on.type.slice(0, -1)) : on.type === type;
}

/** What the one emits for the other. */
export function emittedFor({ functions }: Pick<AppDocument, "functions">, from: string, to: string): readonly Emits[string][] {
  const taker = functions.find(({ name }) => name === to);
  return Object.entries(functions.find(({ name }) => name === from)?.emits ?? {}).flatMap(([type, target]) => (taker !== undefined && isFor(taker, type) ? [target] : []));
}

/** As far as the manifest says: what is not `public` leaves where the app asks for it. A written policy decides instead. */
const leavesNode = (egress: AppDocument["egress"], { stream, class: own }: { readonly stream: string; readonly class: DataClass }): boolean => stream !== "local" && (own === "public" || egress.some((rule) => rule.class === own));

/** From a function to those that are handed what it emits, and to the models that answer it; what leaves its node is not the author's to say where a policy is written. How much: as the author says, else what is measured. */
function flowsOf(app: AppDocument): readonly { readonly from: string; readonly to: string; readonly bytesPerMonth?: number; readonly hands?: "up" | "here" }[] {
  const { functions, models, egress } = app;
  const placed = functions.filter(({ needs }) => needs !== undefined);
  const between = placed.flatMap((from) =>
    placed.flatMap((to) => {
      const types = Object.entries(from.emits).filter(([type]) => isFor(to, type));
      const ways = [...new Set(types.map(([, target]): "up" | "here" => (leavesNode(egress, target) ? "up" : "here")))].sort().toReversed();
      // All that is exchanged stands with the first: how it is divided nobody measures.
      return to === from ? [] : ways.map((hands, index) => ({ from: from.name, to: to.name, bytesPerMonth: index > 0 ? 0 : types.reduce((sum, [, { bytesPerMonth = 0 }]) => sum + bytesPerMonth, 0), hands }));
    }),
  );
  const parts = endsOfParts(models);
  const above = placed.flatMap((from) => models.filter((model) => model.needs !== undefined && (parts.get(model.name) ?? model.name) === model.name && askersOf(models, model.name).some((own) => from.models.includes(own))).map((to) => ({ from: from.name, to: to.name, asks: true })));
  return [...between, ...above];
}

/** Models that pass up to this one what they do not answer themselves, or what they make of it; where control cuts a model, its head too. */
export const askersOf = (models: AppDocument["models"], above: string): readonly string[] => models.flatMap((model) => (aboveOf(model) === above || (model.split?.auto !== undefined && endOf(models, model.name) === above) ? [model.name] : []));
