/**
 * How far the clocks of those who are connected from below differ from the one here: asked at each connection, and now and then. Half of the time that an answer took is what is not known of
 * it. What its parent alone can measure, those above hear from it.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import { clockMethod, clockReportSchema } from "@holon/core/schema/links-report.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";

export interface Clocks {
  /** Who is connected now. */
  changed(connected: readonly string[]): void;
  close(): void;
}

export interface ClocksOptions {
  readonly clock: Clock;
  ask(to: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** The clock of a child is ahead by so much (behind, if negative); about the same within `limits.clockOffMs`. `isSynced`: a time service has set it. `epoch`: in which run of it. */
  told(node: string, offMs: number, isSynced: boolean, epoch: string | undefined): void;
  /** The clock here was set by so much, or the machine slept: everybody is asked again at once. */
  stepped(byMs: number): void;
}

export function createClocks({ clock, ask, told, stepped }: ClocksOptions): Clocks {
  let connected: ReadonlySet<string> = new Set();
  const waiting = new Set<string>();
  let asking = 0;
  let aheadMs = ahead();
  let closed = false;
  const rounds = [repeating(limits.clockAskEveryMs, askAll), repeating(limits.clockLookMs, look)];

  function ahead(): number {
    return clock.wall().ms - clock.monotonicMs();
  }

  function go(): void {
    while (!closed && asking < limits.clockAskedAtOnce) {
      const [node] = waiting;
      if (node === undefined) return;
      waiting.delete(node);
      if (!connected.has(node) || !isNodeName(node)) continue;
      asking += 1;
      void measure(node).finally(() => {
        asking -= 1;
        go();
      });
    }
  }

  async function measure(node: NodeName): Promise<void> {
    const [sentMs, beginMs] = [clock.wall().ms, clock.monotonicMs()];
    try {
      const { wallMs, state, epoch } = clockReportSchema.parse(await ask(node, clockMethod, {}, limits.clockAnswerMs));
      const tookMs = clock.monotonicMs() - beginMs;
      const wasSet = Math.abs(clock.wall().ms - sentMs - tookMs) >= limits.clockOffMs / 2; // while it was asked: nothing was measured
      if (wasSet) look();
      else if (tookMs / 2 < limits.clockOffMs) told(node, wallMs - (sentMs + tookMs / 2), state === "synced", epoch);
    } catch (error) {
      toHolonError(error); // a bug is told; else it is away, busy or older, and is asked again
    }
  }

  function askAll(): void {
    for (const node of connected) waiting.add(node);
    go();
  }

  /** Whether the clock here was set meanwhile. */
  function look(): void {
    const before = aheadMs;
    aheadMs = ahead();
    if (Math.abs(aheadMs - before) < limits.clockOffMs / 2) return;
    stepped(aheadMs - before);
    askAll();
  }

  /** Again and again, as long as somebody is connected. */
  function repeating(everyMs: number, step: () => void): { readonly anew: () => void; readonly end: () => void } {
    let timer: Timer | undefined;
    const anew = (): void => {
      timer?.cancel();
      if (closed || connected.size === 0) return;
      timer = clock.after(everyMs, () => {
        step();
        anew();
      });
    };
    return { anew, end: () => timer?.cancel() };
  }

  return {
    changed(now) {
      const before = connected;
      connected = new Set(now);
      for (const node of connected) if (!before.has(node)) waiting.add(node);
      if (before.size === 0) for (const round of rounds) round.anew();
      look();
      go();
    },
    close() {
      closed = true;
      for (const round of rounds) round.end();
    },
  };
}
