/** What a policy keeps on a node that was made to leave it: what is told of it, and what to do. */
import { z } from "zod";
import type { Finding } from "../diagnosis/findings.ts";

export const withheldRowSchema = z.looseObject({
  /** `stays`: it was recorded in `local`, and will not leave later. `waits`: it stands in a stream that leaves, and goes when a policy lets it. */
  how: z.enum(["stays", "waits"]),
  /** Where it was to stand (`data`), or the first of the lanes that wait (`gateway-1/data`). */
  where: z.string(),
  /** How many lanes wait for the same reason; 1 of what stays. */
  lanes: z.int().min(1),
  /** Records, since the start of the node at most. */
  count: z.int().min(0),
  /** Where it was to go; null where nobody said where that is. */
  destination: z.string().nullable(),
  rule: z.string(),
  reason: z.string(),
  /** Whether a rule of the policy says so in so many words; else none lets it go, or lets its class be lowered. */
  isForbidden: z.boolean(),
  since: z.string(),
});
export type WithheldRow = Readonly<z.infer<typeof withheldRowSchema>>;

/** Rows that a status tells. At the bound: those that hold back most. */
export const withheldRowsMax = 16;

/** What a rule forbids in so many words is as it was meant; what no rule permits may have been forgotten. */
export function withheldFindings(name: string, rows: readonly WithheldRow[]): readonly Finding[] {
  return rows.map((row) => (row.isForbidden ? { check: name, state: "ok", says: withheldText(row) } : { check: name, state: "warn", says: withheldText(row), next: withheldNext(row) }));
}

function withheldText({ how, where, lanes, count, reason, since }: WithheldRow): string {
  const records = `${count} record${count === 1 ? "" : "s"}`;
  const [stay, wait] = count === 1 ? ["stays", "waits"] : ["stay", "wait"];
  if (how === "stays") return `${records} for ${where} ${stay} in \`local\` since ${since}: ${reason}`;
  return `${records} of ${where}${lanes === 1 ? "" : ` and ${lanes - 1} more lane${lanes === 2 ? "" : "s"}`} ${wait} since ${since}: ${reason}`;
}

/** What is raw or personal was made to leave only as something less, which nobody lets its maker say. */
export const rawStays = "base/raw-stays";

/** Nobody has written a policy, and no app's `egress` names it. */
export const unwrittenStays = "base/no-policy";

function withheldNext({ how, destination, rule }: WithheldRow): string {
  const later = how === "stays" ? " What is recorded from then on leaves; what stands in `local` stays there." : "";
  if (rule === rawStays) return `Where its maker is to lower the class, let a rule of the policy permit that (\`does lower\`; \`holon policy show\`, \`holon policy set FILE\`).${later}`;
  if (rule === unwrittenStays) return `Write a policy that lets that class leave with that stream (\`holon policy set FILE\`; an example is in the guide on residency); or declare it \`raw\` where it is to stay.${later}`;
  if (destination === null) return `Say in its holon.node.yaml in which jurisdiction the node above it stands (\`uplink.jurisdiction\`), and start it again; or let a rule of the policy permit \`leave\` of that class to \`*\`.${later}`;
  return `Where it is to leave, let a rule of the policy permit that (\`holon policy show\`, \`holon policy test FILE\`, \`holon policy set FILE\`); where not, a rule that forbids it says so and ends this.${later}`;
}
