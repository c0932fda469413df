/** The frame around each page of the manual. */
import { escapeHtml, type Heading } from "./markdown.ts";
import { relativeAddress, type Section, type SourcePage, type Sources } from "./sources.ts";

export interface Assets {
  readonly style: string;
  readonly script: string;
}

/** Sections of which only the title stands beside every page, until one is in them: they are long. */
const folded = new Set(["decisions"]);

const mark = `<svg width="18" height="18" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="13" fill="none" stroke="currentColor" stroke-width="4"/><circle cx="16" cy="16" r="5" fill="currentColor"/></svg>`;
const icon = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Ccircle cx='16' cy='16' r='13' fill='none' stroke='%230f766e' stroke-width='4'/%3E%3Ccircle cx='16' cy='16' r='5' fill='%230f766e'/%3E%3C/svg%3E";

export function layOut(sources: Sources, page: Pick<SourcePage, "address" | "title" | "path">, { html, headings }: { readonly html: string; readonly headings: readonly Heading[] }, assets: Assets): string {
  const to = (address: string): string => escapeHtml(relativeAddress(page.address, address));
  const here = sources.sections.find(({ pages }) => pages.some(({ address }) => address === page.address));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(page.title)} – Holon</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${to(assets.style)}">
<script src="${to(assets.script)}" defer></script>
</head>
<body data-home="${to("index.html")}">
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<a class="brand" href="${to("index.html")}">${mark} Holon <span>manual</span></a>
<search><input type="search" id="search" placeholder="Search" aria-label="Search the manual" autocomplete="off" spellcheck="false"><div id="found" role="status"></div></search>
<span class="spacer"></span>
<button type="button" id="menu" class="plain" aria-expanded="false" aria-controls="pages">Pages</button>
<button type="button" id="theme" class="plain">Theme</button>
</header>
<nav id="pages" aria-label="Pages">${sources.sections.map((section) => listed(section, section === here, page.address, to)).join("")}</nav>
<main id="main" tabindex="-1">
<article>
${html}</article>
${nextTo(sources, page.address, to)}
</main>
${headings.length > 1 ? `<aside aria-label="On this page"><h2>On this page</h2><ul>${headings.map(({ text, anchor }) => `<li><a href="#${anchor}">${escapeHtml(text)}</a></li>`).join("")}</ul></aside>` : ""}
</body>
</html>
`;
}

function listed({ name, title, pages }: Section, isHere: boolean, address: string, to: (address: string) => string): string {
  const shown = folded.has(name) && !isHere ? pages.slice(0, 1).map((page) => ({ ...page, title: `All ${pages.length - 1}` })) : pages;
  const items = shown.map((page) => `<li><a href="${to(page.address)}"${page.address === address ? ' aria-current="page"' : ""}>${escapeHtml(page.title)}</a></li>`);
  return `<h2>${escapeHtml(title)}</h2><ul>${items.join("")}</ul>`;
}

/** The way on, as one reads a book. */
function nextTo({ home, sections }: Sources, address: string, to: (address: string) => string): string {
  const all = [home, ...sections.flatMap(({ pages }) => pages)];
  const at = all.findIndex((page) => page.address === address);
  const [before, after] = [all[at - 1], all[at + 1]];
  if (at < 0) return "";
  const link = (page: SourcePage | undefined, way: "prev" | "next", sign: string): string => (page === undefined ? "" : `<a rel="${way}" href="${to(page.address)}">${sign.replace("T", escapeHtml(page.title))}</a>`);
  return `<nav class="turn" aria-label="Before and after">${link(before, "prev", "← T")}${link(after, "next", "T →")}</nav>`;
}
