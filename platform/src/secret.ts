import { createHash, timingSafeEqual } from "node:crypto";

/** Compares in a time that tells nothing of either text; their hashes are compared, since lengths would tell too. */
export const isSameSecret = (given: string, secret: string): boolean => timingSafeEqual(digest(given), digest(secret));

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** The token of an `Authorization: Bearer` header (RFC 6750, section 2.1). */
export const bearerToken = (header: string | undefined): string | undefined => /^Bearer ([\w.~+/-]+=*)$/i.exec(header ?? "")?.[1];
