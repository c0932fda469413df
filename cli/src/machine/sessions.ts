/** Sessions of whoever uses this data folder, by the address of the API: for this user only. One that began at an API of this data folder stands under `own` and the address, and is shown to such ones alone. */
import { join } from "node:path";
import { readSecretFile, removeSecretFile, writeSecretFile } from "@holon/platform/secret-file.ts";
import { z } from "zod";

const heldSchema = z.strictObject({ token: z.string(), name: z.string(), endsAt: z.string() });
const fileSchema = z.record(z.string(), heldSchema);
export type HeldSession = z.infer<typeof heldSchema> & { readonly isOwn: boolean };

const path = (data: string): string => join(data, "sessions.json");
const keys = (api: string) => ({ own: `own ${new URL(api).origin}`, other: new URL(api).origin });

export async function readSession(data: string, api: string): Promise<HeldSession | undefined> {
  const held = (await readSecretFile(path(data), fileSchema)) ?? {};
  const { own, other } = { own: held[keys(api).own], other: held[keys(api).other] };
  return own === undefined ? other && { ...other, isOwn: false } : { ...own, isOwn: true };
}

/** In the place of the one before. */
export async function keepSession(data: string, api: string, { isOwn, ...session }: HeldSession): Promise<void> {
  const others = await othersThan(data, api);
  await writeSecretFile(path(data), { ...others, [isOwn ? keys(api).own : keys(api).other]: session });
}

async function othersThan(data: string, api: string): Promise<z.infer<typeof fileSchema>> {
  const { own, other } = keys(api);
  const { [own]: _, [other]: __, ...others } = (await readSecretFile(path(data), fileSchema)) ?? {};
  return others;
}

export async function forgetSession(data: string, api: string): Promise<void> {
  const others = await othersThan(data, api);
  if (Object.keys(others).length === 0) await removeSecretFile(path(data));
  else await writeSecretFile(path(data), others);
}
