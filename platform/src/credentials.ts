/** Argon2id by OpenSSL, with the parameters that OWASP's password storage cheat sheet gives for it: 19 MiB, two passes, one lane. */
import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Credentials } from "@holon/core/ports.ts";
import { conceal, reveal } from "./concealed.ts";

const cost = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const lengthBytes = 32;
const saltBytes = 16;

interface Sealed {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const derive = promisify(argon2);

export function createCredentials(): Credentials {
  const nobody: Sealed = { ...cost, salt: randomBytes(saltBytes), tag: randomBytes(lengthBytes) };
  return {
    async seal(password) {
      const salt = randomBytes(saltBytes);
      return print({ ...cost, salt, tag: await tagOf(password, { ...cost, salt }) });
    },
    async matches(password, sealed) {
      const held = sealed === undefined ? undefined : parse(sealed);
      const against = held ?? nobody;
      const isSame = timingSafeEqual(await tagOf(password, against), against.tag);
      return isSame && held !== undefined;
    },
    secret: () => randomBytes(32).toString("base64url"),
    conceal,
    reveal,
  };
}

/** The same letters written in another way are the same password (RFC 8265, section 4.2). */
const tagOf = (password: string, { memory, passes, parallelism, salt }: Omit<Sealed, "tag">): Promise<Buffer> =>
  derive("argon2id", { message: Buffer.from(password.normalize("NFC")), nonce: salt, memory, passes, parallelism, tagLength: lengthBytes });

/** The PHC string format. */
const print = ({ memory, passes, parallelism, salt, tag }: Sealed): string => `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

/** Bounded, since what it says is what it costs. */
function parse(text: string): Sealed | undefined {
  const [, m = "", t = "", p = "", salt = "", tag = ""] = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([\w+/]{11,88})\$([\w+/]{43})$/.exec(text) ?? [];
  if (tag === "") return undefined;
  return { memory: Number(m), passes: Number(t), parallelism: Number(p), salt: Buffer.from(salt, "base64"), tag: Buffer.from(tag, "base64") };
}
