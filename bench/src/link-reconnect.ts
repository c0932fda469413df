/** What it costs to come back: from the first packet to an open link, certificates and all, against a session that is taken up again. One after the other, in turns. */
import { join } from "node:path";
import { isNodeName } from "@holon/core/units.ts";
import type { Net } from "@holon/core/ports.ts";
import { createNet } from "@holon/platform/net.ts";
import { benchAuthority, certify } from "./certify.ts";
import { percentile, round } from "./statistics.ts";
import type { SuiteContext } from "./suite.ts";

const rounds = 60;
const warmUps = 5;

export async function measureReconnect(address: string, { folder, say }: SuiteContext): Promise<Readonly<Record<string, number>>> {
  const name = "returner-1";
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  const identity = await certify(await benchAuthority(join(folder, "cloud-1")), join(folder, name), { name, site: "bench", tier: "gateway" });
  const returning = createNet({ name, identity });
  const full: Trip[] = [];
  const resumed: Trip[] = [];
  for (let index = -warmUps; index < rounds; index++) {
    const first = await trip(createNet({ name, identity }), address); // who never was here has no session
    const again = await trip(returning, address);
    if (index < 0) continue;
    full.push(first);
    resumed.push(again);
  }
  const processorMs = (trips: readonly Trip[]): number => trips.reduce((sum, one) => sum + one.processorMs, 0) / trips.length; // the clock of a process is coarser than one trip
  const figures = {
    tlsReconnectMsP50: percentile(full.map(({ ms }) => ms), 0.5),
    tlsReconnectResumedMsP50: percentile(resumed.map(({ ms }) => ms), 0.5),
    tlsReconnectProcessorMs: processorMs(full),
    tlsReconnectResumedProcessorMs: processorMs(resumed),
    tlsReconnectBytes: percentile(full.map(({ bytes }) => bytes), 0.5),
    tlsReconnectResumedBytes: percentile(resumed.map(({ bytes }) => bytes), 0.5),
  };
  say(`an open link again: ${round(figures.tlsReconnectMsP50)} ms, ${round(figures.tlsReconnectProcessorMs)} of its processor, and ${figures.tlsReconnectBytes} bytes with certificates, ${round(figures.tlsReconnectResumedMsP50)} ms, ${round(figures.tlsReconnectResumedProcessorMs)} of its processor, and ${figures.tlsReconnectResumedBytes} bytes with a session`);
  return figures;
}

interface Trip {
  readonly ms: number;
  /** Of this process, which is the end that dials. */
  readonly processorMs: number;
  readonly bytes: number;
}

async function trip(net: Net, address: string): Promise<Trip> {
  const used = process.cpuUsage();
  const startMs = performance.now();
  const connection = await net.connect(address);
  const ms = performance.now() - startMs;
  const { user, system } = process.cpuUsage(used);
  const { sentBytes, receivedBytes } = connection.traffic();
  const closed = new Promise<void>((resolve) => connection.receive({ frame: () => undefined, closed: () => resolve() }));
  connection.close("seen");
  await closed;
  return { ms, processorMs: (user + system) / 1_000, bytes: sentBytes + receivedBytes };
}
