/**
 * A policy as a lookup. Each rule stands in one bucket, under the most telling thing that it asks for exactly; a request looks into few buckets,
 * and what it came to is kept, so that the same question is one lookup from then on. It never comes to anything else than `mismatch` says.
 */
import { limits } from "../limits.ts";
import { dataClasses, type DataClass } from "../schema/event.ts";
import { mismatch } from "./match.ts";
import { isExact, type Action, type Context, type Decision, type Policy, type Request, type Resource, type Rule } from "./policy.ts";
import { printPrincipal, type Principal } from "./principal.ts";
import { roleRules } from "./roles.ts";
import { printTransform } from "./transform.ts";

export interface CompiledPolicy {
  readonly policy: Policy;
  /** Classes of which some rule on what leaves asks what they went through. */
  readonly asksTransforms: ReadonlySet<DataClass>;
  decide(principal: Principal, action: Action, resource: Resource, context: Context): Decision;
}

interface Placed {
  readonly order: number;
  readonly rule: Rule;
}
type Buckets = ReadonlyMap<string, readonly Placed[]>;

interface Compiled {
  readonly forbids: Buckets;
  readonly permits: Buckets;
  readonly approves: Buckets;
  /** Facts by which some rule of the action decides: only these make one question differ from another. */
  readonly facts: readonly string[];
}

/** Rules that hold beside any policy. */
export interface BaseRules {
  readonly rules: readonly Rule[];
  /** Behind those of the policy, so that what it says itself is what is named. */
  readonly after: readonly Rule[];
}

export function compilePolicy(policy: Policy, base: BaseRules = baseRules): CompiledPolicy {
  const byAction = new Map<Action, Compiled>();
  const rules = [...base.rules, ...policy.rules, ...base.after].map((rule, order) => ({ order, rule }));
  const compiledFor = (action: Action): Compiled => {
    const known = byAction.get(action);
    if (known !== undefined) return known;
    const own = rules.filter(({ rule }) => rule.does.includes(action));
    const compiled = { forbids: inBuckets(own, "forbid"), permits: inBuckets(own, "permit"), approves: inBuckets(own, "approve"), facts: [...new Set(own.flatMap(({ rule }) => rule.when.map(([fact]) => fact)))] };
    byAction.set(action, compiled);
    return compiled;
  };
  const answers = new Map<string, Decision>();

  return {
    policy,
    asksTransforms: new Set(rules.flatMap(({ rule }) => (rule.through.length > 0 && (rule.does.includes("leave") || rule.does.includes("ask")) ? (rule.classes.length > 0 ? rule.classes : dataClasses) : []))),
    decide(principal, action, resource, context) {
      const compiled = compiledFor(action);
      const key = keyOf(principal, action, resource, context, compiled.facts);
      const known = answers.get(key);
      if (known !== undefined) return known;
      const decision = decideAnew(policy, compiled, { principal, action, resource, context });
      if (answers.size >= limits.policyAnswersMax) answers.clear();
      answers.set(key, decision);
      return decision;
    },
  };
}

function keyOf(principal: Principal, action: Action, resource: Resource, context: Context, facts: readonly string[]): string {
  const through = context.through === undefined ? "" : printTransform(context.through);
  const key = `${action} ${principal.kind} ${principal.name}\n${resource.name}\n${resource.class ?? ""} ${resource.into ?? ""} ${resource.jurisdiction ?? ""} ${context.destination ?? ""} ${through}`;
  return facts.length === 0 ? key : `${key}\n${JSON.stringify(facts.map((fact) => (context.facts !== undefined && Object.hasOwn(context.facts, fact) ? context.facts[fact] : null)))}`;
}

function decideAnew(policy: Policy, compiled: Compiled, request: Request): Decision {
  const forbidding = first(compiled.forbids, request);
  if (forbidding !== undefined) return { allow: false, rule: forbidding.name, reason: reasonOf(policy, forbidding, request) };
  const permitting = first(compiled.permits, request);
  const approving = permitting && first(compiled.approves, request);
  if (approving !== undefined) return { allow: false, wantsApproval: true, rule: approving.name, reason: reasonOf(policy, approving, request) };
  if (permitting !== undefined) return { allow: true, rule: permitting.name, reason: reasonOf(policy, permitting, request) };
  return { allow: false, rule: "default", reason: `no rule of policy ${policy.name} ${policy.version} lets ${printRequest(request)}` };
}

function reasonOf(policy: Policy, { effect, name, line, because }: Rule, request: Request): string {
  const where = line === 0 ? `Holon's own rule ${name}` : `rule ${name} of policy ${policy.name} ${policy.version}, line ${line},`;
  return `${where} ${effect === "approve" ? "wants another person to approve" : `${effect}s`} ${printRequest(request)}${because === undefined ? "" : `: ${because}`}`;
}

/** For people: `node gateway-1 leave data of class derived from EU/DE to US through aggregate count 10`. */
export function printRequest({ principal, action, resource, context }: Request): string {
  const words = [printPrincipal(principal), action];
  if (resource.name !== "") words.push(resource.name);
  if (resource.class !== undefined) words.push(`of class ${resource.class}`);
  if (resource.into !== undefined) words.push(`into ${resource.into}`);
  if (isFlow(action) || resource.jurisdiction !== undefined) words.push(`from ${resource.jurisdiction ?? "nobody knows where"}`);
  if (isFlow(action) || context.destination !== undefined) words.push(`to ${context.destination ?? "nobody knows where"}`);
  if (context.through !== undefined) words.push(`through ${printTransform(context.through)}`);
  return words.join(" ");
}

const isFlow = (action: Action): boolean => action === "leave" || action === "share" || action === "ask";

/** The rule that was written first, of those that are for the request. */
function first(buckets: Buckets, request: Request): Rule | undefined {
  let found: Placed | undefined;
  for (const key of keysOf(request)) {
    for (const placed of buckets.get(key) ?? []) {
      if (found !== undefined && placed.order > found.order) break;
      if (mismatch(placed.rule, request) === undefined) found = placed;
    }
  }
  return found?.rule;
}

const anything = "";

/** Where rules stand that may be for the request. What it does not say, a forbid still asks about: those stand under each value of it. */
function keysOf({ principal, resource, context }: Request): readonly string[] {
  const keys = [anything, `who ${printPrincipal(principal)}`, `what ${resource.name}`, resource.class === undefined ? "class ?" : `class ${resource.class}`];
  if (context.destination !== undefined) for (const place of withOuter(context.destination)) keys.push(`to ${place} ${resource.class ?? ""}`);
  return keys;
}

function inBuckets(placed: readonly Placed[], effect: Rule["effect"]): Buckets {
  const buckets = new Map<string, Placed[]>();
  for (const one of placed) {
    if (one.rule.effect !== effect) continue;
    for (const key of bucketsOf(one.rule)) {
      const bucket = buckets.get(key);
      if (bucket === undefined) buckets.set(key, [one]);
      else bucket.push(one);
    }
  }
  return buckets;
}

function bucketsOf(rule: Rule): readonly string[] {
  if (rule.who.every(({ kind, name }) => kind !== "any" && isExact(name))) return rule.who.map(({ kind, name }) => `who ${kind} ${name}`);
  if (rule.what.length > 0 && rule.what.every(isExact)) return rule.what.map((name) => `what ${name}`);
  // A permit needs a destination that lies in one of its own; a forbid is also for those around them.
  const places = rule.effect === "permit" && rule.to !== undefined && !rule.to.outside && !rule.to.names.includes("*") ? rule.to.names : [];
  if (places.length > 0 && rule.classes.length > 0) return places.flatMap((place) => rule.classes.map((own) => `to ${place} ${own}`));
  if (rule.classes.length > 0) return [...rule.classes.map((own) => `class ${own}`), "class ?"];
  return [anything];
}

/** `EU/DE/BY`, `EU/DE`, `EU`. */
function withOuter(place: string): readonly string[] {
  const parts = place.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

const anyone = [{ kind: "any", name: "*" }] as const;
const asks = { who: anyone, does: [], what: [], classes: [], into: [], from: undefined, to: undefined, through: [], when: [], line: 0, because: undefined } as const;

/** What Holon holds to whatever a policy says, and what it would not work without unless a policy forbids it. */
export const baseRules: BaseRules = {
  rules: [
    { ...asks, effect: "forbid", name: "base/raw-stays", does: ["leave", "share", "ask"], classes: ["raw", "personal"] },
    { ...asks, effect: "permit", name: "base/public", does: ["leave", "share", "ask"], classes: ["public"] },
    { ...asks, effect: "approve", name: "base/two-for-a-shell", does: ["diagnose"], what: ["node.shell"] },
  ],
  after: roleRules,
};
