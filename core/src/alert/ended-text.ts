/** What is over, in words: that it was, from when to when. What was said while it lasted is of then. */
import type { Alert } from "../telemetry/alert.ts";

export function endedText({ kind, rule, subject, since, until, message, because }: Pick<Alert, "kind" | "rule" | "subject" | "since" | "until" | "message" | "because">): string {
  const span = `from ${since} to ${until ?? "now"}`;
  if (because !== undefined) return `nobody tells of it any more, since ${because}: ${message}; it was told ${span}`;
  if (kind === "silence") return `${subject} was silent ${span}`;
  if (kind === "alarm") return `it is over: ${message}; it was ${span}`;
  return `${rule} (${kind}) burned its error budget too fast in ${subject} ${span}, and does no more`;
}
