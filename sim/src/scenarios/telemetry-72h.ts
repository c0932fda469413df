/**
 * A site is cut off for three days, works on and measures itself all the while: a function handles each reading, the way of each is followed, and an SDK tells its gateways what it has seen. At every look the fleet's
 * answer says of whom it knows nothing, since when, and is right about it; when the uplink is back, the first and the last hour arrive minute by minute and step by step, the time between merged and thinned by rule,
 * what the SDK told all of it, every total is what was done, and the charts say that they were corrected.
 */
import { streamNames } from "@holon/core/schema/event.ts";
import { limits } from "@holon/core/limits.ts";
import { telemetrySettingsSchema, type TelemetrySettings } from "@holon/core/telemetry/settings.ts";
import type { FleetStatus } from "@holon/core/telemetry/fleet-status.ts";
import { encodeJson, encodeProtobuf, type OtlpMessage } from "@holon/core/telemetry/otlp/encoding.ts";
import { shapes, signals, type Signal } from "@holon/core/telemetry/otlp/convert.ts";
import { checkFollowed, checkTaken } from "../checkers/followed.ts";
import { checkClaims, checkFull, checkSteps, TelemetryLedger } from "../checkers/telemetry.ts";
import { worldBeginsMs } from "../clock.ts";
import type { Fleet, Member } from "../fleet.ts";
import { followedProgram } from "../programs/followed.ts";
import { readLane } from "../read-lane.ts";
import type { Scenario, ScenarioSize } from "../scenario.ts";

const hoursDefault = 72;
const hourMs = 3_600_000;
const everyMs = 60_000;
/** A shorter outage has a shorter first and last hour. */
const settingsFor = (hours: number): TelemetrySettings => telemetrySettingsSchema.parse({ everyMs, otlp: { traces: "derived", metrics: "derived", logs: "derived" }, ...(hours < 12 ? { fullMs: 900_000, coarseMs: 300_000 } : {}) });
/** Time for all to have told before the island begins, and after it has ended. */
const settleMs = 10 * everyMs;
/** Not at the full minute, when windows are on their way. */
const lookEveryMs = 7 * everyMs;
const lookOffsetMs = 37_000;
/** How long a broken line may stay unnoticed: the silence after which a link is closed. */
const noticedMs = 60_000;
/** How old the last sign of life over a quiet line is at most: silent is who is not heard, since it was heard last. */
const lastSignMs = 2 * limits.linkPingMs + 2_000;
const cloud = "cloud";
const island: readonly string[] = ["edge-1", "gateway-1", "gateway-2"];
/** Cut off from its own edge too, so that one that has much to count waits with it. */
const alone = "gateway-2";
const gateways: readonly string[] = ["gateway-1", alone, "gateway-3"];
/** How often an SDK tells each gateway something. */
const sdkEveryMs = 11 * everyMs + 7_000;
/** Until a link that may be used again is. */
const againMs = 2 * noticedMs;

interface Watched {
  readonly ledger: TelemetryLedger;
  readonly violations: string[];
  /** By gateway: what of an SDK it acknowledged. */
  readonly taken: ReadonlyMap<string, string[]>;
  cutMs: number;
  healedMs: number;
  looks: number;
}
const watchedOf = new WeakMap<Fleet, Watched>();

export const telemetry72h: Scenario = {
  name: "telemetry-72h",
  about: "A site without an uplink for 72 hours: what the fleet says of itself is right at every look, and all that was measured arrives.",
  convergeMsMax: 900_000,
  program: followedProgram,
  safetyMs: (_world, { hours = hoursDefault }) => hours * hourMs,
  build(fleet, { hours = hoursDefault }: ScenarioSize) {
    const random = fleet.world.random.fork("topology");
    const devices = () => ({ readingsPerSecond: random.between(0.002, 0.02), burstChance: 0.05, burstMax: 40, markerEvery: random.integer(2, 10) });
    const measured = { telemetry: settingsFor(hours) };
    fleet.add({ name: cloud, tier: "cloud", ...measured });
    fleet.add({ name: "edge-1", tier: "edge", parent: cloud, site: "site-1", ...measured });
    fleet.add({ name: "edge-2", tier: "edge", parent: cloud, site: "site-2", ...measured });
    for (const name of ["gateway-1", "gateway-2"]) fleet.add({ name, tier: "gateway", parent: "edge-1", site: "site-1", devices: devices(), ...measured });
    fleet.add({ name: "gateway-3", tier: "gateway", parent: "edge-2", site: "site-2", devices: devices(), ...measured });
  },
  plan(fleet, untilMs) {
    const { world, net } = fleet;
    const watched: Watched = { ledger: new TelemetryLedger(world), violations: [], taken: new Map(gateways.map((name) => [name, []])), cutMs: world.nowMs + settleMs, healedMs: untilMs, looks: 0 };
    watchedOf.set(fleet, watched);
    for (const { machine } of fleet.members.values()) if (machine.subject !== undefined) watched.ledger.attach(machine.name, machine.subject.log);
    const random = world.random.fork("cut");
    const reset = [random.chance(0.5), random.chance(0.5)] as const;
    world.at(watched.cutMs, () => {
      net.cut("edge-1", cloud, { reset: reset[0] });
      net.cut(alone, "edge-1", { reset: reset[1] });
    });
    lookAgain(fleet, watched);
    for (const name of gateways) tellAgain(fleet, watched, name, 1);
  },
  watch: (fleet) => ({ see: () => undefined, hasConverged: () => fleet.world.nowMs > (watchedOf.get(fleet)?.healedMs ?? 0) + settleMs, violations: () => [] }),
  async check(fleet) {
    const watched = watchedOf.get(fleet);
    if (watched === undefined) return ["nothing was planned"];
    await fleet.world.drive(look(fleet, watched));
    const seen = watched.violations.splice(0);
    await fleet.world.drive(checkCharts(fleet, watched));
    for (const name of ["edge-1", alone]) checkThinned(fleet, watched, name);
    for (const name of gateways) await checkWork(fleet, watched, name);
    if (watched.looks < 10) watched.violations.push(`the run proves nothing: ${watched.looks} looks`);
    // What is wrong at every look would hide what is wrong at the end.
    return [...watched.violations.slice(0, 20), ...seen.slice(0, 20)];
  },
  findings: (fleet) => {
    const watched = watchedOf.get(fleet);
    return { violations: [], figures: { telemetryLooks: watched?.looks ?? 0, telemetryWindows: [...(watched?.ledger.windows.values() ?? [])].reduce((sum, windows) => sum + windows.length, 0), telemetryLines: watched?.ledger.windows.size ?? 0, telemetryTaken: [...(watched?.taken.values() ?? [])].reduce((sum, names) => sum + names.length, 0) } };
  },
};

function lookAgain(fleet: Fleet, watched: Watched): void {
  const { world } = fleet;
  const nextMs = Math.ceil((world.nowMs + lookEveryMs) / everyMs) * everyMs + lookOffsetMs;
  world.at(nextMs, () => {
    look(fleet, watched).catch((error: unknown) => watched.violations.push(String(error)));
    if (world.nowMs < watched.healedMs + settleMs) lookAgain(fleet, watched);
  });
}

/** An SDK tells a gateway in turn of a log, a figure and a step, in both encodings. */
function tellAgain(fleet: Fleet, watched: Watched, name: string, number: number): void {
  const { world } = fleet;
  world.after(sdkEveryMs, () => {
    const { telemetry } = fleet.members.get(name)?.machine.subject ?? {};
    const signal = signals[number % signals.length] ?? "logs";
    const text = `sdk-${signal}-${number}`;
    const told = number % 2 === 0 ? telemetry?.take(signal, "application/json", encodeJson(sdkRequest(signal, text))) : telemetry?.take(signal, "application/x-protobuf", encodeProtobuf(shapes[signal].request, sdkRequest(signal, text)));
    told?.then(() => watched.taken.get(name)?.push(text)).catch((error: unknown) => watched.violations.push(`${name} did not take ${text}: ${String(error)}`));
    if (world.nowMs + sdkEveryMs < watched.healedMs) tellAgain(fleet, watched, name, number + 1);
  });
}

function sdkRequest(signal: Signal, text: string): OtlpMessage {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "line" } }] };
  const timeUnixNano = "1767225600000000000";
  if (signal === "logs") return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [{ timeUnixNano, body: { stringValue: text } }] }] }] };
  if (signal === "metrics") return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: text, gauge: { dataPoints: [{ timeUnixNano, asDouble: 1 }] } }] }] }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: text, startTimeUnixNano: timeUnixNano, endTimeUnixNano: timeUnixNano }] }] }] };
}

/** What its function did and an SDK told it is at the cloud: all of it but what the rule leaves below, each once. */
async function checkWork(fleet: Fleet, { violations, taken, cutMs, healedMs }: Watched, name: string): Promise<void> {
  const [own, root] = [fleet.members.get(name), fleet.root.machine.subject];
  if (own?.machine.subject === undefined || root === undefined) return void violations.push(`${name} is not there at the end`);
  const [local, arrived] = await fleet.world.drive(Promise.all([readLane(own.machine.subject, { origin: own.machine.name, stream: "local" }), readLane(root, { origin: own.machine.name, stream: "telemetry" })]));
  const { fullMs } = own.config.telemetry ?? settingsFor(hoursDefault);
  // Of a node whose own link is open nothing is thinned, whatever is cut above it.
  const mayBeThinned = (wallMs: number): boolean => name === alone && wallMs - worldBeginsMs >= cutMs + fullMs && wallMs - worldBeginsMs <= healedMs - fullMs + againMs;
  const found = checkFollowed("door counter/device", "counter/count", { node: name, local, arrived, mayBeThinned });
  violations.push(...found.violations.slice(0, 10), ...checkTaken(name, arrived, taken.get(name) ?? []).slice(0, 10));
  if (name === alone && healedMs - cutMs > 4 * fullMs && found.thinned === 0) violations.push(`no step of ${name} stayed there`);
  if (found.whole === 0 || (taken.get(name)?.length ?? 0) === 0) violations.push(`the run proves nothing of ${name}: ${found.whole} readings followed, ${taken.get(name)?.length ?? 0} requests taken`);
}

/** What the cloud says, and what the island says of itself. */
async function look(fleet: Fleet, watched: Watched): Promise<void> {
  for (const answerer of [cloud, "edge-1"]) {
    const subject = fleet.members.get(answerer)?.machine.subject;
    if (subject?.telemetry === undefined) {
      watched.violations.push(`${answerer} does not answer`);
      continue;
    }
    const { telemetry, log } = subject;
    const status = await telemetry.fleet({});
    watched.looks += 1;
    const members: readonly Member[] = [...fleet.members.values()].filter(({ config: { name }, parent }) => answerer === cloud || name === answerer || parent === answerer);
    if (status.completeness.nodes !== members.length) watched.violations.push(`${answerer} knows of ${status.completeness.nodes} nodes of ${members.length}`);
    const head = (node: string): number => log.heads().get(`${node}/telemetry`)?.mark.sequence ?? 0;
    watched.violations.push(...checkClaims(watched.ledger, answerer, { status, totals: (node) => telemetry.latest(node)?.totals, head }).map((violation) => `${answerer}, ${violation}`));
    watched.violations.push(...checkStates(fleet, watched, answerer, status));
    if (answerer === cloud) watched.violations.push(...(await checkNewest(fleet, watched)));
  }
}

/** The last steps of every chart, up to the one in the making, as somebody sees them who looks at this moment. */
async function checkNewest({ root: { machine: { subject } }, world }: Fleet, { ledger }: Watched): Promise<readonly string[]> {
  if (subject?.telemetry === undefined) return [];
  const nowMs = worldBeginsMs + world.nowMs;
  const from = new Date(Math.max(worldBeginsMs, Math.floor(nowMs / everyMs) * everyMs - 5 * everyMs)).toISOString();
  const violations: string[] = [];
  for (const node of ["gateway-1", "gateway-2", "gateway-3"]) {
    const { asOf, series } = await subject.telemetry.series({ name: "holon.log.records", node, by: "attributes", from, to: new Date(nowMs).toISOString(), stepMs: everyMs });
    const head = subject.log.heads().get(`${node}/telemetry`)?.mark.sequence ?? 0;
    for (const { labels, points } of series) {
      const stream = streamNames.find((name) => name === labels["stream"]);
      if (stream !== undefined && stream !== "telemetry") violations.push(...checkSteps(ledger, { node, stream, points, stepMs: everyMs, head, nowMs: Date.parse(asOf) }));
    }
  }
  return violations;
}

/** Nobody is called present who cannot be heard, and nobody silent who is. */
function checkStates({ world }: Fleet, { cutMs, healedMs }: Watched, answerer: string, { nodes }: FleetStatus): readonly string[] {
  const isCutOff = world.nowMs > cutMs + noticedMs && world.nowMs < healedMs;
  const isWhole = world.nowMs < cutMs || world.nowMs > healedMs + 2 * everyMs;
  return nodes.flatMap(({ node, state, since }) => {
    const isBeyond = answerer === cloud ? island.includes(node) : node === alone;
    if (isCutOff && isBeyond) {
      const sinceMs = since === null ? undefined : Date.parse(since) - worldBeginsMs;
      if (state !== "silent") return [`${node} is cut off, and ${answerer} says that it is ${state}`];
      return sinceMs !== undefined && sinceMs >= cutMs - lastSignMs && sinceMs <= cutMs + noticedMs ? [] : [`${node} is silent since ${cutMs}, and ${answerer} says since ${sinceMs ?? "nothing"}`];
    }
    return (isWhole || !isBeyond) && state !== "present" ? [`${node} is there, and ${answerer} says that it is ${state}`] : [];
  });
}

/** Over the whole time the charts add up to what was done, and those of the island say that they were corrected. */
async function checkCharts(fleet: Fleet, watched: Watched): Promise<void> {
  const { machine: { subject } } = fleet.root;
  if (subject?.telemetry === undefined) return;
  const fromMs = worldBeginsMs;
  const toMs = worldBeginsMs + fleet.world.nowMs + everyMs;
  const { series } = await subject.telemetry.series({ name: "holon.log.records", by: "node", from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), stepMs: 900_000 });
  for (const { labels, points } of series) {
    const node = labels["node"] ?? "";
    const sum = points.reduce((total, { value }) => total + (value ?? 0), 0);
    // What was counted of it was held against its log at this look.
    const counted = [...(subject.telemetry.latest(node)?.totals ?? [])].reduce((total, [key, value]) => (key.startsWith("holon.log.records") ? total + value : total), 0);
    if (counted === 0 || Math.abs(sum - counted) > 1e-6 * counted) watched.violations.push(`the chart of ${node} adds up to ${sum} records, and ${counted} were counted`);
    const revised = points.filter((point) => point.revised !== undefined).length;
    if (island.includes(node) !== revised > 0) watched.violations.push(`${revised} steps of ${node} are shown as corrected`);
  }
}

function checkThinned(fleet: Fleet, watched: Watched, node: string): void {
  const { ledger, violations } = watched;
  const cutMs = worldBeginsMs + watched.cutMs + noticedMs;
  const healedMs = worldBeginsMs + watched.healedMs;
  const windows = ledger.windowsOf(node).map(({ window }) => window);
  const settings = fleet.members.get(node)?.config.telemetry ?? settingsFor(hoursDefault);
  violations.push(...checkFull(windows, `the first hour of ${node}`, cutMs, Math.min(cutMs + settings.fullMs - noticedMs, healedMs), everyMs));
  violations.push(...checkFull(windows, `the last hour of ${node}`, Math.max(cutMs, healedMs - settings.fullMs), healedMs, everyMs));
  if (watched.healedMs - watched.cutMs > 4 * settings.fullMs && !windows.some(({ merged }) => merged > 1)) violations.push(`nothing of ${node} was merged`);
}
