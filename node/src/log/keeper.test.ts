import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Disk } from "@holon/core/ports.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createKeeper } from "./keeper.ts";

test("a disk without room for a reserve keeps no node from starting", async (context) => {
  const folder = tempFolder(context);
  const real = createDisk(folder);
  const full: Disk = Object.assign(Object.create(real), { space: () => Promise.resolve(undefined), open: () => Promise.reject(new HolonError("HOLON_DISK_FULL", "no inode is left")) });
  const log = await openTempLog(folder);
  const clock = createClock();
  const noted: string[] = [];
  const keeper = createKeeper({ log, policy: { streams: {} }, events: createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, clock), ports: { clock, disk: full, trace: { note: (_level, text) => noted.push(text) } }, safe: () => new Map(), readers: () => [] });
  await assert.doesNotReject(keeper.start());
  await keeper.close();
  await log.close();
});
