/** A node's links as it sees them, told to whom stands above it and to nobody else. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { clockMethod, statusMethods, type ClockReport, type LinksReport } from "@holon/core/schema/links-report.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { CallHandler } from "./calls.ts";
import type { DownlinkStatus } from "./downlinks.ts";
import type { UplinkStatus } from "./uplink.ts";

export function linksReport(children: readonly DownlinkStatus[], uplink: UplinkStatus | undefined): LinksReport {
  return {
    children: children.slice(0, limits.linksReportMax).map(({ node, sentBytes, receivedBytes, sinceMs }) => ({ node, sentBytes, receivedBytes, sinceMs })),
    connected: children.length,
    uplink: uplink === undefined ? null : { state: uplink.state, backlog: uplink.backlog ?? null, sentBytes: uplink.sentBytes, receivedBytes: uplink.receivedBytes, sinceMs: uplink.sinceMs },
  };
}

export interface OverviewContext {
  readonly self: NodeName;
  readonly handlers: Map<string, CallHandler>;
  /** Who is above: its parent, or the sibling through which it goes. */
  above(): NodeName | undefined;
  links(): LinksReport;
  status(): unknown;
  clock(): ClockReport;
}

/** What runs on a node is for its fleet's control, which is above: one below, or beside, has no business with it. */
export function answerAbove({ self, handlers, above, links, status, clock }: OverviewContext): void {
  const toAbove = (answer: () => unknown): CallHandler => (_, from) => {
    if (from === above()) return Promise.resolve(answer());
    return Promise.reject(new HolonError("HOLON_CALL_DENIED", `${from} asks ${self} for its status, and does not stand above it`));
  };
  handlers.set(statusMethods.links, toAbove(links));
  handlers.set(statusMethods.node, toAbove(status));
  handlers.set(clockMethod, () => Promise.resolve(clock()));
}
