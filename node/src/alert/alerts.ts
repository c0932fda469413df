/**
 * What is wrong with what this node knows of, and who is told. It looks every few seconds: at who is silent, at how error budgets burn, at alarms in its log, at what nodes below told. All of
 * that is incidents on its disk, and works with no uplink.
 */
import { createClockBelief } from "@holon/core/clock-belief.ts";
import { over, owed, type Incident } from "@holon/core/alert/incident.ts";
import { placeKey } from "@holon/core/alert/board.ts";
import { endedText } from "@holon/core/alert/ended-text.ts";
import type { ObjectiveList } from "@holon/core/alert/objective-row.ts";
import type { RouteStatus } from "@holon/core/alert/route-status.ts";
import { goesBy, silencedSchema, silencedUntil, type Silenced } from "@holon/core/alert/routing.ts";
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Lane, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Notifier, Random, Timer, Trace } from "@holon/core/ports.ts";
import { alertingSchema, type Alerting } from "@holon/core/schema/alerting.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { alertSchema, type Alert, type AlertList, type ShownAlert } from "@holon/core/telemetry/alert.ts";
import { isExcused } from "@holon/core/telemetry/completeness.ts";
import type { FleetRow, FleetStatus } from "@holon/core/telemetry/fleet-status.ts";
import { createSilenceWatch, silenceNow } from "@holon/core/telemetry/silence.ts";
import type { Window } from "@holon/core/telemetry/window.ts";
import { createTurns } from "@holon/core/turns.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";
import { acknowledgedType, createAlarms, endedType, firedType } from "./alarms.ts";
import { openBook, silenceCell } from "./book.ts";
import { createDeclarations } from "./declared.ts";
import { createDelivery, type DeliveryOptions } from "./delivery.ts";
import { judgedTotals } from "./judged.ts";
import { askLeaving } from "./leaving.ts";
import { createObjectives } from "./objectives.ts";
import { overOfRevoked } from "./of-revoked.ts";

export interface Alerts {
  start(): void;
  committed(lanes: readonly Lane[], cells: readonly string[]): void;
  /** A window of this node or of one below is here. */
  window(node: string, site: string, window: Window): void;
  /** What was judged here, for the next window. */
  judged(): Promise<ReadonlyMap<string, number>>;
  list(status: FleetStatus): Pick<AlertList, "alerts" | "asOf" | "completeness">;
  objectives(status: FleetStatus): ObjectiveList;
  routes(): readonly RouteStatus[];
  /** Somebody has taken it on. `HOLON_ALERT_UNKNOWN`. */
  acknowledge(id: string, by: string, note: string): Promise<Alert>;
  /** A node below told that somebody has. */
  acknowledged(told: { readonly id: string; readonly by: string; readonly at: string; readonly note: string }): void;
  silences(): readonly Silenced[];
  /** `HOLON_ARGUMENT_BAD`, `HOLON_ALERT_FULL`. */
  silence(silenced: Omit<Silenced, "from">): Promise<Silenced>;
  /** `HOLON_ALERT_UNKNOWN`. */
  unsilence(name: string, by: string): Promise<void>;
  close(): Promise<void>;
}

export interface AlertsOptions {
  readonly config: Pick<NodeConfig, "site" | "parent" | "listen" | "siblings" | "jurisdiction" | "alerts">;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly guard: Pick<Guard, "inForce">;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly trace: Trace; readonly notifier?: Notifier | undefined };
  sha256(bytes: Uint8Array): Uint8Array;
  /** Of all whom this node knows. */
  status(): Promise<FleetStatus>;
  throughOf(node: string): number | undefined;
  siteOf(node: string): string | undefined;
  /** A time of a node's clock in that run of it, as it was by the clock here. */
  here(node: string, atMs: number, epoch: string): number;
  /** Whether a node that this one knows belongs to it. */
  isSite(site: string): Promise<boolean>;
  failed(error: unknown): void;
  /** For tests of the checkers. */
  readonly delivery?: AlertParts | undefined;
}

/** Parts of delivery that a test may put in another's place. */
export interface AlertParts {
  readonly create?: ((options: DeliveryOptions) => ReturnType<typeof createDelivery>) | undefined;
  /** Whom a silence is told by; without it one node alone. */
  readonly silence?: typeof createSilenceWatch | undefined;
}

const routePrefix = "alert/route/";
const encoder = new TextEncoder();

export function createAlerts(options: AlertsOptions): Alerts {
  const { config, log, events, ports, sha256, delivery: parts = {} } = options;
  const { clock } = ports;
  const self = log.origin;
  const settings: Alerting = config.alerts ?? alertingSchema.parse({});
  const isRoot = config.parent === undefined;
  const isOwed = (incident: Incident): boolean => settings.routes.some((route) => goesBy(route, incident.alert) && owed(incident, route.name, route.resolved) !== undefined);
  const book = openBook({ log, jurisdiction: config.jurisdiction, sha256, isOwed });
  for (const alert of earlier(log)) book.hear({ alert, class: "public", jurisdiction: config.jurisdiction, node: self });
  const declarations = createDeclarations(log, settings.objectives);
  const inTurn = createTurns();
  const isClockBelieved = createClockBelief(clock);
  const objectives = createObjectives({ log, declarations, sha256, place: { site: config.site, isRoot, takesChildren: config.listen !== undefined && config.siblings.length === 0 } });
  const alarms = createAlarms({ log, book, settings, siteOf: options.siteOf, here: options.here, failed: options.failed });
  const ownOpen = (accepts: (alert: Alert) => boolean): readonly Alert[] => book.all().flatMap(({ alert, tellers }) => (tellers.some(({ node, isOver }) => node === self && !isOver) && accepts(alert) ? [alert] : []));
  const silence = (parts.silence ?? createSilenceWatch)({ self, isRoot, firing: ownOpen(({ kind }) => kind === "silence"), fromMs: log.head({ origin: self, stream: "telemetry" })?.sequence === undefined ? Number.NEGATIVE_INFINITY : clock.monotonicMs() + limits.silenceStartMs });
  const mayGo = askLeaving({ guard: options.guard, log, events, jurisdiction: config.jurisdiction });
  const delivery = (parts.create ?? createDelivery)({ routes: settings.routes, log, book, events, notifier: ports.notifier, ports, sha256, mayGo, keep });
  /** Told from below, perhaps before the alert itself is read. */
  const acknowledgements = new Map<string, Parameters<Alerts["acknowledged"]>[0]>();
  /** What was found and is not in the log yet. */
  const unsaid: Alert[] = [];
  let keptAtMs = clock.monotonicMs();
  let timer: Timer | undefined;
  let looking: Promise<void> | undefined;
  let closed = false;

  async function keep(records: readonly NewRecord[], cells: readonly CellChange[]): Promise<void> {
    const changes = book.changes();
    if (records.length + cells.length + changes.cells.length === 0) return;
    try {
      await log.append({ records, cells: [...changes.cells, ...cells] });
    } catch (error) {
      changes.failed();
      throw error;
    }
    changes.saved();
  }

  async function look(): Promise<void> {
    const nowMs = clock.wall().ms;
    const status = await options.status();
    const read = await alarms.read(nowMs);
    const burning = new Map(ownOpen(({ kind }) => kind !== "silence" && kind !== "alarm").map((alert) => [placeKey(alert.rule, alert.subject), alert]));
    unsaid.push(...silence.look(status.nodes, { wallMs: nowMs, monotonicMs: clock.monotonicMs() }), ...objectives.look(status.nodes, nowMs, burning).filter((alert) => isNews(alert, burning.get(placeKey(alert.rule, alert.subject)))));
    const said = [...unsaid];
    for (const alert of said) book.hear({ alert, class: "public", jurisdiction: config.jurisdiction, node: self });
    takeAcknowledgements();
    for (const incident of overOfRevoked(book.all(), status.nodes, isoTime(nowMs))) book.put(incident);
    overElsewhere(status, nowMs);
    const awaited = new Set(status.nodes.filter(({ state }) => !isExcused(state)).map(({ node }) => node));
    alarms.quiet(nowMs, (node) => (awaited.has(node) ? options.throughOf(node) : undefined));
    const isKeeping = clock.monotonicMs() - keptAtMs >= limits.objectiveKeepMs;
    if (isKeeping) keptAtMs = clock.monotonicMs();
    const records = said.map((alert): NewRecord => events.record({ stream: "alarm", type: alert.state === "firing" ? firedType : endedType, class: "public", producer: "alerts", subject: alert.subject, data: asSaid(alert) }));
    await keep(records, [...read, ...(isKeeping ? objectives.cells() : [])]);
    unsaid.splice(0, said.length);
    delivery.wake();
  }

  function takeAcknowledgements(): void {
    for (const [told, { by, at, note }] of acknowledgements) {
      const incident = book.find(told);
      if (incident === undefined) continue;
      acknowledgements.delete(told);
      if (incident.acknowledged === null) book.put({ ...incident, acknowledged: { by, at, note } });
    }
  }

  /** Who is silent to the node that it was connected to, and heard here by another way, or stopped, is not silent. */
  function overElsewhere({ nodes }: FleetStatus, nowMs: number): void {
    const open = book.all().filter(({ alert }) => alert.kind === "silence" && alert.state === "firing");
    if (open.length === 0) return;
    const rows = new Map(nodes.map((row) => [row.node, row]));
    for (const incident of open) {
      const row = rows.get(incident.alert.subject);
      if (row === undefined || row.state === "silent") continue;
      book.put(over(incident, (teller) => teller !== self && (isExcused(row.state) || (row.link === "up" && row.parent !== teller)), isoTime(nowMs)));
    }
  }

  function later(): void {
    if (closed) return;
    timer = clock.after(limits.alertLookMs, () => {
      looking = look()
        .catch(options.failed)
        .finally(() => {
          looking = undefined;
          later();
        });
    });
  }

  /** A route that is new is told of what is wrong now, and not of what was before it. */
  async function begin(): Promise<void> {
    const old = [...log.cells(earlierPrefix).keys()].filter(isEarlier).map((key): CellChange => ({ key, value: null }));
    old.push(...alarms.begun());
    const fresh = settings.routes.filter(({ name }) => log.cell(`${routePrefix}${name}`) === undefined);
    if (fresh.length === 0) return keep([], old);
    const at = isoTime(clock.wall().ms);
    for (const incident of book.all()) {
      if (incident.alert.state !== "resolved") continue;
      const told = fresh.flatMap(({ name }) => (["firing", "resolved"] as const).map((state) => ({ route: name, state, at, refused: "it was over before this route was" })));
      book.put({ ...incident, told: [...incident.told, ...told] });
    }
    await keep([], [...old, ...fresh.map(({ name }): CellChange => ({ key: `${routePrefix}${name}`, value: encoder.encode(JSON.stringify({ at })) }))]);
  }

  const judged = (): Promise<ReadonlyMap<string, number>> => inTurn(() => judgedTotals(log, declarations.own()));
  const audit = (type: string, subject: string, data: unknown): NewRecord => events.record({ stream: "audit", type, class: "public", producer: "alerts", subject, data });

  return {
    start() {
      void begin().catch(options.failed).finally(later);
      delivery.wake();
    },
    committed(lanes, cells) {
      alarms.committed(lanes);
      if (!declarations.committed(cells)) return;
      objectives.changed();
      if (!closed) judged().catch(options.failed); // what is new begins here
    },
    window: (node, site, told) => objectives.told(node, site, told, { ms: clock.wall().ms, isBelieved: isClockBelieved() }),
    judged,
    list(status) {
      const nowMs = Date.parse(status.asOf);
      const silenced = book.silences();
      const rows = new Map(status.nodes.map((row) => [row.node, row]));
      const isHeard = (node: string): boolean => node === self || rows.get(node)?.state !== "silent";
      const shown = book.all().map(({ alert, tellers, told, acknowledged }): ShownAlert => ({
        ...alert,
        message: messageNow(alert, rows.get(alert.subject)),
        // Whoever would say that it is over is not heard.
        state: alert.state === "firing" && !tellers.some(({ node, isOver }) => !isOver && isHeard(node)) ? "unknown" : alert.state,
        acknowledged,
        silencedUntil: silencedUntil(silenced, alert, nowMs),
        told: [...told],
      }));
      const order = ["firing", "unknown", "resolved"];
      return { asOf: status.asOf, completeness: status.completeness, alerts: shown.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || ((a.until ?? a.since) > (b.until ?? b.since) ? -1 : 1)) };
    },
    objectives(status) {
      const rows = objectives.rows(status.nodes, Date.parse(status.asOf));
      return { asOf: status.asOf, node: self, completeness: status.completeness, objectives: [...rows], total: rows.length };
    },
    routes: delivery.status,
    async acknowledge(id, by, note) {
      const incident = book.find(id);
      if (incident === undefined) throw new HolonError("HOLON_ALERT_UNKNOWN", `there is no alert ${id} here`, { next: "See `holon alert list`." });
      const at = isoTime(clock.wall().ms);
      book.put({ ...incident, acknowledged: { by, at, note } });
      await keep([audit(acknowledgedType, incident.alert.subject, { id: incident.alert.id, by, at, note })], []);
      return asSaid(incident.alert);
    },
    acknowledged(told) {
      if (acknowledgements.size >= limits.alertsResolvedMax) acknowledgements.delete([...acknowledgements.keys()][0] ?? "");
      acknowledgements.set(told.id, told);
    },
    silences: () => book.silences(),
    async silence(wanted) {
      const nowMs = clock.wall().ms;
      const untilMs = Date.parse(wanted.until);
      if (!(untilMs > nowMs) || untilMs > nowMs + limits.alertSilenceMsMax) throw new HolonError("HOLON_ARGUMENT_BAD", `alerts are silenced until a time within ${limits.alertSilenceMsMax / 86_400_000} days, and not until ${wanted.until}`);
      // A name that is mistyped would silence nothing, and nobody would know before the night.
      if (wanted.site !== undefined && !(await options.isSite(wanted.site))) throw new HolonError("HOLON_ARGUMENT_BAD", `no node that ${self} knows belongs to the site ${wanted.site}`, { next: "See the sites in `holon node list`; silence one when its first node is enrolled." });
      const ended = book.silences().filter(({ until }) => Date.parse(until) <= nowMs);
      if (book.silences().length - ended.length >= limits.alertSilencesMax) throw new HolonError("HOLON_ALERT_FULL", `${limits.alertSilencesMax} times are silenced already`, { next: "End one with `holon alert silence --end NAME`." });
      const silenced = silencedSchema.parse({ ...wanted, from: isoTime(nowMs) });
      await keep([audit("holon.alert.silenced", silenced.name, silenced)], [...ended.map(({ name }): CellChange => ({ key: silenceCell(name), value: null })), { key: silenceCell(silenced.name), value: encoder.encode(JSON.stringify(silenced)) }]);
      return silenced;
    },
    async unsilence(name, by) {
      if (!book.silences().some((one) => one.name === name)) throw new HolonError("HOLON_ALERT_UNKNOWN", `nothing is silenced by the name ${name}`, { next: "See `holon alert list`." });
      await keep([audit("holon.alert.unsilenced", name, { name, by })], [{ key: silenceCell(name), value: null }]);
      delivery.wake();
    },
    async close() {
      closed = true;
      timer?.cancel();
      await looking;
      await delivery.close();
      await keep([], objectives.cells()).catch(options.failed);
    },
  };
}

/** Of a silence that goes on, what is known of it by now: it was told of when it began, and may be known better since. What is over is said as over. */
const messageNow = (alert: Alert, row: FleetRow | undefined): string => (alert.state === "resolved" ? endedText(alert) : alert.kind === "silence" && row !== undefined ? silenceNow(alert, row) : alert.message);

/** What is over is told as over. */
const asSaid = (alert: Alert): Alert => (alert.state === "resolved" ? { ...alert, message: endedText(alert) } : alert);

/** What goes into the log: that it is, that it became worse, that it is over. */
const isNews = (alert: Alert, before: Alert | undefined): boolean => before === undefined || alert.state === "resolved" || alert.severity !== before.severity;

/** Of a node that kept alerts one by one, by subject: what fired then goes on. */
const earlierPrefix = "alert/";
const isEarlier = (key: string): boolean => !key.slice(earlierPrefix.length).includes("/");
const earlier = (log: SegmentLog): readonly Alert[] => [...log.cells(earlierPrefix)].flatMap(([key, cell]) => (isEarlier(key) ? [alertSchema.parse(parseJson(cell))] : []));
