/** Events that tell of people: who calls what, from where, with which tokens, and what waits for approval. */
import { z } from "zod";
import { machineCaller } from "../api/caller.ts";
import { isPrincipalKind, type Principal } from "../policy/principal.ts";

const routes: readonly (readonly [string, string])[] = [
  ["holon.user.", "GET/v1/users"],
  ["holon.session.", "GET/v1/users"],
  ["holon.login.", "GET/v1/users"],
  ["holon.token.", "GET/v1/tokens"],
  ["holon.approval.", "GET/v1/approvals"],
  ["holon.api.refused", "GET/v1/users"],
];

/** Of a guard, on what somebody called or looked into; those on nodes, functions and publishers tell of nobody. */
export const decidedEvent = "holon.policy.decided";

/** The route that tells the same, as policies call it: who may not call it is not told by an event either. Undefined of all other events. */
export function routeOfPeople({ type, data }: { readonly type: string; readonly data?: unknown }): string | undefined {
  if (type === decidedEvent) return namesSomebody(data) ? "GET/v1/users" : undefined;
  return routes.find(([prefix]) => type.startsWith(prefix))?.[1];
}

/** Whether a principal is somebody, and not the machine itself. */
export const isSomebody = ({ kind, name }: Principal): boolean => kind === "person" || (kind === "token" && name !== machineCaller.principal.name);

/** Concealed, or as it was written before; where nobody could conceal it only the kind stands there. */
function namesSomebody(data: unknown): boolean {
  const { success, data: read } = decidedData.safeParse(data);
  if (!success) return false;
  const [kind = "", name] = read.principal.split(" ");
  return read.sealed !== undefined || (name !== undefined && isPrincipalKind(kind) && isSomebody({ kind, name }));
}

const decidedData = z.looseObject({ principal: z.string(), sealed: z.string().optional() });

const looseData = z.looseObject({ id: z.string().optional(), resource: z.string().optional(), rule: z.string().optional(), hash: z.string().optional(), sealed: z.string().optional() });
/** What else anybody may know of a decision: of whoever it is about the kind alone. */
const openDecided = z.looseObject({ principal: z.string().transform((text) => text.split(" ")[0]), action: z.string(), allow: z.boolean(), policy: z.string().optional(), policyVersion: z.number() }).transform(({ principal, action, allow, policy, policyVersion }) => ({ principal, action, allow, policy, policyVersion }));

/** What anybody may know of such an event, as it is written now or was before. */
export function openOfPeople({ type, data }: { readonly type: string; readonly data?: unknown }): Readonly<Record<string, unknown>> {
  const parsed = looseData.safeParse(data);
  if (!parsed.success) return {};
  const { id, resource, rule, hash, sealed } = parsed.data;
  const open = { id, resource, rule, hash: sealed === undefined ? undefined : hash, ...(type === decidedEvent ? openDecided.safeParse(data).data : {}) };
  return Object.fromEntries(Object.entries(open).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** What is concealed of it; undefined where all of it stands in the clear, as it did before. */
export function sealedOfPeople(data: unknown): string | undefined {
  const parsed = looseData.safeParse(data);
  return parsed.success ? parsed.data.sealed : undefined;
}
