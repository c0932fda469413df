/**
 * What an isolate hands out, which its function may have made itself: taken apart by hand, since the library that parses everything else
 * weighs more than ten sandboxes in a process that needs it for two small shapes.
 */
import { isErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { CrossingError } from "@holon/core/run/crossing.ts";
import type { InsideResult } from "../runner/warden-protocol.ts";

/** Undefined where it is none. `fitted` is checked by who takes it. */
export function parseInsideResult(given: unknown): InsideResult | undefined {
  const fields = fieldsOf(given);
  if (fields === undefined) return undefined;
  const { text, fitted, failed, talk } = fields;
  if (!isTextOrNone(text) || !isTextOrNone(failed) || typeof talk !== "string") return undefined;
  return { text, fitted, failed, talk: talk.slice(0, limits.unitTalkBytesMax + 1) };
}

const failureTextMax = 16 << 10;
const wordsMax = 2_000;
const saidMax = 4_000;

/** The error that a function's batch ended with; undefined where the text tells none. A code that is none of ours is that of a sandbox that died. */
export function parseInsideFailure(text: string): CrossingError | undefined {
  const fields = fieldsOf(parsed(text.slice(0, failureTextMax)));
  if (fields === undefined) return undefined;
  const { code, message, next, said } = fields;
  if (typeof code !== "string" || !isTextOf(message, wordsMax) || !isTextOf(next, wordsMax) || (said !== undefined && !isTextOf(said, saidMax))) return undefined;
  return { code: isErrorCode(code) ? code : "HOLON_UNIT_DIED", message, next, said };
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> | undefined => (typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined);
const isTextOrNone = (value: unknown): value is string | undefined => value === undefined || typeof value === "string";
const isTextOf = (value: unknown, most: number): value is string => typeof value === "string" && value.length <= most;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
