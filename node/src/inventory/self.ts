/** What a node has to do with plans: it tells what it is made of, and asks whether it is still meant. Where nothing is known of the machine, it only passes on what others ask. */
import { createLease, type Lease, type LeaseOptions } from "./lease.ts";
import type { NodeReport } from "@holon/core/schema/node-report.ts";
import { createReporter, type Reporter, type ReporterOptions } from "./reporter.ts";

export interface Self extends Pick<Lease, "askSoon" | "holds" | "tenure" | "start" | "close"> {
  linksChanged(): void;
  /** What is known of this node; undefined where nothing is. */
  inventory(): NodeReport | undefined;
}

export function createSelf(options: LeaseOptions & ReporterOptions): Self {
  const lease = createLease(options);
  const isKnown = options.host !== undefined || options.config.inventory !== undefined;
  const reporter: Reporter | undefined = isKnown ? createReporter(options) : undefined;
  return {
    start() {
      if (!isKnown) return;
      lease.start();
      reporter?.start();
    },
    inventory: () => reporter?.seen(),
    holds: lease.holds,
    tenure: lease.tenure,
    askSoon: lease.askSoon,
    linksChanged() {
      if (options.above() !== undefined) lease.askSoon();
      reporter?.linksChanged();
    },
    close() {
      lease.close();
      reporter?.close();
    },
  };
}
