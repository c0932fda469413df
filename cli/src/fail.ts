/** How the command line says what went wrong: what failed, on what, what to do next. Never a stack trace. */
import { toHolonError } from "@holon/core/errors.ts";

export function sayError(error: unknown, json: boolean): void {
  const { code, next, ...coded } = toHolonError(error).toJSON();
  const message = coded.message.replaceAll(/\s*\n\s*/g, " "); // what others wrote may have lines; ours is one
  if (json) process.stderr.write(`${JSON.stringify({ error: { code, message, next } })}\n`);
  else process.stderr.write(`${code}: ${message}\n  next: ${next}\n`);
  if (process.env["HOLON_DEBUG"] !== undefined && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
}
