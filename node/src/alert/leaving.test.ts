import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { routeSchema } from "@holon/core/schema/alerting.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createEvents } from "../event/events.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import { openBook } from "./book.ts";
import { createDelivery } from "./delivery.ts";
import { askLeaving } from "./leaving.ts";

/** Tells of incidents of these classes and jurisdictions as events of the node itself, and returns what was written there. */
async function toldAs(context: TestContext, stream: "alarm" | "local", incidents: readonly { readonly class: DataClass; readonly jurisdiction: string }[]) {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  const { sha256 } = integrity;
  const clock = createClock();
  const events = createEvents({ name: log.origin, jurisdiction: "EU/DE" }, clock);
  const book = openBook({ log, jurisdiction: "EU/DE", sha256, isOwed: () => true });
  for (const [at, { class: own, jurisdiction }] of incidents.entries()) {
    book.hear({ class: own, jurisdiction, node: "gateway-1", alert: { id: `${at}`, rule: `r${at}`, kind: "alarm", subject: "pump", severity: "ticket", state: "firing", since: "2026-01-01T00:00:00.000Z", until: null, value: null, threshold: null, message: "hot", count: 1, node: "gateway-1" } });
  }
  const keep: Parameters<typeof createDelivery>[0]["keep"] = async (records, cells) => {
    const changes = book.changes();
    await log.append({ records, cells: [...changes.cells, ...cells] });
    changes.saved();
  };
  await keep([], []);
  const guard = { inForce: () => assert.fail("it does not leave by this") };
  const delivery = createDelivery({ routes: [routeSchema.parse({ name: "act", to: { kind: "event", stream } })], log, book, events, notifier: undefined, ports: { clock, random: createRandom(), trace: { note: () => undefined } }, sha256, mayGo: askLeaving({ guard, log, events, jurisdiction: "EU/DE" }), keep });
  delivery.wake();
  while (delivery.status()[0]?.waiting !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await delivery.close();
  const records = await log.read({ origin: log.origin, stream }, 1, { maxRecords: 100, maxBytes: 1 << 20 });
  const told = records.filter(({ bytes }) => new TextDecoder().decode(bytes).startsWith(`{"type":"holon.alert.told"`)).map(({ bytes }) => parseStoredEvent(bytes, "told"));
  return { told: told.map((event) => [event.class, event.jurisdiction]), refused: book.all().map((incident) => incident.told[0]?.refused !== undefined) };
}

test("what is told in the stream of alarms goes up: as the strictest of it, and nothing of elsewhere as this node's own", async (context) => {
  assert.deepEqual(await toldAs(context, "alarm", [{ class: "aggregate", jurisdiction: "EU/DE" }, { class: "personal", jurisdiction: "EU/DE" }, { class: "public", jurisdiction: "EU/FR" }]), { told: [["personal", "EU/DE"]], refused: [false, false, true] });
});

test("what is told in local stays, whatever it is", async (context) => {
  assert.deepEqual(await toldAs(context, "local", [{ class: "raw", jurisdiction: "EU/FR" }, { class: "derived", jurisdiction: "EU/DE" }]), { told: [["raw", "EU/DE"]], refused: [false, false] });
});
