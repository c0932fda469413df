/** One page's Markdown as HTML. What is shown is text and structure alone: HTML in a page is left out, and pictures and links lead nowhere outside but where a reader chooses to go. */
import { Marked, type Tokens } from "marked";
import { createAnchors } from "./anchor.ts";
import { relativeAddress, resolveLink, type SourcePage, type Sources } from "./sources.ts";

export interface Heading {
  readonly text: string;
  readonly anchor: string;
}

export function toHtml(sources: Sources, page: SourcePage): { readonly html: string; readonly headings: readonly Heading[] } {
  const anchorFor = createAnchors();
  const headings: Heading[] = [];
  const marked = new Marked({
    renderer: {
      html: () => "",
      heading({ depth, tokens, text }: Tokens.Heading) {
        const anchor = anchorFor(text);
        if (depth === 2) headings.push({ text: plainText(text), anchor });
        const inside = this.parser.parseInline(tokens);
        if (depth === 1) return `<h1>${inside}</h1>\n`;
        return `<h${depth} id="${anchor}">${inside} <a class="anchor" href="#${anchor}" aria-label="Link to: ${escapeHtml(plainText(text))}">#</a></h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const inside = this.parser.parseInline(tokens);
        if (/^https?:/.test(href)) return `<a href="${escapeHtml(href)}" rel="noreferrer">${inside}</a>`;
        const target = resolveLink(sources, page, href);
        if ("file" in target) return `<span class="file" title="${escapeHtml(target.file)} in the repository">${inside}</span>`;
        return `<a href="${escapeHtml(relativeAddress(page.address, target.page.address) + target.anchor)}">${inside}</a>`;
      },
      image: ({ text }: Tokens.Image) => escapeHtml(text),
      code: ({ text, lang = "" }: Tokens.Code) => codeBlock(text, lang),
      table(token: Tokens.Table) {
        const row = (cells: readonly Tokens.TableCell[], tag: "th" | "td"): string => {
          const parts = cells.map(({ tokens }) => `<${tag}${tag === "th" ? ' scope="col"' : ""}>${this.parser.parseInline(tokens)}</${tag}>`);
          return `<tr>${parts.join("")}</tr>`;
        };
        const isEmpty = token.header.every(({ text }) => text === "");
        const head = isEmpty ? "" : `<thead>${row(token.header, "th").replaceAll('<th scope="col"></th>', "<td></td>")}</thead>`;
        return `<div class="wide" tabindex="0" role="group" aria-label="Table"><table>${head}<tbody>${token.rows.map((cells) => row(cells, "td")).join("")}</tbody></table></div>\n`;
      },
    },
  });
  const html = marked.parse(page.text, { async: false });
  return { html, headings };
}

/** Commands stand out from what they say. What nobody tries says so. */
function codeBlock(text: string, info: string): string {
  const [words = "", notRun] = info.split(/\s+not run:\s+/);
  const [language = "", ...marks] = words.split(/\s+/);
  const file = marks.find((mark) => mark.startsWith("file="))?.slice("file=".length);
  const lines = text.split("\n").map((line) => (language === "console" && /^(?:\$ |\^C$)/.test(line) ? `<b>${escapeHtml(line)}</b>` : escapeHtml(line)));
  const name = file === undefined ? "" : `<figcaption>${escapeHtml(file)}</figcaption>`;
  const note = notRun === undefined ? "" : `<p class="note">Not tried by the tests: ${escapeHtml(notRun)}</p>`;
  const label = file ?? (language === "sh" || language === "console" ? "Commands" : "Example");
  return `<figure class="code">${name}<pre tabindex="0" role="group" aria-label="${escapeHtml(label)}"${language === "sh" || language === "console" ? ` data-shell="${language}"` : ""}><code>${lines.join("\n")}</code></pre>${note}</figure>\n`;
}

export const escapeHtml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** What a heading says, without marks. */
export const plainText = (markdown: string): string => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
