/** Sealing without its cost: a hash with a salt of the seed's. */
import { createHash } from "node:crypto";
import type { Credentials, Random } from "@holon/core/ports.ts";

const hash = (text: string): string => createHash("sha256").update(text).digest("base64url");

export function createCredentials(random: Pick<Random, "bytes">): Credentials {
  const chance = (): string => hash(Buffer.from(random.bytes(32)).toString("hex"));
  return {
    seal(password) {
      const salt = chance();
      return Promise.resolve(`sim$${salt}$${hash(salt + password)}`);
    },
    matches(password, sealed) {
      const [, salt = "", tag] = sealed?.split("$") ?? [];
      return Promise.resolve(tag === hash(salt + password));
    },
    secret: chance,
  };
}
