/** `diagnosis` of `holon.node.yaml`: what stands here is said by whoever stands at the node, and by nothing that comes over a link. */
import { z } from "zod";
import { nameSchema } from "../schema/name.ts";
import { diagnosisBounds } from "./bounds.ts";
import { commandSchema } from "./commands.ts";

/** Ed25519 keys of people, base64, by the names under which they sign. */
const signingSchema = z.strictObject({ signers: z.record(nameSchema, z.base64().min(40).max(128)) }).refine(({ signers }) => Object.keys(signers).length >= 2, "names two signers at least");

export const diagnosisSettingsSchema = z.strictObject({
  /** Beside those that every node has. */
  commands: z.array(commandSchema).max(diagnosisBounds.commandsMax).default([]),
  /** Without it there is no shell, whatever a policy says. Two of the signers sign each session. */
  shell: signingSchema.optional(),
  /** With it two of the signers sign whatever is adopted from above, whatever a policy says; without it those of `shell` do where the policy wants two. */
  adopt: signingSchema.optional(),
});
