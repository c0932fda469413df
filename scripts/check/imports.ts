/** Every way in which a source names another module. */
import { scan } from "./scan.ts";

export interface Import {
  /** Undefined where it is computed at run time. */
  readonly specifier: string | undefined;
  readonly kind: "static" | "type" | "dynamic";
  readonly offset: number;
}

const fromClause = /(?<![\w$.])(?:import|export)\b([\w$*\s{},]*?)\bfrom\s*(?=["'])/g;
const sideEffect = /(?<![\w$.])import\s*(?=["'])/g;
const call = /(?<![\w$.])(?:import(?:\s*\.\s*meta\s*\.\s*resolve)?|require(?:\s*\.\s*resolve)?)\s*\(\s*/g;

/** Imports, re-exports and dynamic imports in order. `import { type A }` still loads the module, so it is static. */
export function importsOf(text: string): readonly Import[] {
  const { code } = scan(text);
  const found: Import[] = [];
  for (const match of code.matchAll(fromClause)) {
    const typeOnly = /^\s*type\b(?!\s*(?:,|$))/.test(match[1] ?? "");
    found.push({ specifier: literalAt(text, code, match.index + match[0].length), kind: typeOnly ? "type" : "static", offset: match.index });
  }
  for (const match of code.matchAll(sideEffect)) {
    found.push({ specifier: literalAt(text, code, match.index + match[0].length), kind: "static", offset: match.index });
  }
  for (const match of code.matchAll(call)) {
    found.push({ specifier: literalAt(text, code, match.index + match[0].length), kind: "dynamic", offset: match.index });
  }
  return found.toSorted((a, b) => a.offset - b.offset);
}

/** The string literal at an offset, if all of it is constant. */
function literalAt(text: string, code: string, start: number): string | undefined {
  const quote = code.charAt(start);
  if (quote !== '"' && quote !== "'" && quote !== "`") return undefined;
  const end = code.slice(start + 1).search(/[^\s]/) + start + 1;
  return code.charAt(end) === quote ? text.slice(start + 1, end) : undefined;
}
