/** What a node tells of itself when it, or its log, opens. */
import type { Mark, NewRecord } from "@holon/core/log/log.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { Events } from "./events.ts";

export const openedRecord = (events: Events, stream: StreamName, predecessor: Mark | undefined): NewRecord =>
  events.record({ stream, type: "holon.log.opened", class: "public", producer: "log", data: { predecessor: predecessor ?? null } });

export const startedRecord = (events: Events, { site, tier, jurisdiction, parent }: NodeConfig, api: string | undefined): NewRecord =>
  events.record({ stream: "audit", type: "holon.node.started", class: "public", producer: "node", data: { site, tier, jurisdiction, parent: parent ?? null, api: api ?? null } });
