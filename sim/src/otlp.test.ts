/** OTLP in at a gateway that is cut off for a day, with power cuts, and out at the cloud to a collector that is away, busy and back: nothing lost, nothing doubled but what was on its way when the power went. */
import assert from "node:assert/strict";
import type { Collector } from "@holon/core/ports.ts";
import { decodeProtobuf, encodeProtobuf, type OtlpMessage } from "@holon/core/telemetry/otlp/encoding.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { Fleet } from "./fleet.ts";
import { holonProgram } from "./programs/program.ts";
import { World } from "./world.ts";

const hourMs = 3_600_000;

/** Takes requests, except when it does not: it is away, or says that it is busy. */
class SimCollector implements Collector {
  readonly #world: World;
  readonly #random: World["random"];
  readonly seen: { readonly span: string; readonly record: string }[] = [];
  refusals = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork("collector");
  }

  async post(url: string, _contentType: string, body: Uint8Array): ReturnType<Collector["post"]> {
    await this.#world.sleep(this.#random.between(1, 200));
    const fate = this.#random.uniform();
    if (fate < 0.5) this.refusals += 1;
    if (fate < 0.2) throw new Error("nobody answers");
    if (fate < 0.5) return { status: fate < 0.35 ? 503 : 429, retryAfterMs: fate < 0.4 ? 2_000 : undefined, body: new Uint8Array() };
    if (url.endsWith("/v1/traces")) for (const resource of listOf(decodeProtobuf("TracesRequest", body)["resourceSpans"])) this.#keep(resource);
    return { status: 200, retryAfterMs: undefined, body: new Uint8Array() };
  }

  #keep(resource: OtlpMessage): void {
    const record = /holon\.record","value":\{"stringValue":"([^"]+)/.exec(JSON.stringify(resource))?.[1] ?? "";
    for (const scope of listOf(resource["scopeSpans"])) for (const span of listOf(scope["spans"])) this.seen.push({ span: String(span["name"]), record });
  }
}

const listOf = (value: unknown): readonly OtlpMessage[] => (Array.isArray(value) ? (value as readonly OtlpMessage[]) : []);

const spanOf = (name: string): Uint8Array =>
  encodeProtobuf("TracesRequest", { resourceSpans: [{ resource: { attributes: [{ key: "service.name", value: { stringValue: "test" } }] }, scopeSpans: [{ scope: { name: "test" }, spans: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name, startTimeUnixNano: "1767225600000000000", endTimeUnixNano: "1767225600001000000" }] }] }] });

const inTurn = takesTurns(2);
for (const seed of [1, 2]) {
  inTurn(`a day without an uplink, power cuts at both ends, a collector that comes and goes (seed ${seed})`, async (context) => {
    const world = new World(seed);
    const fleet = new Fleet(world, await holonProgram());
    const collector = new SimCollector(world);
    const otlp = { traces: "public" as const };
    fleet.add({ name: "cloud", tier: "cloud", telemetry: telemetrySettingsSchema.parse({ export: { url: "http://collector", jurisdiction: "EU/DE" } }), wrap: (ports) => ({ ...ports, collector }) });
    fleet.add({ name: "gateway-1", tier: "gateway", parent: "cloud", telemetry: telemetrySettingsSchema.parse({ otlp }) });
    await fleet.bringUp();
    const gateway = fleet.members.get("gateway-1")?.machine;
    assert.ok(gateway);
    const cloud = fleet.root.machine;
    fleet.net.cut("gateway-1", "cloud", { reset: seed % 2 === 0 });
    const answered: string[] = [];
    const random = world.random.fork("times");
    const beginMs = world.nowMs;
    for (let number = 1; number <= 96; number++) {
      world.at(beginMs + number * (hourMs / 4) * random.between(0.9, 1), () => {
        const name = `span-${number}`;
        gateway.subject?.telemetry?.take("traces", "application/x-protobuf", spanOf(name)).then(() => answered.push(name), () => undefined);
      });
    }
    for (const hour of [5, 13]) world.at(beginMs + hour * hourMs + 3, () => gateway.crash("power", 5_000));
    await world.run({ timeMs: beginMs + 24 * hourMs });
    assert.ok(answered.length > 90);
    assert.equal(collector.seen.length, 0);
    fleet.net.healAll();
    let crashes = 0;
    for (const afterMs of [1_500, 4_000, 9_000]) {
      world.after(afterMs, () => {
        crashes += 1;
        cloud.crash("power", 1_000);
      });
    }
    const isDone = (): boolean => crashes === 3 && fleet.hasConverged() && (cloud.subject?.telemetry?.exporting()?.behind ?? 1) === 0;
    await world.run({ condition: isDone, timeMs: world.nowMs + hourMs });
    assert.ok(isDone(), "it never got there");
    assert.ok(collector.refusals > 0);
    const names = collector.seen.map(({ span }) => span);
    for (const name of answered) assert.ok(names.includes(name), `${name} was answered and is not at the collector`);
    const doubled = names.filter((name, index) => names.indexOf(name) !== index);
    const records = new Set(collector.seen.map(({ span, record }) => `${span} ${record}`));
    assert.equal(records.size, new Set(names).size, "what came twice is the same record");
    assert.ok(doubled.length === 0 || crashes > 0);
    context.diagnostic(`${names.length} arrived, ${doubled.length} of them twice`);
  });
}
