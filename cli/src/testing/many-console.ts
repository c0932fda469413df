/**
 * A program: the console of a large fleet in a fresh browser, with nothing remembered.
 *
 *     many-console.ts ADDRESS NODES
 *
 * Prints a line of JSON when the whole map is there; at the end of its input, what each answer took on the page's main thread since.
 */
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { z } from "zod";
import { binaryPath } from "../../../scripts/testing/need.ts";
import { browserFlags } from "./browser.ts";

const [address = "", nodes = "0"] = process.argv.slice(2);
const metricsSchema = z.object({ metrics: z.array(z.object({ name: z.string(), value: z.number() })) });
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const browser = await chromium.launch({ executablePath: binaryPath("chromium"), args: browserFlags });
const page = await browser.newPage({ viewport: { width: 1280, height: 820 } });
const session = await page.context().newCDPSession(page);
await session.send("Performance.enable", { timeDomain: "threadTicks" });
const busyMs = async (): Promise<number> => 1_000 * (metricsSchema.parse(await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN);
let answers = 0;
page.on("response", (response) => void (answers += response.url().includes("/v1/continuum") ? 1 : 0));

await page.goto(address);
await page.getByText(`${(Number(nodes) + 1).toLocaleString("en-GB")} nodes in`).waitFor();
await page.locator(".site-tile").first().waitFor();
const paint = z.array(z.number()).parse(await page.evaluate(`[performance.getEntriesByName("first-contentful-paint")[0].startTime, performance.now()]`));
const paintBusyMs = await busyMs();
say({ firstPaintMs: paint[0], wholeMs: paint[1], busyMs: paintBusyMs });
const before = answers;
for await (const line of createInterface({ input: process.stdin })) if (line === "") break;
say({ answers: answers - before, busyMs: await busyMs() - paintBusyMs });
await browser.close();
