/** Events by which control tells of its people: who calls what, from where, with which tokens, and what waits for approval. */
import { z } from "zod";

const routes: readonly (readonly [string, string])[] = [
  ["holon.user.", "GET/v1/users"],
  ["holon.session.", "GET/v1/users"],
  ["holon.login.", "GET/v1/users"],
  ["holon.token.", "GET/v1/tokens"],
  ["holon.approval.", "GET/v1/approvals"],
  ["holon.api.refused", "GET/v1/users"],
];

/** The route that tells the same, as policies call it: who may not call it is not told by an event either. Undefined of all other events. */
export const routeOfPeople = (type: string): string | undefined => routes.find(([prefix]) => type.startsWith(prefix))?.[1];

const looseData = z.looseObject({ id: z.string().optional(), resource: z.string().optional(), rule: z.string().optional(), hash: z.string().optional(), sealed: z.string().optional() });

/** What anybody may know of such an event, as it is written now or was before. */
export function openOfPeople(data: unknown): Readonly<Record<string, string>> {
  const parsed = looseData.safeParse(data);
  if (!parsed.success) return {};
  const { id, resource, rule, hash, sealed } = parsed.data;
  const open = { id, resource, rule, hash: sealed === undefined ? undefined : hash };
  return Object.fromEntries(Object.entries(open).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** What is concealed of it; undefined where all of it stands in the clear, as it did before. */
export function sealedOfPeople(data: unknown): string | undefined {
  const parsed = looseData.safeParse(data);
  return parsed.success ? parsed.data.sealed : undefined;
}
