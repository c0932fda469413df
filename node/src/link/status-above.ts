/**
 * What a node tells of itself to those above: without the words of functions, who may put into them what they read. A function's own word and what it threw stay on its node, where its API
 * shows them; of a failure those above are told the code, and what that means.
 */
import { errorTable, isErrorCode } from "@holon/core/errors.ts";
import type { UnitStatus } from "../run/unit.ts";
import type { NodeStatus } from "../node.ts";

export function statusForAbove(status: NodeStatus): NodeStatus {
  return { ...status, agent: { ...status.agent, units: status.agent.units.map(withoutWords) } };
}

function withoutWords({ problem, ...unit }: UnitStatus): UnitStatus {
  return { ...unit, status: undefined, problem: problem && { ...problem, ...ownWords(unit, problem.code) } };
}

function ownWords({ app, name }: Pick<UnitStatus, "app" | "name">, code: string): { readonly message: string; readonly next: string } {
  const { means, next } = errorTable[isErrorCode(code) ? code : "HOLON_UNIT_THREW"];
  return { message: `${app}/${name}: ${means} What it said stays on its node.`, next };
}
