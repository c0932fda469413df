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

/** `as`: what is deployed under the name; another is not to blame. `ends`: in a row. */
const heldSchema = z.strictObject({ stopped: z.boolean(), life: z.string().nullable(), units: z.record(z.string(), z.strictObject({ as: z.string(), ends: z.int().min(0) })) });
type Held = z.infer<typeof heldSchema>;

export interface EndsOptions {
  readonly log: Pick<Log, "append" | "cell">;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace; readonly life?: string | undefined };
}

export interface Ends {
  /** How often the node ended while this ran, if that is too often. */
  heldBack(unit: string, as: string): number | undefined;
  /** These, and no others, are about to run: on disk when it resolves. */
  running(units: ReadonlyMap<string, string>): Promise<void>;
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
  let units = new Map(Object.entries(before?.units ?? {}).map(([unit, { as, ends }]) => [unit, { as, ends: hasFallen ? ends + 1 : ends }]));
  let written = before === undefined ? "" : canonicalJson(before);
  const told = new Set<string>();
  let timer: Timer | undefined;

  const isHeld = ({ ends }: { readonly ends: number }): boolean => ends >= limits.nodeEndsMax;

  async function write(stopped: boolean, records: readonly NewRecord[] = []): Promise<void> {
    const held: Held = { stopped, life, units: Object.fromEntries(units) };
    const text = canonicalJson(held);
    if (text === written && records.length === 0) return;
    await log.append({ records, cells: [{ key: endsCell, value: encoder.encode(text) }] });
    written = text;
  }

  /** What ran until now did not end it. */
  function forget(): void {
    for (const [unit, row] of units) if (!isHeld(row)) units.set(unit, { ...row, ends: 0 });
    write(false).catch((error: unknown) => trace.note("warn", `ends of the node: ${toHolonError(error).message}`)); // the next change says it again
  }

  const tell = (unit: string, ends: number): NewRecord =>
    events.record({ stream: "alarm", type: heldEvent, class: "public", producer: "agent", subject: unit, data: { unit, ends } });

  return {
    heldBack(unit, as) {
      const row = units.get(unit);
      return row?.as === as && isHeld(row) ? row.ends : undefined;
    },
    async running(wanted) {
      if (wanted.size === 0 && units.size === 0 && before === undefined) return;
      const next = new Map<string, { as: string; ends: number }>();
      const records: NewRecord[] = [];
      for (const [unit, as] of wanted) {
        const row = units.get(unit);
        const own = { as, ends: row?.as === as ? row.ends : 0 };
        next.set(unit, own);
        if (!isHeld(own) || told.has(`${unit} ${as}`)) continue;
        told.add(`${unit} ${as}`);
        records.push(tell(unit, own.ends));
      }
      units = next;
      await write(false, records);
      timer ??= clock.after(limits.nodeEndsForgetMs, forget);
    },
    async release(accepts) {
      const held = [...units].filter(([unit, row]) => isHeld(row) && accepts(unit));
      for (const [unit, { as }] of held) {
        units.set(unit, { as, ends: 0 });
        told.delete(`${unit} ${as}`);
      }
      await write(false);
      return held.length;
    },
    async close() {
      timer?.cancel();
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
