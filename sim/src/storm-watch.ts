/** Sees from outside when each node of a storm first spoke to its parent, and when the parent had all of it on its disk. */
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { StormWait } from "./checkers/fair-share.ts";
import type { Fleet } from "./fleet.ts";

interface Watched {
  readonly bytes: number;
  /** What the parent lacked of each lane when the outage ended. */
  readonly missing: Map<string, { readonly lane: Lane; readonly sequence: number }>;
  readonly hasAlarm: boolean;
  arrivedMs: number | undefined;
  servedMs: number | undefined;
  alarmMs: number | undefined;
}

export class StormWatch {
  readonly #fleet: Fleet;
  readonly #parent: string;
  readonly #bytes: ReadonlyMap<string, number>;
  readonly #nodes = new Map<string, Watched>();
  #beganMs = 0;

  constructor(fleet: Fleet, parent: string, bytes: ReadonlyMap<string, number>) {
    this.#fleet = fleet;
    this.#parent = parent;
    this.#bytes = bytes;
  }

  /** The outage ends now. */
  begin(): void {
    const { world, net, members } = this.#fleet;
    const log = members.get(this.#parent)?.machine.subject?.log;
    if (log === undefined) return;
    this.#beganMs = world.nowMs;
    for (const { machine } of members.values()) {
      const own = machine.subject?.log;
      if (own === undefined || machine.name === this.#parent) continue;
      const missing = new Map<string, { lane: Lane; sequence: number }>();
      for (const stream of exportableStreams) {
        const lane: Lane = { origin: machine.name, stream };
        const sequence = own.head(lane)?.sequence ?? 0;
        if (sequence > (log.head(lane)?.sequence ?? 0)) missing.set(laneName(lane), { lane, sequence });
      }
      const hasAlarm = missing.has(`${machine.name}/alarm`);
      this.#nodes.set(machine.name, { bytes: this.#bytes.get(machine.name) ?? 0, missing, hasAlarm, arrivedMs: undefined, servedMs: undefined, alarmMs: undefined });
    }
    const before = net.tap;
    net.tap = (frame) => {
      before?.(frame);
      const node = frame.to === this.#parent ? this.#nodes.get(frame.from) : undefined;
      if (node !== undefined) node.arrivedMs ??= world.nowMs;
    };
    log.onCommit(({ lanes }) => {
      for (const lane of lanes) this.#committed(lane, log.head(lane)?.sequence ?? 0, world.nowMs);
    });
  }

  waits(): readonly StormWait[] {
    return [...this.#nodes].map(([node, { bytes, arrivedMs, servedMs }]) => ({ node, bytes, arrivedMs: arrivedMs ?? this.#beganMs, servedMs }));
  }

  /** The longest from the first frame of a node that had an alarm until the parent had the alarm on disk. */
  alarmWaitMsHigh(): number {
    const waits = [...this.#nodes.values()].filter(({ hasAlarm }) => hasAlarm).map(({ arrivedMs, alarmMs }) => (alarmMs ?? Infinity) - (arrivedMs ?? this.#beganMs));
    return Math.max(0, ...waits);
  }

  /** From the end of the outage until the last node's first frame. */
  arrivedWithinMs(): number {
    return [...this.#nodes.values()].reduce((latest, { arrivedMs }) => Math.max(latest, (arrivedMs ?? Infinity) - this.#beganMs), 0);
  }

  #committed(lane: Lane, sequence: number, nowMs: number): void {
    const node = this.#nodes.get(lane.origin);
    const wanted = node?.missing.get(laneName(lane));
    if (node === undefined || wanted === undefined || sequence < wanted.sequence) return;
    node.missing.delete(laneName(lane));
    if (lane.stream === "alarm") node.alarmMs = nowMs;
    if (node.missing.size === 0) node.servedMs ??= nowMs;
  }
}
