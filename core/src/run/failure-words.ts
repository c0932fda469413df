/**
 * What may be said of an error that came out of a function, to whoever may see that it failed: of what kind it is, and where. Its words may quote what the function was given,
 * of whatever class that is; they stay in the cause, on the node.
 */
import { errorTable, HolonError, isErrorCode } from "../errors.ts";

const known = new WeakMap<object, string>();

/** An error of which these words are the host's own, and quote nothing: whatever the function does to it, they are what is told. */
export function withOwnWords(error: HolonError, words: string = error.message): HolonError {
  known.set(error, words);
  return error;
}

export function failureWords(error: unknown): string {
  if (error instanceof HolonError && isErrorCode(error.code)) return `${error.code} ${known.get(error) ?? errorTable[error.code].means}`;
  try {
    return `${kindOf(error)}${placeOf(error)}`;
  } catch {
    return "Error"; // what it threw throws again when it is looked at
  }
}

const kinds: ReadonlySet<string> = new Set(["Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "URIError", "EvalError", "AggregateError"]);

/** The name of its class: `name` alone can be set to anything. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const own: unknown = error.constructor?.name;
  if (typeof own === "string" && own === error.name && /^[A-Z][A-Za-z]{0,63}$/.test(own)) return own;
  for (let at: unknown = Object.getPrototypeOf(error); at instanceof Object; at = Object.getPrototypeOf(at)) {
    const name: unknown = at.constructor?.name;
    if (typeof name === "string" && kinds.has(name)) return name;
  }
  return "Error";
}

/** Line and column in what the function was bundled to: of its stack no more than these two numbers. */
function placeOf(error: unknown): string {
  const frame = error instanceof Error && typeof error.stack === "string" ? /^ {2,8}at .*?:(\d{1,7}):(\d{1,7})\)?$/m.exec(error.stack.slice(String(error).length)) : null;
  return frame === null ? "" : ` at ${frame[1] ?? ""}:${frame[2] ?? ""}`;
}
