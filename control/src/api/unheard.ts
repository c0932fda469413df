/** Why a node is not among those that are listed: it may be of the fleet all the same. */
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import type { Control } from "../control.ts";
import { enrolledCell } from "../identity/registrar.ts";

const enrolledSchema = z.object({ number: z.number() });
const decoder = new TextDecoder();

/** `HOLON_NODE_UNKNOWN`. */
export function unheard({ log, registrar }: Pick<Control, "log" | "registrar">, node: string): HolonError {
  const bytes = log.cell(enrolledCell(node));
  if (bytes === undefined) return new HolonError("HOLON_NODE_UNKNOWN", `no node ${node} was ever heard`);
  const { number } = enrolledSchema.parse(JSON.parse(decoder.decode(bytes)));
  const isRevoked = registrar?.revocations().revoked.some((entry) => entry.node === node && number <= entry.through) === true;
  if (isRevoked) return new HolonError("HOLON_NODE_UNKNOWN", `node ${node} was enrolled and revoked, and never heard`, { next: `To take it back, \`holon node invite ${node}\`, and enrol it with that token.` });
  return new HolonError("HOLON_NODE_UNKNOWN", `node ${node} is enrolled, and was never heard yet`, { next: "Start it, and see on its machine that it reaches its parent." });
}
