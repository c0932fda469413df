/** What a node asks control of units that come to it, or left it: by way of those above, signed with the key of its certificate where it has one. */
import type { Identity } from "@holon/core/ports.ts";
import { askedText, movedAskSchema, movingMethods, stateAskSchema, takeAskSchema } from "@holon/core/schema/moving.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { MovesContext } from "./moves.ts";
import { passesUp, type PassUpOptions } from "./pass-up.ts";

export interface AsksOptions extends Omit<PassUpOptions<unknown>, "method" | "schema"> {
  readonly self: NodeName;
  readonly identity: Pick<Identity, "vouch"> | undefined;
}

export function createMoveAsks(options: AsksOptions): Pick<MovesContext, "askTake" | "askState" | "askMoved"> {
  const { self, identity } = options;
  const take = passesUp({ ...options, method: movingMethods.take, schema: takeAskSchema });
  const state = passesUp({ ...options, method: movingMethods.state, schema: stateAskSchema });
  const moved = passesUp({ ...options, method: movingMethods.moved, schema: movedAskSchema });
  const signed = <Question extends Readonly<Record<string, unknown>>>(method: string, question: Question): Question & { readonly vouched?: ReturnType<Identity["vouch"]> } =>
    identity === undefined ? question : { ...question, vouched: identity.vouch(askedText(method, question)) };
  return {
    askTake: (unit, id) => take(signed(movingMethods.take, { node: self, unit, id })),
    askState: (unit, id, hash, offset) => state(signed(movingMethods.state, { node: self, unit, id, hash, offset })),
    askMoved: (unit, id) => moved(signed(movingMethods.moved, { node: self, unit, id })),
  };
}
