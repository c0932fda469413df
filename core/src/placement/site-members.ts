/** Which sites can decide for themselves, and what that means for a unit that is left to one. Pure. */
import type { UnitNeeds } from "../schema/needs.ts";

/** Fewer have no lead. */
export const siteMembersMin = 3;

/** What a node tells of its site. */
export interface SiteWord {
  readonly site: string;
  readonly siblings: readonly string[];
}

/** Members of the site of a node, as all of them say; undefined where they do not agree, or are too few. */
export function agreedMembers(name: string, told: (node: string) => SiteWord | undefined): readonly string[] | undefined {
  const namedBy = (node: string): readonly string[] => [node, ...(told(node)?.siblings ?? [])].sort();
  const members = namedBy(name);
  const site = told(name)?.site;
  const isAgreed = members.every((member) => told(member)?.site === site && namedBy(member).join() === members.join());
  return members.length >= siteMembersMin && isAgreed ? members : undefined;
}

export interface SiteView {
  readonly nodes: Iterable<{ readonly name: string; readonly site: string }>;
  membersOf(node: string): readonly string[] | undefined;
  stateOf(node: string): "present" | "silent" | "gone";
  /** Of one that is silent: whether it is not heard either. One that is back is present only after a while. */
  isLeaseOver(node: string): boolean;
}

/**
 * A site that is cut off decides itself on what is left to it. Where some of it are heard and its home is not, the others may have it: the lead lets one of them run it. Elsewhere it might run
 * a second time.
 */
export function withSite(unit: UnitNeeds, home: string | undefined, { nodes, membersOf, stateOf, isLeaseOver }: SiteView): UnitNeeds {
  const members = home === undefined || unit.delegated !== true ? undefined : membersOf(home);
  if (home === undefined || members === undefined || stateOf(home) !== "silent") return unit;
  const site = [...nodes].find(({ name }) => name === home)?.site ?? "";
  if (!isLeaseOver(home) || members.every((member) => stateOf(member) !== "present")) return { ...unit, island: site };
  return { ...unit, leftTo: { site, node: home } };
}
