/** Which classes are more sensitive than others, and what a unit of an app does to the class of what it is handed. */
import type { AppDocument, Emits } from "../schema/app.ts";
import type { DataClass } from "../schema/event.ts";
import type { Reduction } from "../schema/reduction.ts";
import { classOf, reductionEmits, type AppParts } from "../reduce/declared.ts";
import { tellsTooMuch } from "../reduce/tells.ts";
import { transformOf } from "../reduce/transform-of.ts";
import type { Transform } from "./transform.ts";

/** The most sensitive first. */
const bySensitivity: readonly DataClass[] = ["personal", "raw", "derived", "aggregate", "public"];

export const isLowered = (from: DataClass, into: DataClass): boolean => bySensitivity.indexOf(into) > bySensitivity.indexOf(from);

export const moreSensitive = (one: DataClass, other: DataClass): DataClass => (isLowered(other, one) ? other : one);

/** What makes events: a function, or a reduction. */
export interface Maker {
  readonly name: string;
  /** Class of what it is handed, as its app declares it. */
  readonly from: DataClass;
  readonly emits: Emits;
  readonly through: Transform;
  /**
   * Subjects of what is personal are persons: what leaves that class carries a pseudonym in their place. `all`: of every subject; `handed`: of those
   * that it was handed, since a function may name a room; `none`: its declaration says what becomes of them.
   */
  readonly disguises: "all" | "handed" | "none";
  /** Why what it makes of data of that class is no less than that, whatever a policy says; empty where nothing speaks against it. */
  readonly tooMuchOf?: (from: DataClass) => readonly string[];
}

export function makersOf(app: Pick<AppDocument, "name" | "functions"> & AppParts): readonly Maker[] {
  const functions = app.functions.map(({ name, on, emits }): Maker => ({ name, from: "type" in on ? classOf(app, on.type) : askedClass(on), emits, through: { kind: "function" }, disguises: "handed" }));
  return [...functions, ...(app.reductions ?? []).map((reduction) => reductionMaker(app, reduction))];
}

/** Of one of its functions or reductions; of one that the app does not have, as if it were handed what is raw. */
export const makerOf = (app: Parameters<typeof makersOf>[0], { name, emits }: { readonly name: string; readonly emits: Emits }): Maker => makersOf(app).find((maker) => maker.name === name) ?? { name, from: "raw", emits, through: { kind: "function" }, disguises: "all" };

/** What comes with a request is what the trigger says; nobody says what a state holds. */
const askedClass = (on: AppDocument["functions"][number]["on"]): DataClass => ("http" in on ? (on.http.class ?? "raw") : "raw");

export const reductionMaker = (app: AppParts, reduction: Reduction): Maker => ({
  name: reduction.name,
  from: classOf(app, reduction.on),
  emits: reductionEmits(app, reduction),
  through: transformOf(reduction) ?? { kind: "function" },
  disguises: reduction.kind === "pseudonymise" ? "none" : "all",
  tooMuchOf: (from) => tellsTooMuch(reduction, from, app.reductions ?? []),
});

/** The class of what it makes, where that is declared so: lower than what it was handed only where its guard lets it. */
export function classOfMade(declared: DataClass, maker: Maker, { app, guard }: { readonly app: Pick<AppDocument, "name">; readonly guard: { lowered(unit: string, from: DataClass, into: DataClass, through: Transform): DataClass } }, through = maker.through): DataClass {
  const { name, from } = maker;
  if (!isLowered(from, declared)) return declared;
  return withheldBy(maker, declared).length > 0 ? from : guard.lowered(`${app.name}/${name}`, from, declared, through);
}

/** Why what it makes stays what it was handed, before any guard is asked; empty where that is up to the guard. */
export const withheldBy = ({ from, tooMuchOf }: Maker, into: DataClass): readonly string[] => (isLowered(from, into) ? (tooMuchOf?.(from) ?? []) : []);
