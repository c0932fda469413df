/** What a part of an app needs the guard's word for before it starts. */
import type { AppDocument, FunctionDocument, SourceSpec } from "../schema/app.ts";
import type { Reduction } from "../schema/reduction.ts";
import type { Action, Resource } from "./policy.ts";
import type { Principal } from "./principal.ts";

export interface Need {
  readonly principal: Principal;
  readonly action: Action;
  readonly resource: Resource;
}

/** That the node runs it; and what it uses: models, the state that its app shares, secrets, the time, and a runtime with more rights than the sandbox. */
export function needsOfFunction(node: Principal, app: AppDocument, fn: FunctionDocument): readonly Need[] {
  const name = `${app.name}/${fn.name}`;
  const runtime = fn.runtime === "worker" || fn.runtime === "process" || fn.runtime === "image" ? [`runtime/${fn.unconfined === true ? "unconfined" : fn.runtime}`] : [];
  const granted = [...(fn.secrets ?? []).map((secret) => `secret/${secret}`), ...(fn.clock === true ? ["clock"] : [])];
  const used = [...granted, ...fn.models.map((model) => `model/${model}`), ...(app.shared ?? []).map((shared) => `shared/${app.name}/${shared.name}`), ...runtime];
  return [{ principal: node, action: "run", resource: { name } }, ...used.map((resource): Need => ({ principal: { kind: "function", name }, action: "use", resource: { name: resource } }))];
}

export function needsOfReduction(node: Principal, app: AppDocument, reduction: Reduction): readonly Need[] {
  const name = `${app.name}/${reduction.name}`;
  const run: Need = { principal: node, action: "run", resource: { name } };
  return reduction.kind === "judge" ? [run, { principal: { kind: "function", name }, action: "use", resource: { name: `model/${reduction.model}` } }] : [run];
}

export const needsOfSource = (node: Principal, app: AppDocument, { kind, name, class: own }: SourceSpec): readonly Need[] => [{ principal: node, action: "open", resource: { name: `${kind}/${app.name}/${name}`, class: own } }];
