/** What each role may call, in the language of policies: for people to read. A policy of the fleet widens it with permits, narrows it with forbids. */
import { parsePolicy } from "./parse-policy.ts";
import type { Rule } from "./policy.ts";

export const roles = ["owner", "operator", "publisher", "auditor", "viewer"] as const;
export type Role = (typeof roles)[number];

export const isRole = (word: string): word is Role => (roles as readonly string[]).includes(word);

/**
 * The token in a node's data folder has no role of a person: `machine` where nobody owns the fleet, or where the API is that of one node alone;
 * `bootstrap` as soon as the fleet has an owner.
 */
export type CallerRole = Role | "machine" | "bootstrap";

/** The fact by which the rules below tell callers apart. */
export const roleFact = "role";

export const rolesText = `policy roles 1

permit machine
  who token machine
  does call
  when role machine

# A fleet without anybody who can log in, or whose owners forgot their passwords, is mended on the machine that holds the token.
permit bootstrap
  who token machine
  does call
  what GET/v1/status GET/v1/nodes GET/v1/nodes/{node} GET/v1/session GET/v1/users POST/v1/users PUT/v1/users/{user}/password
  when role bootstrap

permit owner
  who person * token *
  does call
  when role owner

permit look
  who person * token *
  does call
  what GET/v1/status GET/v1/nodes GET/v1/nodes/{node} GET/v1/nodes/{node}/status GET/v1/continuum GET/v1/apps GET/v1/apps/{app} GET/v1/apps/{app}/shared GET/v1/sites GET/v1/sites/{site} GET/v1/watch GET/v1/models GET/v1/models/{version} GET/v1/functions GET/v1/functions/failed GET/v1/scale/{app}/{function} GET/v1/meter GET/v1/policy GET/v1/policy/node GET/v1/authority GET/v1/plan GET/v1/plan/adopted GET/v1/plan/explain GET/v1/plan/moves GET/v1/plan/inputs GET/v1/plan/runs POST/v1/plan/simulate GET/v1/events GET/v1/fleet GET/v1/series GET/v1/traces/{id} GET/v1/metrics GET/v1/alerts GET/v1/alerts/silences GET/v1/alerts/routes GET/v1/objectives GET/v1/top GET/metrics GET/metrics/fleet
  when role operator publisher auditor viewer

# Whatever is told so has no secret in it, and nothing that is raw or personal. What a node is made of is adopted by who runs it. A shell is in no role: only a policy permits it, and two people have to want it.
permit look-into
  who  person * token *
  does diagnose
  what node.logs node.events node.report node.profile node.bundle node.commands node.exec/* node.adopt
  when role owner operator machine

permit audit
  who person * token *
  does call
  what GET/v1/users GET/v1/tokens GET/v1/approvals
  when role auditor operator

permit operate
  who person * token *
  does call
  what POST/v1/link/* POST/v1/alerts/* DELETE/v1/alerts/* GET/v1/nodes/{node}/logs GET/v1/nodes/{node}/events GET/v1/nodes/{node}/commands POST/v1/nodes/{node}/requests GET/v1/requests GET/v1/requests/{request} GET/v1/requests/{request}/result DELETE/v1/requests/{request} POST/v1/nodes/{node}/shell* POST/v1/traces POST/v1/metrics POST/v1/logs POST/v1/functions/replay POST/v1/functions/release POST/v1/nodes/{node}/invite POST/v1/nodes/{node}/revoke POST/v1/nodes/{node}/adopt DELETE/v1/apps/{app} GET/v1/apps/{app}/http/* POST/v1/apps/{app}/http/* PUT/v1/apps/{app}/http/* DELETE/v1/apps/{app}/http/*
  when role operator

permit publish
  who person * token *
  does call
  what PUT/v1/blobs/{hash} GET/v1/blobs/{hash} GET/v1/apps/{app}/export PUT/v1/apps/{app} PUT/v1/images POST/v1/models POST/v1/plan/preview
  when role publisher operator

permit approve
  who person *
  does call
  what GET/v1/approvals POST/v1/approvals/{approval}/*
  when role operator

permit own-session
  who person * token *
  does call
  what GET/v1/session DELETE/v1/session PUT/v1/session/password
  when role owner operator publisher auditor viewer

# Of themselves: what they give is held to what they have.
permit own-tokens
  who person *
  does call
  what GET/v1/tokens POST/v1/tokens DELETE/v1/tokens/{token}
  when role operator publisher auditor viewer

forbid people-by-people
  who token *
  does call
  what POST/v1/users* PUT/v1/users* DELETE/v1/users* POST/v1/tokens* DELETE/v1/tokens* POST/v1/approvals* PUT/v1/session*
  when role owner operator publisher auditor viewer
  because "people and tokens are made, and approvals given, by people"
`;

/** Holon's own: named `base/…`, without a line in anybody's text. */
export const roleRules: readonly Rule[] = parsePolicy(rolesText, "roles").rules.map((rule) => ({ ...rule, name: `base/${rule.name}`, line: 0 }));
