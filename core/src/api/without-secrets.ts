/** A call's body as it may be shown, kept or hashed: a fast hash of a password that is on disk is as good as the password. */
import { z } from "zod";
import type { Route } from "./route.ts";

const looseObject = z.record(z.string(), z.unknown());

export function withoutSecrets({ secretFields = [] }: Pick<Route, "secretFields">, body: unknown): unknown {
  const parsed = looseObject.safeParse(body);
  if (!parsed.success || secretFields.length === 0) return body;
  return Object.fromEntries(Object.entries(parsed.data).filter(([field]) => !secretFields.includes(field)));
}

/** What the other one leaves out; undefined where that is nothing. */
export function secretsOf({ secretFields = [] }: Pick<Route, "secretFields">, body: unknown): Readonly<Record<string, unknown>> | undefined {
  const parsed = looseObject.safeParse(body);
  const secrets = parsed.success ? Object.entries(parsed.data).filter(([field]) => secretFields.includes(field)) : [];
  return secrets.length === 0 ? undefined : Object.fromEntries(secrets);
}
