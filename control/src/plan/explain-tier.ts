/** Why what has no needs is on a node, or not: it is no matter of choice, but of its tier, and of what keeps it from there all the same. */
import type { Explanation } from "@holon/core/placement/explain.ts";
import type { Refusal } from "@holon/core/placement/work.ts";
import { compilePolicy, type CompiledPolicy } from "@holon/core/policy/compile.ts";
import { needsOfFunction, needsOfReduction, needsOfSource, type Need } from "@holon/core/policy/needs.ts";
import { parseAdopted } from "@holon/core/policy/parse-policy.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { endsOfParts } from "@holon/core/schema/model-use.ts";
import { isOpenTo } from "@holon/core/seal/names.ts";
import type { ControlState, KnownNode } from "../store/fold.ts";

type Circumstances = Pick<ControlState, "policy" | "revoked">;

/** Undefined where it is placed by its needs, or is no unit of that app, or the node is none. */
export function explainTier({ apps, nodes, ...circumstances }: Pick<ControlState, "apps" | "nodes"> & Circumstances, unit: string, nodeName: string): Explanation | undefined {
  const [appName = "", name = ""] = unit.split("/");
  const document = apps.get(appName)?.document;
  const node = nodes.get(nodeName);
  if (document === undefined || node === undefined) return undefined;
  const fn = document.functions.find((one) => one.name === name);
  const model = fn === undefined ? document.models.find((one) => one.name === name) : undefined;
  const end = fn === undefined ? endsOfParts(document.models).get(name) : undefined;
  if (end !== undefined && end !== name) return rejected("tier", `${unit} is a part of a model that is cut by the plan: it stands where ${appName}/${end} does, and where the head is used.`);
  if ((fn ?? model)?.needs !== undefined) return undefined;
  if (model !== undefined && model.answers === undefined) {
    const users = document.functions.filter(({ models }) => models.includes(model.name)).map((one) => one.name);
    return rejected("tier", `${unit} stands where the functions do that use it: ${users.join(", ") || "none"}.`);
  }
  const isBorn = (fn ?? model) === undefined;
  const tier = isBorn ? "gateway" : fn === undefined ? (model?.answers?.tier ?? "gateway") : (fn.run?.tier ?? "gateway");
  const where = isBorn ? "it stands at every gateway, where readings are born" : `it runs on every node of tier ${tier}`;
  if (node.tier !== tier) return rejected("tier", `${unit} is not on ${nodeName}: ${where}, and ${nodeName} is of tier ${node.tier}.`);
  const kept = keptFrom(circumstances, document, name, node);
  if (kept !== undefined) return rejected(kept.reason, `${unit} is not on ${nodeName}: ${where}, but ${kept.text}.`);
  return { verdict: "chosen", reason: "tier", text: `${unit} is on ${nodeName}: ${isBorn ? where : `it has no needs, and runs on every node of tier ${tier}`}.` };
}

const rejected = (reason: Explanation["reason"], text: string): Explanation => ({ verdict: "rejected", reason, text });

/** What keeps a unit without needs from a node of its tier. */
export function keptFrom({ policy, ...circumstances }: Circumstances, document: AppDocument, unit: string, node: Pick<KnownNode, "name" | "site">): Refusal | undefined {
  return keptBy({ ...circumstances, policy: policy === undefined ? undefined : compilePolicy(parseAdopted(policy.text)) }, document, unit, node);
}

/** The same, where the policy has been compiled. */
export function keptBy({ policy, revoked }: Pick<Circumstances, "revoked"> & { readonly policy: CompiledPolicy | undefined }, document: AppDocument, unit: string, node: Pick<KnownNode, "name" | "site">): Refusal | undefined {
  if (revoked.has(node.name)) return { reason: "gone", text: "that node was revoked" };
  if (!isOpenTo(document, node.site)) return { reason: "sealed", text: `what the app is made of is sealed to ${document.sealTo?.join(", ") ?? "nobody"}, and ${node.name} is of ${node.site}` };
  const denied = policy === undefined ? undefined : deniedThere(policy, document, unit, node.name);
  return denied === undefined ? undefined : { reason: "policy", text: `the policy does not let it run there: ${denied}` };
}

/** Why the policy does not let a node have a function, a source or a reduction of an app. */
export function deniedThere(policy: CompiledPolicy, document: AppDocument, unit: string, node: string): string | undefined {
  return needsOf(document, unit, node).map(({ principal, action, resource }) => policy.decide(principal, action, resource, {})).find(({ allow }) => !allow)?.reason;
}

function needsOf(document: AppDocument, unit: string, name: string): readonly Need[] {
  const node = { kind: "node", name } as const;
  const named = <T extends { readonly name: string }>(list: readonly T[] | undefined): T | undefined => list?.find((one) => one.name === unit);
  const [fn, source, reduction] = [named(document.functions), named(document.sources), named(document.reductions)];
  if (fn !== undefined) return needsOfFunction(node, document, fn);
  if (source !== undefined) return needsOfSource(node, document, source);
  return reduction === undefined ? [] : needsOfReduction(node, document, reduction);
}
