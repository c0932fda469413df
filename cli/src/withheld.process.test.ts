/** What a policy keeps on a node that was made to leave it: told wherever one looks at that node. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { need } from "../../scripts/testing/need.ts";
import { deployHere } from "./app/deploy-here.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { consoleAddress } from "./command/console.ts";
import { startThree, type Three } from "./machine/three.ts";
import { assertAccessible } from "./testing/accessible.ts";
import { openBrowser } from "./testing/browser.ts";
import { runHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const beat = `import { defineFunction } from "@holon/sdk";
export default defineFunction({
  on: { type: "beat.reading" },
  emits: { "beat.counted": { stream: "data", class: "derived" } },
  run: (event, context) => context.emit("beat.counted", { data: { memory: Math.round(event.data.memoryUsedPercent) } }),
});
`;
const manifest = { name: "beat", sources: [{ kind: "host", name: "host", type: "beat.reading", rateHz: 8 }], functions: [{ name: "count", module: "beat.ts" }], egress: [{ class: "derived" }] };
const runs = "permit what-runs\n  who any\n  does run open use\npermit what-is-made\n  who function *\n  does lower\n  into derived\n";
const noneLeaves = `policy plant 1\n${runs}`;
const noneMayLeave = `policy plant 2\n${runs}forbid no-counts\n  who node *\n  does leave\n  class derived\n`;

interface Bed {
  readonly three: Three;
  readonly data: string;
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
  return { three, data, token: readFileSync(join(data, "api-token"), "utf8").trim() };
}

test("what no rule lets leave is told with what to do, by the console and by the command line; what a rule forbids is told as meant", need("chromium"), async (context) => {
  const { three, data, token } = await startBed(context);
  const rows = () => three.gateway.node.status().withheld ?? [];
  const ofNode = async (...words: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runHolon(context, [...words, "--api", three.cloud.api, "--data", data]);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  await until("the gateway counts", () => (three.gateway.node.status().agent.units[0]?.emitted ?? 0) > 0);
  const browser = await openBrowser(context);
  const page = await browser.open();
  await page.goto(consoleAddress(three.cloud.api, token));
  await page.locator('[data-node="gateway-1"]').waitFor();
  await page.goto(`${three.cloud.api}/#/node/gateway-1`);
  await page.getByText("beat/count").first().waitFor();
  const kept = page.getByRole("region", { name: "What the policy keeps here" });
  assert.equal(await kept.count(), 0);
  assert.doesNotMatch(await ofNode("node", "show", "gateway-1"), /kept here/);

  await three.cloud.control?.adoptPolicy(noneLeaves);
  await until("what was counted stays", () => rows().some(({ how, count }) => how === "stays" && count > 1));
  const look = kept.getByRole("listitem").filter({ hasText: /^look [\d,]+ records made for data stay in its local stream since \d\d:\d\d:\d\d: no rule of policy plant 1 lets node gateway-1 leave/ });
  await look.getByText(/^What to do: Where it is to leave, let a rule of the policy permit that; .* What is recorded from then on leaves/).waitFor();
  await assertAccessible(page, "what is kept");
  await browser.keep(page, "node-kept");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 390, height: 800 });
  await until("nothing is wider than a phone", () => page.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth"));
  await kept.scrollIntoViewIfNeeded();
  await assertAccessible(page, "what is kept, in the dark on a phone");
  await browser.keep(page, "node-kept-phone");
  const status = await ofNode("node", "status", "--node", "gateway-1");
  assert.match(status, /^gateway-1: \d+ records for data stay in `local` since \S+Z: no rule of policy plant 1 lets node gateway-1 leave/m);
  assert.match(status, /^next: Where it is to leave, let a rule of the policy permit that/m);
  assert.match(await ofNode("node", "show", "gateway-1"), /^kept here +\d+ records for data stay in `local` since \S+Z: no rule of policy plant 1 lets .*\. Where it is to leave, let a rule of the policy permit that/m);

  await three.cloud.control?.adoptPolicy(noneMayLeave);
  await until("the other policy keeps it", () => rows().some(({ isForbidden, count }) => isForbidden && count > 1));
  const meant = kept.getByRole("listitem").filter({ hasText: /^as ruled .* made for data stay .*: rule no-counts / });
  await meant.waitFor();
  assert.doesNotMatch((await meant.textContent()) ?? "", /What to do/);
  assert.doesNotMatch(await ofNode("node", "show", "gateway-1"), /kept here .*rule no-counts .*Where it is to leave/);
});
