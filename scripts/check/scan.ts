/**
 * Splits a TypeScript source into code and comments without a parser: both results have the length and the line breaks of the
 * source, with all else blanked, so that an offset in one is an offset in the other.
 *
 * In `code` the text of strings, templates and regular expressions is blanked too, their quotes stay, and `${…}` in a template
 * is code. Whether a slash divides or opens a regular expression is told from what stands before it, which errs after `)` and
 * in JSX text; there a wrong guess ends at the line.
 */
export interface Scan {
  readonly code: string;
  readonly comments: string;
}

const keywordsBeforeRegex = /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|do|else|await|yield|instanceof)$/;

export function scan(text: string): Scan {
  const blank = text.replace(/[^\n]/g, " ");
  const code: string[] = [...blank.split("")];
  const comments: string[] = [...blank.split("")];
  /** Depth of braces at which each open `${` closes. */
  const templateDepths: number[] = [];
  let depth = 0;
  let index = 0;

  const keep = (into: string[], from: number, to: number): void => {
    for (let at = from; at < to; at++) into[at] = text.charAt(at);
  };

  while (index < text.length) {
    const character = text.charAt(index);
    const pair = text.slice(index, index + 2);
    const end = pair === "//" || pair === "/*" ? commentEnd(text, index) : undefined;
    if (end !== undefined) {
      keep(comments, index, end);
      index = end;
    } else if (character === '"' || character === "'") {
      index = keepEnds(code, text, index, stringEnd(text, index));
    } else if (character === "/" && opensRegex(code, index)) {
      index = keepEnds(code, text, index, regexEnd(text, index));
    } else if (character === "`" || (character === "}" && templateDepths.at(-1) === depth)) {
      if (character === "}") templateDepths.pop();
      const piece = templatePieceEnd(text, index + 1);
      index = keepEnds(code, text, index, piece.end);
      if (piece.opensCode) templateDepths.push(depth);
    } else {
      if (character === "{") depth += 1;
      if (character === "}") depth -= 1;
      code[index] = character;
      index += 1;
    }
  }
  return { code: code.join(""), comments: comments.join("") };
}

/** Keeps the first and the last character of a literal and blanks what is between. */
function keepEnds(code: string[], text: string, start: number, end: number): number {
  code[start] = text.charAt(start);
  if (end - 1 > start && text.charAt(end - 1) !== "\n") code[end - 1] = text.charAt(end - 1);
  return end;
}

function commentEnd(text: string, start: number): number {
  const closed = text.startsWith("//", start) ? text.indexOf("\n", start) : text.indexOf("*/", start + 2) + 2;
  return closed < start + 2 ? text.length : closed;
}

function stringEnd(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let index = start + 1; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === "\\") index += 1;
    else if (character === quote) return index + 1;
    else if (character === "\n") return index;
  }
  return text.length;
}

/** From within a template's text to its closing backtick or to the `{` of the next `${`. */
function templatePieceEnd(text: string, start: number): { readonly end: number; readonly opensCode: boolean } {
  for (let index = start; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === "\\") index += 1;
    else if (character === "`") return { end: index + 1, opensCode: false };
    else if (character === "$" && text.charAt(index + 1) === "{") return { end: index + 2, opensCode: true };
  }
  return { end: text.length, opensCode: false };
}

function opensRegex(code: readonly string[], index: number): boolean {
  const before = code.slice(Math.max(0, index - 200), index).join("").trimEnd();
  const last = before.at(-1);
  return last === undefined || "([{},;=:?!&|+-*%^~<>".includes(last) || keywordsBeforeRegex.test(before);
}

/** The end of the regular expression, or one character on if the line holds no end, so that the slash was a division. */
function regexEnd(text: string, start: number): number {
  let inClass = false;
  for (let index = start + 1; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === "\n") break;
    if (character === "\\") index += 1;
    else if (character === "[") inClass = true;
    else if (character === "]") inClass = false;
    else if (character === "/" && !inClass) return index + 1;
  }
  return start + 1;
}
