/** Ten thousand nodes in the log of one real control plane, looked at in a real browser. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { need } from "../../scripts/testing/need.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { consoleAddress } from "./command/console.ts";
import { startNode } from "./machine/compose.ts";
import { makeToken } from "./machine/token.ts";
import { assertAccessible } from "./testing/accessible.ts";
import { openBrowser } from "./testing/browser.ts";
import { createManyLinks } from "./testing/many-links.ts";
import { fillFleet, nodesPerSite } from "./testing/many-nodes.ts";
import { until } from "./testing/wait.ts";

const nodes = 10_000;
/** Of the page's main thread, in its own processor time: what else this machine does is no fault of the page. */
const paintMs = 2_000;
const updateMs = 100;
/** Sites that are cut off with each update; those of the update before are back. */
const cutSites = 25;
const metricsSchema = z.object({ metrics: z.array(z.object({ name: z.string(), value: z.number() })) });

test("a fleet of ten thousand is painted soon, stays usable while it changes, and is found by name", onItsTurn(0, 2, need("chromium").skip), async (context) => {
  const data = tempFolder(context);
  const token = await makeToken(data);
  const config = { apiVersion: "holon/v1", name: "cloud-1", site: "cloud", tier: "cloud", jurisdiction: "EU/DE", control: true, siblings: [] } as const;
  const links = createManyLinks(nodes);
  const machine = await startNode({ config: { ...config, siblings: [] }, data, api: "127.0.0.1:0", token, trace: { level: "error", output: process.stderr }, links });
  context.after(() => machine.close());
  const fleet = await fillFleet(machine.node, nodes);
  for (let first = 0; first < nodes; first += 500) await fleet.measure(first, 500);
  await until("control has heard all", async () => ((await machine.node.telemetry?.fleet({ limit: 1 }))?.completeness.reported ?? 0) >= nodes, 120_000);
  const browser = await openBrowser(context);
  const page = await browser.open();
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busyMs = async (): Promise<number> => 1_000 * (metricsSchema.parse(await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN);
  await page.goto(consoleAddress(machine.api, token));
  await page.locator(".site-tile").first().waitFor();
  const number = async (expression: string): Promise<number> => z.number().parse(await page.evaluate(expression));
  const paintedMs = await number("performance.now()");
  const firstMs = await number(`performance.getEntriesByName("first-contentful-paint")[0].startTime`);
  await page.getByText(`${(nodes + 1).toLocaleString("en-GB")} nodes in ${nodes / nodesPerSite + 1} sites`).waitFor();
  const there = (count: number) => page.getByText(`${(count + 1).toLocaleString("en-GB")} of ${(nodes + 1).toLocaleString("en-GB")} are known to be there`);
  await there(nodes).waitFor();
  const paintBusyMs = await busyMs();
  assert.ok(paintBusyMs <= paintMs, `it was busy for ${paintBusyMs} ms until it was painted`);
  assert.ok((await page.locator(".site-tile").count()) < 200, "only what is in sight stands in the document");
  await page.waitForResponse(/\/v1\/continuum/);
  const beforeMs = await busyMs();
  const rounds = 4;
  for (let round = 0; round < rounds; round++) {
    await fleet.report(1_000 * round, 1_000, { version: 1, outcome: round === 2 ? "refused" : "settled" });
    links.cut(new Set(Array.from({ length: cutSites }, (_, site) => round * cutSites + site)));
    await page.waitForResponse(/\/v1\/continuum/);
  }
  await page.waitForResponse(/\/v1\/continuum/);
  const perUpdateMs = ((await busyMs()) - beforeMs) / (rounds + 1);
  await there(nodes - cutSites * nodesPerSite).waitFor();
  await page.getByText(`${cutSites * nodesPerSite} silent`).waitFor();
  await page.goto(`${machine.api}/#/map?state=silent`);
  await page.locator(".site-tile.island").first().waitFor();
  await page.goto(`${machine.api}/#/map`);
  await page.locator(".site-tile.island").first().waitFor();
  await browser.keep(page, "many-map");
  await assertAccessible(page, "a map of tiles, light");
  await page.emulateMedia({ colorScheme: "dark" });
  await assertAccessible(page, "a map of tiles, dark");
  await browser.keep(page, "many-map-dark");
  await page.setViewportSize({ width: 360, height: 740 });
  await browser.keep(page, "many-map-phone");
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 820 });
  links.cut(new Set());
  await there(nodes).waitFor();
  await page.goto(`${machine.api}/#/map?site=site-7`);
  await page.locator('[data-node="n-141"][data-state="present"]').waitFor();
  await page.locator('.line.open[data-link="n-141"]').waitFor({ state: "attached" });
  await browser.keep(page, "many-site");
  await page.goto(`${machine.api}/#/map`);
  assert.ok(perUpdateMs > 0 && perUpdateMs <= updateMs, `an update took ${perUpdateMs} ms`);

  await page.goto(`${machine.api}/#/map?view=table&q=n-4711`);
  await page.getByRole("link", { name: "n-4711", exact: true }).waitFor();
  await page.goto(`${machine.api}/#/map?view=table`);
  await page.locator('.long-row[aria-rowindex="20"]').waitFor();
  await page.evaluate(`document.querySelector(".long-list").scrollTo(0, 200_000)`);
  await page.locator('.long-row[aria-rowindex="5560"]').waitFor();
  await browser.keep(page, "many-table");
  context.diagnostic(`first contentful paint ${Math.round(firstMs)} ms, sites shown after ${Math.round(paintedMs)} ms, of which busy ${Math.round(paintBusyMs)} ms; an update with 1,000 reports and 1,000 nodes cut off or back ${Math.round(perUpdateMs)} ms`);
});
