/** A question to control, which every node on the way passes up as it is. On the node that carries control, control itself has put its handler in the place of this one. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";

export interface PassUpOptions<Question> {
  readonly self: NodeName;
  readonly method: string;
  readonly schema: { parse(parameters: unknown): Question };
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  /** Whether who asks may speak for the node that the question names. */
  speaksFor(peer: NodeName, node: string): boolean;
  /** The way up, if it is open. */
  above(): Peer | undefined;
}

export interface AskUp<Question> {
  (question: Question): Promise<unknown>;
  /** Whether anybody could answer now. */
  hasWay(): boolean;
}

export function passesUp<Question extends { readonly node: string }>({ self, method, schema, calls, handlers, above, speaksFor }: PassUpOptions<Question>): AskUp<Question> {
  const passUp: CallHandler = async (parameters, from) => {
    const question = schema.parse(parameters);
    requireSpeaksFor(speaksFor, method, from, question.node);
    const up = above();
    if (up === undefined) throw new HolonError("HOLON_LINK_UNREACHABLE", `${self} has no way to control now`);
    return calls.callPeer(up, method, question, limits.nodeRenewAskMs);
  };
  handlers.set(method, passUp);
  const answering = (): CallHandler => handlers.get(method) ?? passUp;
  return Object.assign((question: Question) => answering()(question, self), { hasWay: () => answering() !== passUp || above() !== undefined });
}

/** `HOLON_CALL_DENIED`. */
function requireSpeaksFor(speaksFor: PassUpOptions<unknown>["speaksFor"], method: string, from: NodeName, node: string): void {
  if (!speaksFor(from, node)) throw new HolonError("HOLON_CALL_DENIED", `${from} asks ${method} in the name of ${node}, which is not below it`);
}
