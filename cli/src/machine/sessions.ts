/** Sessions of whoever uses this data folder, by the address of the API: for this user only. */
import { join } from "node:path";
import { readSecretFile, removeSecretFile, writeSecretFile } from "@holon/platform/secret-file.ts";
import { z } from "zod";

const heldSchema = z.strictObject({ token: z.string(), name: z.string(), endsAt: z.string() });
const fileSchema = z.record(z.string(), heldSchema);
export type HeldSession = z.infer<typeof heldSchema>;

const path = (data: string): string => join(data, "sessions.json");
const key = (api: string): string => new URL(api).origin;

export async function readSession(data: string, api: string): Promise<HeldSession | undefined> {
  return (await readSecretFile(path(data), fileSchema))?.[key(api)];
}

export async function keepSession(data: string, api: string, session: HeldSession): Promise<void> {
  await writeSecretFile(path(data), { ...(await readSecretFile(path(data), fileSchema)), [key(api)]: session });
}

export async function forgetSession(data: string, api: string): Promise<void> {
  const { [key(api)]: _, ...others } = (await readSecretFile(path(data), fileSchema)) ?? {};
  if (Object.keys(others).length === 0) await removeSecretFile(path(data));
  else await writeSecretFile(path(data), others);
}
