/** What a scenario says of a machine of its fleet, and the configuration that follows from that. */
import type { Ports } from "@holon/core/ports.ts";
import { nodeConfigSchema, type NodeConfig } from "@holon/core/schema/node.ts";
import type { DeviceHabits } from "./door.ts";
import type { DiskSpeed } from "./disk.ts";
import type { FeedTexts } from "./feeds.ts";
import type { HostHabits } from "./host-stats.ts";
import type { SimAuthority } from "./identity.ts";
import type { SimSubject } from "./subject.ts";

export interface MemberOptions {
  readonly name: string;
  /** What the node is called, where it is not the machine's own name: a copy is called as the node that it was copied from. */
  readonly node?: string;
  readonly tier: "gateway" | "edge" | "cloud";
  readonly parent?: string;
  readonly devices?: DeviceHabits;
  readonly driftPpm?: number;
  readonly retention?: NodeConfig["retention"];
  /** Changes what the program sees of the world, boot by boot: a part that lies, a fault that the world itself does not have. */
  wrap?(ports: Ports): Ports;
  /** Its first opening of the log is no opening: it goes on where another machine is. */
  readonly resumes?: boolean;
  /** Plays a part instead of the program under test. */
  act?(ports: Ports): Promise<SimSubject>;
  /** The other enrolled members of its site. */
  readonly siblings?: readonly string[];
  /** Without it the root carries the control plane, and nobody else. */
  readonly control?: boolean;
  readonly disk?: DiskSpeed;
  /** What fits on its disk. */
  readonly diskBytes?: number;
  readonly uplink?: NodeConfig["uplink"];
  readonly signatures?: NodeConfig["signatures"];
  readonly downlink?: NodeConfig["downlink"];
  /** What the machine tells of itself. */ readonly host?: HostHabits;
  /** Without it, and without `host`, nothing is known of the machine, and the planner gives it nothing. */
  readonly inventory?: NodeConfig["inventory"];
  readonly site?: string;
  readonly jurisdiction?: string;
  /** What its files and addresses give. */ readonly feeds?: FeedTexts;
  /** Without it the node measures nothing. */
  readonly telemetry?: NodeConfig["telemetry"];
  readonly alerts?: NodeConfig["alerts"];
}

/** `parent`: the configuration of the node above, where there is one. */
export function memberConfig(options: MemberOptions, { authority, parent: above }: { readonly authority: SimAuthority | undefined; readonly parent: NodeConfig | undefined }): NodeConfig {
  const { name, tier, parent, siblings = [], node = name } = options;
  return nodeConfigSchema.parse({
    name: node,
    site: options.site ?? (tier === "cloud" ? "cloud" : "site"),
    tier,
    jurisdiction: options.jurisdiction ?? "EU/DE",
    control: options.control ?? parent === undefined,
    ...uplinkOf(options, above),
    ...(options.signatures === undefined ? {} : { signatures: options.signatures }),
    ...(options.downlink === undefined ? {} : { downlink: options.downlink }),
    ...(options.inventory === undefined ? {} : { inventory: options.inventory }),
    ...(options.telemetry === undefined ? {} : { telemetry: options.telemetry }),
    ...(options.alerts === undefined ? {} : { alerts: options.alerts }),
    ...(node !== name || (tier === "gateway" && siblings.length === 0) ? {} : { listen: `${name}:7401` }),
    siblings: siblings.map((sibling) => ({ name: sibling })),
    ...(parent === undefined ? {} : { parent: `wss://${parent}:7401` }),
    ...(options.retention === undefined ? {} : { retention: options.retention }),
    ...(authority === undefined ? {} : { authority: { certificateMs: authority.certificateMs } }),
  });
}

/** Whoever hangs on one of its own tier names it. */
function uplinkOf({ tier, uplink }: MemberOptions, parent: NodeConfig | undefined): Pick<NodeConfig, "uplink"> {
  if (parent?.tier === tier) return { uplink: { node: parent.name, ...uplink } };
  return uplink === undefined ? {} : { uplink };
}
