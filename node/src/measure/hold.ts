/**
 * While the program of this node is not what was adopted, it hands out no secrets and takes nothing that did not run before. The mark is on the disk, so that no start forgets it.
 *
 *     free ──the program differs──▶ held ──somebody adopts it │ it is put back──▶ free
 */
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { Log } from "@holon/core/log/log.ts";
import { heldMarkSchema, heldRow, heldRowSchema, heldWhy, withoutNews, type HeldMark, type HeldRow } from "@holon/core/measure/held.ts";
import type { Adopted, Difference } from "@holon/core/measure/measured.ts";
import type { Clock, Trace } from "@holon/core/ports.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { Events } from "../event/events.ts";

export const heldCell = "measured/held";
export const heldProgramEvent = "holon.node.held";

export interface HoldContext {
  readonly log: Pick<Log, "append" | "cell" | "origin">;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** The document that runs, or ran last. */
  ran(): Desired | undefined;
  /** Resolves when it was looked, since this start, whether the program is what was adopted; undefined where it was. */
  looked(): Promise<void> | undefined;
  /** Nothing is held back any more. */
  lifted(): void;
}

export interface Hold {
  /** Undefined where nothing is held back. */
  row(): HeldRow | undefined;
  /** `HOLON_NODE_HELD`: what wants a secret waits. */
  demand(what: string): Promise<void>;
  /** What of a document may be reached, and why not the rest. */
  admit(desired: Desired): Promise<{ readonly document: Desired; readonly refusal?: HolonError }>;
  /** The program differs from what was adopted: from now on, whether the disk takes the mark or not. */
  put(altered: readonly Difference[], found: string): Promise<void>;
  lift(how: "reverted" | Pick<Adopted, "by" | "because">): Promise<void>;
}

export function createHold({ log, events, ports, ran, looked, lifted }: HoldContext): Hold {
  let mark = readMark(log, ports.clock.wall().ms);
  let written = mark !== undefined;

  const refusal = (what: string, row: HeldRow): HolonError => new HolonError("HOLON_NODE_HELD", `${what}: ${heldWhy(`the program of ${log.origin}`, row, 3)}`);

  const tell = (data: object) => events.record({ stream: "alarm", type: heldProgramEvent, class: "public", producer: "measure", data });

  return {
    row: () => (mark === undefined ? undefined : heldRowSchema.parse(mark)),
    async demand(what) {
      await looked();
      if (mark !== undefined) throw refusal(`${what} is held back`, mark);
    },
    async admit(desired) {
      // What runs goes on, whatever the look will find.
      const look = mark === undefined ? looked() : undefined;
      if (look !== undefined && withoutNews(ran(), desired).news.length > 0) await look;
      if (mark === undefined) return { document: desired };
      const { document, news } = withoutNews(mark.ran === undefined ? ran() : (mark.ran ?? undefined), desired);
      return news.length === 0 ? { document } : { document, refusal: refusal(`desired document ${desired.version}: what is new of ${news.join(", ")} is not taken`, mark) };
    },
    async put(altered, found) {
      const row = heldRow(found, mark?.sinceMs ?? ports.clock.wall().ms, altered);
      if (written && canonicalJson(row) === canonicalJson(heldRowSchema.parse(mark))) return;
      const isNew = mark === undefined || !written;
      mark = { ...row, ran: mark?.ran === undefined ? (ran() ?? null) : mark.ran };
      written = false;
      if (isNew) ports.trace.note("error", refusal("secrets and what is new are held back", row).message, { code: "HOLON_NODE_HELD" });
      await log.append({ records: isNew ? [tell({ state: "open", found, count: row.count, first: row.first })] : [], cells: [{ key: heldCell, value: encoder.encode(canonicalJson(mark)) }] });
      written = true;
    },
    async lift(how) {
      if (mark === undefined) return;
      const { found } = mark;
      const why = how === "reverted" ? { why: "the program is again what was adopted" } : { why: "adopted", by: how.by, because: how.because };
      await log.append({ records: [tell({ state: "closed", found, ...why })], cells: [{ key: heldCell, value: null }] });
      mark = undefined;
      written = false;
      ports.trace.note("warn", `${log.origin} holds nothing back any more: ${how === "reverted" ? why.why : `${how.by} adopted it (${how.because})`}`);
      lifted();
    },
  };
}

/** `ran` is undefined where another version of the program wrote it in words that this one does not know. */
type ReadMark = HeldRow & { readonly ran: HeldMark["ran"] | undefined };

/** A mark that cannot be read is one all the same. */
function readMark(log: Pick<Log, "cell">, nowMs: number): ReadMark | undefined {
  const bytes = log.cell(heldCell);
  if (bytes === undefined) return undefined;
  const value = parseJson(bytes);
  const mark = heldMarkSchema.safeParse(value);
  if (mark.success) return mark.data;
  const row = heldRowSchema.safeParse(value);
  return { ...(row.success ? row.data : { sinceMs: nowMs, found: "0".repeat(64), count: 1, first: ["mark of what is held back"] }), ran: undefined };
}

const encoder = new TextEncoder();
