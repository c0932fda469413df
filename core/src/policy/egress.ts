/** May this class leave for that jurisdiction? Deny by default; every answer names its rule. */
import type { EgressRule } from "../schema/app.ts";
import type { DataClass } from "../schema/event.ts";

export interface Decision {
  readonly allow: boolean;
  /** The rule that decided, for people. */
  readonly rule: string;
}

export function decideEgress(rules: readonly EgressRule[], dataClass: DataClass, destination: string): Decision {
  if (dataClass === "public") return { allow: true, rule: "public may leave" };
  if (dataClass === "raw" || dataClass === "personal") return { allow: false, rule: `${dataClass} never leaves` };
  const rule = rules.find((candidate) => candidate.class === dataClass && covers(candidate.to, destination));
  return rule === undefined ? { allow: false, rule: `no rule lets ${dataClass} leave` } : { allow: true, rule: `egress ${rule.class} to ${rule.to}` };
}

/** `EU` covers `EU/DE`; `*` covers all. */
const covers = (pattern: string, jurisdiction: string): boolean => pattern === "*" || pattern === jurisdiction || jurisdiction.startsWith(`${pattern}/`);
