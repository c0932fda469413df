/**
 * The node's own log: what it says of itself, line by line, in memory and beside it on disk. Redacted before it is kept, so that no secret comes to rest in it; and bounded, by lines, by
 * characters and by time, so that whoever says the same a thousand times a second fills nothing.
 */
import type { LogLevel, LogLine } from "@holon/core/diagnosis/ask.ts";
import { logLineSchema, logLevels } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { createRedactor, withoutForeignWords, type Redactor } from "@holon/core/diagnosis/redact.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import type { Clock, LineKeeper, Timer, Trace } from "@holon/core/ports.ts";

export interface OwnLines {
  /** Hands on what is said, and keeps it. */
  readonly trace: Trace;
  /** Secrets that are looked for from now on. */
  know(redactor: Redactor): void;
  read(query: LinesQuery): LinesRead;
  /** Resolves with the next line, or after so long. */
  next(withinMs: number): Promise<void>;
  close(): void;
}

export interface LinesQuery {
  readonly level: LogLevel;
  readonly sinceMs?: number | undefined;
  /** Id of the last line that is known; without it the newest are read. */
  readonly after?: string | undefined;
  readonly limit: number;
  readonly bytesMax: number;
}

export interface LinesRead {
  readonly lines: readonly LogLine[];
  readonly after: string | null;
  readonly missed: number;
  readonly more: boolean;
}

export interface OwnLinesOptions {
  readonly trace: Trace;
  readonly clock: Clock;
  readonly keeper: LineKeeper | undefined;
  /** Of this life of the node. */
  readonly run: string;
}

export async function openOwnLines({ trace, clock, keeper, run }: OwnLinesOptions): Promise<OwnLines> {
  let redactor = createRedactor([]);
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  let unwritten: LogLine[] = [];
  let flush: Timer | undefined;
  let number = 0;
  /** The last line was said again since it was written. */
  let isRepeated = false;
  /** Lines of the present second, and those that were too many. */
  const rate = { sinceMs: clock.monotonicMs(), count: 0, leftOut: 0 };

  for (const text of (await keeper?.read()) ?? []) {
    const line = lineOf(text);
    if (line === undefined) continue;
    if (lines.at(-1)?.id === line.id) lines.pop(); // written again, with how often it was said
    lines.push(line);
  }
  lines.splice(0, Math.max(0, lines.length - diagnosisBounds.linesMax));

  function write(): void {
    flush = undefined;
    const due = unwritten;
    unwritten = [];
    if (due.length > 0) keeper?.write(due.map((line) => JSON.stringify(line)));
  }

  function toWrite(line: LogLine): void {
    if (keeper === undefined) return;
    unwritten.push(line);
    flush ??= clock.after(diagnosisBounds.linesFlushMs, write);
  }

  /** How often a line was said, and when last, is written once it is known: who says the same all day fills no disk. */
  function writeRepeated(): void {
    const last = lines.at(-1);
    if (isRepeated && last !== undefined) toWrite(last);
    isRepeated = false;
  }

  function keep(line: LogLine): void {
    writeRepeated();
    lines.push(line);
    if (lines.length > diagnosisBounds.linesMax) lines.shift();
    toWrite(line);
    for (const wake of waiting) wake();
  }

  /** Whether one more line may be kept now. */
  function isAffordable(): boolean {
    const nowMs = clock.monotonicMs();
    if (nowMs - rate.sinceMs >= 1_000) Object.assign(rate, { sinceMs: nowMs, count: 0 });
    rate.count += 1;
    if (rate.count <= diagnosisBounds.linesPerSecondMax) return true;
    rate.leftOut += 1;
    return false;
  }

  function note(level: LogLevel, message: string, fields: Readonly<Record<string, string | number | boolean>>): void {
    if (!isAffordable()) return;
    const code = typeof fields["code"] === "string" ? fields["code"] : undefined;
    const said = redactor.text(withoutForeignWords(oneLine(shortened(message)), code, true)).slice(0, diagnosisBounds.lineCharactersMax);
    const last = lines.at(-1);
    const { ms, state } = clock.wall();
    if (last !== undefined && last.message === said && last.level === level && last.clock === state && last.id.startsWith(`${run}/`)) {
      lines[lines.length - 1] = { ...last, times: (last.times ?? 1) + 1, lastAt: isoTime(ms) };
      isRepeated = true;
      return;
    }
    number += 1;
    const leftOut = rate.leftOut === 0 ? {} : { leftOut: rate.leftOut };
    rate.leftOut = 0;
    keep({ id: `${run}/${number}`, at: isoTime(ms), clock: state, level, message: said, ...(code === undefined ? {} : { code }), ...leftOut });
  }

  return {
    trace: {
      note(level, message, fields = {}) {
        trace.note(level, message, fields);
        if (level !== "debug") note(level, message, fields);
      },
    },
    know: (known) => void (redactor = known),
    read({ level, sinceMs, after, limit, bytesMax }) {
      const known = after === undefined ? undefined : placeOf(after, lines);
      const missed = known === -1 ? missedSince(after, lines) : 0;
      const newer = known === undefined ? lines : lines.slice(known + 1); // where it is not there any more, all that are left
      const lowest = logLevels.indexOf(level);
      const fitting = newer.filter((line) => logLevels.indexOf(line.level) >= lowest && (sinceMs === undefined || Date.parse(line.lastAt ?? line.at) >= sinceMs));
      const wanted = known === undefined ? fitting.slice(-limit) : fitting.slice(0, limit);
      // Who looks for the first time is shown the newest that fit, who goes on the next ones.
      const shown = within(wanted.map((line) => ({ ...line, message: redactor.text(line.message) })), bytesMax, known === undefined);
      const last = shown.at(-1);
      const more = known !== undefined && last !== undefined && last.id !== fitting.at(-1)?.id;
      return { lines: shown, after: (more ? last?.id : newer.at(-1)?.id) ?? after ?? null, missed, more };
    },
    next(withinMs) {
      return new Promise((resolve) => {
        const done = (): void => {
          timer.cancel();
          waiting.delete(done);
          resolve();
        };
        const timer = clock.after(withinMs, done);
        waiting.add(done);
      });
    },
    close() {
      flush?.cancel();
      writeRepeated();
      flush?.cancel();
      write();
      for (const wake of [...waiting]) wake();
    },
  };
}

/** Of the line, or of the last of its life before it: a power cut takes the newest from the disk, and not from who was shown them. -1 where nothing of that life, or nothing so old, is left. */
function placeOf(after: string, lines: readonly LogLine[]): number {
  const [run = "", number = "0"] = after.split("/");
  return lines.findLastIndex(({ id }) => id.startsWith(`${run}/`) && Number(id.split("/")[1]) <= Number(number));
}

/** How many of the same life went between; of an earlier one nobody knows, and something did. */
function missedSince(after: string | undefined, lines: readonly LogLine[]): number {
  const [run = "", number = "0"] = after?.split("/") ?? [];
  const [first] = lines;
  if (first === undefined || !first.id.startsWith(`${run}/`)) return 1;
  return Math.max(0, Number(first.id.split("/")[1]) - Number(number) - 1);
}

/** So many as fit, from the end or from the beginning. */
function within(lines: readonly LogLine[], bytesMax: number, newest: boolean): readonly LogLine[] {
  const fitting: LogLine[] = [];
  let bytes = 0;
  for (const line of newest ? lines.toReversed() : lines) {
    bytes += JSON.stringify(line).length + 1;
    if (bytes > bytesMax && fitting.length > 0) break;
    fitting.push(line);
  }
  return newest ? fitting.reverse() : fitting;
}

function lineOf(text: string): LogLine | undefined {
  try {
    return logLineSchema.parse(JSON.parse(text));
  } catch {
    return undefined; // torn by a crash, or of another version: it is talk, and not missed
  }
}

/** Far longer than a line, and without the word at the cut: half a secret is not known again. */
const shortened = (text: string): string => (text.length <= 4 * diagnosisBounds.lineCharactersMax ? text : text.slice(0, 4 * diagnosisBounds.lineCharactersMax).replace(/\S*$/, ""));

/** Text from a peer must not look like a line of its own. */
// oxlint-disable-next-line no-control-regex -- control characters are what it removes
const oneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
