/** An event that is looked at closely in the console: also by an address that was kept, and with what stays on its node. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { need } from "../../scripts/testing/need.ts";
import { consoleAddress } from "./command/console.ts";
import { startThree } from "./machine/three.ts";
import { assertAccessible } from "./testing/accessible.ts";
import { openBrowser } from "./testing/browser.ts";
import { until } from "./testing/wait.ts";

const subject = "hall-1/line-4/the pump behind the boiler";

test("a chosen event is found by its address when it is long behind what is shown, stands in the midst of what surrounds it, and what led to it is told as staying on its node", need("chromium"), async (context) => {
  const data = join(tempFolder(context), "data");
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  const token = readFileSync(join(data, "api-token"), "utf8").trim();
  const { log, events } = three.gateway.node;
  const reading = (index: number) => events.record({ stream: "local", type: "test.reading", class: "raw", producer: "test", subject, data: { index } });
  const readings = async (count: number) => log.append({ records: Array.from({ length: count }, (_, index) => reading(index)) });
  await readings(100);
  const [cause] = await log.find({ accepts: ({ stream }) => stream === "local", type: "test.reading", limit: 1 });
  await log.append({ records: [events.record({ stream: "alarm", type: "pump.alert", class: "public", producer: "test", subject, causedBy: cause?.event.id, data: { state: "open" } })] });
  await readings(100);
  await readings(100);

  const browser = await openBrowser(context);
  const page = await browser.open();
  await page.goto(consoleAddress(three.cloud.api, token));
  await page.locator('[data-node="gateway-1"]').waitFor();
  await page.goto(`${three.cloud.api}/#/events?type=pump.`);
  const row = page.locator(".event-row", { hasText: "pump.alert" }).first();
  const [cell, end] = [await row.getByRole("cell").nth(3).boundingBox(), await row.locator(".name > :last-child").boundingBox()];
  assert.equal(await row.getByRole("cell").nth(3).textContent(), subject);
  assert.ok(cell !== null && end !== null && end.width > 0 && end.x >= cell.x && end.x + end.width <= cell.x + cell.width + 1, "the end of a long name is in sight, by which it is told from others");
  await row.click();
  const evidence = page.getByRole("complementary", { name: "Before and after" });
  await evidence.getByText(subject).first().waitFor();
  const { hash } = new URL(page.url());

  // As whoever was sent the address opens it tomorrow: its list is over another time.
  const later = await browser.open();
  await later.goto(consoleAddress(three.cloud.api, token));
  await later.locator('[data-node="gateway-1"]').waitFor();
  await later.goto(`${three.cloud.api}/${hash}&at=2020-01-01T00:00:00.000Z`);
  await later.getByText("No event fits.").waitFor();
  const kept = later.getByRole("complementary", { name: "Before and after" });
  await kept.getByRole("heading", { name: "pump.alert" }).waitFor();
  await kept.locator("dl").getByText(subject).waitFor();
  await kept.getByRole("button", { name: cause?.event.id ?? "" }).click();
  await later.getByText("It is in stream local, which leaves no node").waitFor();
  assert.equal(await later.locator("aside").getByRole("link", { name: "gateway-1" }).getAttribute("href"), "#/node/gateway-1");
  await assertAccessible(later, "what stays on its node");

  // On its node the readings are there, more than a minute's worth would show.
  const island = await browser.open();
  await island.goto(consoleAddress(three.gateway.api, token));
  await island.locator('[data-node="gateway-1"]').waitFor();
  await island.goto(`${three.gateway.api}/${hash}&window=300`);
  const near = island.getByRole("complementary", { name: "Before and after" });
  const itself = near.locator("li.this");
  await itself.waitFor();
  await until("it stands in the midst of the list", () => island.evaluate<boolean>(`(() => { const list = document.querySelector(".around").getBoundingClientRect(), row = document.querySelector(".around .this").getBoundingClientRect(); return row.top >= list.top && row.bottom <= list.bottom; })()`));
  await browser.keep(island, "evidence");
  await near.getByRole("button", { name: cause?.event.id ?? "" }).click();
  await near.getByRole("heading", { name: "test.reading" }).waitFor();
});
