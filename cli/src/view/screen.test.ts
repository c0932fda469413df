import assert from "node:assert/strict";
import { test } from "node:test";
import { isNodeName } from "@holon/core/units.ts";
import type { NodeStatus } from "@holon/node/index.ts";
import type { SeenAlert } from "./alerts.ts";
import { clip, widthOf } from "./clip.ts";
import { drawScreen, type ScreenInput } from "./screen.ts";

const problem = { code: "HOLON_DISK_FULL", message: "cannot write a", next: "Free space." };

function status(node: string, more: Partial<NodeStatus> = {}): NodeStatus {
  assert.ok(isNodeName(node));
  return {
    node, site: "plant", tier: "edge", jurisdiction: "EU/DE", upMs: 61_000, wallMs: 1_767_225_600_000,
    agent: { state: "settled", version: 1, sources: [], units: [], problem: undefined },
    uplink: { state: "open", parent: "wss://127.0.0.1:1", backlog: 7, held: [], branches: [], sentBytes: 2048, receivedBytes: 0, budget: { priceClass: "free", bytesPerHour: undefined, availableBytes: undefined, borrowedBytes: 0, usedBytes: 0 }, toldLater: 0, problem: undefined, sinceMs: 1000 },
    signatures: undefined, election: undefined, children: [], admission: undefined, blobsWanted: 0, shared: { keys: 0, bytes: 0, exchanges: [] }, models: [], lanes: [],
    log: { disk: "ok", sizeBytes: 0, lost: [], unsettled: [], staleCells: [], mended: 0, scrubbed: undefined }, damage: [], known: [],
    ...more,
  };
}

const alert = (minute: number): SeenAlert => ({
  time: `2026-01-01T00:0${minute}:00.000Z`, subject: "host", state: "open", score: 4.4, rows: 1,
  causes: [{ sensor: "diskWriteKiBPerSecond", share: 0.51 }, { sensor: "memoryUsedPercent", share: 0.17 }, { sensor: "cpuSystemPercent", share: 0.12 }],
});

function draw(width: number, rows: number, more: Partial<ScreenInput> = {}): readonly string[] {
  const statuses = [status("cloud-1", { uplink: undefined }), status("edge-1"), status("gateway-1")];
  const input = { app: "pump-watch 0.1.0", statuses, apis: new Map(), eventsPerSecond: 10, alerts: [1, 2, 3, 4, 5, 6, 7, 8].map(alert), alertsOpened: 8, width, rows, colour: true, ...more };
  const lines = drawScreen(input).split("\n");
  assert.ok(lines.length <= rows, `${lines.length} lines of ${rows}`);
  for (const line of lines) assert.ok(widthOf(line) <= width, line);
  // oxlint-disable-next-line no-control-regex
  return lines.map((line) => line.replaceAll(/\u001b\[\d+m/g, ""));
}

test("a large terminal shows all; at 80 columns causes are left out whole, with an ellipsis", () => {
  const large = draw(120, 40);
  assert.match(large[0] ?? "", /^holon {2}pump-watch 0\.1\.0 {3}up 00:01:01/);
  assert.equal(large.filter((line) => line.includes("cpuSystemPercent 12 %")).length, 8);
  const usual = draw(80, 24);
  assert.equal(usual.filter((line) => line.endsWith("diskWriteKiBPerSecond 51 %, …")).length, 8);
});

test("what left the site is what its uppermost node sent, and how long a link stands is told as a span", () => {
  const sent = (sentBytes: number): Partial<NodeStatus> => ({ uplink: { ...(status("edge-1").uplink ?? assert.fail()), sentBytes } });
  const read: Partial<NodeStatus> = { agent: { ...status("gateway-1").agent, sources: [{ name: "host", kind: "host", readings: 10, readBytes: 10_240, rejected: 0, problem: undefined, address: undefined, counters: undefined, ended: false }] } };
  const lines = draw(120, 40, { statuses: [status("cloud-1", { site: "cloud", uplink: undefined }), status("edge-1", sent(3_072)), status("gateway-1", { ...sent(2_048), ...read })] });
  assert.ok(lines.includes("bytes      read 10.0 KiB   left the site 3.0 KiB  (30.0 %)"), lines.join("\n"));
  assert.ok(lines.includes("   │ ● open for 00:00:01   7 waiting   ↑ 2.0 KiB ↓ 0 B"));
});

test("where rows are few, older alerts go first; the newest stays", () => {
  const few = draw(80, 14);
  assert.match(few[0] ?? "", /^holon/);
  assert.match(few.at(-1) ?? "", /00:08:00/);
  assert.ok(few.filter((line) => line.includes("diskWrite")).length < 8);
});

test("a terminal of eight lines shows links, what is wrong, the rate and the newest alert", () => {
  const small = draw(40, 8);
  assert.deepEqual(small.slice(0, 3), ["edge-1 ● open  7 waiting", "gateway-1 ● open  7 waiting", "events     10.0/s   0 since the start"]);
  assert.match(small[4] ?? "", /^00:08:00 host open diskWriteKiBPerSe\S*…$/);
  const statuses = [status("edge-1", { agent: { state: "fetching", version: 0, sources: [], units: [], problem } }), status("gateway-1")];
  assert.equal(draw(60, 8, { statuses })[2], "edge-1     HOLON_DISK_FULL: cannot write a");
  assert.equal(draw(40, 1).length, 1);
});

test("what does not fit a line ends in an ellipsis, and colours take no room", () => {
  assert.equal(clip("\u001b[31mabcdef\u001b[0m", 4), "\u001b[31mabc…\u001b[0m");
  assert.equal(clip("abcd", 4), "abcd");
});
