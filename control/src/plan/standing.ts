/** Which node has which units with needs: by the documents that stand issued, and by what nodes told of such as control does not remember. */
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { stoppingOf } from "./leaving.ts";
import type { Move } from "./moving.ts";
import type { Claim, Recall } from "./recall.ts";

export interface KnownStanding {
  /** By node, of units that control places alone. */
  readonly standing: ReadonlyMap<string, ReadonlySet<string>>;
  /** Those that a node has by a document that control does not remember. */
  readonly strays: ReadonlySet<string>;
  readonly claims: ReadonlyMap<string, Claim>;
  /** What stops on islands and may run there. */
  stopping(node: string): readonly string[];
}

export interface StandingFacts {
  readonly moves: readonly Move[];
  readonly recall: Pick<Recall, "claims">;
  /** Whether control places it, alone. */
  isOurs(unit: string): boolean;
}

export const unitsOf = (apps: readonly AppDocument[]): readonly string[] => apps.flatMap((app) => app.functions.map(({ name }) => `${app.name}/${name}`));

export function knownStanding(held: ReadonlyMap<string, Desired | undefined>, { moves, recall, isOurs }: StandingFacts): KnownStanding {
  const byMemory = new Map([...held].map(([node, desired]) => [node, new Set(unitsOf(desired?.apps ?? []))] as const));
  const claims = recall.claims(byMemory, moves);
  const strays = new Set([...claims.values()].flatMap(({ units }) => [...units]));
  const has = (node: string): readonly string[] => [...(claims.get(node)?.units ?? [...(byMemory.get(node) ?? [])].filter((unit) => !strays.has(unit)))];
  const isDelegated = (node: string, unit: string): boolean => held.get(node)?.delegation?.units.some((one) => one.unit === unit) === true;
  return {
    claims,
    strays,
    standing: new Map([...held.keys()].map((node) => [node, new Set(has(node).filter(isOurs))])),
    stopping(node) {
      const own = stoppingOf(held.get(node)?.apps ?? []);
      const claim = claims.get(node);
      return claim === undefined ? own.filter((unit) => !strays.has(unit)) : [...own.filter((unit) => isDelegated(node, unit)), ...[...claim.stops].filter(isOurs)];
    },
  };
}
