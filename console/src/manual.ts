/** What the manual does in a browser: search, the theme, the list of pages on a phone, and copying commands. Without it every page can still be read. */
import { buttonOf, rememberedTheme, showTheme, themeAfter } from "./theme.ts";

type Entry = readonly [address: string, page: string, heading: string, text: string];

const words = { none: "Nothing is found.", copy: "Copy", copied: "Copied" } as const;
const foundMax = 12;

const byId = (id: string): HTMLElement => document.getElementById(id) ?? document.createElement("div");
const home = new URL(document.body.dataset["home"] ?? "index.html", location.href);

setUpTheme();
setUpMenu();
setUpSearch();
for (const block of document.querySelectorAll("pre[data-shell]")) addCopy(block);

function setUpTheme(): void {
  const button = byId("theme");
  let theme = rememberedTheme();
  const show = (): void => {
    const { shape, title, label } = buttonOf(theme);
    showTheme(theme);
    button.textContent = shape;
    button.title = title;
    button.setAttribute("aria-label", label);
  };
  show();
  button.addEventListener("click", () => {
    theme = themeAfter(theme);
    show();
  });
}

function setUpMenu(): void {
  const button = byId("menu");
  button.addEventListener("click", () => {
    const isOpen = document.body.classList.toggle("menu");
    button.setAttribute("aria-expanded", `${isOpen}`);
  });
  document.querySelector("nav [aria-current=page]")?.scrollIntoView({ block: "center" });
  scrollTo(0, location.hash === "" ? 0 : scrollY);
}

function setUpSearch(): void {
  const input = byId("search");
  const list = byId("found");
  if (!(input instanceof HTMLInputElement)) return;
  let entries: Promise<readonly Entry[]> | undefined;
  const load = (): Promise<readonly Entry[]> => (entries ??= fetch(new URL("search.json", home)).then((response): Promise<readonly Entry[]> => response.json()));
  const show = async (): Promise<void> => {
    const asked = input.value;
    const found = asked.trim().length < 2 ? undefined : search(await load(), asked);
    if (asked === input.value) list.replaceChildren(...(found === undefined ? [] : found.length === 0 ? [words.none] : [listOf(found, asked)]));
  };
  input.addEventListener("focus", () => void load());
  input.addEventListener("input", () => void show());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !(event.target instanceof HTMLInputElement)) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape") list.replaceChildren();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") moveFocus(event, [input, ...list.querySelectorAll("a")]);
  });
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Node && target !== input && !list.contains(target)) list.replaceChildren();
  });
}

function moveFocus(event: KeyboardEvent, stops: readonly HTMLElement[]): void {
  const at = stops.findIndex((stop) => stop === document.activeElement);
  const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  next.focus();
}

/** Every word must be there, as the beginning of a word; where it stands decides the order. */
function search(entries: readonly Entry[], asked: string): readonly Entry[] {
  const patterns = asked.toLowerCase().split(/\s+/).filter((word) => word !== "").map((word) => new RegExp(`(?:^|[^\\p{L}\\p{N}])${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`, "iu"));
  const worth = ([address, page, heading, text]: Entry): number => {
    let sum = 0;
    for (const pattern of patterns) {
      const own = (pattern.test(heading) ? 6 : 0) + (pattern.test(page) ? (heading === "" ? 8 : 2) : 0) + (pattern.test(text) ? 1 : 0);
      if (own === 0) return 0;
      sum += own;
    }
    return address.startsWith("decisions/") ? sum / 4 : sum;
  };
  return entries.map((entry) => ({ entry, worth: worth(entry) })).filter(({ worth: own }) => own > 0).sort((a, b) => b.worth - a.worth).slice(0, foundMax).map(({ entry }) => entry);
}

function listOf(found: readonly Entry[], asked: string): HTMLElement {
  const list = document.createElement("ul");
  list.append(...found.map(([address, page, heading, text]) => {
    const link = document.createElement("a");
    link.href = new URL(address, home).href;
    const title = document.createElement("b");
    title.textContent = heading === "" ? page : `${page}: ${heading}`;
    const around = document.createElement("small");
    around.textContent = excerpt(text, asked);
    link.append(title, around);
    const item = document.createElement("li");
    item.append(link);
    return item;
  }));
  return list;
}

function excerpt(text: string, asked: string): string {
  const at = Math.max(0, text.toLowerCase().indexOf(asked.trim().toLowerCase().split(/\s+/)[0] ?? "") - 40);
  return `${at > 0 ? "…" : ""}${text.slice(at, at + 110)}`;
}

/** Commands alone, without what they say. */
function addCopy(block: Element): void {
  const code = block.textContent ?? "";
  const isConsole = block instanceof HTMLElement && block.dataset["shell"] === "console";
  const commands = isConsole ? code.split("\n").filter((line) => line.startsWith("$ ")).map((line) => line.slice(2)).join("\n") : code;
  if (commands === "" || !isSecureContext) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy plain";
  button.textContent = words.copy;
  button.addEventListener("click", () => {
    void navigator.clipboard.writeText(commands).then(() => {
      button.textContent = words.copied;
      setTimeout(() => (button.textContent = words.copy), 2_000);
    });
  });
  block.parentElement?.append(button);
}
