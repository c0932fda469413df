/**
 * What a node of one machine trusts, until enrolment takes its place: a local certificate authority, a server certificate for
 * loopback, and a token that children show. Everything is in one file, so that a power cut at first boot leaves all or nothing.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { bearerToken, isSameSecret } from "./secret.ts";
import type { KeyPair } from "./trust-authority.ts";
import { type JoinInfo, certificateFingerprint, tokenSchema } from "./trust-join.ts";
import { readSecretFile, writeSecretFile } from "./trust-file.ts";

/** How a listener proves itself and whom it lets in. */
export interface Trust {
  /** Key and certificate of this node's listener, PEM. */
  readonly server: KeyPair;
  /** What a child needs to find this node trustworthy and to be let in. */
  joinInfo(): JoinInfo;
  /** Whether an Authorization header carries the join token; takes the same time whatever it carries. */
  admits(authorization: string | undefined): boolean;
}

const keyPairSchema = z.strictObject({ keyPem: z.string().startsWith("-----BEGIN"), certificatePem: z.string().startsWith("-----BEGIN") });
const trustFileSchema = z.strictObject({ authority: keyPairSchema, server: keyPairSchema, token: tokenSchema });

const fileName = "trust.json";

/** Opens the trust of a data folder; makes it at first boot. `HOLON_CONFIG_BAD` if the file is damaged, `HOLON_DISK_…`. */
export async function createTrust(folder: string): Promise<Trust> {
  const path = join(folder, fileName);
  const stored = (await readSecretFile(path, trustFileSchema)) ?? (await writeSecretFile(path, await makeTrust()));
  const { server, authority, token } = stored;
  const info: JoinInfo = { token, caPem: authority.certificatePem, fingerprint: certificateFingerprint(authority.certificatePem) };
  return {
    server,
    joinInfo: () => info,
    admits: (authorization) => isSameSecret(bearerToken(authorization) ?? "", token),
  };
}

async function makeTrust(): Promise<z.infer<typeof trustFileSchema>> {
  // Loaded at first boot only: the certificate library costs every later start more than all the rest of trust.
  const { createAuthority } = await import("./trust-authority.ts");
  return { ...(await createAuthority()), token: randomBytes(32).toString("base64url") };
}
