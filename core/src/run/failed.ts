/** An event that a function could not handle, kept by reference: its record is in the log already. */
import { z } from "zod";

export const failedEventSchema = z.strictObject({
  /** `origin/epoch/stream/sequence`. */
  event: z.string().max(256),
  code: z.string().max(64),
  /** Of what kind the failure was, and where; never what the function was given. */
  message: z.string().max(2_000),
  attempts: z.int().min(1),
  atMs: z.number(),
  /** A window cannot be cut again: it is not replayed. */
  window: z.boolean().optional(),
});
export type FailedEvent = z.infer<typeof failedEventSchema>;

/** How many events a function has set aside in all, whatever became of them: decimal digits. Of all functions without one. */
export const asideCell = (unit: string): string => `aside/${unit}`;

export const failedCell = (unit: string, event: string): string => `failed/${unit}/${event}`;

/** `app/function` and event of a cell's key. */
export function parseFailedCell(key: string): { readonly app: string; readonly fn: string; readonly event: string } | undefined {
  const [first, app, fn, ...event] = key.split("/");
  return first !== "failed" || app === undefined || fn === undefined || event.length === 0 ? undefined : { app, fn, event: event.join("/") };
}
