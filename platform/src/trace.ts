import type { Trace } from "@holon/core/ports.ts";

const levels = ["debug", "info", "warn", "error"] as const;
export type TraceLevel = (typeof levels)[number];

/** Where trace lines go: `process.stderr`, or a file. */
export interface TraceOutput {
  write(line: string): unknown;
  readonly writableLength: number;
}

/** Lines that wait for a slow reader. At the bound: lines are dropped and counted, so that talk never holds up a node. */
const waitingBytesMax = 1 << 20;

/** Writes what is at `level` or above as one line each: `warn gateway-1 the link is down peer=edge-1`. */
export function createTrace(options: { readonly name: string; readonly level: TraceLevel; readonly output: TraceOutput }): Trace {
  const { name, level: lowest, output } = options;
  let dropped = 0;
  return {
    note: (level, message, fields = {}) => {
      if (levels.indexOf(level) < levels.indexOf(lowest)) return;
      if (output.writableLength > waitingBytesMax) {
        dropped += 1;
        return;
      }
      if (dropped > 0) output.write(`warn ${name} trace lines dropped count=${dropped}\n`);
      dropped = 0;
      output.write(`${level} ${name} ${oneLine(message)}${printFields(fields)}\n`);
    },
  };
}

const printFields = (fields: Readonly<Record<string, string | number | boolean>>): string =>
  Object.entries(fields)
    .map(([key, value]) => ` ${key}=${typeof value === "string" && /[\s"=]/.test(value) ? JSON.stringify(value) : oneLine(String(value))}`)
    .join("");

/** Text from a peer must not look like a line of its own, nor steer the terminal. */
// oxlint-disable-next-line no-control-regex -- control characters are what it removes
const oneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
