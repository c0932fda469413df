/** One of the two gateways of suite `telemetry`, in a process of its own so that its processor time is its own. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { openBenchNode } from "./link-node.ts";
import type { FromGateway, GatewayStart } from "./telemetry.ts";

const { folder, name, parent, isMeasured, minutes, readingsPerSecond, answeredOf } = JSON.parse(process.argv[2] ?? "{}") as GatewayStart;
const say = (news: FromGateway): void => void process.send?.(news);
const readingType = "bench.reading";
const code = `var a={kind:"holon.function",on:{type:"${readingType}"},emits:{"bench.judged":{stream:"data",class:"derived"}},models:[],run(e,c){let m=Number(c.state.get("mean")??0);m+=(e.data.v-m)/64;c.state.set("mean",m);if(e.data.n%${answeredOf}===0)c.emit("bench.judged",{data:{n:e.data.n,off:e.data.v-m}})}};export{a as default};`;

const { node, delivered, close } = await openBenchNode(folder, { name, tier: "gateway", parent, ...(isMeasured ? { telemetry: telemetrySettingsSchema.parse({}) } : {}) });
const judge = { name: "judge", code: await node.blobs.put(new TextEncoder().encode(code)), on: { type: readingType }, emits: { "bench.judged": { stream: "data", class: "derived" } }, models: [] };
const desired = desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: name, version: 1, plan: "bench", apps: [{ name: "bench", functions: [judge], models: [], egress: [{ class: "derived", to: "*" }] }] });
await node.log.append({ cells: [{ key: `desired/${name}`, value: new TextEncoder().encode(JSON.stringify(desired)) }] });
while (node.status().agent.state !== "settled" || node.status().uplink?.state !== "open") await sleep(50);

const handled = (): number => node.status().agent.units[0]?.handled ?? 0;
const sentBytes = (): number => node.status().uplink?.sentBytes ?? 0;
const told = (): number => node.log.head({ origin: node.log.origin, stream: "telemetry" })?.sequence ?? 0;
const count = Math.round(readingsPerSecond * 60 * minutes);
const draw = (number: number): number => Math.sin(number * 12.9898) * 43758.5453 - Math.floor(Math.sin(number * 12.9898) * 43758.5453);

async function take(from: number, until: number): Promise<void> {
  const startMs = performance.now();
  for (let number = from; number < until; number++) {
    const dueMs = startMs + ((number - from) * 1_000) / readingsPerSecond;
    const restMs = dueMs - performance.now();
    if (restMs > 0) await sleep(restMs);
    await node.log.append({ records: [node.events.record({ stream: "local", type: readingType, class: "raw", producer: "devices", subject: `pump-${number % 8}`, data: { n: number, v: draw(number), padding: "x".repeat(100) } })] });
  }
  while (handled() < until) await sleep(20);
  await delivered();
}

const warmUp = 10 * readingsPerSecond;
await take(0, warmUp);
const going = once(process, "message");
say("ready");
await going;
const before = { handled: handled(), sentBytes: sentBytes(), told: told(), processor: process.cpuUsage(), atMs: performance.now() };
await take(warmUp, warmUp + count);
const { user, system } = process.cpuUsage(before.processor);
say({ processorMs: (user + system) / 1_000, tookMs: performance.now() - before.atMs, handled: handled() - before.handled, sentBytes: sentBytes() - before.sentBytes, told: told() - before.told });
await close();
process.exit(0);
