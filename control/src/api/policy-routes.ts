/** The fleet's policy over HTTP. */
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { policyDoubts } from "@holon/core/policy/doubts.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import { limits } from "@holon/core/limits.ts";
import { z } from "zod";
import type { Control } from "../control.ts";

const rowSchema = z.object({ name: z.string(), version: z.int(), hash: z.string(), adoptedAt: z.string(), text: z.string() });
const adoptedSchema = rowSchema.extend({ warnings: z.array(z.string()) });
const bodySchema = z.strictObject({ text: z.string().min(1).max(limits.policyTextMax) });

export function policyRoutes(control: Control): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/policy",
      summary: "The policy that every node of the fleet is told to decide by.",
      answer: rowSchema,
      handle() {
        const held = control.policy();
        if (held === undefined) return Promise.reject(new HolonError("HOLON_POLICY_MISSING", "no policy was adopted"));
        return Promise.resolve({ status: 200, body: held, version: String(held.version) });
      },
    },
    {
      method: "PUT",
      path: "/v1/policy",
      summary: "Adopts a policy: its own expectations must hold, and its version must be above the last one's.",
      versioned: true,
      body: bodySchema,
      answer: adoptedSchema,
      async handle({ body, caller, demand }) {
        const adopted = await control.adoptPolicy(bodySchema.parse(body).text, caller, demand);
        return { status: 200, body: { ...adopted, warnings: policyDoubts(parsePolicy(adopted.text)) }, version: String(adopted.version) };
      },
    },
  ];
}
