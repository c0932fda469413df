/**
 * What the sources say of the fields of a schema. A schema at run time has lost its comments: those of a field are found again in the literal that it stands in, which is known by all of its
 * names together. A name alone tells nothing: `name`, `by` and `above` mean something else in each.
 */

export interface Field {
  /** Right before it. */
  readonly comment: string;
  /** Strings that its value names. */
  readonly words: Set<string>;
}

/** The names of one `{…}`. */
export type Fields = ReadonlyMap<string, Field>;

type Token = { readonly kind: "open" | "close" | "comma" | "comment" | "name" | "other"; readonly text: string; readonly isBrace?: boolean };

/** One alternative a line: comment of either kind, string, template, name, bracket, anything. A `/` that begins a regular expression is told from one that divides by what stands before it. */
const tokens = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[^])*`|[A-Za-z_$][\w$]*|\d[\w.]*|\.\.\.|\s+|[^]/gy;
const expression = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

function* tokensOf(source: string): Iterable<Token> {
  let before = "";
  tokens.lastIndex = 0;
  for (let match = tokens.exec(source); match !== null; match = tokens.exec(source)) {
    let [text] = match;
    if (/^\s/.test(text) || text.startsWith("//")) continue;
    if (text.startsWith("/*")) {
      if (text.startsWith("/**")) yield { kind: "comment", text };
      continue;
    }
    if (text === "/" && /^(?:|[(,=:[!&|?{};]|=>|return)$/.test(before)) {
      expression.lastIndex = match.index;
      text = expression.exec(source)?.[0] ?? text;
      tokens.lastIndex = match.index + text.length;
    }
    before = text;
    if ("{[(".includes(text)) yield { kind: "open", text, isBrace: text === "{" };
    else if ("}])".includes(text)) yield { kind: "close", text };
    else yield { kind: text === "," ? "comma" : /^[A-Za-z_$]/.test(text) ? "name" : "other", text };
  }
}

/** Every literal of a source. */
export function fieldsOf(source: string): readonly Fields[] {
  interface Open { readonly fields: Map<string, Field> | undefined; field?: Field; isAtKey: boolean; comment: string }
  const all: Fields[] = [];
  const stack: Open[] = [];
  for (const { kind, text, isBrace } of tokensOf(source)) {
    const top = stack.at(-1);
    if (kind === "comment") {
      if (top !== undefined) top.comment = textOf(text);
    } else if (kind === "open") {
      if (top !== undefined) [top.isAtKey, top.comment] = [false, ""];
      const fields = isBrace === true ? new Map<string, Field>() : undefined;
      if (fields !== undefined) all.push(fields);
      stack.push({ fields, isAtKey: true, comment: "" });
    } else if (kind === "close") stack.pop();
    else if (top !== undefined) {
      if (kind === "name" && top.isAtKey) top.fields?.set(text, (top.field = { comment: top.comment, words: new Set() }));
      else if (/^["']/.test(text)) for (const { field } of stack) field?.words.add(text.slice(1, -1));
      [top.isAtKey, top.comment] = [kind === "comma", ""];
    }
  }
  return all.filter(({ size }) => size > 0);
}

const textOf = (comment: string): string => comment.slice("/**".length, -"*/".length).replace(/\s*\n\s*\*?\s*/g, " ").trim();

/** What is said of a field of an object of these names: by the largest literal that has no name beside them, and that names what must stand in them. Nothing where two of the same size say different things. */
export function commentOf(literals: readonly Fields[], names: ReadonlyMap<string, string | undefined>, name: string): string {
  const isOfIt = (fields: Fields): boolean => [...fields].every(([other, { words }]) => names.has(other) && (names.get(other) === undefined || words.has(names.get(other) ?? "")));
  const fitting = literals.filter((fields) => fields.has(name) && isOfIt(fields));
  const most = Math.max(0, ...fitting.map(({ size }) => size));
  const said = new Set(fitting.filter(({ size }) => size === most).map((fields) => fields.get(name)?.comment ?? ""));
  const [only = ""] = said;
  return said.size === 1 ? only : "";
}
