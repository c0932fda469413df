/** `diagnosis` of `holon.node.yaml`: what stands here is said by whoever stands at the node, and by nothing that comes over a link. */
import { z } from "zod";
import { nameSchema } from "../schema/name.ts";
import { diagnosisBounds } from "./bounds.ts";
import { commandSchema } from "./commands.ts";

export const diagnosisSettingsSchema = z.strictObject({
  /** Beside those that every node has. */
  commands: z.array(commandSchema).max(diagnosisBounds.commandsMax).default([]),
  /** Without it there is no shell, whatever a policy says. `signers`: Ed25519 keys of people, base64; two of them sign each session. */
  shell: z.strictObject({ signers: z.record(nameSchema, z.base64().min(40).max(128)) }).refine(({ signers }) => Object.keys(signers).length >= 2, "names two signers at least").optional(),
});
