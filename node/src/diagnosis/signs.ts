/** Says whether this node takes what was signed for it, before it is asked to do it: whoever has taken the wrong key learns it then, and not from what has come to nothing. */
import { adoptionWords } from "@holon/core/diagnosis/adoption.ts";
import { grantWords } from "@holon/core/diagnosis/shell.ts";
import { signsAskSchema, signsMethod } from "@holon/core/diagnosis/signs.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { CallHandler } from "../link/calls.ts";
import type { AnsweringContext } from "./answering.ts";

export interface SignsContext extends Pick<AnsweringContext, "config" | "ports" | "handlers"> {
  fromAbove(answer: (parameters: unknown) => Promise<unknown>): CallHandler;
}

export function answerSigns({ config, ports, handlers, fromAbove }: SignsContext): void {
  const { name, diagnosis = undefined } = config;

  /** The code of the first that is not taken. */
  async function signs(parameters: unknown): Promise<null> {
    const { wanted, signatures } = signsAskSchema.parse(parameters);
    const [code, signers, words] =
      "shell" in wanted
        ? (["HOLON_SHELL_UNSIGNED", diagnosis?.shell?.signers, grantWords(wanted.shell)] as const)
        : (["HOLON_ADOPTION_UNSIGNED", (diagnosis?.adopt ?? diagnosis?.shell)?.signers, adoptionWords({ node: name, ...wanted.adoption })] as const);
    for (const { signer, signature } of signatures) {
      const key = signers !== undefined && Object.hasOwn(signers, signer) ? signers[signer] : undefined;
      if (key === undefined) throw new HolonError(code, `the configuration of ${name} names no ${signer} among those who sign`);
      if (ports.diagnostics?.verify(key, words, signature) !== true) throw new HolonError(code, `what ${signer} signed is not signed with the key that ${name} has under that name`);
    }
    return null;
  }

  handlers.set(signsMethod, fromAbove(signs));
}
