import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { HolonError } from "@holon/core/errors.ts";
import { requestType, responseType } from "@holon/core/run/trigger-events.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createRequests } from "./requests.ts";

const app = appDocumentSchema.parse({ name: "till", version: "1", functions: [{ name: "count", code: "ab".repeat(32), on: { http: { method: "GET", path: "/count" } }, emits: { "holon.response": { stream: "local", class: "raw" } }, models: [], timeoutMs: 60_000 }], models: [] });

test("who asked is told at once that what a function answered is no answer", async (context) => {
  const clock = createClock();
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU" }, clock);
  const requests = createRequests({ log, events, guard: { lowered: (_unit, from) => from }, ports: { clock, random: createRandom(), trace: { note: () => undefined } } });
  requests.setApps([app]);
  const unsubscribe = log.onCommit(() => {
    requests.committed();
    void answer();
  });
  let answered = false;
  async function answer(): Promise<void> {
    const stored = (await log.read({ origin: log.origin, stream: "local" }, 2, { maxRecords: 10, maxBytes: 1 << 20 })).map(({ bytes }) => parseStoredEvent(bytes, "a record"));
    const data = stored.find(({ type }) => type === requestType("till", "count"))?.data;
    if (data === undefined || answered) return;
    answered = true;
    const { request } = data as { readonly request: string };
    await log.append({ records: [events.record({ stream: "local", type: responseType, class: "raw", producer: "till/count", data: { request, status: 99_999 } })] });
  }
  await assert.rejects(requests.ask("till", { method: "GET", path: "/count", query: {}, body: null }), (error) => error instanceof HolonError && error.code === "HOLON_ANSWER_BAD" && /till\/count.*status/.test(error.message));
  unsubscribe();
  requests.close();
  await log.close();
});
