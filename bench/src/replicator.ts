/** Two servers of one make: messages go in at the source, acknowledged, and come out at the hub by themselves. */
import type { ClientOrder } from "./client-process.ts";

export interface End {
  kill(): Promise<void>;
  /** The same program on the same files. */
  start(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

export interface Replicator {
  readonly name: "holon" | "jetStream" | "mosquitto";
  readonly source: End;
  readonly hub: End;
  /** Where the client publishes; it may change over a restart. */
  order(): Pick<ClientOrder, "kind" | "port">;
  /** Messages at the hub so far; only grows. NaN while the hub does not answer. */
  arrived(): Promise<number>;
  /** How often each number is at the hub. Nothing more comes in once this was asked. */
  count(): Promise<ReadonlyMap<number, number>>;
  end(): Promise<void>;
}

/** The same map with one more of the number. */
export function addNumber(counts: Map<number, number>, number: number | undefined): void {
  if (number !== undefined) counts.set(number, (counts.get(number) ?? 0) + 1);
}
