import type { Trace } from "@holon/core/ports.ts";
import type { Incarnation } from "./incarnation.ts";

/** One line of a node's talk. */
export interface Note {
  readonly timeMs: number;
  readonly node: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Hands what the nodes say to `listener`, stamped with virtual time. */
export function createTrace(incarnation: Incarnation, listener: ((note: Note) => void) | undefined): Trace {
  if (listener === undefined) return silent;
  return {
    note: (level, message, fields = {}) => {
      if (incarnation.alive) listener({ timeMs: incarnation.world.nowMs, node: incarnation.name, level, message, fields });
    },
  };
}

const silent: Trace = { note: () => {} };
