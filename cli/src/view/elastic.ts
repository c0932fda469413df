/** What siblings do of an elastic function, in one line. */
import { z } from "zod";

export const elasticSchema = z.looseObject({ siblings: z.number(), helped: z.record(z.string(), z.number()), again: z.number(), waitMs: z.number(), because: z.string().optional() });

export function elasticText({ siblings, helped, again, waitMs, because }: z.infer<typeof elasticSchema>): string {
  const did = Object.entries(helped).map(([node, events]) => `${node} has done ${events}`);
  return [
    siblings === 0 ? "works alone" : `${siblings} sibling${siblings === 1 ? " helps" : "s help"}`,
    `what waits would take it ${waitMs} ms`,
    ...did,
    ...(again === 0 ? [] : [`${again} were done here after all`]),
    ...(because === undefined ? [] : [`nobody is asked: ${because}`]),
  ].join("; ");
}
