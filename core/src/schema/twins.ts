/** What an app names twice. Asked at deployment, not of a document: one that was taken before is read as it is. */
import type { AppDocument } from "./app.ts";

/** For people; undefined where each has a name of its own. */
export function twinProblem({ functions, models, sources }: Pick<AppDocument, "functions" | "models" | "sources">): string | undefined {
  for (const [kind, named] of [["functions", functions], ["models", models], ["sources", sources]] as const) {
    const seen = new Set<string>();
    for (const { name } of named) {
      if (seen.has(name)) return `two ${kind} are called ${name}: each has a name of its own`;
      seen.add(name);
    }
  }
  return undefined;
}
