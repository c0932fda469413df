/** The pages of the documentation as they lie in the repository, in the order in which one reads them. */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";

export interface SourcePage {
  /** In the repository. */
  readonly path: string;
  /** In the manual, such as `concepts/api.html`. */
  readonly address: string;
  readonly title: string;
  readonly text: string;
}

export interface Section {
  readonly name: string;
  readonly title: string;
  readonly pages: readonly SourcePage[];
}

export interface Sources {
  /** The first page. */
  readonly home: SourcePage;
  readonly sections: readonly Section[];
  readonly byPath: ReadonlyMap<string, SourcePage>;
}

const sectionTitles = { start: "Start", guides: "Guides", concepts: "Concepts", reference: "Reference", examples: "Examples", internals: "Internals", project: "Project", decisions: "Decisions" } as const;
const projectPages = ["README.md", "ARCHITECTURE.md", "GLOSSARY.md", "SECURITY.md", "CONTRIBUTING.md", "DEPENDENCIES.md", "bench/README.md"] as const;
/** Patterns of the files that it is made of. */
export const manualFiles = ["docs/**/*.md", "examples/*/README.md", ...projectPages] as const;

/** Undefined where there is no documentation: not every installation carries it. */
export async function readSources(root: string): Promise<Sources | undefined> {
  const home = await readPage(root, "docs/README.md", "index.html");
  if (home === undefined) return undefined;
  const sections = await Promise.all(Object.entries(sectionTitles).map(async ([name, title]) => ({ name, title, pages: await pagesOf(root, name) })));
  const filled = sections.filter(({ pages }) => pages.length > 0);
  return { home, sections: filled, byPath: new Map([home, ...filled.flatMap(({ pages }) => pages)].map((page) => [page.path, page])) };
}

async function pagesOf(root: string, section: string): Promise<readonly SourcePage[]> {
  if (section === "project") return present(projectPages.map((path) => readPage(root, path, `project/${path === "bench/README.md" ? "bench" : basename(path, ".md").toLowerCase()}.html`)));
  if (section === "examples") {
    const names = (await readdir(join(root, "examples")).catch(() => [])).sort();
    return present(names.map((name) => readPage(root, `examples/${name}/README.md`, `examples/${name}.html`)));
  }
  const names = (await readdir(join(root, "docs", section)).catch(() => [])).filter((name) => name.endsWith(".md")).sort();
  return inOrder(await present(names.map((name) => readPage(root, `docs/${section}/${name}`, `${section}/${name === "README.md" ? "index" : basename(name, ".md")}.html`))));
}

/** A folder's README comes first, then what it links to in that order, then the rest. */
function inOrder(pages: readonly SourcePage[]): readonly SourcePage[] {
  const readme = pages.find(({ path }) => basename(path) === "README.md");
  if (readme === undefined) return pages;
  const place = ({ path }: SourcePage): number => {
    const at = path === readme.path ? -1 : readme.text.indexOf(`](${basename(path)}`);
    return at < 0 && path !== readme.path ? Infinity : at;
  };
  return pages.toSorted((a, b) => Math.sign(place(a) - place(b)) || a.title.localeCompare(b.title, "en"));
}

const present = async (pages: readonly Promise<SourcePage | undefined>[]): Promise<readonly SourcePage[]> => (await Promise.all(pages)).filter((page) => page !== undefined);

async function readPage(root: string, path: string, address: string): Promise<SourcePage | undefined> {
  const text = await readFile(join(root, path), "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : { path, address, text, title: /^# (.+)$/m.exec(text)?.[1]?.replaceAll("`", "") ?? basename(path, ".md") };
}

/** Where a link of a page leads: to a page, or to a file of the repository that is none. */
export function resolveLink(sources: Sources, from: SourcePage, target: string): { readonly page: SourcePage; readonly anchor: string } | { readonly file: string } {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from.path : posix.join(dirname(from.path), decodeURIComponent(path)).replace(/\/$/, "");
  const page = sources.byPath.get(file) ?? sources.byPath.get(`${file}/README.md`) ?? (file === "docs/decisions" ? sources.sections.find(({ name }) => name === "decisions")?.pages[0] : undefined);
  return page === undefined ? { file } : { page, anchor: anchor === undefined ? "" : `#${anchor}` };
}

/** From one page of the manual to another, so that it may lie anywhere. */
export function relativeAddress(from: string, to: string): string {
  return posix.relative(dirname(from), to) || basename(to);
}
