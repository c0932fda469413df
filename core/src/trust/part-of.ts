import { canonicalJson } from "../json.ts";
import type { AppDocument } from "../schema/app.ts";

/** Lists of which a node may be given a part; all else of a document it is given as it was signed. */
const lists = ["sources", "functions", "models", "reductions"] as const;

/** Undefined where `part` is nothing but `whole` with some of its sources, functions, models and reductions left out; else what it changes. */
export function changeOf(part: AppDocument, whole: AppDocument): string | undefined {
  const key = (app: AppDocument): string => canonicalJson({ ...app, sources: [], functions: [], models: [], reductions: [] });
  if (key(part) !== key(whole)) return "what it declares beside its functions, models, sources and reductions";
  for (const list of lists) {
    const signed = new Set((whole[list] ?? []).map((item) => canonicalJson(item)));
    const changed = (part[list] ?? []).find((item) => !signed.has(canonicalJson(item)));
    if (changed !== undefined) return `${list} ${changed.name}`;
  }
  return undefined;
}
