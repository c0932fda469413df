/** What the console shows of one node that is looked at closely, and of what functions fitted. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { z } from "zod";
import type { Three } from "../machine/three.ts";

/** Declared commands with and without arguments, one that is refused what it wants, and a profile. */
export async function looksCloser(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Show its commands" }).click();
  const commands = page.getByRole("region", { name: "Commands", exact: true });
  await commands.getByLabel("Command").selectOption("memory");
  await commands.getByRole("button", { name: "Run" }).click();
  await commands.getByRole("status").getByText("ended well").waitFor();
  await commands.getByRole("region", { name: "What memory printed" }).getByText("Mem").first().waitFor();
  await commands.getByLabel("Command").selectOption("resolve");
  await commands.getByLabel("host").fill("-r");
  await commands.getByRole("button", { name: "Run" }).click();
  await commands.getByRole("alert").getByText("HOLON_ARGUMENT_BAD").or(commands.locator("input:invalid")).first().waitFor();
  await commands.getByLabel("host").fill("localhost");
  await commands.getByRole("button", { name: "Run" }).click();
  await commands.getByRole("region", { name: "What resolve host=localhost printed" }).getByText("localhost").first().waitFor();
  const profile = page.getByRole("region", { name: "Where its time goes", exact: true });
  await profile.getByLabel("Over").selectOption("2");
  await profile.getByRole("button", { name: "Measure" }).click();
  await profile.getByRole("table").waitFor();
  assert.ok((await profile.getByRole("row").count()) > 1);
  const file = page.waitForEvent("download");
  await profile.getByRole("button", { name: "Keep it for developer tools" }).click();
  assert.ok(Array.isArray(z.looseObject({ samples: z.array(z.int()) }).parse(JSON.parse(readFileSync(await (await file).path(), "utf8"))).samples));
}

/** What a function fitted on its node stands with that node, the newest first, and so does what it was not granted. */
export async function tellsFitted(page: Page, { gateway: { node: { log, events } } }: Three): Promise<void> {
  const told = (type: string, subject: string | undefined, data: object) => events.record({ stream: "audit", type, class: "public", producer: "beat/count", subject, data });
  await log.append({ records: [told("holon.model.fitted", "pump 7", { model: "pca", blob: "a".repeat(64) }), told("holon.model.fitted", "pump 7", { model: "pca", blob: "b".repeat(64) }), told("holon.model.refused", undefined, { model: "pca", message: "beat/count may not fit pca", code: "HOLON_FIT_UNGRANTED" })] });
  const place = page.getByRole("region", { name: "Fitted on nodes", exact: true });
  await place.getByText("b".repeat(12)).waitFor();
  assert.equal(await place.getByText("a".repeat(12)).count(), 0, "the newest alone");
  await place.getByRole("row", { name: /pca gateway-1 beat\/count pump 7/ }).waitFor();
  await place.getByText("may not fit pca").waitFor();
}
