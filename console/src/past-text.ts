/** What an alert was about, where columns of their own say that it is over, and from when to when it was. */
import type { ShownAlert } from "@holon/core/telemetry/alert.ts";
import { words } from "./strings.ts";

export function pastText({ kind, rule, subject, node }: Pick<ShownAlert, "kind" | "rule" | "subject" | "node">): string {
  if (kind === "silence") return words.alerts.wasSilent(subject);
  return kind === "alarm" ? words.alerts.wasAlarm(node !== undefined && rule.startsWith(`${node}/`) ? rule.slice(node.length + 1) : rule, subject, node) : words.alerts.wasBurning(rule, subject);
}
