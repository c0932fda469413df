import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "./event.ts";
import { fittedRows } from "./fitted.ts";

const event = (sequence: number, node: string, data: unknown, subject?: string): Event => ({ specversion: "1.0", id: `${node}/7k3f9qxa0bcde/audit/${sequence}`, type: "holon.model.fitted", source: `/${node}/watch/learn`, ...(subject === undefined ? {} : { subject }), time: "2026-01-02T00:00:00.000Z", recordedtime: `2026-01-02T00:00:${String(sequence).padStart(2, "0")}.000Z`, clock: "synced", class: "public", jurisdiction: "EU", sequence: String(sequence), data }) as Event;

test("of what was fitted the newest of each node, function, model and subject is shown, newest first, with how often", () => {
  const rows = fittedRows([
    event(1, "gateway-1", { model: "pca", blob: "aa" }, "valve1"),
    event(2, "gateway-1", { model: "pca", blob: "bb" }, "valve2"),
    event(3, "gateway-2", { model: "pca", blob: "cc" }),
    event(4, "gateway-1", { model: "pca", blob: "dd" }, "valve1"),
    event(5, "gateway-1", "nothing of it"),
    event(6, "gateway-3", { model: "pca" }),
  ]);
  assert.deepEqual(rows.map(({ node, unit, model, subject, blob, times }) => [node, unit, model, subject, blob, times]), [
    ["gateway-3", "watch/learn", "pca", undefined, undefined, 1],
    ["gateway-1", "watch/learn", "pca", "valve1", "dd", 2],
    ["gateway-2", "watch/learn", "pca", undefined, "cc", 1],
    ["gateway-1", "watch/learn", "pca", "valve2", "bb", 1],
  ]);
});
