/**
 * How often this node ended without stopping while a unit ran. What ended it nobody can say afterwards: memory that ran out, native code, a defect of its own. A unit that ran each time, several
 * times in a row and soon after the start, does not start by itself again, or the node would come to nothing else.
 *
 * Not counted: an end with its machine (the power failed, somebody restarted it), and whatever a life that was long enough had before.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { Log, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";

export const endsCell = "ends/units";
export const heldEvent = "holon.unit.held";

/** `as`: what is deployed under the name; another is not to blame. `ends`: in a row. `ran`: and did not wait for a lease. */
const rowSchema = z.strictObject({ as: z.string(), ends: z.int().min(0), ran: z.boolean() });
const heldSchema = z.strictObject({ stopped: z.boolean(), life: z.string().nullable(), units: z.record(z.string(), rowSchema) });
type Held = z.infer<typeof heldSchema>;
type Row = z.infer<typeof rowSchema>;

export interface EndsOptions {
  readonly log: Pick<Log, "append" | "cell">;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace; readonly life?: string | undefined };
}

export interface Ends {
  /** How often the node ended while this ran, if that is too often. */
  heldBack(unit: string, as: string): number | undefined;
  /** Of all that is deployed here these, and no others, are about to run: on disk when it resolves. What waits for its lease is neither counted nor forgotten. */
  running(deployed: ReadonlyMap<string, string>, about: (unit: string) => boolean): Promise<void>;
  /** Lets what is held back start again. Returns how many there were. */
  release(accepts: (unit: string) => boolean): Promise<number>;
  /** The node stops. */
  close(): Promise<void>;
}

export function openEnds({ log, events, ports }: EndsOptions): Ends {
  const { clock, trace } = ports;
  const life = ports.life ?? null;
  const before = readHeld(log);
  const hasFallen = before !== undefined && !before.stopped && (life === null || before.life === life);
  let units = new Map(Object.entries(before?.units ?? {}).map(([unit, { as, ends, ran }]): readonly [string, Row] => [unit, { as, ends: hasFallen && ran ? ends + 1 : ends, ran: false }]));
  let written = before === undefined ? "" : canonicalJson(before);
  const told = new Set<string>();
  const timers = new Set<Timer>();
  let closed = false;

  const isHeld = ({ ends }: { readonly ends: number }): boolean => ends >= limits.nodeEndsMax;

  async function write(stopped: boolean, records: readonly NewRecord[] = []): Promise<void> {
    const held: Held = { stopped, life, units: Object.fromEntries(units) };
    const text = canonicalJson(held);
    if (text === written && records.length === 0) return;
    await log.append({ records, cells: [{ key: endsCell, value: encoder.encode(text) }] });
    written = text;
  }

  /** What has run since then did not end it. */
  function forget(started: readonly string[]): void {
    for (const unit of started) {
      const row = units.get(unit);
      if (row?.ran === true && !isHeld(row)) units.set(unit, { ...row, ends: 0 });
    }
    write(false).catch((error: unknown) => trace.note("warn", `ends of the node: ${toHolonError(error).message}`)); // the next change says it again
  }

  const tell = (unit: string, ends: number): NewRecord =>
    events.record({ stream: "alarm", type: heldEvent, class: "public", producer: "agent", subject: unit, data: { unit, ends } });

  return {
    heldBack(unit, as) {
      const row = units.get(unit);
      return row?.as === as && isHeld(row) ? row.ends : undefined;
    },
    async running(deployed, about) {
      if (closed || (deployed.size === 0 && units.size === 0 && before === undefined)) return;
      const next = new Map<string, Row>();
      const records: NewRecord[] = [];
      const saying: string[] = [];
      const started: string[] = [];
      for (const [unit, as] of deployed) {
        const row = units.get(unit);
        const ends = row?.as === as ? row.ends : 0;
        const own: Row = { as, ends, ran: about(unit) && !isHeld({ ends }) };
        if (own.ran && row?.ran !== true) started.push(unit);
        next.set(unit, own);
        if (!isHeld(own) || told.has(`${unit} ${as}`)) continue;
        saying.push(`${unit} ${as}`);
        records.push(tell(unit, own.ends));
      }
      units = next;
      await write(false, records);
      for (const one of saying) told.add(one); // what a full disk took is said with the next look
      if (started.length === 0 || closed) return;
      const timer = clock.after(limits.nodeEndsForgetMs, () => {
        timers.delete(timer);
        forget(started);
      });
      timers.add(timer);
    },
    async release(accepts) {
      const held = [...units].filter(([unit, row]) => isHeld(row) && accepts(unit));
      for (const [unit, { as, ran }] of held) {
        units.set(unit, { as, ends: 0, ran });
        told.delete(`${unit} ${as}`);
      }
      await write(false);
      return held.length;
    },
    async close() {
      closed = true;
      for (const timer of timers) timer.cancel();
      if (written === "") return;
      for (const [unit, row] of units) if (!isHeld(row)) units.set(unit, { ...row, ends: 0 });
      await write(true);
    },
  };
}

/** What cannot be read blames nobody. */
function readHeld(log: Pick<Log, "cell">): Held | undefined {
  const bytes = log.cell(endsCell);
  const parsed = bytes === undefined ? undefined : heldSchema.safeParse(parseJson(bytes));
  return parsed?.data;
}

const encoder = new TextEncoder();
