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
  const figures = {
    tlsReconnectMsP50: percentile(full.map(({ ms }) => ms), 0.5),
    tlsReconnectResumedMsP50: percentile(resumed.map(({ ms }) => ms), 0.5),
    tlsReconnectBytes: percentile(full.map(({ bytes }) => bytes), 0.5),
    tlsReconnectResumedBytes: percentile(resumed.map(({ bytes }) => bytes), 0.5),
  };
  say(`an open link again: ${round(figures.tlsReconnectMsP50)} ms and ${figures.tlsReconnectBytes} bytes with certificates, ${round(figures.tlsReconnectResumedMsP50)} ms and ${figures.tlsReconnectResumedBytes} bytes with a session`);
  return figures;
}

interface Trip {
  readonly ms: number;
  readonly bytes: number;
}

async function trip(net: Net, address: string): Promise<Trip> {
  const startMs = performance.now();
  const connection = await net.connect(address);
  const ms = performance.now() - startMs;
  const { sentBytes, receivedBytes } = connection.traffic();
  const closed = new Promise<void>((resolve) => connection.receive({ frame: () => undefined, closed: () => resolve() }));
  connection.close("seen");
  await closed;
  return { ms, bytes: sentBytes + receivedBytes };
}
