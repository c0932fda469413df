/** What the simulator needs of the program under test: a scenario is written against this, not against the node. */
import type { Log } from "@holon/core/log/log.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import type { NodeStatus } from "@holon/node/index.ts";
import type { EpochRange } from "./checkers/accounting.ts";

export interface SimSubject {
  readonly log: Log;
  close(): Promise<void>;
  /** What its local API tells of it. */
  readonly status?: () => NodeStatus;
  /** Appends one event of class `derived`, as a function on the node would; resolves when it is on disk. */
  readonly emit?: (stream: StreamName, data: unknown) => Promise<void>;
  /** Ranges, by lane name, that retention dropped by rule and that the node reported. */
  readonly expired?: () => ReadonlyMap<string, readonly EpochRange[]>;
  /** Ranges, by lane name, that the node reported as damaged. */
  readonly damaged?: () => ReadonlyMap<string, readonly EpochRange[]>;
}

export interface SubjectProgram {
  /** Boots one node, of any tier. Its sources must be open without anybody's further doing, at the latest once `prepare` was called. */
  boot(config: NodeConfig, ports: Ports): Promise<SimSubject>;
  /** Called once when all nodes are up for the first time, before any fault: for example to deploy an app at the cloud. */
  readonly prepare?: (nodes: ReadonlyMap<string, SimSubject>) => Promise<void>;
  /** Models and sandboxes of one incarnation; `outside` holds virtual time while real work runs. */
  sandbox(tools: { outside<T>(work: Promise<T>): Promise<T> }): Pick<Ports, "model" | "runner">;
}
