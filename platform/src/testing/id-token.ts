/** An ID token as a provider signs it, and the keys by which that is verified. */
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from "jose";

export async function signedIdToken(claims: JWTPayload): Promise<{ readonly token: string; readonly keys: { readonly keys: readonly object[] } }> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const token = await new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "k" }).sign(privateKey);
  return { token, keys: { keys: [{ ...(await exportJWK(publicKey)), kid: "k", alg: "ES256" }] } };
}
