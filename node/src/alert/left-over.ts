/**
 * Messages that a receiver took for some of its recipients and will take for others later: they are tried again for those alone, beside what is told meanwhile. On disk, so that a start forgets
 * none; given up, and told, when they are old, when there are too many, or when all in them is over, which is told to everybody.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { Clock, NotifierAnswer, NotifierMessage, Timer, Trace } from "@holon/core/ports.ts";
import { z } from "zod";

const leftSchema = z.array(z.object({ message: z.object({ key: z.string(), subject: z.string(), text: z.string(), body: z.string() }), to: z.array(z.string()), /** Those that it tells as firing. */ firing: z.array(z.string()), untilMs: z.number() }));
type Left = z.infer<typeof leftSchema>;

export interface LeftOver {
  /** What is to be written with the note that the message was taken. */
  add(message: NotifierMessage, to: readonly string[], firing: readonly string[]): CellChange;
  close(): void;
}

export interface LeftOverOptions {
  readonly route: string;
  readonly log: Pick<Log, "cell">;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  send(message: NotifierMessage, to: readonly string[]): Promise<NotifierAnswer>;
  isOver(id: string): boolean;
  keep(cells: readonly CellChange[]): Promise<void>;
}

const encoder = new TextEncoder();

export function createLeftOver({ route, log, ports: { clock, trace }, send, isOver, keep }: LeftOverOptions): LeftOver {
  const cell = `alert/left/${route}`;
  let left = readLeft(log.cell(cell));
  let timer: Timer | undefined;
  let closed = false;
  const change = (): CellChange => ({ key: cell, value: left.length === 0 ? null : encoder.encode(JSON.stringify(left)) });
  const givenUp = ({ to }: Left[number]): void => trace.note("warn", `alerts: ${route}: given up for ${to.join(", ")}`);

  /** The same without those for whom it is done; undefined where nothing is left of it. */
  async function tried(one: Left[number]): Promise<Left[number] | undefined> {
    if (one.firing.length > 0 && one.firing.every(isOver)) return undefined;
    if (clock.wall().ms >= one.untilMs) return void givenUp(one);
    const answer = await send(one.message, one.to).catch((error: unknown): NotifierAnswer => ({ outcome: "later", why: toHolonError(error).message }));
    if (answer.outcome === "later") return one;
    if (answer.outcome === "refused") return void givenUp(one);
    return answer.left === undefined || answer.left.length === 0 ? undefined : { ...one, to: [...answer.left] };
  }

  async function work(): Promise<void> {
    for (const one of left) {
      const now = await tried(one);
      left = left.flatMap((other) => (other !== one ? [other] : now === undefined ? [] : [now]));
    }
    if (!closed) await keep([change()]);
  }

  function later(): void {
    if (closed || left.length === 0) return;
    timer ??= clock.after(limits.alertLeftEveryMs, () => {
      timer = undefined;
      void work().catch((error: unknown) => trace.note("warn", `alerts: ${route}: ${toHolonError(error).message}`)).finally(later);
    });
  }

  later();
  return {
    add(message, to, firing) {
      left = [...left, { message: { ...message }, to: [...to], firing: [...firing], untilMs: clock.wall().ms + limits.alertLeftMs }];
      for (const old of left.splice(0, left.length - limits.alertLeftMax)) givenUp(old);
      later();
      return change();
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

const readLeft = (bytes: Uint8Array | undefined): Left => (bytes === undefined ? [] : leftSchema.parse(parseJson(bytes)));
