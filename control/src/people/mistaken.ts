/** What somebody signs is shown to the node that it is for before it counts: who has taken the wrong key, or the wrong name, learns it at once, and it spends no approval. */
import { signsMethod, toBeSigned } from "@holon/core/diagnosis/signs.ts";
import type { SignedBy } from "@holon/core/diagnosis/signed-by.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { isNodeName } from "@holon/core/units.ts";
import type { FleetHost } from "../fleet/link-watch.ts";
import type { OpenApproval } from "./approvals.ts";

const refusals: ReadonlySet<string> = new Set(["HOLON_SHELL_UNSIGNED", "HOLON_ADOPTION_UNSIGNED"]);

/** `HOLON_APPROVAL_BAD` where the node says that it does not take it. One that is away, or of before this question, is not waited for: it looks again when it is asked to do it. */
export async function refuseMistaken({ id, who, params, body }: OpenApproval, signed: SignedBy, call: FleetHost["call"] | undefined): Promise<void> {
  const { node, wanted, first } = toBeSigned(params, body) ?? {};
  if (call === undefined || wanted === undefined || first === undefined || node === undefined || !isNodeName(node)) return;
  const takes = (one: SignedBy): Promise<HolonError | undefined> =>
    call(node, signsMethod, { wanted, signatures: [one] }, limits.nodeStatusAskMs).then(
      () => undefined,
      (error: unknown) => (refusals.has(toHolonError(error).code) ? toHolonError(error) : undefined),
    );
  const [ofFirst, ofSecond] = await Promise.all([takes(first), takes(signed)]);
  if (ofSecond !== undefined) throw new HolonError("HOLON_APPROVAL_BAD", `${id} is not signed as ${node} takes it: ${ofSecond.message}`, { next: "Sign with a key that the node's configuration names, under the name that it has there.", cause: ofSecond });
  if (ofFirst !== undefined) throw new HolonError("HOLON_APPROVAL_BAD", `${id} comes to nothing: ${ofFirst.message}`, { next: `${who} has to ask anew, with a key that the node's configuration names, under the name that it has there.`, cause: ofFirst });
}
