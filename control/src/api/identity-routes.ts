/** Who belongs to the fleet, over HTTP. */
import { machineCaller } from "@holon/core/api/caller.ts";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { revocationListSchema } from "@holon/core/identity/messages.ts";
import { limits } from "@holon/core/limits.ts";
import { nameSchema } from "@holon/core/schema/name.ts";
import { tierSchema } from "@holon/core/schema/app.ts";
import { z } from "zod";
import type { Registrar } from "../identity/registrar.ts";

const inviteSchema = z.strictObject({ site: nameSchema.optional(), tier: tierSchema.optional(), forMs: z.int().min(1).max(limits.invitationMsMax).optional(), address: z.string().max(256).optional() });
const revokeSchema = z.strictObject({ because: z.string().min(1).max(1_024) });

export function identityRoutes(registrar: Registrar): readonly Route[] {
  const nodeOf = (name: string | undefined): string => {
    const parsed = nameSchema.safeParse(name);
    if (!parsed.success) throw new HolonError("HOLON_ARGUMENT_BAD", `${name ?? ""} is no node name: lower-case letters, digits, hyphens`);
    return parsed.data;
  };
  return [
    {
      method: "GET",
      path: "/v1/authority",
      summary: "The fleet's authority, and whose certificates are no more.",
      answer: z.object({ fingerprint: z.string(), revocations: revocationListSchema }),
      handle: () => Promise.resolve({ status: 200, body: { fingerprint: registrar.fingerprint, revocations: registrar.revocations() } }),
    },
    {
      method: "POST",
      path: "/v1/nodes/{node}/invite",
      summary: "A token with which one node of this name may join, once.",
      answeredOnce: true,
      body: inviteSchema,
      answer: z.object({ token: z.string(), endsAt: z.string(), authority: z.string() }),
      handle: async ({ params, body, caller = machineCaller }) => ({ status: 200, body: { ...(await registrar.invite({ node: nodeOf(params["node"]), ...inviteSchema.parse(body) }, caller)), authority: registrar.fingerprint } }),
    },
    {
      method: "POST",
      path: "/v1/nodes/{node}/revoke",
      summary: "Revokes all certificates that the node was given.",
      body: revokeSchema,
      answer: revocationListSchema,
      handle: async ({ params, body, caller = machineCaller }) => ({ status: 200, body: await registrar.revoke(nodeOf(params["node"]), revokeSchema.parse(body).because, caller) }),
    },
  ];
}
