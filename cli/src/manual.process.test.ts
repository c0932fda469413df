/** The manual in a real browser, as a node serves it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { serveRoutes } from "@holon/platform/http.ts";
import { createManualPages } from "@holon/platform/manual/manual-pages.ts";
import { need } from "../../scripts/testing/need.ts";
import { assertAccessible } from "./testing/accessible.ts";
import { openBrowser } from "./testing/browser.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the manual is found by search and by its pages, on a phone too, dark and light, and breaks no rule of accessibility", need("chromium"), async (context) => {
  const server = await serveRoutes({ address: "127.0.0.1:0", routes: [], token: "secret", title: "t", version: "1", pages: createManualPages(root, `${root}console`) });
  context.after(() => server.close());
  const browser = await openBrowser(context); // which fails where a page asks for anything outside
  const page = await browser.open();
  await page.goto(`${server.address}/docs`);
  await page.getByRole("heading", { level: 1, name: "Holon's manual" }).waitFor();
  await assertAccessible(page, "first page");
  await browser.keep(page, "manual");

  await page.keyboard.press("/");
  await page.keyboard.type("two people");
  await page.locator("#found a", { hasText: "People: Two people" }).first().waitFor();
  await assertAccessible(page, "search");
  await browser.keep(page, "manual-search");
  await page.keyboard.press("ArrowDown");
  await page.locator("#found a:focus").waitFor();
  await page.locator("#found a", { hasText: "People: Two people" }).press("Enter");
  await page.waitForURL(/concepts\/people\.html#two-people$/);
  await page.locator("h2#two-people").waitFor();
  assert.equal(await page.locator("#pages [aria-current=page]").textContent(), "People");

  const kinds = { light: ["start/", "reference/metrics.html", "decisions/0001-own-link-between-sites.html"], dark: ["start/"] };
  for (const theme of ["light", "dark"] as const) {
    const other = await browser.open({ colorScheme: theme });
    for (const address of kinds[theme]) {
      await other.goto(`${server.address}/docs/${address}`);
      await assertAccessible(other, `${address}, ${theme}`);
    }
    await other.goto(`${server.address}/docs/start/`);
    await browser.keep(other, `manual-start-${theme}`);
  }

  const phone = await browser.open({ viewport: { width: 390, height: 780 }, hasTouch: true });
  await phone.goto(`${server.address}/docs/concepts/placement.html`);
  assert.ok((await phone.evaluate("document.documentElement.scrollWidth")) === 390, "nothing is wider than the phone");
  await browser.keep(phone, "manual-phone");
  await phone.getByRole("button", { name: "Pages" }).click();
  await phone.locator("#pages").getByRole("link", { name: "Residency: what may go where" }).click();
  await phone.getByRole("heading", { level: 1, name: "Residency: what may go where" }).waitFor();
});
