/**
 * Suite `telemetry`: what it costs a gateway to measure itself, at the default settings. Two gateways under one hub take the same readings at the same time, each a process of its own; one of them measures nothing.
 * What else the machine does strikes both.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchAuthority, certify } from "./certify.ts";
import { endsWithBench } from "./child-ends.ts";
import { startHub } from "./hub-process.ts";
import { round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

const minutesDefault = 3;
const readingsPerSecond = 100;
/** Of the readings, those that are answered by an event which leaves the site: one in so many. */
const answeredOf = 10;

export interface GatewayStart {
  readonly folder: string;
  readonly name: string;
  readonly parent: string;
  readonly isMeasured: boolean;
  readonly minutes: number;
  readonly readingsPerSecond: number;
  readonly answeredOf: number;
}

export type FromGateway = "ready" | GatewayFigures;

/** Of the time under load alone. */
export interface GatewayFigures {
  readonly processorMs: number;
  readonly tookMs: number;
  readonly handled: number;
  readonly sentBytes: number;
  /** Records of the telemetry lane. */
  readonly told: number;
}

export const telemetrySuite: Suite = {
  measures: `a gateway with ${readingsPerSecond} readings/s and one function: processor time and bytes up with its telemetry and without (metering goes on in both)`,
  async run(context) {
    const hubFolder = join(context.folder, "hub");
    const hub = await startHub(hubFolder);
    try {
      return await measure(hub.address, hubFolder, context);
    } finally {
      await hub.end();
    }
  },
};

async function measure(parent: string, hubFolder: string, { folder, minutes = minutesDefault, say }: SuiteContext): Promise<SuiteResult> {
  const authority = await benchAuthority(hubFolder);
  const start = async (name: string, isMeasured: boolean): Promise<ChildProcess> => {
    const own = join(folder, name);
    await certify(authority, own, { name, site: "bench", tier: "gateway" });
    const order: GatewayStart = { folder: own, name, parent, isMeasured, minutes, readingsPerSecond, answeredOf };
    const child = fork(fileURLToPath(new URL("telemetry-gateway.ts", import.meta.url)), [JSON.stringify(order)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    endsWithBench(child);
    await heard(child);
    return child;
  };
  const [measured, bare] = await Promise.all([start("gateway-1", true), start("gateway-2", false)]);
  const finished = Promise.all([heard(measured), heard(bare)]);
  for (const child of [measured, bare]) child.send("go");
  const [on, off] = await finished;
  if (on === "ready" || off === "ready") throw new Error("a gateway began twice");
  const windows = on.told - off.told;
  if (windows < 1 || on.handled === 0 || on.handled !== off.handled) throw new Error(`${windows} windows, ${on.handled} and ${off.handled} readings handled: nothing was measured`);
  const share = (one: number, other: number): number => (one - other) / on.tookMs;
  const figures = {
    telemetryMinutes: on.tookMs / 60_000,
    telemetryWindows: windows,
    telemetryProcessorPercent: 100 * share(on.processorMs, off.processorMs),
    gatewayProcessorPercent: (100 * on.processorMs) / on.tookMs,
    telemetryBytesPerHour: 3_600_000 * share(on.sentBytes, off.sentBytes),
    gatewayBytesPerHour: (3_600_000 * on.sentBytes) / on.tookMs,
    telemetryUplinkPercent: (100 * (on.sentBytes - off.sentBytes)) / on.sentBytes,
  };
  say(`${round(figures.telemetryProcessorPercent)} % of a processor of ${round(figures.gatewayProcessorPercent)} in all; ${Math.round(figures.telemetryBytesPerHour)} of ${Math.round(figures.gatewayBytesPerHour)} bytes an hour up, ${round(figures.telemetryUplinkPercent)} %, in ${windows} windows`);
  return { figures, ratios: { processorWithTelemetry: on.processorMs / off.processorMs } };
}

async function heard(child: ChildProcess): Promise<FromGateway> {
  const ended = new AbortController();
  const gone = once(child, "exit", { signal: ended.signal }).then(() => Promise.reject(new Error("a gateway's process ended")));
  try {
    const [said] = await Promise.race([once(child, "message", { signal: ended.signal }), gone]);
    return said as FromGateway;
  } finally {
    gone.catch(() => undefined);
    ended.abort();
  }
}
