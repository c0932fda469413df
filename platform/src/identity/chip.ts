/** The two ends of binding an identity to a TPM: what a node adds to its request for a certificate, and how an authority holds it to that. */
import { createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { chipKeyText, chipText, type ChipProof } from "@holon/core/identity/chip.ts";
import type { Invited } from "@holon/core/identity/messages.ts";
import { signInChipAside } from "../tpm/ask.ts";
import type { ChipKey } from "../tpm/chip.ts";

/** `keyPem`: of the certificate, or of the request where that is the first. `HOLON_TPM_FAILED`. */
export async function proveByChip(key: ChipKey, nonce: string, csr: string, keyPem: string): Promise<ChipProof> {
  return { keyPem: key.keyPem, nonce, proof: await signInChipAside(key, chipText(nonce, csr)), vouched: sign("sha256", chipKeyText(nonce, key.keyPem), keyPem).toString("base64url") };
}

/** `key`: of the certificate, or of the request. `HOLON_CHIP_REFUSED`. */
export function requireChipProof({ keyPem, nonce, proof, vouched }: ChipProof, csr: string, key: KeyObject): void {
  const chip = readChipKey(keyPem);
  if (!verify("sha256", chipText(nonce, csr), chip, Buffer.from(proof, "base64url"))) throw refused("the request is not signed by the TPM whose key it shows");
  if (!verify("sha256", chipKeyText(nonce, keyPem), key, Buffer.from(vouched, "base64url"))) throw refused("the key of the certificate does not vouch for the TPM's");
}

/** With what to do about it: the node goes on without a new certificate meanwhile. */
export function chipLost(who: Pick<Invited, "node">, error: unknown): HolonError {
  return new HolonError("HOLON_CHIP_LOST", `the identity of ${who.node} is bound to its TPM, which does not sign for it: ${toHolonError(error).message}`, { cause: error });
}

function readChipKey(keyPem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(keyPem);
  } catch (cause) {
    throw new HolonError("HOLON_CHIP_REFUSED", "the TPM's key does not parse", { cause });
  }
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw refused("the TPM's key is of another kind than ECDSA on P-256");
  return key;
}

const refused = (message: string): HolonError => new HolonError("HOLON_CHIP_REFUSED", message);
