/**
 * What the trail says of people stands there concealed. The trail goes where what is public may go, and is read by whoever may read events; whom a user logged in from, which tokens there are
 * and what waits for approval are of no concern to either. The key stands in a cell of control's log, which crosses no link, and goes with the log into its backups.
 */
import type { CellChange, Log } from "@holon/core/log/log.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Credentials, Crypto } from "@holon/core/ports.ts";
import { createKeyed, type Keyed } from "@holon/core/reduce/keyed.ts";
import { z } from "zod";
import type { Reveal, Said } from "../store/people.ts";

const saidSchema = z.strictObject({ subject: z.string().optional(), data: z.record(z.string(), z.unknown()) });

export interface Concealed {
  conceal(type: string, said: Said): string;
  readonly reveal: Reveal;
  /** By which a text is known again here, and cannot be guessed elsewhere. */
  hash(text: string): string;
  /** To be written with whatever is concealed: the key, until it is on the disk. */
  keyCells(): readonly CellChange[];
}

const cell = "secret/people";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function openConcealed({ log, crypto, credentials }: { readonly log: Pick<Log, "cell">; readonly crypto: Crypto; readonly credentials: Credentials }): Concealed {
  let made: string | undefined;
  let keys: { readonly of: string; readonly sealing: Uint8Array; readonly keyed: Keyed } | undefined;

  const kept = (): string | undefined => {
    const bytes = log.cell(cell);
    return bytes && decoder.decode(bytes);
  };
  const keysOf = (of: string): NonNullable<typeof keys> => {
    if (keys?.of === of) return keys;
    const keyed = createKeyed(encoder.encode(of), crypto.sha256);
    keys = { of, sealing: keyed("sealing"), keyed };
    return keys;
  };
  const own = (): NonNullable<typeof keys> => keysOf(kept() ?? (made ??= credentials.secret()));

  return {
    conceal: (type, said) => credentials.conceal(own().sealing, type, JSON.stringify(said)),
    reveal(type, sealed) {
      const of = kept();
      const text = of === undefined ? undefined : credentials.reveal(keysOf(of).sealing, type, sealed);
      return text === undefined ? undefined : saidSchema.parse(JSON.parse(text));
    },
    hash: (text) => toHex(own().keyed(`hash ${text}`)),
    keyCells: () => (kept() === undefined ? [{ key: cell, value: encoder.encode((made ??= credentials.secret())) }] : []),
  };
}
