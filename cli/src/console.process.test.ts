/** The console in a real browser, on three real nodes. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { logsAnswerSchema } from "@holon/core/diagnosis/ask.ts";
import { seriesSchema } from "@holon/core/telemetry/series.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import type { Page } from "playwright-core";
import { z } from "zod";
import { need } from "../../scripts/testing/need.ts";
import { deployHere } from "./app/deploy-here.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { consoleAddress } from "./command/console.ts";
import { startThree, type Three } from "./machine/three.ts";
import { assertAccessible } from "./testing/accessible.ts";
import { openBrowser } from "./testing/browser.ts";
import { looksCloser, tellsFitted } from "./testing/console-closer.ts";
import { runHolon } from "./testing/holon-process.ts";
import { lineTo } from "./testing/line-to.ts";
import { until } from "./testing/wait.ts";
import { knownAccountSchema } from "./view/known.ts";

const beat = `import { defineFunction } from "@holon/sdk";
export default defineFunction({
  on: { type: "beat.reading" },
  emits: { "beat.counted": { stream: "data", class: "derived" } },
  run: (event, context) => context.emit("beat.counted", { data: { memory: Math.round(event.data.memoryUsedPercent) } }),
});
`;
const manifest = { name: "beat", sources: [{ kind: "host", name: "host", type: "beat.reading", rateHz: 8 }], functions: [{ name: "count", module: "beat.ts" }], objectives: [{ name: "quick", kind: "latency", function: "count", withinMs: 60_000, target: 0.9 }], egress: [{ class: "derived" }] };
const eventsSchema = z.object({ events: z.array(z.object({ id: z.string(), recordedtime: z.string() })) });
const fleetSchema = z.object({ nodes: z.array(z.object({ node: z.string(), state: z.string() })) });
const chartSchema = z.object({ times: z.array(z.number()), series: z.array(z.object({ label: z.string(), values: z.array(z.number()) })) });
const lineSchema = z.looseObject({ atMs: z.number().optional(), nodes: z.record(z.string(), z.array(z.unknown())).or(z.array(z.unknown()).transform(() => undefined)).optional() });

interface Bed {
  readonly three: Three;
  readonly token: string;
}

async function startBed(context: TestContext): Promise<Bed> {
  const folder = tempFolder(context);
  writeFileSync(join(folder, "beat.ts"), beat);
  writeFileSync(join(folder, "holon.app.json"), JSON.stringify(manifest));
  const data = join(folder, "data");
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", telemetry: () => telemetrySettingsSchema.parse({ everyMs: 1_000 }), trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  await deployHere(three, await publish(await loadManifest(folder)));
  return { three, token: readFileSync(join(data, "api-token"), "utf8").trim() };
}

const card = (name: string, state: string): string => `[data-node="${name}"][data-state="${state}"]`;

test("an uplink is cut: the island shows as cut, its own console works on, and the charts fill in when it heals", need("chromium"), async (context) => {
  const { three, token } = await startBed(context);
  const browser = await openBrowser(context);
  const page = await browser.open();
  await page.goto(consoleAddress(three.cloud.api, token));
  for (const name of ["cloud-1", "edge-1", "gateway-1"]) await page.locator(card(name, "present")).waitFor();
  assert.equal(new URL(page.url()).hash, "#/", "the token does not stay in the address");
  await until("beats came to the cloud", async () => (await eventsAt(three.cloud.api, token)).length > 20);
  await browser.keep(page, "map");
  await until("control has heard of the objective", async () => (await three.cloud.node.telemetry?.objectives())?.objectives.some(({ rule, scope }) => rule === "beat/quick" && scope === "plant"));

  const cutMs = performance.now();
  three.edge.node.cutUplink();
  await page.locator(card("edge-1", "silent")).waitFor({ timeout: 3_000 });
  const shownMs = performance.now() - cutMs;
  await page.locator(".site-box.island", { hasText: "plant" }).waitFor({ timeout: 3_000 });
  assert.ok(shownMs <= 3_000, `it took ${shownMs} ms`);
  context.diagnostic(`cut shown after ${Math.round(shownMs)} ms`);
  // Nobody says of what stands behind it that it is there, or that it works on.
  await page.locator(card("gateway-1", "silent")).waitFor({ timeout: 6_000 });
  await browser.keep(page, "map-cut");
  await page.goto(`${three.cloud.api}/#/alerts`);
  await page.getByRole("row", { name: /edge-1 is silent/ }).waitFor();
  // Of what is judged at the site nothing is known here now, so that nothing is called met.
  const plants = page.getByRole("row", { name: /beat\/quick.* plant / });
  await plants.getByText("not known", { exact: true }).waitFor();
  await browser.keep(page, "alerts-cut");
  await showsRefusals(await browser.open(), three.cloud.api, token);

  const island = await browser.open();
  await island.goto(consoleAddress(three.edge.api, token));
  await island.locator(card("edge-1", "present")).waitFor();
  await island.locator(card("gateway-1", "present")).waitFor();
  await island.locator(".site-box.island", { hasText: /edge-1 is cut off from 127\.0\.0\.1:\d+ for .+; it works on alone/ }).waitFor();
  await browser.keep(island, "island-map");
  await island.goto(`${three.edge.api}/#/events?type=beat.&window=300`);
  await island.locator(".event-row .type", { hasText: "beat.counted" }).first().waitFor();
  await browser.keep(island, "island");
  await island.goto(`${three.edge.api}/#/app/beat`); // an address that somebody shared
  await island.getByText("Apps: control alone knows it.").waitFor();
  const [before, during] = [(await eventsAt(three.cloud.api, token)).length, (await eventsAt(three.gateway.api, token)).length];
  assert.ok(during > before, `the gateway counted on: ${during}, and the cloud has ${before}`);

  await page.goto(`${three.cloud.api}/#/events?type=beat.&window=300`);
  await page.locator("[data-chart]").waitFor();
  three.edge.node.healUplink();
  await until("the cloud has what the gateway had", async () => (await eventsAt(three.cloud.api, token)).length >= during);
  const endMs = Date.now();
  await until("the chart has no gap and no double", async () => isFilled(await chartOf(page), await eventsAt(three.gateway.api, token), endMs));
  await browser.keep(page, "events-healed");
  await page.goto(`${three.cloud.api}/#/map`);
  await page.locator(card("gateway-1", "present")).waitFor();
  await page.goto(`${three.cloud.api}/#/alerts`);
  await page.getByRole("region", { name: "What was wrong" }).getByRole("row", { name: /edge-1 was silent/ }).waitFor({ timeout: 90_000 });
  await plants.getByText("met", { exact: true }).waitFor({ timeout: 30_000 });
  await browser.keep(page, "alerts-healed");
});

test("who is stopped in order is gone and no outage; while the API does not answer nobody is told as being there", need("chromium"), async (context) => {
  const { three, token } = await startBed(context);
  const browser = await openBrowser(context, /does not answer/);
  const page = await browser.open();
  await page.goto(consoleAddress(three.cloud.api, token));
  for (const name of ["cloud-1", "edge-1", "gateway-1"]) await page.locator(card(name, "present")).waitFor();
  await three.gateway.close();
  await page.locator(card("gateway-1", "gone")).waitFor();
  assert.equal(await page.locator(".site-box.island").count(), 0);
  assert.equal(await page.locator(".line.cut").count(), 0);
  await page.getByText("2 of 3 are known to be there").waitFor();
  await browser.keep(page, "map-gone");
  await page.goto(`${three.cloud.api}/#/node/gateway-1`);
  await page.getByText("it was stopped in order, and said so: no outage").waitFor();
  const told = fleetSchema.parse(await (await fetch(`${three.cloud.api}/v1/fleet`, { headers: { authorization: `Bearer ${token}` } })).json()).nodes.find(({ node }) => node === "gateway-1");
  assert.equal(told?.state, "gone");
  // Somebody who opens the console after it began sees since when it is.
  three.edge.node.cutUplink();
  await until("control has told of the silence", async () => (await three.cloud.node.telemetry?.fleet({}))?.nodes.find(({ node }) => node === "edge-1")?.state === "silent");
  const late = await browser.open();
  await late.goto(consoleAddress(three.cloud.api, token));
  await late.locator(".site-box.island", { hasText: /cut off for \d+ s/ }).waitFor();
  assert.equal(await late.getByText("it works on alone").count(), 0, "nobody here knows that");
  await browser.keep(late, "map-cut-before");
  three.edge.node.healUplink();
  await late.locator(card("edge-1", "present")).waitFor();
  await late.route("**/v1/continuum*", (route) => route.abort());
  await late.locator(card("edge-1", "unknown")).waitFor();
  await late.getByText(/^As of .*: the API has not answered since/).waitFor();
  await late.getByText("0 of 3 are known to be there").waitFor();
  assert.deepEqual([await late.locator('[data-state="present"]').count(), await late.locator(".line.open").count(), await late.locator(".node-flow").count()], [0, 0, 0]);
  await assertAccessible(late, "stale");
  await browser.keep(late, "map-stale");
});

test("every screen says what is there and how old it is, can be reached by its address, and breaks no rule of accessibility", need("chromium"), async (context) => {
  const { three, token } = await startBed(context);
  const browser = await openBrowser(context);
  const page = await browser.open();
  await page.goto(three.cloud.api);
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await assertAccessible(page, "login");
  assert.equal(await page.getByLabel("Password").count(), 0, "nobody is declared who could log in by name");
  await page.goto(consoleAddress(three.cloud.api, "wrong"));
  await page.getByRole("alert").getByText("Your token is not taken here").waitFor();
  assert.equal(new URL(page.url()).hash, "#/");
  await page.goto(consoleAddress(three.cloud.api, token)); // in the same tab nothing but what stands behind # is another
  await page.getByText("gateway-1").first().waitFor();
  assert.equal(new URL(page.url()).hash, "#/");
  const shows = async (hash: string, text: string | RegExp): Promise<void> => {
    await page.goto(`${three.cloud.api}/${hash}`);
    await page.getByText(text).first().waitFor();
    await assertAccessible(page, hash);
  };
  await shows("#/map", "gateway-1");
  await shows("#/map?view=table&q=gate", "gateway-1");
  assert.equal(await page.getByText("cloud-1").count(), 0, "the search is in the address");
  await shows("#/node/gateway-1", "beat/count");
  await page.getByRole("button", { name: "Follow" }).click();
  await page.getByRole("log").getByText("gateway-1 of plant starts as gateway").waitFor();
  three.gateway.node.trace.note("warn", "the pump hums");
  await page.getByRole("log").getByText("the pump hums").waitFor();
  await page.getByRole("button", { name: "Ask for a report" }).click();
  await page.getByText(/well|look/).first().waitFor();
  const bundle = page.waitForEvent("download");
  await page.getByRole("button", { name: "Fetch a support bundle" }).click();
  assert.match(readFileSync(await (await bundle).path(), "utf8"), /=== report\.json[^]*the pump hums/);
  await assertAccessible(page, "a node looked into");
  await browser.keep(page, "node-log");
  await looksCloser(page);
  await assertAccessible(page, "a node looked at closely");
  await browser.keep(page, "node-closer");
  await shows("#/apps", "beat");
  await shows("#/app/beat", "on every node of tier gateway");
  await shows("#/models", "No version of any model is registered.");
  await tellsFitted(page, three);
  await assertAccessible(page, "models that were fitted");
  await browser.keep(page, "models");
  await shows("#/policy", "node gateway-1");
  await shows("#/policy?tab=trail&q=deployed", "app.deployed");
  await shows("#/meter", "beat/count");
  await shows("#/people", "token machine");
  await shows("#/alerts", "beat/quick");
  await browser.keep(page, "alerts");
  await shows("#/node/gateway-1", "Over time");
  await showsSeries(page, `${three.cloud.api}/#/node/gateway-1?metric=process.memory.usage`);
  await browser.keep(page, "node-series");
  await page.unroute("**/v1/series*");
  await shows("#/nosuch", "There is no page nosuch.");
  await shows("#/node/nosuch", "No node nosuch is known here.");
  assert.equal(await page.getByRole("button", { name: "Ask for a report" }).count(), 0);
  await page.setViewportSize({ width: 390, height: 800 });
  await shows("#/people", "token machine");
  assert.ok(await page.evaluate(`(() => { const { left, right } = document.querySelector(".areas [aria-current]").getBoundingClientRect(); return left >= 0 && right <= innerWidth; })()`), "the chosen area is in sight on a phone");
  await shows("#/alerts", "beat/quick");
  await browser.keep(page, "alerts-phone");
  await page.setViewportSize({ width: 1280, height: 800 });
  await alarmBehindMany(three);
  await shows("#/events", "test.filler");
  await page.getByRole("region", { name: "Alerts" }).getByText("pump 7").waitFor();
  await browser.keep(page, "events-alarm");
  await shows("#/events?type=beat.", "beat.counted");
  await page.locator(".event-row .type").first().click();
  await page.getByRole("heading", { name: "Before and after" }).waitFor();
  await assertAccessible(page, "evidence");
  await assertHonest(context, { three, token });
});

test("a run of the simulator is played on the same map", need("chromium"), async (context) => {
  const { three } = await startBed(context);
  const file = join(tempFolder(context), "run.jsonl");
  const run = await runHolon(context, ["sim", "run", "--scenario", "cut-and-heal", "--seed", "3", "--trace", file, "--json"]);
  assert.equal(run.exitCode, 0, run.stderr);
  const page = await (await openBrowser(context)).open();
  await page.goto(`${three.edge.api}/#/replay`); // needs nobody's leave: the file stays in the browser
  await page.getByLabel("Choose a file").setInputFiles(file);
  await page.locator("[data-node=gateway-1]").waitFor();
  const times = readFileSync(file, "utf8").trimEnd().split("\n").map((line) => lineSchema.parse(JSON.parse(line)));
  const cutMs = times.find(({ atMs = 0, nodes }) => atMs > 2_000 && nodes?.["edge-1"] !== undefined && nodes["edge-1"][1] !== "open" && nodes["edge-1"][0] === true)?.atMs;
  assert.ok(cutMs !== undefined, "in this run the edge is cut off");
  const seek = (ms: number): Promise<void> => page.getByRole("slider").fill(String(50 * Math.ceil(ms / 50)));
  await seek(cutMs);
  await page.locator(card("edge-1", "silent")).waitFor();
  await page.locator(".site-box.island").waitFor();
  await assertAccessible(page, "replay");
  await seek(times.at(-1)?.atMs ?? 0);
  await page.getByText("no violation").waitFor();
});

test("people log in by name, see what their role shows, and log out", need("chromium"), async (context) => {
  const { three, token } = await startBed(context);
  const post = async (path: string, body: unknown, shown = token): Promise<Response> => fetch(`${three.cloud.api}${path}`, { method: "POST", headers: { authorization: `Bearer ${shown}`, "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.equal((await post("/v1/users", { name: "olga", role: "owner", password: "a password of olga" })).status, 200);
  const { token: olgas } = z.object({ token: z.string() }).parse(await (await post("/v1/login", { name: "olga", password: "a password of olga" })).json());
  assert.equal((await post("/v1/users", { name: "vera", role: "viewer", password: "a password of vera" }, olgas)).status, 200);
  const page = await (await openBrowser(context)).open();
  await page.goto(`${three.cloud.api}/#/people`);
  const logIn = async (password: string): Promise<void> => {
    await page.getByLabel("Name").fill("vera");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Log in" }).click();
  };
  await logIn("a wrong password");
  await page.getByRole("alert").waitFor();
  await logIn("a password of vera");
  await page.getByText("person vera").waitFor();
  await page.getByText("Your role does not show this.").first().waitFor();
  assert.equal(await page.getByText("olga").count(), 0);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
});

/** A screen that breaks breaks alone, a line that goes dead is not live, and lines of a log that went by are counted. */
async function assertHonest(context: TestContext, { three, token }: Bed): Promise<void> {
  const browser = await openBrowser(context, /reading 'filter'/);
  const broken = await browser.open();
  await broken.goto(consoleAddress(three.cloud.api, token));
  await broken.route("**/v1/alerts", (route) => route.fulfill({ contentType: "application/x-ndjson", body: "{}\n" }));
  await broken.goto(`${three.cloud.api}/#/alerts`);
  await broken.getByRole("alert").getByText("This screen cannot show what it was told.").waitFor();
  await assertAccessible(broken, "a broken screen");
  await broken.getByRole("link", { name: "Apps" }).click();
  await broken.getByText("beat").first().waitFor();
  await broken.unroute("**/v1/alerts");
  await broken.getByRole("link", { name: "Alerts" }).click();
  await broken.getByText("beat/quick").first().waitFor();

  const watching = await browser.open();
  await watching.clock.install();
  const line = await lineTo(context, three.cloud.api);
  await watching.goto(consoleAddress(line.api, token));
  await watching.getByRole("link", { name: "Alerts" }).click();
  const wrong = watching.getByRole("region", { name: "What is wrong" });
  await wrong.getByText("live", { exact: true }).waitFor();
  line.die();
  await watching.clock.fastForward(31_000);
  await wrong.getByText(/not answered for/).waitFor();
  assert.equal(await wrong.getByText("live", { exact: true }).count(), 0);

  await countsLines(await browser.open(), three, token);
}

/** An hour in which a step was corrected, and of another nothing is known: told as an API would after an outage. */
async function showsSeries(page: Page, address: string): Promise<void> {
  await page.route("**/v1/series*", async (route) => {
    const answer = seriesSchema.parse(await (await route.fetch()).json());
    const [line = { labels: {}, points: [] }] = answer.series;
    const points = line.points.map((point, place) => ({ ...point, nodes: 1, reported: place === 20 ? 0 : 1, value: place === 20 ? null : 2e8 + 4e6 * (place % 9), ...(place === 30 ? { revised: { at: point.at, from: 1e6, times: 1 } } : {}) }));
    await route.fulfill({ json: { ...answer, series: [{ ...line, points }] } });
  });
  await page.goto(address);
  const section = page.getByRole("region", { name: "Over time" });
  await section.locator(".chart canvas").waitFor();
  await section.getByText(/bytes, the mean of each \d+ s; not all has been told of 1 of \d+ steps, which are hatched/).first().waitFor();
  await section.getByText("977 KiB →").waitFor(); // 1,000,000 bytes
  assert.match((await section.locator("figcaption").textContent()) ?? "", /MiB last, between 191 MiB and 221 MiB/);
  assert.equal(await section.getByLabel("Metric").inputValue(), "process.memory.usage", "the metric is in the address");
  await assertAccessible(page, "series");
  await section.scrollIntoViewIfNeeded();
}

/** A viewer is shown that others may say that they take it on, or end that it is silenced. */
async function showsRefusals(page: Page, api: string, token: string): Promise<void> {
  const ask = async (path: string, body: unknown): Promise<unknown> => (await fetch(`${api}${path}`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify(body) })).json();
  await ask("/v1/alerts/silences", { name: "works", subject: "nobody", site: "plant", until: new Date(Date.now() + 3_600_000).toISOString(), because: "works" });
  const { token: shown } = z.object({ token: z.string() }).parse(await ask("/v1/tokens", { name: "looks", role: "viewer", forMs: 3_600_000 }));
  await page.goto(`${api}/#/alerts`);
  await page.evaluate((of) => sessionStorage.setItem("holon-token", of), shown); // as a login leaves it: an address brings nobody's session
  await page.reload();
  for (const [region, button] of [["What is wrong", "I take it on"], ["Silenced", "End"]] as const) {
    const place = page.getByRole("region", { name: region }).first();
    await place.getByRole("button", { name: button }).first().click();
    await place.getByRole("alert").getByText("HOLON_POLICY_DENIED").waitFor();
  }
}

/** One call for as long as it goes; where it ended, and somebody looks, it goes on behind what was shown. */
async function countsLines(page: Page, three: Three, token: string): Promise<void> {
  let asks = 0;
  await page.clock.install();
  await page.route("**/v1/nodes/gateway-1/logs**", async (route) => {
    assert.equal(new URL(route.request().url()).searchParams.has("after"), asks > 0);
    const response = await route.fetch({ headers: { ...route.request().headers(), accept: "application/json" } });
    const { asOf: _asOf, completeness: _completeness, ...answer } = logsAnswerSchema.extend(knownAccountSchema.shape).parse(await response.json());
    asks += 1;
    await route.fulfill({ status: 200, contentType: "application/x-ndjson", body: [0, 7, 0].map((missed) => `${JSON.stringify({ ...answer, missed })}\n`).join("") });
  });
  await page.goto(consoleAddress(three.cloud.api, token));
  await page.locator(card("gateway-1", "present")).waitFor();
  await page.goto(`${three.cloud.api}/#/node/gateway-1`);
  await page.getByRole("button", { name: "Follow" }).waitFor();
  await page.clock.pauseAt(Date.now() + 3_600_000);
  await page.getByRole("button", { name: "Follow" }).click();
  await until("what went by is told", async () => {
    await page.clock.runFor(1);
    return page.getByText("7 lines went by.").isVisible();
  });
  await until("it goes on behind that", async () => {
    await page.clock.runFor(500);
    return asks > 1;
  });
  await page.evaluate(`Object.defineProperty(document, "hidden", { get: () => globalThis.isAway }), globalThis.isAway = true, document.dispatchEvent(new Event("visibilitychange"))`);
  const before = asks;
  await page.clock.runFor(60_000);
  const away = asks;
  assert.ok(away <= before + 1, "nobody looks");
  await page.evaluate(`globalThis.isAway = false, document.dispatchEvent(new Event("visibilitychange"))`);
  await until("it goes on", () => asks > away);
}

/** An alarm, and more events behind it than the page asks for. */
async function alarmBehindMany({ cloud: { node: { log, events } } }: Bed["three"]): Promise<void> {
  const event = (stream: "alarm" | "data", type: string, data: object) => events.record({ stream, type, class: "public", producer: "test", subject: "pump 7", data });
  await log.append({ records: [event("alarm", "pump.alert", { state: "open", value: 3 })] });
  for (let times = 0; times < 11; times++) await log.append({ records: Array.from({ length: 100 }, (_, index) => event("data", "test.filler", { index })) });
}

const eventsAt = async (api: string, token: string) =>
  eventsSchema.parse(await (await fetch(`${api}/v1/events?type=beat.counted&origin=gateway-1&limit=1000`, { headers: { authorization: `Bearer ${token}` } })).json()).events;

/** What the chart was drawn from. */
const chartOf = async (page: Page) => chartSchema.parse(JSON.parse((await page.locator("[data-chart]").getAttribute("data-chart")) ?? "{}"));

/** In every step that ended before `endMs` the chart counts what the gateway recorded in it: each event once. */
function isFilled({ times, series }: z.infer<typeof chartSchema>, events: z.infer<typeof eventsSchema>["events"], endMs: number): boolean {
  const [first = 0, second = 0] = times;
  const step = second - first;
  const counts = series.find(({ label }) => label === "gateway-1")?.values ?? [];
  return times.every((time, place) => 1_000 * (time + step) > endMs || counts[place] === events.filter(({ recordedtime }) => Math.floor(Date.parse(recordedtime) / 1_000 / step) * step === time).length);
}
