/**
 * The models that a node itself answers for, as the manifests of its apps declare them:
 *
 *     function here ─▶ model ─(drift watch)─▶ gate ─ sure ─▶ answer
 *                                               └ unsure ─▶ guard ─▶ call to the node above: it answers, or asks its guard and passes it on
 *
 * A question finds its model by name, `app/model`: whoever is above and has it answers, so a gateway need not know where it stands.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { withTails } from "@holon/core/schema/model-use.ts";
import { createLinkBudget } from "@holon/core/link/budget.ts";
import { limits } from "@holon/core/limits.ts";
import type { Model, ModelSession, Ports, Tensor, Tensors } from "@holon/core/ports.ts";
import type { AppDocument, Tier } from "@holon/core/schema/app.ts";
import type { CascadeUse } from "@holon/core/schema/model-use.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { BlobStore } from "../blob/store.ts";
import type { Events } from "../event/events.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";
import { answerHandler, answerMethod, type ModelRequest } from "./answer.ts";
import { createAnswerSpans } from "./answer-spans.ts";
import type { AskerOptions } from "./asker.ts";
import { createCascade, type Cascade, type CascadeStatus } from "./cascade.ts";
import { behind, createSplit, createWhole } from "./split.ts";
import { unsealed } from "../blob/unsealed.ts";
import { createNearest } from "./nearest.ts";
import { createModelDecider, type Decider, type Decision, type RowsOf } from "./decision.ts";
import { watchDrift } from "./drift-watch.ts";

export interface ServedModels {
  /** What this node is to run from now on. */
  setDesired(desired: Pick<Desired, "version" | "apps" | "stages" | "spare">): Promise<void>;
  /** `of`: whose rows they are. `HOLON_MODEL_MISSING`, `HOLON_MODEL_INPUT_BAD`, and what loading it gives. */
  decide(app: string, model: string, rows: Tensor, of: RowsOf): Promise<readonly Decision[]>;
  /** The same before it returns, where the model needs nobody for it; undefined where `decide` has to be asked. */
  decideNow(app: string, model: string, rows: Tensor): readonly Decision[] | undefined;
  status(): readonly ServedStatus[];
  /** Milliseconds of one row, by model (`app/model`) and part of one that was run here: the middle of the last runs. */
  speeds(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export interface ServedStatus extends Partial<CascadeStatus> {
  /** `app/model` */
  readonly model: string;
  readonly problem?: ReturnType<HolonError["toJSON"]>;
}

export interface ServedModelsContext {
  readonly tier: Tier;
  readonly jurisdiction: string;
  /** There is nobody above. */
  readonly isRoot: boolean;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly blobs: Pick<BlobStore, "read">;
  readonly guard: Pick<Guard, "mayAsk" | "mayRelay" | "demand">;
  readonly calls: Pick<Calls, "callPeer">;
  readonly handlers: Map<string, CallHandler>;
  readonly ports: Pick<Ports, "clock" | "random" | "trace" | "seals"> & { readonly model: Model };
  /** The way up, if it is open. */
  above(): Peer | undefined;
  /** Siblings that are reached now. */
  siblings(): readonly Peer[];
}

type ModelUse = AppDocument["models"][number];

interface Served {
  readonly key: string;
  readonly answers: boolean;
  readonly opened: () => Promise<Opened>;
  /** Once it is open. */
  readonly now: () => Decider | undefined;
  readonly status: () => Omit<ServedStatus, "model">;
  close(): Promise<void>;
}

interface Opened {
  readonly decider: Decider;
  readonly session: ModelSession;
}

/** Whether the node answers for it, in place of each sandbox by itself. */
export const isServed = ({ cascade, split, drift }: Pick<ModelUse, "cascade" | "split" | "drift">): boolean => cascade !== undefined || split !== undefined || drift !== undefined;

/** With needs it answers wherever control has it stand. */
const answersHere = ({ answers, needs }: Pick<ModelUse, "answers" | "needs">, tier: Tier): boolean => answers !== undefined && (answers.tier === tier || needs?.tiers !== undefined);

/** Readings are judged by it in the node itself. */
const isJudge = ({ reductions }: AppDocument, model: string): boolean => (reductions ?? []).some((reduction) => reduction.kind === "judge" && reduction.model === model);

export function createServedModels(context: ServedModelsContext): ServedModels {
  const { tier, log, calls, handlers, ports } = context;
  const served = new Map<string, Served>();
  const speeds = createSpeeds(ports.clock);
  let stages: NonNullable<Desired["stages"]> = {};
  let spare: ReadonlySet<string> = new Set();
  /** Of each app: its rules, which decide what may go up. */
  let policy: { readonly version: number; readonly rules: ReadonlyMap<string, AppDocument["egress"]> } = { version: 0, rules: new Map() };

  const nearest = createNearest({ calls, handlers, clock: ports.clock, siblings: context.siblings, above: context.above, answers: (model) => served.get(model)?.answers === true });
  /** A sibling stands where this node does. */
  const destinationOf = (place: "above" | "beside"): { readonly destination?: string } => (place === "beside" ? { destination: context.jurisdiction } : {});

  let relayed = 0;
  /** Rows of a neighbour's go on as what it says that they are. */
  const relay = (request: ModelRequest, deadlineMs: number): Promise<unknown> => {
    const [from, to] = [relayed + 1, relayed + (request.x.shape[0] ?? 0)];
    relayed = to;
    const may = (place: "above" | "beside"): Promise<boolean> => context.guard.mayRelay({ model: request.model, label: request.label, from, to, ...destinationOf(place) });
    return nearest.ask(request, deadlineMs, may);
  };
  /** Whoever is asked next has a part of what the one that asks still waits. */
  const passOn = async (request: ModelRequest, deadlineMs: number = limits.modelAnswerMs): Promise<unknown> => {
    if (context.isRoot) throw new HolonError("HOLON_MODEL_MISSING", "no node on the way to the root answers for the model that was asked");
    return relay(request, Math.min(deadlineMs, limits.modelAnswerMs));
  };
  const answering = { get: (name: string): Decider | undefined => (served.get(name)?.answers === true ? { decide: (rows, of) => decideBy(name, rows, of) } : undefined) };
  /** A neighbour uses a model as a function does: by its name within the app. */
  const demand = (model: string, from: NodeName): Promise<void> => context.guard.demand({ kind: "node", name: from }, "use", { name: `model/${model.slice(model.indexOf("/") + 1)}` });
  const spans = createAnswerSpans({ self: log.origin, events: context.events, clock: ports.clock, random: ports.random, append: (records) => void log.append({ records }).catch((error: unknown) => ports.trace.note("warn", `spans: ${toHolonError(error).message}`)) });
  handlers.set(answerMethod, answerHandler(answering, passOn, demand, spans));

  async function decideBy(name: string, rows: Tensor, of: RowsOf): Promise<readonly Decision[]> {
    const found = served.get(name);
    if (found === undefined) throw new HolonError("HOLON_MODEL_MISSING", `no model ${name} answers on ${log.origin}`);
    if ((rows.shape[0] ?? 0) > limits.decideRowsMax) throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${name} was given more than ${limits.decideRowsMax} rows at once`);
    return (await found.opened()).decider.decide(rows, of);
  }

  /** Asks others about rows that are on disk as allowed to leave. */
  const asking = (app: string, { name, cascade, split }: ModelUse): AskerOptions["above"]["ask"] => {
    let asked = 0;
    return async (request, rows, deadlineMs, of) => {
      if ("label" in of) return relay({ ...request, label: of.label }, deadlineMs);
      const dataClass = of.told((cascade ?? split)?.release.class ?? "raw", { kind: "release" });
      const [from, to] = [asked + 1, asked + rows];
      asked = to;
      const may = (place: "above" | "beside"): Promise<boolean> => context.guard.mayAsk({ app, model: name, class: dataClass, rules: policy.rules.get(app) ?? [], policyVersion: policy.version, from, to, ...destinationOf(place) });
      return nearest.ask({ ...request, label: { class: dataClass, jurisdiction: context.jurisdiction } }, deadlineMs, may);
    };
  };

  function serve(app: AppDocument, model: ModelUse, key: string): Served {
    const name = `${app.name}/${model.name}`;
    const { cascade: cascaded, split, drift } = model;
    let opening: Promise<Opened> | undefined;
    let ready: Decider | undefined;
    let problem: HolonError | undefined;
    let cascade: Cascade | undefined;
    const spares = createSpares();
    const load = async (use: ModelUse): Promise<ModelSession> => speeds.timed(`${app.name}/${use.name}`, await ports.model.load(await unsealed(await context.blobs.read(use.graph), app, "model", use.name, ports.seals), {}));
    const asker = (use: Pick<CascadeUse, "above" | "bytesPerHour" | "deadlineMs">): AskerOptions => {
      const above = `${app.name}/${use.above}`;
      return { above: { model: above, here: () => (above === name ? undefined : answering.get(above)), ask: asking(app.name, model) }, clock: ports.clock, budget: createLinkBudget("free", use.bytesPerHour, ports.clock.monotonicMs()), deadlineMs: use.deadlineMs };
    };
    /** All that is behind the head, where it is wanted here. */
    const rest = async (above: string): Promise<Decider> => {
      const use = app.models.find((one) => one.name === above);
      if (use === undefined) throw new HolonError("HOLON_MODEL_MISSING", `${log.origin} has the head of model ${name} without ${above}`);
      const session = await spares.take(above, () => load(use));
      const further = use.split?.above;
      return further === undefined ? createModelDecider({ session, self: log.origin }) : behind(session, () => rest(further));
    };
    /** So many parts here as control said; without its word the head. */
    const openSplit = async (session: ModelSession, { above }: { readonly above: string }): Promise<Opened> => {
      const parts = [...withTails(app.models, [model.name])].flatMap((part) => app.models.find((one) => one.name === part) ?? []);
      const here = parts.slice(0, Math.max(1, stages[name] ?? 1));
      const last = here.at(-1)?.split;
      if (last === undefined) {
        cascade = createWhole(behind(session, () => rest(above)));
        return { decider: cascade, session };
      }
      const more = await Promise.all(here.slice(1).map((part) => spares.take(part.name, () => load(part))));
      await tellRelease(name, last);
      cascade = createSplit({ heads: [session, ...more], spare: () => rest(last.above), ...asker(last) });
      return { decider: cascade, session };
    };
    const open = async (): Promise<Opened> => {
      const session = await load(model);
      if (split !== undefined) return openSplit(session, split);
      const own = createModelDecider({ session, self: log.origin, gate: cascaded?.gate });
      const small = drift === undefined ? own : watchDrift(own, { model: name, graph: model.graph, log, events: context.events, trace: ports.trace, windowRows: drift.windowRows });
      if (cascaded === undefined) return { decider: small, session };
      await tellRelease(name, cascaded);
      cascade = createCascade({ small, skips: stages[name] !== undefined && stages[name] !== 1, ...asker(cascaded) });
      return { decider: cascade, session };
    };
    const opened = (): Promise<Opened> => {
      opening ??= open().then(
        (done) => {
          problem = undefined;
          ready = done.decider;
          return done;
        },
        (error: unknown) => {
          opening = undefined; // tried again with the next call
          problem = toHolonError(error);
          throw error;
        },
      );
      return opening;
    };
    return {
      key,
      answers: answersHere(model, tier) && !spare.has(name),
      opened,
      now: () => ready,
      status: () => ({ ...cascade?.status(), ...(problem === undefined ? {} : { problem: problem.toJSON() }) }),
      async close() {
        await (await opening?.catch(() => undefined))?.session.close();
        await spares.close();
      },
    };
  }

  /** That rows of readings go up as `derived`, by whose words, stands in the trail before the first of them does. Told once. */
  async function tellRelease(model: string, { above, release }: Pick<CascadeUse, "above" | "release">): Promise<void> {
    const data = { model, above, to: release.class, because: release.because };
    const key = `released/${model.replace("/", "/model/")}`;
    const value = encoder.encode(canonicalJson(data));
    const told = log.cell(key);
    if (told !== undefined && told.length === value.length && told.every((byte, index) => byte === value[index])) return;
    await log.append({ records: [context.events.record({ stream: "audit", type: "holon.model.released", class: "public", producer: "model", data })], cells: [{ key, value }] });
  }

  return {
    async setDesired({ version, apps, ...said }) {
      stages = said.stages ?? {};
      spare = new Set(said.spare);
      policy = { version, rules: new Map(apps.map((app) => [app.name, app.egress])) };
      const wanted = new Map(apps.flatMap((app) => app.models.filter((model) => isServed(model) || answersHere(model, tier) || isJudge(app, model.name)).map((model) => [`${app.name}/${model.name}`, { app, model }])));
      for (const [name, one] of served) {
        const still = wanted.get(name);
        if (still !== undefined && keyOf(still.app, still.model, said) === one.key) continue;
        served.delete(name);
        await one.close();
      }
      for (const [name, { app, model }] of wanted) {
        if (served.has(name)) continue;
        const one = serve(app, model, keyOf(app, model, said));
        served.set(name, one);
        one.opened().catch((error: unknown) => ports.trace.note("warn", `model ${name}: ${toHolonError(error).message}`, { code: toHolonError(error).code }));
      }
    },
    decide: (app, model, rows, of) => decideBy(`${app}/${model}`, rows, of),
    decideNow: (app, model, rows) => ((rows.shape[0] ?? 0) > limits.decideRowsMax ? undefined : served.get(`${app}/${model}`)?.now()?.decideNow?.(rows)),
    status: () => [...served].map(([model, one]) => ({ model, ...one.status() })),
    speeds: speeds.middle,
    async close() {
      for (const one of served.values()) await one.close();
      served.clear();
    },
  };
}

/** Sessions that are loaded when they are wanted first. */
function createSpares(): { take(name: string, load: () => Promise<ModelSession>): Promise<ModelSession>; close(): Promise<void> } {
  const loading = new Map<string, Promise<ModelSession>>();
  let closed = false;
  return {
    take(name, load) {
      if (closed) return Promise.reject(new HolonError("HOLON_MODEL_MISSING", `model ${name} is no longer wanted here`));
      const known = loading.get(name);
      if (known !== undefined) return known;
      const session = load();
      loading.set(name, session);
      session.catch(() => loading.delete(name)); // tried again with the next question
      return session;
    },
    async close() {
      closed = true; // a question that is under way would load what nobody closes
      for (const session of loading.values()) await (await session.catch(() => undefined))?.close();
    },
  };
}

/** With all that is behind it: a node that is cut off goes on with the tail that it was given last. */
function keyOf({ name: app, models }: Pick<AppDocument, "name" | "models">, { name }: ModelUse, { stages, spare }: Pick<Desired, "stages" | "spare">): string {
  const standing = withTails(models, [name]);
  return canonicalJson([models.filter((model) => model.name === name || standing.has(model.name)), stages?.[`${app}/${name}`] ?? null, spare?.includes(`${app}/${name}`) === true]);
}

const timesKept = 16;

/** How long a row takes in each model, as it is run: who waits for the runtime waits, and counts. */
function createSpeeds(clock: Pick<Ports["clock"], "monotonicMs">): { timed(model: string, session: ModelSession): ModelSession; middle(): Readonly<Record<string, number>> } {
  const times = new Map<string, number[]>();
  function keep(model: string, ms: number): void {
    const known = times.get(model);
    if (known === undefined) times.set(model, [ms]);
    else if (known.push(ms) > timesKept) known.shift();
  }
  return {
    timed(model, session) {
      const took = (startMs: number, inputs: Tensors): void => {
        const rows = Object.values(inputs)[0]?.shape[0] ?? 0;
        if (rows > 0) keep(model, (clock.monotonicMs() - startMs) / rows);
      };
      return {
        inputs: session.inputs,
        outputs: session.outputs,
        close: () => session.close(),
        runNow(inputs) {
          const startMs = clock.monotonicMs();
          const outputs = session.runNow?.(inputs);
          if (outputs !== undefined) took(startMs, inputs);
          return outputs;
        },
        async run(inputs) {
          const startMs = clock.monotonicMs();
          const outputs = await session.run(inputs);
          took(startMs, inputs);
          return outputs;
        },
      };
    },
    middle: () => Object.fromEntries([...times].flatMap(([model, taken]) => {
      const ms = taken.toSorted((a, b) => a - b)[taken.length >> 1] ?? 0;
      return taken.length < timesKept || ms <= 0 ? [] : [[model, ms] as const];
    })),
  };
}

const encoder = new TextEncoder();
