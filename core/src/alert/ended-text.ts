/** What is over, in words: that it was, from when to when. What was said while it lasted is of then. */
import type { Alert } from "../telemetry/alert.ts";

export function endedText({ kind, rule, subject, since, until, message }: Pick<Alert, "kind" | "rule" | "subject" | "since" | "until" | "message">): string {
  const span = `from ${since} to ${until ?? "now"}`;
  if (kind === "silence") return `${subject} was silent ${span}`;
  if (kind === "alarm") return `it is over: ${message}; it was ${span}`;
  return `${rule} (${kind}) burned its error budget too fast in ${subject} ${span}, and does no more`;
}
