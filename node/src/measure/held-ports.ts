/**
 * Ports by which secrets leave the node's file, as long as they may: to functions, to addresses of curves, to a collector. Routes of alerts keep theirs, since by them goes out that something is
 * held back, and so does the identity provider, by whom people log in who adopt it.
 */
import type { Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { Hold } from "./hold.ts";

export function withHold(ports: Ports, hold: Pick<Hold, "demand">, { telemetry }: Pick<NodeConfig, "telemetry">): Ports {
  const { secrets, feeds, collector } = ports;
  const isSecret = Object.keys(telemetry?.export?.secretHeaders ?? {}).length > 0;
  return {
    ...ports,
    secrets: {
      place: secrets.place,
      async read(names) {
        if (names.length > 0) await hold.demand(`secret ${names.join(", ")}`);
        return secrets.read(names);
      },
    },
    ...(feeds === undefined ? {} : { feeds: {
      async read(source) {
        if ("secretUrl" in source) await hold.demand(`secret ${source.secretUrl}`);
        return feeds.read(source);
      },
    } }),
    ...(collector === undefined || !isSecret ? {} : { collector: {
      async post(url, contentType, body) {
        await hold.demand("the secret of the collector");
        return collector.post(url, contentType, body);
      },
    } }),
  };
}
