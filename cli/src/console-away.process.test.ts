/** A node that is away is asked from its page in the console. */
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

test("what a node that is away is asked waits, is told as that, and comes to the page when the node is back", need("chromium"), async (context) => {
  const data = join(tempFolder(context), "data");
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  const { gateway } = three;
  const token = readFileSync(join(data, "api-token"), "utf8").trim();
  const browser = await openBrowser(context);
  const page = await browser.open();
  page.setDefaultTimeout(120_000);
  await page.goto(consoleAddress(three.cloud.api, token));
  await page.locator('[data-node="gateway-1"][data-state="present"]').waitFor();
  await page.goto(`${three.cloud.api}/#/node/gateway-1`);
  gateway.node.cutUplink();
  await until("it is cut off", () => gateway.node.status().uplink?.state === "cut");
  const report = page.getByRole("region", { name: "What is wrong, and what to do" });
  await report.getByRole("button", { name: "Ask for a report" }).click();
  await report.getByRole("status").getByText(/^It has not answered: the request waits for it as \S+, .*holon node result/).waitFor();
  await assertAccessible(page, "a request that waits");
  await browser.keep(page, "node-away");
  gateway.node.healUplink();
  await report.getByRole("listitem").first().waitFor();
  await report.getByText("the request waits").waitFor({ state: "detached" });
  await report.getByRole("button", { name: "Ask for a report" }).waitFor();
});
