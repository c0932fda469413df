/**
 * Tells incidents by the routes of this node: each once that it is and once that it is over, for as long as it takes. What goes together is fixed, under one key, on disk before the first try;
 * so a power cut between a receiver's answer and the note of it sends the same message again under the same key, and never another one with the same in it. What is over by then is left out of
 * what is tried again, and told as over under a key of that: right for a receiver that had the first as for one that had not.
 *
 *     incident on disk ─▶ message on disk ─▶ guard ─▶ sent until taken ─▶ told, on disk
 */
import { incidentSchema, owed, toldStates, wasTold, type Incident, type ToldState } from "@holon/core/alert/incident.ts";
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
import { toldType } from "./alarms.ts";
import type { IncidentBook } from "./book.ts";
import { createLeftOver } from "./left-over.ts";
import { messageOf } from "./message.ts";

export interface RouteStatus {
  readonly route: string;
  readonly to: AlertRoute["to"]["kind"];
  /** Messages that were taken since this start. */
  readonly told: number;
  /** Incidents of which something is still to be told. */
  readonly waiting: number;
  readonly problem: string | null;
}

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
const outSchema = z.object({ key: z.string(), items: z.array(z.object({ incident: incidentSchema, state: z.enum(toldStates) })) });
type Out = z.infer<typeof outSchema>;

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
  let problem: string | null = null;
  let attempt = 0;
  let timer: Timer | undefined;
  let working: Promise<void> | undefined;
  let again = false;
  let closed = false;

  function hushed(): (alert: Alert) => boolean {
    const silences = book.silences();
    const nowMs = clock.wall().ms;
    return (alert) => isSilenced(silences, alert, nowMs);
  }

  /** A silenced one waits. */
  function waiting(): readonly Out["items"][number][] {
    const isHushed = hushed();
    return book.all().flatMap((incident) => {
      const { alert } = incident;
      const state = book.isOnDisk(alert.id) && goesBy(route, alert) && !isHushed(alert) ? owed(incident, route.name, route.resolved) : undefined;
      return state === undefined ? [] : [{ incident, state }];
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

  async function next(): Promise<Out | undefined> {
    const kept = log.cell(cell);
    if (kept !== undefined) {
      const out = stillSo(outSchema.parse(parseJson(kept)));
      if (out.items.length > 0) return out;
      await keep([], [{ key: cell, value: null }]);
      passOver();
    }
    const all = [...waiting()].sort((a, b) => (a.incident.alert.since < b.incident.alert.since ? -1 : 1));
    const [first] = all;
    if (first === undefined) return undefined;
    const group = groupOf(first);
    const items = all.filter((one) => groupOf(one) === group).slice(0, limits.alertsOfMessageMax);
    const key = toHex(sha256(encoder.encode(JSON.stringify([route.name, log.origin, items.map(({ incident, state }) => [incident.alert.id, state])]))));
    const out: Out = { key, items };
    await keep([], [{ key: cell, value: encoder.encode(JSON.stringify(out)) }]);
    return out;
  }

  /** Of a message that was put together before: without what is over by now. */
  function stillSo({ key, items }: Out): Out {
    return { key, items: items.filter(({ incident: { alert }, state }) => state === "resolved" || book.find(alert.id)?.alert.state !== "resolved") };
  }

  async function work(): Promise<void> {
    do {
      again = false;
      passOver();
      for (let out = await next(); out !== undefined && !closed; out = await next()) await tell(out);
    } while (again && !closed);
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
    const message = messageOf({ key, route: route.name, node: log.origin, items: allowed.map(({ incident, state }) => ({ alert: incident.alert, state })) });
    const answer = allowed.length === 0 ? undefined : await send(message);
    const refused = answer?.outcome === "refused" ? answer.why : undefined;
    if (refused !== undefined) {
      problem = refused;
      ports.trace.note("warn", `alerts: ${route.name} refused a message: ${refused}`);
    } else if (answer !== undefined) {
      told += 1;
      problem = answer.why ?? null;
      if (answer.why !== undefined) ports.trace.note("warn", `alerts: ${route.name}: ${answer.why}`);
    }
    attempt = 0;
    const at = isoTime(clock.wall().ms);
    for (const { incident: { alert: { id } }, state } of items) {
      const incident = book.find(id);
      if (incident === undefined || wasTold(incident, route.name, state)) continue;
      const why = denied.get(id) ?? refused;
      book.put({ ...incident, told: [...incident.told, { route: route.name, state, at, ...(why === undefined ? {} : { refused: why }) }] });
    }
    const { to } = route;
    const left = answer?.outcome === "taken" && answer.left !== undefined ? [leftOver.add(message, answer.left, allowed.flatMap(({ incident: { alert }, state }) => (state === "firing" ? [alert.id] : [])))] : [];
    const records = to.kind !== "event" || allowed.length === 0 ? [] : [events.record({ stream: to.stream, type: toldType, class: classOf(allowed), producer: "alerts", data: parseBody(message) })];
    await keep(records, [{ key: cell, value: null }, ...left]);
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

  function wake(): void {
    if (closed || timer !== undefined) return;
    if (working !== undefined) return void (again = true);
    working = work()
      .catch((error: unknown) => {
        problem = error instanceof Later ? error.message : toHolonError(error).message;
        const waitMs = backoffMs(attempt++, { firstMs: limits.alertRetryMs, maxMs: limits.alertRetryMaxMs }, 0.5 + ports.random.uniform() / 2);
        if (closed) return;
        timer = clock.after(Math.max(waitMs, (error instanceof Later ? error.afterMs : undefined) ?? 0), () => {
          timer = undefined;
          wake();
        });
      })
      .finally(() => {
        working = undefined;
        if (again && timer === undefined) wake();
      });
  }

  return {
    wake,
    status: () => ({ route: route.name, to: route.to.kind, told, waiting: waiting().length, problem }),
    async close() {
      closed = true;
      leftOver.close();
      timer?.cancel();
      await working;
    },
  };
}

/** What stands in one message: of one kind, at one site, begun or over. */
const groupOf = ({ incident: { alert }, state }: { readonly incident: Incident; readonly state: ToldState }): string => `${state} ${alert.kind} ${alert.site ?? ""} ${alert.severity}`;

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
