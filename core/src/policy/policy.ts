/**
 * A policy as data: rules of who may do what, in the order in which they were written. What matches no `permit` is denied; what matches a
 * `forbid` is denied whatever permits it, and what is permitted and matches an `approve` waits for another person. What a request does not say never helps it: a permit that asks for it does not match, a forbid does.
 */
import type { DataClass } from "../schema/event.ts";
import type { Principal, PrincipalKind } from "./principal.ts";
import type { Transform, WantedTransform } from "./transform.ts";

export const actions = ["leave", "share", "ask", "lower", "run", "open", "use", "call", "diagnose"] as const;
/**
 * `leave`: records of a stream cross a link · `share`: so does shared state · `ask`: rows go to a model above · `lower`: data gets a less sensitive class ·
 * `run`: a function or reduction runs · `open`: a source's door opens · `use`: a function uses a model, shared state or a runtime ·
 * `call`: an API is called · `diagnose`: a node is looked into from far away.
 */
export type Action = (typeof actions)[number];

export interface Resource {
  /** Of records their stream, of a call `GET/v1/nodes`, of what runs `app/name`, of a door `mqtt/app/source`, of what is asked of a node `node.logs`. */
  readonly name: string;
  readonly class?: DataClass | undefined;
  /** Where the data was born. */
  readonly jurisdiction?: string | undefined;
  /** Class that it is to get. */
  readonly into?: DataClass | undefined;
}

export interface Context {
  /** Jurisdiction that it would reach. */
  readonly destination?: string | undefined;
  readonly through?: Transform | undefined;
  /** Whatever else is known, for `when`: the role of a person, for example. */
  readonly facts?: Readonly<Record<string, string>> | undefined;
}

export interface Request {
  readonly principal: Principal;
  readonly action: Action;
  readonly resource: Resource;
  readonly context: Context;
}

export interface Decision {
  readonly allow: boolean;
  /** For people: what decided, and why. */
  readonly reason: string;
  /** Name of the rule that decided; `default` where none did. */
  readonly rule: string;
  /** It would be allowed if another person approved it. */
  readonly wantsApproval?: boolean;
}

export interface PrincipalPattern {
  readonly kind: PrincipalKind | "any";
  readonly name: string;
}

/** Jurisdictions that a rule is for, or (`outside`) those that it is not for. */
export interface Places {
  readonly outside: boolean;
  readonly names: readonly string[];
}

/** What a rule asks of a request; an empty list asks nothing. */
export interface Conditions {
  readonly who: readonly PrincipalPattern[];
  readonly does: readonly Action[];
  readonly what: readonly string[];
  readonly classes: readonly DataClass[];
  readonly into: readonly DataClass[];
  readonly from: Places | undefined;
  readonly to: Places | undefined;
  readonly through: readonly WantedTransform[];
  readonly when: readonly (readonly [fact: string, values: readonly string[]])[];
}

export interface Rule extends Conditions {
  /** `approve`: what is permitted, and for this, waits for another person. */
  readonly effect: "permit" | "forbid" | "approve";
  readonly name: string;
  /** In the text; 0 for rules that Holon itself brings. */
  readonly line: number;
  readonly because: string | undefined;
}

/** A decision that the text itself says must come out. */
export interface Expectation {
  readonly allow: boolean;
  readonly wantsApproval?: boolean;
  /** Rule that must have decided, where it says so. */
  readonly rule: string | undefined;
  readonly line: number;
  readonly request: Request;
}

export interface Policy {
  readonly name: string;
  readonly version: number;
  readonly rules: readonly Rule[];
  readonly expectations: readonly Expectation[];
}

/** A pattern is a whole name, or a beginning and `*`. */
export const fitsPattern = (pattern: string, name: string): boolean => pattern === "*" || (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name);
export const isExact = (pattern: string): boolean => !pattern.endsWith("*");
