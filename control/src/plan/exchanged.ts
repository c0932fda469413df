/**
 * How much the units of an app exchange, and how much comes to them from elsewhere, a month, as nodes told it: each says from which node its units were handed how much (`holon.unit.handed`), and
 * what models asked. What a unit was handed from a node is of those that make such events there: of placed units, of functions that run on every node of a tier, of doors; in equal parts where they
 * are several.
 */
import { askersOf, isFor } from "@holon/core/placement/needs-of-app.ts";
import type { AppDocument, FunctionDocument } from "@holon/core/schema/app.ts";
import type { ControlState } from "../store/fold.ts";

const monthMs = 30 * 86_400_000;

export interface Exchanged {
  /** Bytes from one unit to another; undefined: nobody has told. */
  between(from: string, to: string): number | undefined;
  /** Bytes that come to a unit from elsewhere than other placed units, by node; undefined: nobody has told. */
  from(unit: string): ReadonlyMap<string, number> | undefined;
}

/** Nodes by unit. */
export type StandsOn = ReadonlyMap<string, ReadonlySet<string>>;

export function standingBy(placements: readonly { readonly unit: string; readonly node: string }[]): StandsOn {
  const standing = new Map<string, Set<string>>();
  for (const { unit, node } of placements) standing.set(unit, (standing.get(unit) ?? new Set<string>()).add(node));
  return standing;
}

export function exchangedIn(document: AppDocument, { nodes, handed, asked }: Pick<ControlState, "nodes" | "handed" | "asked">, standing: StandsOn): Exchanged {
  const { name: app, functions, models } = document;
  const standsOn = (fn: FunctionDocument, node: string): boolean => standing.get(`${app}/${fn.name}`)?.has(node) === true;
  const makes = (from: FunctionDocument, to: FunctionDocument): boolean => from !== to && Object.keys(from.emits).some((type) => isFor(to, type));

  /** Of what `to` is handed from a node: the placed units that make it there, and how many others do. */
  function makersOn(node: string, to: FunctionDocument): { readonly placed: readonly string[]; readonly others: number } {
    const tier = nodes.get(node)?.tier;
    const making = functions.filter((from) => makes(from, to));
    const placed = making.filter((from) => from.needs !== undefined && standsOn(from, node)).map(({ name }) => name);
    const onTier = making.filter(({ needs, run }) => needs === undefined && (run?.tier ?? "gateway") === tier).length;
    const doors = tier === "gateway" ? document.sources.filter(({ type }) => isFor(to, type)).length + (document.reductions ?? []).filter((reduction) => "emits" in reduction && isFor(to, reduction.emits)).length : 0;
    return { placed, others: onTier + doors };
  }

  /** Where it stands each replica was handed a part; as long as none of them has told anything, what was told last. */
  const handedTo = (unit: string): readonly (readonly [string, number])[] | undefined => {
    const name = `${app}/${unit}`;
    const told = [...(handed.get(name) ?? [])].sort(([one, { atMs }], [other, last]) => last.atMs - atMs || (one < other ? -1 : 1));
    const now = told.filter(([node]) => standing.get(name)?.has(node) === true);
    if (told.length === 0) return undefined;
    const perNode = new Map<string, number>();
    for (const [, { bytes, overMs }] of now.length > 0 ? now : told.slice(0, 1)) for (const [node, count] of Object.entries(bytes)) perNode.set(node, (perNode.get(node) ?? 0) + (count * monthMs) / overMs);
    return [...perNode];
  };

  /** Of each model above: the tiers on every node of which somebody asks it, and the placed functions that do. */
  const askers = new Map<string, { readonly tiers: ReadonlySet<string>; readonly placed: readonly FunctionDocument[] }>();
  function askersFor(model: string): { readonly tiers: ReadonlySet<string>; readonly placed: readonly FunctionDocument[] } {
    const known = askers.get(model);
    if (known !== undefined) return known;
    const names = askersOf(models, model);
    const asking = functions.filter((fn) => names.some((name) => fn.models.includes(name)));
    const found = { tiers: new Set<string>(asking.flatMap(({ needs, run }) => (needs === undefined ? [run?.tier ?? "gateway"] : []))), placed: asking.filter(({ needs }) => needs !== undefined) };
    askers.set(model, found);
    return found;
  }

  /**
   * Bytes of questions that reach a model above, by the node that asks. What was asked where nobody asks any more does not count, except for what moved away from there and has told nothing yet
   * from where it is now: there, what it asked last.
   */
  function askedOf(model: string): ReadonlyMap<string, number> | undefined {
    const { tiers, placed } = askersFor(model);
    const told = askersOf(models, model).flatMap((asker) => [...(asked.get(`${app}/${asker}`) ?? [])].map(([node, { bytes, overMs, atMs }]) => ({ node, atMs, perMonth: (bytes * monthMs) / overMs })));
    const stands = (node: string): boolean => placed.some((fn) => standsOn(fn, node));
    const now = told.filter(({ node }) => stands(node) || tiers.has(nodes.get(node)?.tier ?? ""));
    const [home] = placed.flatMap((fn) => [...(standing.get(`${app}/${fn.name}`) ?? [])]);
    if (home !== undefined && !now.some(({ node }) => stands(node))) {
      const [last] = told.filter((one) => !now.includes(one)).sort((one, other) => other.atMs - one.atMs || (one.node < other.node ? -1 : 1));
      if (last !== undefined) now.push({ ...last, node: home });
    }
    if (now.length === 0) return undefined;
    const perNode = new Map<string, number>();
    for (const { node, perMonth } of now) perNode.set(node, (perNode.get(node) ?? 0) + perMonth);
    return perNode;
  }

  /** Those of its askers that are placed there share what was asked from a node. */
  const askingOn = (node: string, model: string): readonly string[] => askersFor(model).placed.filter((fn) => standsOn(fn, node)).map(({ name }) => name);

  return {
    between(from, to) {
      const taker = functions.find(({ name }) => name === to);
      if (taker === undefined) {
        const questions = askedOf(to);
        return questions && sum([...questions].map(([node, bytes]) => partOf(from, askingOn(node, to), 0) * bytes));
      }
      return (handedTo(to) ?? undefined)?.reduce((total, [node, bytes]) => {
        const { placed, others } = makersOn(node, taker);
        return total + partOf(from, placed, others) * bytes;
      }, 0);
    },
    from(unit) {
      const taker = functions.find(({ name }) => name === unit);
      if (taker === undefined) {
        const questions = askedOf(unit);
        return questions && new Map([...questions].filter(([node]) => askingOn(node, unit).length === 0));
      }
      const rows = handedTo(unit)?.map(([node, bytes]) => {
        const { placed, others } = makersOn(node, taker);
        return [node, bytes * (placed.length === 0 ? 1 : others / (placed.length + others))] as const;
      });
      return rows && new Map(rows.filter(([, bytes]) => bytes > 0));
    },
  };
}

const partOf = (unit: string, placed: readonly string[], others: number): number => (placed.includes(unit) ? 1 / (placed.length + others) : 0);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
