/** What a policy says without effect, or with another than it reads like: nothing that is refused, all that its writer is told. */
import { routeNames } from "../api/route-names.ts";
import { dataClasses } from "../schema/event.ts";
import { approvalGaps, nobodyOf } from "./approval-gaps.ts";
import { compilePolicy } from "./compile.ts";
import { isLowered } from "./lowering.ts";
import { fitsPattern, type Action, type Policy, type Rule } from "./policy.ts";
import { roleFact, roles } from "./roles.ts";
import { transformFigures } from "./transform.ts";

/** As sentences, in the order of lines; what gets round approval last. */
export const policyDoubts = (policy: Policy): readonly string[] => [...policy.rules.flatMap((rule) => [...strayRoutes(rule.what, rule.does).map((what) => `line ${rule.line}, rule ${rule.name}: ${what}`), ...strayFacts(rule), ...strayInto(rule), ...idleLowering(rule)]), ...irreplaceable(policy), ...approvalGaps(policy)];

/** Of names or patterns of calls those that no route of control or of a node has. */
export const strayRoutes = (what: readonly string[], does: readonly Action[] = ["call"]): readonly string[] =>
  does.length === 1 && does[0] === "call" ? what.flatMap((pattern) => (routeNames.some((name) => fitsPattern(pattern, name)) ? [] : [`no route is called ${pattern}${nearest(pattern)}`])) : [];

/** The same route but for what stands between braces, for case, or for a value in place of the name of one. */
function nearest(pattern: string): string {
  const parts = pattern.toLowerCase().split("/");
  const isLike = (part: string, index: number): boolean => part === parts[index] || part.startsWith("{");
  const like = routeNames.find((name) => {
    const own = name.toLowerCase().split("/");
    return own.length === parts.length && own.every(isLike);
  });
  return like === undefined ? ", so that this is about nothing; docs/reference/http-api.md lists them" : `, so that this is about nothing; ${like} is`;
}

/** Facts that come with a request: of a call who makes it, of a look into a node the node as well. */
const factsOf: Readonly<Partial<Record<Action, readonly string[]>>> = { call: [roleFact], diagnose: [roleFact, "node", "site", "tier"] };

function strayFacts({ name, line, effect, does, when }: Rule): readonly string[] {
  const then = effect === "permit" ? "this permits nothing" : `this ${effect === "forbid" ? "forbids" : "asks for"} it whatever the value`;
  return when.flatMap(([fact, values]) => {
    const untold = does.filter((action) => factsOf[action]?.includes(fact) !== true);
    if (untold.length > 0) return [`line ${line}, rule ${name}: nobody tells \`${fact}\` of who asks to ${untold.join(", ")}: ${then}`];
    const unknown = fact === roleFact ? values.filter((value) => !known.has(value)) : [];
    return unknown.map((value) => `line ${line}, rule ${name}: there is no role ${value}`);
  });
}

/** Of a permit: classes that are lowered by nothing, and summaries of one, which are the reading itself. */
function idleLowering({ name, line, effect, does, classes, into, through }: Rule): readonly string[] {
  if (effect !== "permit") return [];
  const idle = does.includes("lower") ? into.filter((to) => !(classes.length === 0 ? dataClasses : classes).some((from) => isLowered(from, to))) : [];
  const alone = through.filter(({ kind, figure }) => figure !== undefined && figure <= 1 && transformFigures[kind]?.isStricterAbove === true);
  return [
    ...idle.map((to) => `line ${line}, rule ${name}: ${classes.length === 0 ? "all classes" : classes.join(" and ")} ${classes.length === 1 ? "is not" : "are not"} lowered by becoming ${to}: this permits nothing`),
    ...alone.map(({ kind, figure }) => `line ${line}, rule ${name}: ${kind} ${transformFigures[kind]?.word ?? ""} ${figure ?? ""} is of one alone, and tells what it is of; name how many there are to be at least`),
  ];
}

/** Into which class something is to get is told where one is lowered, and nowhere else. */
function strayInto({ name, line, effect, does, into }: Rule): readonly string[] {
  const untold = does.filter((action) => action !== "lower");
  if (into.length === 0 || untold.length === 0) return [];
  return [`line ${line}, rule ${name}: nobody tells \`into\` of who asks to ${untold.join(", ")}: ${effect === "permit" ? `this permits nothing of that${does.includes("lower") ? "; give it a rule of its own" : ""}` : "this is about it whatever the class"}`];
}

const known: ReadonlySet<string> = new Set([...roles, "machine", "bootstrap"]);

/** Control refuses a policy after which none of the fleet's owners could adopt another; a text alone tells of owners whom it does not name. */
function irreplaceable(policy: Policy): readonly string[] {
  const name = nobodyOf(policy.rules.flatMap(({ who }) => who.map((pattern) => pattern.name)).filter((pattern) => pattern !== "*"));
  const { allow, wantsApproval, reason } = compilePolicy(policy).decide({ kind: "person", name }, "call", { name: "PUT/v1/policy" }, { facts: { [roleFact]: "owner" } });
  return allow || wantsApproval === true ? [] : [`an owner whom it does not name could adopt no other policy (\`holon policy set\` refuses it where there is no other owner): ${reason.replace(`person ${name}`, "an owner")}`];
}
