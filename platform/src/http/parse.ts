import { HolonError } from "@holon/core/errors.ts";
import type { z } from "zod";

/** The value as the schema has it. `HOLON_ARGUMENT_BAD` names the first field that does not fit, never its value. */
export function parseWith(schema: z.ZodType, value: unknown, where: "query" | "body"): unknown {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = [where, ...(issue?.path ?? [])].join(".");
  throw new HolonError("HOLON_ARGUMENT_BAD", `${field}: ${issue?.message ?? "does not fit"}`, { next: "Mend the named field; GET /v1/openapi.json describes it." });
}
