/** Whether a command says what its page shows. What is another each time counts as the same: times, hashes, tokens, durations, sizes. */

/** `…` in what is shown stands for anything in a line; alone in a line, for any lines. */
export function says(shown: string, said: string, options: { readonly figures: boolean }): boolean {
  const wanted = shown === "" ? [] : shown.split("\n");
  const lines = trimEnd(said.split("\n")).map((line) => plain(line, options.figures));
  return matches(wanted, lines, options.figures);
}

/** Of what goes on saying more: the lines that are shown come one after the other, whatever stands between them. */
export function saysAmongMore(shown: string, said: string, options: { readonly figures: boolean }): boolean {
  const lines = said.split("\n").map((line) => plain(line, options.figures));
  let place = 0;
  return shown.split("\n").filter((line) => line.trim() !== "" && line.trim() !== "…").every((line) => {
    const pattern = patternOf(line, options.figures);
    while (place < lines.length && !pattern.test(lines[place] ?? "")) place++;
    return place++ < lines.length;
  });
}

function matches(wanted: readonly string[], lines: readonly string[], figures: boolean): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return lines.length === 0;
  if (first.trim() === "…") return lines.some((_, index) => matches(rest, lines.slice(index), figures)) || matches(rest, [], figures);
  const [line, ...more] = lines;
  return line !== undefined && patternOf(first, figures).test(line) && matches(rest, more, figures);
}

const patternOf = (line: string, figures: boolean): RegExp => new RegExp(`^${line.split("…").map((part) => plain(part, figures, false).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);

function trimEnd(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => line.trim() !== "");
  return lines.slice(0, last + 1);
}

const number = String.raw`\d[\d,]*(?:\.\d+)?`;
const changing: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z/g, "⟨time⟩"],
  [/\b\d{1,2}:\d{2}:\d{2}(?:\.\d+)?\b/g, "⟨clock⟩"],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "⟨hash⟩"],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b/g, "⟨hash⟩"],
  [/\b(?:now|\d+ (?:s|min|h|d) ago)\b/g, "⟨age⟩"],
  [/\b([a-z][a-z0-9-]*)\/[0-9a-z]{13}\/(alarm|audit|data|local|telemetry)\/\d+\b/g, "$1/⟨epoch⟩/$2/⟨sequence⟩"],
  [/\b(holon[-_](?:token_)?)[A-Za-z0-9_-]{24,}/g, "$1⟨token⟩"],
  [new RegExp(`(?<![\\w.])${number} ?(?:B|bytes|kB|MB|GB|KiB|MiB|GiB)(?!\\w)`, "g"), "⟨size⟩"],
  [new RegExp(`(?<![\\w.])${number} ?(?:µs|ms|s|min|seconds|minutes)(?![\\w])`, "g"), "⟨duration⟩"],
  [new RegExp(`(?<![\\w.])${number} ?(?:%|\\/s)`, "g"), "⟨rate⟩"],
];

/** Without what changes from run to run; the width of columns follows from that. */
function plain(line: string, figures: boolean, whole = true): string {
  let text = changing.reduce((all, [pattern, name]) => all.replace(pattern, name), line);
  if (figures) text = text.replace(new RegExp(`(?<![\\w⟨])${number}(?![\\w⟩])`, "g"), "⟨n⟩");
  text = text.replace(/[ \t]+/g, " ").replace(/-{3,}/g, "---");
  return whole ? text.trimEnd() : text;
}
