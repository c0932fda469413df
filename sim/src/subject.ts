/** What the simulator needs of the program under test: a scenario is written against this, not against the node. */
import type { Lane, Log } from "@holon/core/log/log.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import type { HolonNode, NodeStatus } from "@holon/node/index.ts";
import type { Diagnosis } from "@holon/node/diagnosis/diagnosis.ts";
import type { Events } from "@holon/node/event/events.ts";
import type { Telemetry } from "@holon/node/telemetry/telemetry.ts";
import type { FunctionAnswer, FunctionRequest } from "@holon/node/trigger/requests.ts";
import type { SharedStore } from "@holon/node/shared/store.ts";

export interface SimSubject {
  readonly log: Log;
  close(): Promise<void>;
  /** The term in which the node leads its site at this moment, by its own clock; undefined while it does not. */
  readonly leads?: () => number | undefined;
  /** The lead as far as the node knows. */
  readonly leadKnown?: () => string | undefined;
  /** Ranges of a lane that its log says are not there, and why. Absent: it says so of none. */
  readonly missing?: (lane: Lane) => Promise<readonly { readonly first: number; readonly last: number; readonly reason: "expired" | "damaged" }[]>;
  /** Whether it has worked through all that came in, and no child holds credit that it asked for. Absent: so it is. */
  readonly isIdle?: () => boolean;
  /** Whether it says that its disk is full. */
  readonly isDiskFull?: () => boolean;
  /** Lets units start again that are held back. */
  readonly releaseHeld?: HolonNode["releaseHeld"];
  /** What its local API tells of it. */
  readonly status?: () => NodeStatus;
  /** SHA-256 of the policy by which it decides what leaves; undefined where none was written. */
  readonly policyInForce?: () => string | undefined;
  /** Appends one event of class `derived`, as a function on the node would; resolves when it is on disk. */
  readonly emit?: (stream: StreamName, data: unknown) => Promise<void>;
  /** Makes records of events, to be appended by whoever tests what comes of them. */
  readonly events?: Events;
  /** Asks a function that answers requests, wherever it runs. */
  readonly ask?: (app: string, request: FunctionRequest) => Promise<FunctionAnswer>;
  /** What one of its models with `cascade` or `drift` says of rows. */
  readonly decide?: HolonNode["decide"];
  /** State that sites share, as far as the node has merged it. */
  readonly shared?: SharedStore;
  /** What it knows of itself and of those below. */
  readonly telemetry?: Telemetry | undefined;
  /** What is asked of other nodes from here. */
  readonly diagnosis?: Diagnosis | undefined;
}

export interface SubjectProgram {
  /** Boots one node, of any tier. Its sources must be open without anybody's further doing, at the latest once `prepare` was called. */
  boot(config: NodeConfig, ports: Ports): Promise<SimSubject>;
  /** Called once when all nodes are up for the first time, before any fault: for example to deploy an app at the cloud. */
  readonly prepare?: (nodes: ReadonlyMap<string, SimSubject>) => Promise<void>;
  /** Models and sandboxes of one incarnation; `outside` holds virtual time while real work runs, `sleep` lets it pass. */
  sandbox(tools: { outside<T>(work: Promise<T>): Promise<T>; sleep(ms: number): Promise<void> }): Pick<Ports, "model" | "runner">;
}
