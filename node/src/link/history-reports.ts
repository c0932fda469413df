/** What is told of lanes with more than one history: an alarm each, once, so that reconnecting does not fill the alarm stream. */
import type { ErrorCode } from "@holon/core/errors.ts";
import { laneName, type Append, type Lane } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { Events } from "../event/events.ts";
import { appendSoon } from "../log/append-soon.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Fork } from "./standing.ts";
import type { UplinkOptions } from "./uplink.ts";

export interface HistoryReports extends Pick<UplinkOptions, "refused" | "forked" | "rewound"> {
  /** A child's history came here as a branch. */
  branched(lane: Lane, after: number): void;
}

const code = "HOLON_LINK_FORK" satisfies ErrorCode;

/** What there is to say of a lane with two histories, and under which code. */
export function forkSays({ lane, branch, after, endsEarly, parentLast, parentLane }: Omit<Fork, "kind">): { readonly code: ErrorCode; readonly message: string } {
  const from = (after?.sequence ?? 0) + 1;
  const where = parentLane === lane ? "" : ` as ${parentLane}`;
  if (!endsEarly || parentLast < from) return { code, message: `the parent holds another history of ${lane} behind record ${from - 1}${where}; this one goes on as ${branch}` };
  const range = parentLast === from ? `record ${from}` : `records ${from} to ${parentLast}`;
  return {
    code: "HOLON_LOG_ENDS_EARLY",
    message: `of ${lane} the parent has ${range}${where}, which this node's log does not have any more: files in log/ were cut short, removed or put back from a backup. What is written from now on goes on as ${branch}`,
  };
}
const encoder = new TextEncoder();

export function createHistoryReports(log: SegmentLog, clock: Clock, events: Events, failed: (error: unknown) => void): HistoryReports {
  const told = new Set<string>();
  /** What is told once must not be missing because the disk was full just then. */
  const tell = (entry: Append): Promise<void> => appendSoon(log, clock, entry);

  const alarm = (type: "holon.link.fork" | "holon.link.rewound", data: Readonly<Record<string, unknown>>) => events.record({ stream: "alarm", type, class: "public", producer: "link", data });

  /** A branch is a cell too, so that it is told once and seen for good. */
  function tellBranch(branch: string, data: Readonly<Record<string, unknown>>): boolean {
    const key = `branch/${branch}`;
    if (told.has(key) || log.cell(key) !== undefined) return false;
    told.add(key);
    tell({ records: [alarm("holon.link.fork", { code, ...data, branch })], cells: [{ key, value: encoder.encode(JSON.stringify(data)) }] }).catch((error: unknown) => {
      told.delete(key);
      failed(error);
    });
    return true;
  }

  return {
    refused(lane, message) {
      if (told.has(lane)) return;
      told.add(lane);
      tell({ records: [alarm("holon.link.fork", { lane, message, code })] }).catch(failed);
    },
    forked(fork) {
      const { lane, branch, after, kind, parentLast, parentLane } = fork;
      return tellBranch(branch, { lane, after: after ?? null, kind, parentLast, parentLane, ...forkSays(fork) });
    },
    rewound: (lanes) => void tell({ records: [alarm("holon.link.rewound", { lanes, message: "the parent holds less than it had acknowledged: what is still here is sent again" })] }).catch(failed),
    branched(lane, after) {
      const main = laneName({ origin: lane.origin, stream: lane.stream });
      tellBranch(laneName(lane), { lane: main, after, message: `${main} has two histories behind record ${after}` });
    },
  };
}
