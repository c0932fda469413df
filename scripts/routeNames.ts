/** Writes core/src/api/route-names.ts, by which a policy's text is told what no route is called, from the page of the HTTP API. */
import { join } from "node:path";
import { repositoryRoot } from "./check/files.ts";

export const routeNamesPath = join(repositoryRoot, "core/src/api/route-names.ts");

/** `page`: docs/reference/http-api.md, whose headings are methods and paths. */
export function routeNames(page: string): string {
  const names = [...page.matchAll(/^### ([A-Z]+) (\/\S*)$/gm)].map(([, method, path]) => `${method ?? ""}${path ?? ""}`);
  return `/** What policies call the routes of control and of nodes; \`node scripts/references.ts\` writes it. */
export const routeNames: readonly string[] = [
${[...new Set(names)].toSorted().map((name) => `  ${JSON.stringify(name)},`).join("\n")}
];
`;
}
