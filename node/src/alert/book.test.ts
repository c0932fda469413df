import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert } from "@holon/core/telemetry/alert.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { openBook } from "./book.ts";

const day = "2026-01-02T";
const silence = (since: string, until: string | null, node = "m2"): Alert => ({
  id: `silence/${node}/${day}${since}Z`, rule: "silence", kind: "silence", subject: node, severity: "ticket", state: until === null ? "firing" : "resolved", since: `${day}${since}Z`, until: until === null ? null : `${day}${until}Z`,
  value: 1, threshold: 0, message: `${node} was silent`, count: 1,
});

test("a silence that two nodes told of is one, though the word of the second came when it was over for the first; another one is another", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "cloud-1" });
  const openHere = () => openBook({ log, jurisdiction: "EU/DE", sha256: createCrypto().sha256, isOwed: () => false });
  const book = openHere();
  const hear = (alert: Alert, node: string): void => book.hear({ alert, class: "public", jurisdiction: "EU/DE", node });
  const keep = async (): Promise<void> => {
    const { cells, saved } = book.changes();
    if (cells.length > 0) await log.append({ cells });
    saved();
  };
  hear(silence("19:19:23.267", null), "cloud-1");
  hear(silence("19:19:23.267", "19:24:51.000"), "cloud-1");
  await keep();
  hear(silence("19:23:35.491", null), "edge-1");
  await keep(); // it was on disk as one of its own
  assert.equal(book.all().length, 2, "that it still lasts is news");
  hear(silence("19:23:35.491", "19:24:59.000"), "edge-1");
  hear(silence("19:20:00.000", "19:21:00.000"), "edge-2");
  hear(silence("19:19:30.000", "19:24:00.000", "m1"), "edge-1");
  hear(silence("19:25:30.000", "19:26:00.000"), "edge-1");
  await keep();
  const told = (of: typeof book) => of.all().map(({ alert: { subject, since, until, count }, tellers }) => [subject, since.slice(11), until?.slice(11), count, tellers.length]).sort();
  const expected = [["m1", "19:19:30.000Z", "19:24:00.000Z", 1, 1], ["m2", "19:19:23.267Z", "19:24:59.000Z", 3, 3], ["m2", "19:25:30.000Z", "19:26:00.000Z", 1, 1]];
  assert.deepEqual(told(book), expected);
  assert.deepEqual(told(openHere()), expected, "and so it is on disk");
  assert.equal(book.find(`silence/m2/${day}19:23:35.491Z`)?.alert.since, `${day}19:19:23.267Z`, "by any of its names");
  await log.close();
});
