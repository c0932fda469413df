/** One line of a node's log, for people. */
import type { LogLine } from "./ask.ts";

export const printLine = ({ at, clock, level, message, code, times, lastAt, leftOut }: LogLine): string =>
  `${leftOut === undefined ? "" : `(${leftOut} lines left out)\n`}${at}${clock === "synced" ? "" : ` (${clock})`} ${level.padEnd(5)} ${message}${code === undefined ? "" : ` ${code}`}${times === undefined ? "" : ` (${times} times${lastAt === undefined ? "" : `, the last at ${lastAt}`})`}`;
