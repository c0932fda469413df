/**
 * What two people sign for this node, with keys that its own configuration names: by two of them, and two keys; for this node, for now, and once. Whoever stands above carries it, and
 * is not believed about who signed.
 */
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import type { Grant, SignedBy } from "@holon/core/diagnosis/signed-by.ts";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import type { AnsweringContext } from "./answering.ts";

export interface Signing {
  /** Names of those who signed. The code where they are fewer than two. */
  demandSigned(signers: Readonly<Record<string, string>>, grant: Grant, words: Uint8Array, signatures: readonly SignedBy[]): readonly string[];
  /** What uses it up, to be appended before anything of it is done; with it goes what nobody can use any more. Where the time is unknown it is for once all the same. The code where it is for another node, another time, or was used. */
  demandFresh(grant: Grant): readonly CellChange[];
}

/** `noun` as in `the shell`; `prefix` of the cells of those that were used. */
export function createSigning({ config, log, ports }: Pick<AnsweringContext, "config" | "log" | "ports">, { noun, code, prefix }: { readonly noun: string; readonly code: ErrorCode; readonly prefix: string }): Signing {
  const { diagnostics, clock } = ports;
  return {
    demandSigned(signers, grant, words, signatures) {
      const valid = signatures.filter(({ signer, signature }) => {
        const key = Object.hasOwn(signers, signer) ? signers[signer] : undefined;
        return key !== undefined && diagnostics?.verify(key, words, signature) === true;
      });
      const names = [...new Set(valid.map(({ signer }) => signer))];
      // One person with two names is one.
      if (new Set(names.map((name) => signers[name])).size < 2) throw new HolonError(code, `${noun} ${grant.id} on ${config.name} is signed by ${names.length === 0 ? "nobody whom it names" : names.join(", ")}; it takes two`);
      return names;
    },
    demandFresh({ node, id, until }) {
      if (node !== config.name) throw new HolonError(code, `what was signed is for ${node}, and this is ${config.name}`);
      const wall = clock.wall();
      const leftMs = Date.parse(until) - wall.ms;
      if (wall.state === "synced" && (leftMs <= 0 || leftMs > diagnosisBounds.shellGrantMs)) throw new HolonError(code, `what was signed holds until ${until}, and it is not that time here`);
      if (log.cell(`${prefix}${id}`) !== undefined) throw new HolonError(code, `${noun} ${id} was used before: each is signed anew`);
      const used = [...log.cells(prefix).keys()];
      const past = used.slice(0, Math.max(0, used.length - diagnosisBounds.rememberedMax)).map((key) => ({ key, value: null }));
      return [{ key: `${prefix}${id}`, value: encoder.encode(String(wall.ms)) }, ...past];
    },
  };
}

const encoder = new TextEncoder();
