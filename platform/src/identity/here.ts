/** A certificate straight from an authority on the same machine: for the node that carries it, whose log is not open yet when it needs one. */
import { HolonError } from "@holon/core/errors.ts";
import type { Invited } from "@holon/core/identity/messages.ts";
import { isDue } from "@holon/core/identity/validity.ts";
import { limits } from "@holon/core/limits.ts";
import type { Authority, Clock } from "@holon/core/ports.ts";
import { validFor } from "./authority.ts";
import { readToken } from "./token.ts";
import type { NodeIdentity } from "../identity.ts";

/** Leaves alone what is there, is for this node, of the authority's series, and not due. `HOLON_IDENTITY_SERIES` where the fleet has heard of a newer one than the authority's. */
export async function certifyHere(identity: NodeIdentity, authority: Authority, { node, site, tier }: Invited, clock: Pick<Clock, "wall">, validMs: number = limits.certificateMs): Promise<void> {
  const self = identity.self();
  const { newest } = identity.seriesHeld;
  if (identity.authority() === authority.fingerprint && authority.series < newest) {
    throw new HolonError("HOLON_IDENTITY_SERIES", `the authority on this machine is of series ${authority.series}, and the fleet has heard of series ${newest}`, { next: "An older one was put back: `holon node authority --renew --stolen`, with the root's key." });
  }
  if (self?.node === node && self.site === site && self.series === authority.series && !isDue(self.validity, clock.wall().ms)) return;
  const { token: text, key } = await authority.invitation({ node, site, tier, address: "" });
  const token = readToken(text);
  const request = await identity.enrolment(token);
  await authority.checkEnrolment(request, key);
  const validity = validFor(validMs, clock);
  await identity.adoptFirst(await authority.issue(request.csr, { node, site, tier, number: validity.issuedMs, validity }), token);
}
