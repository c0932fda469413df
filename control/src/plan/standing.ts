/** Which node has which units with needs: by the documents that stand issued, and by what nodes told of such as control does not remember. */
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { stoppingOf } from "./leaving.ts";
import type { Move } from "./moving.ts";
import type { Claim, Recall } from "./recall.ts";

export interface KnownStanding {
  /** By node, but for what is left to its site. */
  readonly standing: ReadonlyMap<string, ReadonlySet<string>>;
  /** By node, units that its document leaves to its site. */
  readonly left: ReadonlyMap<string, ReadonlySet<string>>;
  /** Those that a node has by a document that control does not remember. */
  readonly strays: ReadonlySet<string>;
  readonly claims: ReadonlyMap<string, Claim>;
  /** What stops on islands and may run there, but for what is left to its site; of a document that control does not remember only what it places alone now (`isOurs`). */
  stopping(node: string, isOurs: (unit: string) => boolean): readonly string[];
}

export const unitsOf = (apps: readonly AppDocument[]): readonly string[] => apps.flatMap((app) => app.functions.map(({ name }) => `${app.name}/${name}`));

const leftBy = (document: Desired | undefined): ReadonlySet<string> => new Set(document?.delegation?.units.map(({ unit }) => unit));

export function knownStanding(held: ReadonlyMap<string, Desired | undefined>, moves: readonly Move[], recall: Pick<Recall, "claims">): KnownStanding {
  const byMemory = new Map([...held].map(([node, desired]) => [node, new Set(unitsOf(desired?.apps ?? []))] as const));
  const claims = recall.claims(byMemory, moves);
  const strays = new Set([...claims.values()].flatMap(({ units, left }) => [...units, ...left]));
  const left = new Map([...held].map(([node, desired]) => [node, claims.get(node)?.left ?? new Set([...leftBy(desired)].filter((unit) => !strays.has(unit) || isLeftBy(claims, unit)))] as const));
  const isLeft = (node: string, unit: string): boolean => left.get(node)?.has(unit) === true;
  const has = (node: string): readonly string[] => [...(claims.get(node)?.units ?? [...(byMemory.get(node) ?? [])].filter((unit) => !strays.has(unit) && !leftBy(held.get(node)).has(unit)))];
  return {
    claims,
    left,
    strays,
    standing: new Map([...held.keys()].map((node) => [node, new Set(has(node))])),
    stopping(node, isOurs) {
      const claim = claims.get(node);
      const stops = claim === undefined ? stoppingOf(held.get(node)?.apps ?? []).filter((unit) => !strays.has(unit)) : [...claim.stops].filter(isOurs);
      return stops.filter((unit) => !isLeft(node, unit));
    },
  };
}

/** Members of one site have it in common. */
const isLeftBy = (claims: ReadonlyMap<string, Claim>, unit: string): boolean => [...claims.values()].some(({ left }) => left.has(unit));
