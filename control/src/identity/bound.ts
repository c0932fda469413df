/**
 * Nodes whose identity is bound to a TPM: which key that is, and the nonces that it has to sign. A nonce is made without being kept, so that nobody fills anything by asking; it says when
 * it was made, under a secret of this process's life, and each node's are used in their order, so that none is used twice.
 */
import type { ChipProof } from "@holon/core/identity/chip.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { Clock, Crypto } from "@holon/core/ports.ts";
import { z } from "zod";

/** `key`: SHA-256 of the key of its last certificate. */
const boundSchema = z.strictObject({ keyPem: z.string(), key: z.string() });
export type Bound = z.infer<typeof boundSchema>;

export interface Bindings {
  /** Undefined of a node that is not bound. */
  of(node: string): Bound | undefined;
  challenge(): string;
  /** That a node which is bound, or binds itself, asks with the right chip and an answer that was not given before. `HOLON_CHIP_REFUSED`. */
  requireChip(node: string, chip: ChipProof | undefined): void;
  /** What is kept with a certificate for this key. */
  cell(node: string, chip: ChipProof | undefined, key: string): CellChange;
  /** As events name a chip: SHA-256 of its key. */
  name(chip: ChipProof | undefined): string | null;
}

const cellOf = (node: string): string => `bound/${node}`;
const encoder = new TextEncoder();

export function createBindings({ log, clock, crypto, secret }: { readonly log: Pick<Log, "cell">; readonly clock: Clock; readonly crypto: Crypto; readonly secret: string }): Bindings {
  let last = 0;
  /** Those that were used, which need not come in the order in which they were asked for; what is not above the floor counts as used. */
  const usedByNode = new Map<string, { readonly floor: number; readonly numbers: readonly number[] }>();
  const hash = (text: string): string => toHex(crypto.sha256(encoder.encode(text)));
  const sumOf = (number: string, atMs: string): string => hash(`${secret}\n${number}\n${atMs}\n${secret}`);

  function of(node: string): Bound | undefined {
    const bytes = log.cell(cellOf(node));
    return bytes && boundSchema.parse(parseJson(bytes));
  }

  function isFresh(node: string, nonce: string): boolean {
    const [number = "", atMs = "", sum = ""] = nonce.split(".");
    if (hash(sum) !== hash(sumOf(number, atMs))) return false; // hashed, so that the time it takes tells nothing of the sum
    const { floor, numbers } = usedByNode.get(node) ?? { floor: 0, numbers: [] };
    if (Number(number) <= floor || numbers.includes(Number(number)) || clock.monotonicMs() - Number(atMs) > limits.chipNonceMs) return false;
    const sorted = [...numbers, Number(number)].sort((one, other) => one - other);
    const over = sorted.length > limits.chipNoncesMax ? 1 : 0;
    usedByNode.set(node, { floor: sorted[over - 1] ?? floor, numbers: sorted.slice(over) });
    return true;
  }

  return {
    of,
    challenge() {
      const [number, atMs] = [`${++last}`, `${Math.floor(clock.monotonicMs())}`];
      return `${number}.${atMs}.${sumOf(number, atMs)}`;
    },
    requireChip(node, chip) {
      const bound = of(node);
      if (chip === undefined) {
        if (bound !== undefined) throw refused(node, "and the request is not signed by it");
        return;
      }
      if (bound !== undefined && bound.keyPem !== chip.keyPem) throw refused(node, "and the request is signed by another");
      if (!isFresh(node, chip.nonce)) throw refused(node, "and what that signed is no answer to a question of control's, or one that was given before");
    },
    cell: (node, chip, key) => ({ key: cellOf(node), value: chip === undefined ? null : encoder.encode(JSON.stringify({ keyPem: chip.keyPem, key } satisfies Bound)) }),
    name: (chip) => (chip === undefined ? null : hash(chip.keyPem)),
  };
}

const refused = (node: string, why: string): HolonError => new HolonError("HOLON_CHIP_REFUSED", `the identity of ${node} is bound to a TPM, ${why}`);
