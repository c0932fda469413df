/** Debian's Chromium, driven as a person would. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { chromium, type BrowserContextOptions, type Page } from "playwright-core";
import { binaryPath } from "../../../scripts/testing/need.ts";
import { repository } from "./holon-process.ts";

export const browserFlags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export interface Visitor {
  /** A window of its own, with nothing remembered. What goes wrong in its pages fails the test. */
  open(options?: BrowserContextOptions): Promise<Page>;
  /** A picture for people, kept where git does not look. */
  keep(page: Page, name: string): Promise<void>;
}

/** `expected`: what a test makes go wrong itself. */
export async function openBrowser(context: TestContext, expected?: RegExp): Promise<Visitor> {
  const browser = await chromium.launch({ executablePath: binaryPath("chromium"), args: browserFlags });
  const problems: string[] = [];
  context.after(async () => {
    await browser.close();
    if (problems.length > 0) throw new Error(`the pages said:\n${problems.join("\n")}`);
  });
  return {
    async open(options = {}) {
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 820 }, ...options })).newPage();
      page.on("pageerror", (error) => void (expected?.test(error.message) === true || problems.push(error.message)));
      page.on("console", (message) => {
        // An answer that is no success is told there too: what it means is the page's to say.
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) problems.push(message.text());
      });
      page.on("request", (request) => {
        if (/^https?:/.test(request.url()) && !request.url().startsWith("http://127.0.0.1:")) problems.push(`it asked for ${request.url()}`);
      });
      return page;
    },
    async keep(page, name) {
      const folder = join(repository, ".holon", "screens");
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${name}.png`) });
    },
  };
}
