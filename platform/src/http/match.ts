import { pathParameterNames } from "@holon/core/api/openapi.ts";
import type { Route } from "@holon/core/api/route.ts";
import { assert } from "@holon/core/errors.ts";
import { refusal } from "./refusal.ts";

interface Matched {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the route of a method and a path; refuses with 404 or 405. */
export type Match = (method: string, path: string) => Matched;

/** A matcher for a table: `/v1/nodes/{node}` takes any one segment for `node`, `{rest*}` all that is left; a path without parameters goes before it. */
export function createMatcher(routes: readonly Route[]): Match {
  const names = new Set(routes.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\*?\}/g, "{}")}`));
  assert(names.size === routes.length, "no two routes have the same method and path");
  const table = routes
    .map((route) => ({ route, names: pathParameterNames(route.path), pattern: patternOf(route.path) }))
    .sort((one, two) => one.names.length - two.names.length);
  return (method, path) => {
    const candidates = table.filter(({ pattern }) => pattern.test(path));
    const found = candidates.find(({ route }) => route.method === method);
    if (found !== undefined) {
      const values = found.pattern.exec(path) ?? [];
      return { route: found.route, params: Object.fromEntries(found.names.map((name, index) => [name, decode(values[index + 1] ?? "")])) };
    }
    if (candidates.length === 0) throw refusal(404, "HOLON_ARGUMENT_BAD", "the API has no such path", {}, "GET /v1/openapi.json lists the paths.");
    const allow = candidates.map(({ route }) => route.method).join(", ");
    throw refusal(405, "HOLON_ARGUMENT_BAD", `the path takes ${allow} only`, { allow }, `Use ${allow}; GET /v1/openapi.json lists the paths.`);
  };
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.split(/(\{\w+\*?\})/).map((part) => (part.startsWith("{") ? (part.endsWith("*}") ? "(.+)" : "([^/]+)") : literal(part))).join("")}$`);

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw refusal(400, "HOLON_ARGUMENT_BAD", `the path holds a wrong percent-encoding: ${String(cause)}`);
  }
}
