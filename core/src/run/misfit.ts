/** Where data does not fit a schema, and why: in full for the node itself, and as it may be told, which names nothing that the data brought along. */
import type { DataSchema } from "./definition.ts";

export interface Misfit {
  readonly full: string;
  readonly told: string;
}

/** Such an issue's words name keys of the data, or are the author's own. */
const quoting: ReadonlySet<string> = new Set(["unrecognized_keys", "invalid_key", "invalid_element", "custom"]);
const longest = 200;

export function misfitOf(schema: DataSchema | undefined, data: unknown): Misfit | undefined {
  const parsed = schema?.safeParse(data);
  if (parsed === undefined || parsed.success) return undefined;
  const issue = parsed.error.issues[0];
  const path = issue?.path ?? [];
  const code = issue !== undefined && "code" in issue && typeof issue.code === "string" ? issue.code : "custom";
  const at = (parts: readonly string[], words: string): string => `at ${parts.length === 0 ? "the top" : parts.join(".")}: ${words}`.slice(0, longest);
  return { full: at(path.map(String), issue?.message ?? "refused"), told: at(declared(schema, path), quoting.has(code) ? code.replaceAll("_", " ") : (issue?.message ?? "refused")) };
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
