/**
 * Goes around an uplink that is down: through a sibling whose own uplink is open, until this one is open again.
 *
 * No loops: only a node whose own uplink is NOT open sends through a sibling, only one whose own uplink IS open takes, and nobody
 * sends through a node below itself. So a way round is one sibling long and ends at another parent's log. Whatever crosses in the
 * moments in between is told apart by the chain: each log takes a record once.
 */
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { Uplink } from "../link/uplink.ts";

export interface RelayOptions {
  readonly clock: Clock;
  /** Whether the own uplink is open. */
  isUplinkOpen(): boolean;
  /** Links to siblings that are open now and do not lead below this node. */
  ways(): ReadonlyMap<NodeName, Uplink>;
  /** Asks a sibling whether it takes; `false` too if it does not answer. */
  takes(sibling: NodeName): Promise<boolean>;
  note(message: string): void;
}

export interface Relay {
  start(): void;
  /** The uplink's state may have changed. */
  uplinkChanged(): void;
  /** The sibling that lanes go through at present. */
  via(): NodeName | undefined;
  link(): Uplink | undefined;
  close(): void;
}

export function createRelay(options: RelayOptions): Relay {
  const { clock } = options;
  let downSinceMs: number | undefined = clock.monotonicMs();
  let via: { readonly name: NodeName; readonly link: Uplink } | undefined;
  let timer: Timer | undefined;
  let closed = false;
  /** Where the search goes on, so that one sibling that says yes and fails does not stand in front of the others. */
  let next = 0;

  function stop(why: string): void {
    if (via === undefined) return;
    via.link.relay(false);
    options.note(`no longer through ${via.name}: ${why}`);
    via = undefined;
  }

  async function look(): Promise<void> {
    if (options.isUplinkOpen() || downSinceMs === undefined || clock.monotonicMs() - downSinceMs < limits.relayAfterMs) return;
    const ways = options.ways();
    if (via !== undefined) {
      const before = via;
      if (ways.get(before.name) !== before.link) stop("the link to it is down");
      else if (await options.takes(before.name)) return;
      else if (via === before) stop("it takes no more");
    }
    const names = [...ways.keys()].sort();
    for (let tried = 0; tried < names.length; tried++) {
      const name = names[next++ % names.length];
      const link = name === undefined ? undefined : ways.get(name);
      if (name === undefined || link === undefined || !(await options.takes(name))) continue;
      if (closed || options.isUplinkOpen()) return;
      via = { name, link };
      link.relay(true);
      options.note(`through ${name}, since the own uplink is down`);
      return;
    }
  }

  function again(): void {
    if (closed) return;
    timer = clock.after(limits.relayCheckMs, () => void look().finally(again)); // neither look nor takes rejects
  }

  return {
    start: again,
    uplinkChanged() {
      if (!options.isUplinkOpen()) downSinceMs ??= clock.monotonicMs();
      else {
        downSinceMs = undefined;
        stop("the own uplink is open");
      }
    },
    via: () => via?.name,
    link: () => via?.link,
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
