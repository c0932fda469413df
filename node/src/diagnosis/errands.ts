/**
 * What this node was asked to do: done once, whatever is asked how often and whoever crashes when.
 *
 *     asked ─▶ begun (on disk) ─▶ done (on disk, with its result) ─▶ forgotten: whoever asked has the result on its own disk; that it was done stays known
 *
 * What a crash finds begun is done no second time: its result says that it was cut off.
 */
import { wantedTold, type AskedBy, type RequestAnswer, type Result, type Wanted } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Codec, Crypto } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";

export interface Errand {
  readonly id: string;
  readonly by: AskedBy;
  readonly wanted: Wanted;
  readonly mayBegin: boolean;
  /** Whether it may be done, asked when it is about to begin. Fails as a refusal does. */
  demand(): Promise<void>;
  work(): Promise<unknown>;
}

export interface Errands {
  /** Begins it where it is new, and says how it stands. `HOLON_DIAGNOSIS_FULL`. */
  ask(errand: Errand): Promise<RequestAnswer>;
  /** Resolves when it is done, or after so long. */
  settled(id: string, withinMs: number): Promise<void>;
  /** A part of its result. `HOLON_DIAGNOSIS_GONE`. */
  piece(id: string, offset: number): Uint8Array;
  /** The result is on another disk. */
  forget(id: string): Promise<void>;
}

export interface ErrandOptions {
  readonly log: Log;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly codec: Codec; readonly crypto: Crypto };
}

const cellSchema = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("begun"), run: z.string(), atMs: z.number() }),
  z.strictObject({ state: z.literal("done"), ok: z.boolean(), sizeBytes: z.int(), hash: z.string(), atMs: z.number() }),
  z.strictObject({ state: z.literal("forgotten"), atMs: z.number() }),
]);
type ErrandCell = z.infer<typeof cellSchema>;

const prefix = "errand/";
const cellOf = (id: string): string => `${prefix}${id}`;
const resultCell = (id: string): string => `errand-result/${id}`;
const encoder = new TextEncoder();

export function createErrands({ log, events, ports }: ErrandOptions): Errands {
  const inTurn = createTurns();
  /** Of this life: resolves when it is done. */
  const underWay = new Map<string, Promise<void>>();

  const held = (id: string): ErrandCell | undefined => {
    const bytes = log.cell(cellOf(id));
    return bytes === undefined ? undefined : cellSchema.parse(parseJson(bytes));
  };
  const change = (id: string, cell: ErrandCell): CellChange => ({ key: cellOf(id), value: encoder.encode(JSON.stringify(cell)) });
  const nowMs = (): number => ports.clock.wall().ms;
  const told = (type: string, id: string, data: object): NewRecord => events.record({ stream: "audit", type, class: "public", producer: "diagnosis", subject: id, data: { id, ...data } });

  /** With which words a command ran, where they stay. */
  const words = (id: string, wanted: Wanted): readonly NewRecord[] =>
    wanted.kind === "exec" && Object.keys(wanted.arguments).length > 0 ? [events.record({ stream: "local", type: "holon.diagnosis.words", class: "raw", producer: "diagnosis", subject: id, data: { id, command: wanted.command, arguments: wanted.arguments } })] : [];

  /** Room for one more result: what nobody fetched is kept for those who asked. */
  function demandRoom(): readonly CellChange[] {
    const all = [...log.cells(prefix)].map(([key, bytes]) => ({ key, cell: cellSchema.parse(parseJson(bytes)) }));
    const kept = all.filter(({ cell }) => cell.state !== "forgotten").sort((one, other) => one.cell.atMs - other.cell.atMs);
    const [oldest] = kept;
    const changes: CellChange[] = [];
    if (kept.length >= diagnosisBounds.keptMax && oldest !== undefined) {
      if (nowMs() - oldest.cell.atMs < diagnosisBounds.expiryMsMax) throw new HolonError("HOLON_DIAGNOSIS_FULL", `${log.origin} keeps the results of ${kept.length} requests that nobody has fetched`);
      const id = oldest.key.slice(prefix.length);
      changes.push(change(id, { state: "forgotten", atMs: oldest.cell.atMs }), { key: resultCell(id), value: null });
    }
    const past = all.filter(({ cell }) => cell.state === "forgotten").sort((one, other) => one.cell.atMs - other.cell.atMs);
    return [...changes, ...past.slice(0, Math.max(0, past.length - diagnosisBounds.rememberedMax)).map(({ key }) => ({ key, value: null }))];
  }

  async function finish(id: string, result: Result, data: object, room: readonly CellChange[] = []): Promise<void> {
    const bytes = ports.codec.compress(bounded(result));
    const hash = toHex(ports.crypto.sha256(bytes));
    const cell: ErrandCell = { state: "done", ok: result.ok, sizeBytes: bytes.length, hash, atMs: nowMs() };
    await log.append({ records: [told("holon.diagnosis.done", id, { ok: result.ok, ...(result.ok ? {} : { code: result.error.code }), sizeBytes: bytes.length, hash, ...data })], cells: [change(id, cell), { key: resultCell(id), value: bytes }, ...room] });
  }

  async function live({ id, work }: Errand): Promise<void> {
    const beganMs = ports.clock.monotonicMs();
    const result = await work().then((value): Result => ({ ok: true, value: value ?? null }), failure);
    await finish(id, result, { tookMs: Math.round(ports.clock.monotonicMs() - beganMs) });
  }

  async function begin(errand: Errand): Promise<RequestAnswer> {
    const { id, by, wanted } = errand;
    const room = demandRoom();
    let refused: Result | undefined;
    await errand.demand().catch((error: unknown) => (refused = failure(error)));
    if (refused !== undefined) {
      await finish(id, refused, { by, wanted: wantedTold(wanted) }, room);
      return statusOf(held(id));
    }
    await log.append({ records: [told("holon.diagnosis.begun", id, { by, wanted: wantedTold(wanted) }), ...words(id, wanted)], cells: [change(id, { state: "begun", run: log.epoch, atMs: nowMs() }), ...room] });
    const work = live(errand).finally(() => underWay.delete(id));
    work.catch(() => undefined); // a log that takes nothing more: it stands as begun, and the next life says that it was cut off
    underWay.set(id, work);
    return { state: "running" };
  }

  return {
    ask: (errand) =>
      inTurn(async () => {
        const cell = held(errand.id);
        if (cell === undefined) return errand.mayBegin ? begin(errand) : { state: "unknown" };
        if (cell.state === "begun" && !underWay.has(errand.id)) await finish(errand.id, failure(new HolonError("HOLON_DIAGNOSIS_CUT", `${log.origin} ended in the midst of ${errand.id}; it is not done again`)), {});
        return statusOf(held(errand.id));
      }),
    settled: (id, withinMs) =>
      new Promise((resolve) => {
        const timer = ports.clock.after(withinMs, resolve);
        const ended = (): void => {
          timer.cancel();
          resolve();
        };
        (underWay.get(id) ?? Promise.resolve()).then(ended, ended);
      }),
    piece(id, offset) {
      const bytes = log.cell(resultCell(id));
      if (bytes === undefined) throw gone(id);
      return bytes.slice(offset, offset + diagnosisBounds.answerBytesMax);
    },
    forget: (id) =>
      inTurn(async () => {
        const cell = held(id);
        if (cell?.state !== "done") return;
        await log.append({ cells: [change(id, { state: "forgotten", atMs: cell.atMs }), { key: resultCell(id), value: null }] });
      }),
  };
}

function statusOf(cell: ErrandCell | undefined): RequestAnswer {
  if (cell?.state === "done") return { state: "done", ok: cell.ok, sizeBytes: cell.sizeBytes, hash: cell.hash };
  if (cell?.state === "forgotten") throw gone("the request");
  return { state: "running" };
}

const gone = (what: string): HolonError => new HolonError("HOLON_DIAGNOSIS_GONE", `${what} was done, and its result is kept no more`);

function failure(error: unknown): Result {
  const { code, message, next } = toHolonError(error);
  return { ok: false, error: { code, message, next } };
}

function bounded(result: Result): Uint8Array {
  const bytes = encoder.encode(JSON.stringify(result));
  if (bytes.length <= diagnosisBounds.resultBytesMax) return bytes;
  return encoder.encode(JSON.stringify(failure(new HolonError("HOLON_CALL_TOO_LARGE", `the result has ${bytes.length} bytes; the limit is ${diagnosisBounds.resultBytesMax}`))));
}
