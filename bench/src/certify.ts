/** Certificates for the nodes of the bench, from an authority in the folder of one of them. */
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { Authority } from "@holon/core/ports.ts";
import { createClock } from "@holon/platform/clock.ts";
import { openAuthority } from "@holon/platform/identity/authority.ts";
import { certifyHere } from "@holon/platform/identity/here.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";

const clock = createClock();

export const benchAuthority = (folder: string): Promise<Authority> => openAuthority(folder, clock);

/** The node's identity with a certificate in its own folder. */
export async function certify(authority: Authority, folder: string, { name, site, tier }: Pick<NodeConfig, "name" | "site" | "tier">): Promise<NodeIdentity> {
  const identity = await NodeIdentity.open(folder, clock);
  await certifyHere(identity, authority, { node: name, site, tier }, clock);
  return identity;
}
