/** What the search of the manual looks through: each part of each page, as plain text. */
import { createAnchors } from "./anchor.ts";
import { plainText } from "./markdown.ts";
import type { SourcePage, Sources } from "./sources.ts";

/** Address, page, heading, text. Short, since all of it is loaded with the first search. */
export type Entry = readonly [address: string, page: string, heading: string, text: string];

export const searchIndex = ({ home, sections }: Sources): readonly Entry[] => [home, ...sections.flatMap(({ pages }) => pages)].flatMap(entriesOf);

function entriesOf(page: SourcePage): readonly Entry[] {
  const anchorFor = createAnchors();
  const text = page.text.replace(/<!--[^]*?-->/g, "");
  const entries: Entry[] = [];
  let [heading, anchor, lines]: [string, string, string[]] = ["", "", []];
  const close = (): void => void entries.push([`${page.address}${anchor}`, page.title, heading, squeezed(lines.join(" "))]);
  let isCode = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) isCode = !isCode;
    const [, marks = "", title = ""] = isCode ? [] : (/^(#{1,6})\s+(.+?)\s*$/.exec(line) ?? []);
    if (title === "") lines.push(line);
    else if (marks === "#") anchorFor(title);
    else {
      close();
      [heading, anchor, lines] = [plainText(title), `#${anchorFor(title)}`, []];
    }
  }
  close();
  return entries.filter(([, , own, body]) => own !== "" || body !== "");
}

const squeezed = (text: string): string => text.replace(/\]\([^)]*\)/g, "]").replace(/```[^\n]*|[`*[\]|]|-{3,}/g, " ").replace(/\s+/g, " ").trim();
