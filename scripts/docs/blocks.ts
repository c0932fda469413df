/**
 * What a page of the documentation has people do: its fenced blocks, with the words behind their language.
 *
 *     sh                  commands; each must end well
 *     console             commands behind `$ `, each with what it says; a line `^C` interrupts what was started last
 *     … background        what it starts runs on, and says in time what is shown
 *     … terminal          it is started on a terminal of 100 columns
 *     … again             it is asked again until it says what is shown
 *     … fails             it must not end well
 *     … figures           its numbers are another time's
 *     … not run: REASON   nobody runs it, and this is why
 *     LANGUAGE file=PATH  stands in this file from here on
 *
 * A block in a comment (`<!-- run sh`, its lines, `-->`) is run and not shown: what a page begins from. `<!-- needs: PROGRAM … -->` names what must be installed.
 */
export interface Block {
  /** Of the line of its fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly marks: ReadonlySet<Mark>;
  readonly notRun?: string;
  readonly file?: string;
  readonly code: string;
  readonly isShown: boolean;
}

const markNames = ["background", "terminal", "again", "fails", "figures"] as const;
type Mark = (typeof markNames)[number];

export interface PageBlocks {
  readonly blocks: readonly Block[];
  readonly needs: readonly string[];
}

const fenced = /^(?:(```+)([^\n`]*)\n([^]*?)^\1[ \t]*$|<!-- run ([^\n]*)\n([^]*?)^-->[ \t]*$)/gm;

export function readBlocks(text: string): PageBlocks {
  const blocks = [...text.matchAll(fenced)].map(({ index, 2: info, 3: code, 4: hiddenInfo, 5: hiddenCode }) => {
    const line = text.slice(0, index).split("\n").length;
    return toBlock(line, (info ?? hiddenInfo ?? "").trim(), code ?? hiddenCode ?? "", info !== undefined);
  });
  const needs = [...text.matchAll(/^<!-- needs: (.+?) -->$/gm)].flatMap(([, names = ""]) => names.split(/\s+/));
  return { blocks, needs };
}

function toBlock(line: number, info: string, code: string, isShown: boolean): Block {
  const [words = "", notRun] = info.split(/\s+not run:\s+/);
  const [language = "", ...rest] = words.split(/\s+/);
  const file = rest.find((word) => word.startsWith("file="))?.slice("file=".length);
  const marks = new Set(markNames.filter((name) => rest.includes(name)));
  return { line, language, marks, code, isShown, ...(notRun === undefined ? {} : { notRun }), ...(file === undefined ? {} : { file }) };
}

export const isCommands = ({ language, file }: Block): boolean => file === undefined && (language === "sh" || language === "console");
export const isRun = (block: Block): boolean => isCommands(block) && block.notRun === undefined;

export interface Command {
  /** As people type it, over several lines where these end with `\`; `^C` for an interrupt. */
  readonly text: string;
  /** What it is shown to say; undefined where the page shows nothing of it. */
  readonly says?: string;
}

/** The commands of a block, in order. A block of `sh` is one command: a script. */
export function commandsOf({ language, code }: Block): readonly Command[] {
  if (language !== "console") return [{ text: code.trimEnd() }];
  const commands: { readonly text: string[]; readonly says: string[] }[] = [];
  for (const line of code.trimEnd().split("\n")) {
    const last = commands.at(-1);
    if (line.startsWith("$ ")) commands.push({ text: [line.slice(2)], says: [] });
    else if (line === "^C") commands.push({ text: [line], says: [] });
    else if (last !== undefined && last.says.length === 0 && last.text.at(-1)?.endsWith("\\") === true) last.text.push(line);
    else last?.says.push(line);
  }
  return commands.map(({ text, says }) => ({ text: text.join("\n"), says: says.join("\n").trimEnd() }));
}
