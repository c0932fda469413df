/**
 * Suite `link`: events from a gateway's log to a cloud's log over real TLS on loopback, two processes, from the first append until
 * the cloud's mark says that all are on its disk.
 */
import { join } from "node:path";
import { benchAuthority, certify } from "./certify.ts";
import { startCloud } from "./link-cloud-process.ts";
import { measureLatency } from "./link-latency.ts";
import { openBenchNode } from "./link-node.ts";
import { measureReconnect } from "./link-reconnect.ts";
import { measureThroughput } from "./link-throughput.ts";
import type { Suite } from "./suite.ts";

export const linkSuite: Suite = {
  measures: "gateway to cloud over TLS against a durable append alone and a bare TLS socket",
  async run(context) {
    const cloudFolder = join(context.folder, "cloud-1");
    const gatewayFolder = join(context.folder, "gateway-1");
    const cloud = await startCloud(cloudFolder);
    try {
      await certify(await benchAuthority(cloudFolder), gatewayFolder, { name: "gateway-1", site: "bench", tier: "gateway" });
      const gateway = await openBenchNode(gatewayFolder, { name: "gateway-1", tier: "gateway", parent: cloud.address });
      try {
        await settled(gateway.node);
        await gateway.delivered();
        const throughput = await measureThroughput({ gateway, cloud, credentials: gateway.identity.credentials() }, context);
        const latency = await measureLatency(gateway, context);
        const reconnect = await measureReconnect(cloud.address, context);
        return { figures: { ...throughput.figures, ...latency, ...reconnect }, ratios: throughput.ratios };
      } finally {
        await gateway.close();
      }
    } finally {
      await cloud.end();
    }
  },
};

const settleMsMax = 10_000;

/** The desired document, with the rule that lets the class leave, has come down and is in force. */
async function settled(node: Awaited<ReturnType<typeof openBenchNode>>["node"]): Promise<void> {
  const endMs = performance.now() + settleMsMax;
  while (node.status().agent.state !== "settled") {
    if (performance.now() > endMs) throw new Error(`the gateway took no desired document in ${settleMsMax} ms: ${node.status().uplink?.problem?.message ?? "no reason known"}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
