/**
 * Where children went that were lost here: one that was given another parent is heard there, and this node would miss it for ever. So the node above is asked for those that are not back, again and
 * again while the way up is open; who does not know asks above in turn. Nobody is told where a node hangs, only that it does.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import { elsewhereAnswerSchema, elsewhereMethod, elsewhereRequestSchema, type ElsewhereRow } from "@holon/core/schema/elsewhere.ts";
import type { FleetView, Now } from "@holon/core/telemetry/fleet-view.ts";
import type { CallHandler } from "../link/calls.ts";

export interface Elsewhere {
  /** Somebody may have been lost, or the way up may be open: it is asked soon. */
  wake(): void;
  close(): void;
}

export interface ElsewhereOptions {
  readonly clock: Clock;
  readonly view: Pick<FleetView, "lostHere" | "elsewhere">;
  readonly handlers: Map<string, CallHandler>;
  now(): Now;
  /** What the log holds was read. */
  ready(): Promise<void>;
  /** Asks the node above; undefined where none is connected. */
  askAbove(method: string, parameters: unknown, deadlineMs: number): Promise<unknown> | undefined;
  /** It hangs elsewhere since then, by the clock here. */
  left(node: string, atMs: number): void;
}

export function createElsewhere({ clock, view, handlers, now, ready, askAbove, left }: ElsewhereOptions): Elsewhere {
  let timer: Timer | undefined;
  let pauseMs: number = limits.elsewhereAskMs;
  let dueMs = 0;
  let isAsking = false;
  let closed = false;
  /** Of more than one question holds, the others come next. */
  let from = 0;

  async function above(lost: readonly ElsewhereRow[]): Promise<readonly ElsewhereRow[]> {
    if (lost.length === 0) return [];
    try {
      const answer = await askAbove(elsewhereMethod, { lost }, limits.elsewhereAnswerMs);
      return answer === undefined ? [] : elsewhereAnswerSchema.parse(answer).elsewhere;
    } catch (error) {
      toHolonError(error); // a bug is told; else it is away, busy or older, and is asked again
      return [];
    }
  }

  /** One that was connected there before it was lost here is on its way from there, and not to there. */
  function knownHere({ node, agoMs }: ElsewhereRow, child: string, time: Now): readonly ElsewhereRow[] {
    const sinceMs = view.elsewhere(node, child, time);
    if (sinceMs === undefined || sinceMs < time.wallMs - agoMs - limits.clockOffMs) return [];
    return [{ node, agoMs: Math.max(0, time.wallMs - sinceMs) }];
  }

  handlers.set(elsewhereMethod, async (parameters, child) => {
    const { lost } = elsewhereRequestSchema.parse(parameters);
    await ready();
    const time = now();
    const here = lost.flatMap((row) => knownHere(row, child, time));
    const found = new Set(here.map(({ node }) => node));
    return { elsewhere: [...here, ...(await above(lost.filter(({ node }) => !found.has(node))))] };
  });

  async function ask(): Promise<void> {
    const { wallMs } = now();
    const lost = view.lostHere();
    if (from >= lost.length) from = 0;
    const asked = lost.slice(from, from + limits.elsewhereAskedAtOnce).map(({ node, atMs }) => ({ node, agoMs: Math.max(0, wallMs - atMs) }));
    from += asked.length;
    const answered = await above(asked);
    if (closed) return;
    const still = new Set(view.lostHere().map(({ node }) => node));
    const names = new Set(asked.map(({ node }) => node));
    for (const { node, agoMs } of answered) if (still.has(node) && names.has(node)) left(node, now().wallMs - agoMs);
  }

  /** Seldomer each time: who is not back soon may be away for weeks. */
  function later(): void {
    if (closed || isAsking) return;
    dueMs = clock.monotonicMs() + pauseMs;
    timer = clock.after(pauseMs, () => {
      timer = undefined;
      if (view.lostHere().length === 0) return;
      pauseMs = Math.min(2 * pauseMs, limits.elsewhereAskMsMax);
      isAsking = true;
      void ask().finally(() => {
        isAsking = false;
        later();
      });
    });
  }

  return {
    wake() {
      pauseMs = limits.elsewhereAskMs;
      if (timer !== undefined && dueMs - clock.monotonicMs() <= pauseMs) return;
      timer?.cancel();
      later();
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
