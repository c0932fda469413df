/** Where data does not fit a schema, and why: in full for the node itself, and as it may be told, which names nothing that the data brought along. */
import type { DataSchema } from "./definition.ts";

export interface Misfit {
  readonly full: string;
  readonly told: string;
}

const longest = 200;

export function misfitOf(schema: DataSchema | undefined, data: unknown): Misfit | undefined {
  const parsed = schema?.safeParse(data);
  if (parsed === undefined || parsed.success) return undefined;
  const issue = parsed.error.issues[0];
  const path = issue?.path ?? [];
  const at = (parts: readonly string[], words: string): string => `at ${parts.length === 0 ? "the top" : parts.join(".")}: ${words}`.slice(0, longest);
  return { full: at(path.map(String), issue?.message ?? "refused"), told: at(declared(schema, path), told(issue)) };
}

/** Of what the schema asks for, and nothing else: the words of an issue may be the author's own, of any check, and quote the data. */
function told(issue: unknown): string {
  if (!isObject(issue) || typeof issue["code"] !== "string") return "refused";
  const of = (name: string): string => (["string", "number", "bigint"].includes(typeof issue[name]) ? ` ${String(issue[name])}` : "");
  const isOpen = issue["inclusive"] === false;
  if (issue["code"] === "invalid_type") return `not${of("expected")}`;
  if (issue["code"] === "too_small") return isOpen ? `${of("minimum").trim()} or less` : `less than${of("minimum")}`;
  if (issue["code"] === "too_big") return isOpen ? `${of("maximum").trim()} or more` : `more than${of("maximum")}`;
  if (issue["code"] === "not_multiple_of") return `no multiple of${of("divisor")}`;
  if (issue["code"] === "invalid_format") return `not of the format${of("format")}`;
  return issue["code"].replaceAll("_", " ");
}

/** As far as the schema names the way itself: keys of a record are data. */
function declared(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  const parts: string[] = [];
  let at = schema;
  for (const part of path) {
    const def = definitionOf(at);
    if (typeof part === "number" && def["type"] === "array") at = def["element"];
    else if (isObject(def["shape"]) && Object.hasOwn(def["shape"], part)) at = Reflect.get(def["shape"], part);
    else return [...parts, "…"];
    parts.push(String(part));
  }
  return parts;
}

/** Of what is optional, has a default or is read only: what it is of. */
function definitionOf(schema: unknown): Readonly<Record<string, unknown>> {
  for (let at = schema; isObject(at); ) {
    const def = at["def"];
    if (!isObject(def)) return {};
    if (!("innerType" in def)) return def;
    at = def["innerType"];
  }
  return {};
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;
