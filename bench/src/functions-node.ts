/** The node of the bench with a thousand functions, in a process of its own so that it can be weighed. */
import { once } from "node:events";
import { flushCompileCache } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "@holon/core/limits.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { warmSandbox } from "@holon/platform/runner/warm.ts";
import { callsOfSample, type ManyNews, type ManyStart } from "./functions-many.ts";
import { openBenchNode } from "./link-node.ts";

const { folder, functions, minutes, onlyFills = false } = JSON.parse(process.argv[2] ?? "{}") as ManyStart;
const say = (news: ManyNews): void => void process.send?.(news);
const step = async (news: ManyNews): Promise<void> => {
  say(news);
  await once(process, "message");
};

const bundled = `var a={kind:"holon.function",on:{type:"TYPE"},emits:{"bench.judged":{stream:"local",class:"derived"}},models:[],run(e,c){let m=Number(c.state.get("mean")??0);m+=(e.data.v-m)/64;c.state.set("mean",m);c.emit("bench.judged",{data:{n:e.data.n}})}};export{a as default};`;
const minuteMs = 60_000;

if (onlyFills) {
  await (await openBenchNode(`${folder}/fills`, { name: "gateway", tier: "gateway" })).close();
  await warmSandbox();
  flushCompileCache();
  process.exit(0);
}

const { node, runnerPids, close } = await openBenchNode(`${folder}/many`, { name: "gateway", tier: "gateway" });
await sleep(3_000);
globalThis.gc?.();
await step({ kind: "base" });

const names = Array.from({ length: functions }, (_, index) => `f${index}`);
const documents = [];
for (const name of names) {
  const type = `bench.${name}`;
  documents.push({ name, code: await node.blobs.put(new TextEncoder().encode(bundled.replace("TYPE", type))), on: { type }, emits: { "bench.judged": { stream: "local", class: "derived" } }, models: [] });
}
const desired = desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: "gateway", version: 1, plan: "bench", apps: [{ name: "bench", functions: documents, models: [] }] });
await node.log.append({ cells: [{ key: "desired/gateway", value: new TextEncoder().encode(JSON.stringify(desired)) }] });
while (node.status().agent.state !== "settled") await sleep(50);
await step({ kind: "loaded" });

const sentMs = new Map<number, number>();
const callMs: number[] = [];
let read = node.log.head({ origin: node.log.origin, stream: "local" })?.sequence ?? 0;
const decoder = new TextDecoder();
let reading = Promise.resolve();
node.log.onCommit(() => {
  const nowMs = performance.now();
  reading = reading.then(() => look(nowMs));
});

async function look(nowMs: number): Promise<void> {
  const lane = { origin: node.log.origin, stream: "local" } as const;
  const records = await node.log.read(lane, read + 1, { maxRecords: 1_000, maxBytes: limits.linkBatchBytesMax });
  for (const record of records) {
    read = record.sequence;
    const text = decoder.decode(record.bytes);
    const number = text.includes("bench.judged") ? Number(/"n":(\d+)/.exec(text)?.[1]) : undefined;
    const sent = number === undefined ? undefined : sentMs.get(number);
    if (number === undefined || sent === undefined) continue;
    callMs.push(nowMs - sent);
    sentMs.delete(number);
  }
}

const total = Math.round(functions * minutes);
const everyMs = minuteMs / functions;
const startMs = performance.now();
/** Asked for now and then only: the whole status of a thousand functions takes the node longer than a call. */
const statusEvery = 5 * callsOfSample;
let warm = 0;
for (let number = 0; number < total; number++) {
  const dueMs = startMs + number * everyMs;
  if (dueMs > performance.now()) await sleep(dueMs - performance.now());
  const name = names[(number * 7) % functions] ?? "f0";
  sentMs.set(number, performance.now());
  await node.log.append({ records: [node.events.record({ stream: "local", type: `bench.${name}`, class: "raw", producer: "bench", data: { n: number, v: number % 10 } })] });
  if (number % statusEvery === statusEvery - 1) warm = node.status().agent.sandboxes?.warm ?? 0;
  if (number % callsOfSample === callsOfSample - 1) say({ kind: "sample", pids: runnerPids(), warm });
}
for (let waited = 0; sentMs.size > 0 && waited < 100; waited++) await sleep(100);
if (sentMs.size > 0) throw new Error(`${sentMs.size} of ${total} calls were not answered: ${JSON.stringify(node.status().agent.units.find((unit) => unit.problem !== undefined)?.problem)}`);
say({ kind: "done", callMs, coldStarts: node.status().agent.sandboxes?.coldStarts ?? 0 });
await close();
process.exit(0);
