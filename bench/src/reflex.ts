/**
 * Suite `reflex`: from a reading on MQTT to the order that an actuator gets on MQTT, by way of a window and a model, on a real gateway,
 * beside the bare way of the same message through mosquitto. The client is this process; one message is under way at a time, ours and
 * the broker's in turns.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { denseGraph } from "@holon/core/model/dense.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { openMqttClient } from "./client-mqtt.ts";
import { freePort } from "./free-port.ts";
import { calibrationLoop } from "./functions.ts";
import { readingType, startHolonPair, type PairOptions } from "./holon-pair.ts";
import { processorMsOf } from "./process-memory.ts";
import { findRival, versionOf } from "./rival-binary.ts";
import { startRival, type RivalProcess } from "./rival-process.ts";
import { median, percentile, round, sum } from "./statistics.ts";
import { subscribeMqtt } from "./subscriber-mqtt.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

/** Each reading is in a window of its own, which the next one ends. */
const pauseMs = 12;
const answerMsMax = 10_000;
/** Before those that are measured: a gateway reflects for months, and its first ten seconds are those in which its code is compiled. */
const callsBefore = 800;
/** One in a hundred of fewer is what else the machine did in these seconds. */
const callsMin = 1_000;
const functionPath = new URL("./reflex-function.ts", import.meta.url).pathname;

export const reflexSuite: Suite = {
  measures: "a reading in on MQTT, a window, a model, an order out on MQTT, beside a bare mosquitto round trip",
  async run(context) {
    const declared = await measure("reflex", declaredApp, { ...context, folder: join(context.folder, "declared") });
    const written = await measure("reflexFunction", functionApp, { ...context, folder: join(context.folder, "function") });
    return { figures: { ...declared.figures, ...written.figures }, ratios: { ...declared.ratios, ...written.ratios } };
  },
};

async function measure(name: string, writeApp: (folder: string) => ReflexApp, context: SuiteContext): Promise<SuiteResult> {
  mkdirSync(context.folder, { recursive: true });
  const pair = await startHolonPair({ folder: context.folder, withFunction: false, stream: "local", app: writeApp(join(context.folder, "app")) });
  let broker: RivalProcess | undefined;
  const ends: (() => void)[] = [];
  try {
    const path = findRival("mosquitto", context.say);
    const port = await freePort();
    if (path !== undefined) {
      context.say(`mosquitto ${versionOf(path, "-h")}`);
      broker = await startRival(path, ["-c", brokerConfig(context.folder, port)], port);
    }
    const ours = await openTrip(pair.mqttPort(), 1, ends); // a reading is answered by the order of the window before, which it ended
    const bare = broker === undefined ? undefined : await openTrip(port, 0, ends);
    return await compare(name, ours, bare, pair.gateway().pid, context);
  } finally {
    for (const end of ends) end();
    await broker?.stop();
    await pair.end();
  }
}

type Trip = () => Promise<number>;

async function compare(name: string, ours: Trip, bare: Trip | undefined, pid: number, { seconds, say }: SuiteContext): Promise<SuiteResult> {
  const calls = Math.max(callsMin, Math.round((seconds * 5 * 1000) / (2 * pauseMs)));
  const [oursMs, bareMs, loopMs]: [number[], number[], number[]] = [[], [], []];
  let beforeMs = Number.NaN;
  for (let call = -callsBefore; call < calls; call++) {
    if (call === 0) beforeMs = processorMsOf(pid);
    const both: readonly (readonly [Trip | undefined, number[]])[] = [[ours, oursMs], [bare, bareMs]];
    for (const [trip, taken] of call % 2 === 0 ? both : both.toReversed()) {
      const tookMs = await trip?.();
      if (tookMs !== undefined && call >= 0) taken.push(tookMs);
      await sleep(pauseMs / 2);
    }
    if (call >= 0 && call % 20 === 0) loopMs.push(calibrationLoop());
    if (call > 0 && call % 250 === 0) say(`${name}: ${call} of ${calls} readings: p99 ${round(percentile(oursMs, 0.99))} ms`);
  }
  const processorMs = (processorMsOf(pid) - beforeMs) / calls;
  say(`${name}: ${calls} readings: p50 ${round(median(oursMs))} ms, p99 ${round(percentile(oursMs, 0.99))} ms${bareMs.length === 0 ? "" : `; the broker's round trip p50 ${round(median(bareMs))} ms, p99 ${round(percentile(bareMs, 0.99))} ms`}; the calibration loop ${round(median(loopMs))} ms`);
  const own = { [`${name}MsP50`]: median(oursMs), [`${name}MsP99`]: percentile(oursMs, 0.99), [`${name}Readings`]: calls, [`${name}CalibrationLoopMsP50`]: median(loopMs), ...(processorMs > 0 ? { [`${name}ProcessorMsPerReading`]: processorMs } : {}) };
  if (bareMs.length === 0) return { figures: own, ratios: {} };
  return {
    figures: { ...own, [`${name}BrokerMsP50`]: median(bareMs), [`${name}BrokerMsP99`]: percentile(bareMs, 0.99), [`${name}AddedMsMean`]: (sum(oursMs) - sum(bareMs)) / calls },
    ratios: { [`${name}VsBroker`]: percentile(oursMs, 0.99) / percentile(bareMs, 0.99), [`${name}VsBrokerP50`]: median(oursMs) / median(bareMs) },
  };
}

/** Publishes a reading and waits for what answers it: each is answered once, in their order, the first `unanswered` not yet. */
async function openTrip(port: number, unanswered: number, ends: (() => void)[]): Promise<Trip> {
  let arrived = 0;
  let told: (() => void) | undefined;
  const subscriber = await subscribeMqtt(port, () => {
    arrived += 1;
    told?.();
  });
  ends.push(() => subscriber.close());
  const client = await openMqttClient({ port, payloadOf: (index) => Buffer.from(`{"n":${index},"v":${Math.sin(index).toFixed(3)}}`) }, () => undefined);
  ends.push(() => client.close());
  let sent = 0;
  const send = (): number => {
    client.send((sent += 1), 1);
    return sent;
  };
  for (let first = 0; first < unanswered; first++) {
    send();
    await sleep(2 * pauseMs);
  }
  return async () => {
    const startMs = performance.now();
    let late: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        told = () => (arrived === sent - unanswered ? resolve() : arrived > sent - unanswered ? reject(new Error(`${arrived} answers to ${sent} readings`)) : undefined);
        late = setTimeout(() => reject(new Error(`reading ${sent} was not answered within ${answerMsMax} ms`)), answerMsMax);
        send();
      });
      return performance.now() - startMs;
    } finally {
      clearTimeout(late);
    }
  };
}

type ReflexApp = NonNullable<PairOptions["app"]>;

/** A window and a model, declared. */
function declaredApp(folder: string): ReflexApp {
  writeGraph(folder, 2);
  return {
    functions: [],
    models: [{ name: "judge", graph: "judge.onnx" }],
    reductions: [{ kind: "judge", name: "reflex", on: readingType, emits: "bench.order", stream: "local", fields: ["n", "v"], model: "judge", window: { kind: "tumbling", sizeMs: 5 }, because: "a bench" }],
    gives: [{ type: "bench.order", topic: "orders", atOnce: true }],
  };
}

/** The same in a function of one's own. */
function functionApp(folder: string): ReflexApp {
  writeGraph(folder, 16);
  return {
    functions: [{ name: "reflex", module: functionPath }],
    models: [{ name: "judge", graph: "judge.onnx" }],
    gives: [{ type: "bench.order", topic: "orders/{subject}", atOnce: true }],
  };
}

function writeGraph(folder: string, features: number): void {
  mkdirSync(folder, { recursive: true });
  let seed = 1;
  writeFileSync(join(folder, "judge.onnx"), writeOnnx(denseGraph({ name: "judge", layers: [features, 32, 2] }, () => (Math.sin(seed++) + 1) / 2)));
}

/** Keeps nothing: the least that a broker does. */
function brokerConfig(folder: string, port: number): string {
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, [...(process.getuid?.() === 0 ? ["user root"] : []), `listener ${port} 127.0.0.1`, "allow_anonymous true", "persistence false", "set_tcp_nodelay true", ""].join("\n"));
  return file;
}
