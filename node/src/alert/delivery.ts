/**
 * Tells incidents by the routes of this node: each once that it is and once that it is over, for as long as it takes. What goes together is fixed, under one key, on disk before the first try;
 * so a power cut between a receiver's answer and the note of it sends the same message again under the same key, and never another one with the same in it. What is over by then is left out of
 * what is tried again, and told as over under a key of that: right for a receiver that had the first as for one that had not.
 *
 * What is new is tried when it comes, also while another message waits: a page that begins now waits for no ticket of this morning. That is one try; then it waits with the others, of which one is tried at a time, later
 * and later, each in its turn. Whatever is taken shows that the receiver is back: then all go at once, what calls somebody first.
 *
 *     incident on disk ─▶ message on disk ─▶ guard ─▶ sent until taken ─▶ told, on disk
 */
import { incidentSchema, owed, toldStates, wasTold, type Incident, type Owed } from "@holon/core/alert/incident.ts";
import type { RouteStatus } from "@holon/core/alert/route-status.ts";
import { goesBy, isSilenced } from "@holon/core/alert/routing.ts";
import { toHolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Notifier, NotifierAnswer, NotifierMessage, Random, Timer, Trace } from "@holon/core/ports.ts";
import type { AlertRoute } from "@holon/core/schema/alerting.ts";
import { stricterClass } from "@holon/core/shared/state.ts";
import type { Alert } from "@holon/core/telemetry/alert.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { byUrgency, urgencyOf } from "./urgency.ts";
import { toldType } from "./alarms.ts";
import type { IncidentBook } from "./book.ts";
import { createLeftOver } from "./left-over.ts";
import { messageOf } from "./message.ts";

export interface Delivery {
  /** Something may be to be told. */
  wake(): void;
  status(): readonly RouteStatus[];
  close(): Promise<void>;
}

export interface DeliveryOptions {
  readonly routes: readonly AlertRoute[];
  readonly log: SegmentLog;
  readonly book: IncidentBook;
  readonly events: Events;
  readonly notifier: Notifier | undefined;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly trace: Trace };
  sha256(bytes: Uint8Array): Uint8Array;
  /** Whether that may go there; the decision is in the trail before the answer is yes. */
  mayGo(incident: Incident, route: AlertRoute): Promise<{ readonly allow: boolean; readonly reason: string }>;
  /** Keeps what has changed in the book, and more with it. */
  keep(records: readonly NewRecord[], cells: readonly CellChange[]): Promise<void>;
}

const prefix = "alert/out/";
const encoder = new TextEncoder();
const outSchema = z.object({ key: z.string(), items: z.array(z.object({ incident: incidentSchema, state: z.enum(toldStates), hasRisen: z.literal(true).optional() })) });
/** With where it stands on disk. */
interface Out extends z.infer<typeof outSchema> {
  readonly cell: string;
}
type Item = Out["items"][number];

export function createDelivery(options: DeliveryOptions): Delivery {
  const lines = options.routes.map((route) => createLine(route, options));
  return {
    wake: () => lines.forEach((line) => line.wake()),
    status: () => lines.map((line) => line.status()),
    async close() {
      for (const line of lines) await line.close();
    },
  };
}

function createLine(route: AlertRoute, { log, book, events, notifier, ports, sha256, mayGo, keep }: DeliveryOptions): { wake(): void; status(): RouteStatus; close(): Promise<void> } {
  const { clock } = ports;
  const cell = `${prefix}${route.name}`;
  let told = 0;
  /** Why nothing is told, and since when. */
  let failure: Trouble | undefined;
  /** Whom the last message that was answered did not reach. */
  let remark: Trouble | undefined;
  /** How often it failed since something was taken. */
  let attempt = 0;
  /** Set while what was tried waits to be tried again. */
  let timer: Timer | undefined;
  let dueMs = 0;
  /** The receiver itself wants nothing before, whatever it is. */
  let restsUntilMs = -Infinity;
  /** By key, how often each was tried since this start. */
  const tries = new Map<string, number>();
  let working: Promise<void> | undefined;
  let again = false;
  let closed = false;

  function hushed(): (alert: Alert) => boolean {
    const silences = book.silences();
    const nowMs = clock.wall().ms;
    return (alert) => isSilenced(silences, alert, nowMs);
  }

  /** A silenced one waits. */
  function waiting(): readonly Item[] {
    const isHushed = hushed();
    return book.all().flatMap((incident) => {
      const { alert } = incident;
      // Who was told that it is hears that it is over, whatever it has become meanwhile.
      const isOurs = goesBy(route, alert) || (alert.state === "resolved" && wasTold(incident, route.name, "firing"));
      const due = book.isOnDisk(alert.id) && isOurs && !isHushed(alert) ? owed(incident, route.name, route.resolved) : undefined;
      return due === undefined ? [] : [{ incident, ...due }];
    });
  }

  /** What began and ended while it was silenced is nobody's concern afterwards; nor is what ended before it could be told to who wants to know only what is. */
  function passOver(): void {
    const isHushed = hushed();
    const at = isoTime(clock.wall().ms);
    for (const incident of book.all()) {
      const { alert, told: before } = incident;
      if (alert.state !== "resolved" || before.some((one) => one.route === route.name) || !goesBy(route, alert)) continue;
      const states = isHushed(alert) ? toldStates : route.resolved ? [] : (["firing"] as const);
      const refused = isHushed(alert) ? "it was silenced" : "it was over before it could be told";
      if (states.length > 0) book.put({ ...incident, told: [...before, ...states.map((state) => ({ route: route.name, state, at, refused }))] });
    }
  }

  /** What was put together and is not through, from the disk; what is over by now is out of it. */
  async function begun(): Promise<readonly Out[]> {
    const kept = [...log.cells(cell)].filter(([name]) => name === cell || name.startsWith(`${cell}/`));
    const outs = kept.map(([name, value]) => stillSo({ ...outSchema.parse(parseJson(value)), cell: name }));
    const ended = outs.filter(({ items }) => items.length === 0);
    if (ended.length > 0) {
      await keep([], ended.map((out) => ({ key: out.cell, value: null })));
      for (const { key } of ended) tries.delete(key);
      passOver();
    }
    return outs.filter(({ items }) => items.length > 0);
  }

  /** What is to be tried now; undefined where that is nothing. */
  async function next(): Promise<Out | undefined> {
    const open = await begun();
    const isWell = attempt === 0;
    const known = new Set(open.flatMap(({ items }) => items.map(nameOf)));
    const hasRoom = (item: Item): boolean => isWell || open.filter(({ items: [one] }) => one !== undefined && urgencyOf(one) === urgencyOf(item)).length < limits.alertMessagesTriedMax;
    const fresh = waiting().filter((item) => !known.has(nameOf(item)) && hasRoom(item)).sort(byUrgency);
    const triesOf = ({ key }: Out): number => (isWell ? 0 : (tries.get(key) ?? 0));
    const [old] = timer !== undefined ? [] : open.toSorted((a, b) => triesOf(a) - triesOf(b) || byFirst(a.items, b.items));
    const [first] = fresh;
    if (first === undefined || (old !== undefined && triesOf(old) === 0 && byFirst(old.items, fresh) < 0)) return old;
    return putTogether(fresh.filter((one) => groupOf(one) === groupOf(first)).slice(0, limits.alertsOfMessageMax));
  }

  async function putTogether(items: Out["items"]): Promise<Out> {
    const key = toHex(sha256(encoder.encode(JSON.stringify([route.name, log.origin, items.map((item) => [item.incident.alert.id, ...toldAs(item)])]))));
    const out: Out = { key, items, cell: `${cell}/${key}` };
    await keep([], [{ key: out.cell, value: encoder.encode(JSON.stringify({ key, items })) }]);
    return out;
  }

  /** Of a message that was put together before: without what is over by now. */
  function stillSo({ items, ...out }: Out): Out {
    return { ...out, items: items.filter(({ incident: { alert }, state }) => state === "resolved" || book.find(alert.id)?.alert.state !== "resolved") };
  }

  async function work(): Promise<void> {
    do {
      again = false;
      passOver();
      for (let out = await next(); out !== undefined && !closed; out = await next()) await tell(out);
    } while (again && !closed);
    if (attempt > 0 || failure === undefined || closed) return;
    ports.trace.note("info", `alerts: ${route.name} is told again; nothing was since ${failure.since}`);
    failure = undefined;
  }

  /** Fails where it is to be tried again. */
  async function tell(out: Out): Promise<void> {
    const { key, items } = out;
    const allowed: Out["items"] = [];
    const denied = new Map<string, string>();
    for (const item of items) {
      const answer = await mayGo(item.incident, route);
      if (answer.allow) allowed.push(item);
      else denied.set(item.incident.alert.id, answer.reason);
    }
    if (stillSo(out).items.length < items.length) return; // it ended while that was asked
    if (denied.size > 0) ports.trace.note("warn", `alerts: the policy does not let ${denied.size} go by ${route.name}: ${[...denied.values()][0] ?? ""}`);
    const message = messageOf({ key, route: route.name, node: log.origin, items: allowed.map(({ incident, ...item }) => ({ alert: incident.alert, ...item })) });
    tries.set(key, (tries.get(key) ?? 0) + 1);
    const answer = allowed.length === 0 ? undefined : await send(message);
    const at = isoTime(clock.wall().ms);
    const refused = answer?.outcome === "refused" ? answer.why : undefined;
    if (refused !== undefined) {
      remark = { why: refused, since: at };
      ports.trace.note("warn", `alerts: ${route.name} refused a message: ${refused}`);
    } else if (answer !== undefined) {
      told += 1;
      remark = answer.why === undefined ? undefined : { why: answer.why, since: at };
      if (answer.why !== undefined) ports.trace.note("warn", `alerts: ${route.name}: ${answer.why}`);
    }
    for (const { incident: { alert: { id, severity } }, state, hasRisen } of items) {
      const incident = book.find(id);
      if (incident === undefined || wasTold(incident, route.name, state, hasRisen === true ? severity : undefined)) continue;
      const why = denied.get(id) ?? refused;
      book.put({ ...incident, told: [...incident.told, { route: route.name, state, at, severity, ...(why === undefined ? {} : { refused: why }) }] });
    }
    const { to } = route;
    const left = answer?.outcome === "taken" && answer.left !== undefined ? [leftOver.add(message, answer.left, allowed.flatMap(({ incident: { alert }, state }) => (state === "firing" ? [alert.id] : [])))] : [];
    const records = to.kind !== "event" || allowed.length === 0 ? [] : [events.record({ stream: to.stream, type: toldType, class: classOf(allowed), producer: "alerts", data: parseBody(message) })];
    await keep(records, [{ key: out.cell, value: null }, ...left]);
    tries.delete(key);
    if (answer === undefined) return; // of the receiver that says nothing
    attempt = 0;
    timer?.cancel();
    timer = undefined;
  }

  const leftOver = createLeftOver({
    route: route.name, log, ports,
    send: async (message, to) => (route.to.kind === "email" && notifier !== undefined ? notifier.send({ ...route.to, to: [...to] }, message) : { outcome: "refused", why: "it has no recipients any more" }),
    isOver: (id) => book.find(id)?.alert.state === "resolved",
    keep: (cells) => keep([], cells),
  });

  async function send(message: NotifierMessage): Promise<Exclude<NotifierAnswer, { readonly outcome: "later" }>> {
    if (route.to.kind === "event") return { outcome: "taken" }; // it is appended with the note that it was told
    if (notifier === undefined) throw new Later("nothing here sends messages", undefined);
    const answer = await notifier.send(route.to, message);
    if (answer.outcome === "later") throw new Later(answer.why, answer.afterMs);
    return answer;
  }

  function failed(error: unknown): void {
    const { message: why } = error instanceof Later ? error : toHolonError(error);
    const waits = waiting().length;
    if (why !== failure?.why) ports.trace.note("warn", `alerts: nothing is told by ${route.name}: ${why}; ${waits} ${waits === 1 ? "waits, and is" : "wait, and are"} tried again`);
    const nowMs = clock.monotonicMs();
    failure = { why, since: failure?.since ?? isoTime(clock.wall().ms) };
    if (error instanceof Later && error.afterMs !== undefined) restsUntilMs = nowMs + error.afterMs;
    if (timer === undefined) dueMs = nowMs + backoffMs(attempt++, { firstMs: limits.alertRetryMs, maxMs: limits.alertRetryMaxMs }, 0.5 + ports.random.uniform() / 2);
    dueMs = Math.max(dueMs, restsUntilMs);
    timer?.cancel();
    timer = closed ? undefined : clock.after(dueMs - nowMs, () => {
      timer = undefined;
      wake();
    });
  }

  function wake(): void {
    if (closed || (timer !== undefined && clock.monotonicMs() < restsUntilMs)) return;
    if (working !== undefined) return void (again = true);
    working = work()
      .catch(failed)
      .finally(() => {
        working = undefined;
        if (again) wake();
      });
  }

  return {
    wake,
    status() {
      const trouble = failure ?? remark;
      return { route: route.name, to: route.to.kind, told, waiting: waiting().length, isFailing: failure !== undefined, problem: trouble?.why ?? null, since: trouble?.since ?? null };
    },
    async close() {
      closed = true;
      leftOver.close();
      timer?.cancel();
      await working;
    },
  };
}

interface Trouble {
  readonly why: string;
  readonly since: string;
}

/** What tells one that is told about an incident from the others. */
const toldAs = ({ state, hasRisen }: Owed | Item): readonly string[] => (hasRisen === true ? [state, "page"] : [state]);

const nameOf = (item: Item): string => [...toldAs(item), item.incident.alert.id].join(" ");

/** Lists of which the first is the most urgent, or all are as urgent. */
function byFirst([one]: readonly Item[], [other]: readonly Item[]): number {
  return one === undefined || other === undefined ? 0 : byUrgency(one, other);
}

/** What stands in one message: of one kind, at one site, begun or over. */
const groupOf = ({ incident: { alert }, state }: Item): string => `${state} ${alert.kind} ${alert.site ?? ""} ${alert.severity}`;

/** The strictest of them. */
const classOf = (items: Out["items"]): Incident["class"] => items.map(({ incident }) => incident.class).reduce(stricterClass, "public");

const parseBody = ({ body }: NotifierMessage): unknown => JSON.parse(body) as unknown;

class Later extends Error {
  readonly afterMs: number | undefined;

  constructor(message: string, afterMs: number | undefined) {
    super(message);
    this.afterMs = afterMs;
  }
}
