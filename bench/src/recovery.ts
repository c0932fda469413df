/**
 * Suite `recovery`: how long a large log takes to open after its writer was killed, beside reading the same bytes with nothing around
 * it. The writer and each opening are processes of their own; the files are in the page cache for both, as after a kill.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { statfs } from "node:fs/promises";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { startHolonNode } from "./holon-process.ts";
import { median, round } from "./statistics.ts";
import type { Suite, SuiteContext } from "./suite.ts";

const gigabyte = 1e9;
const gigabytesDefault = 2;
const openings = 5;

/** What one opening says. */
export interface Opened {
  readonly openMs: number;
  readonly readBytes: number;
  readonly reads: number;
  /** The same reads again, of the same files, and nothing else. */
  readonly limitMs: number;
  readonly sizeBytes: number;
  readonly records: number;
  readonly residentBytes: number;
}

export const recoverySuite: Suite = {
  measures: "opening a log of 2 GB whose writer was killed, against reading the same bytes",
  async run(context) {
    const bytes = (context.gigabytes ?? gigabytesDefault) * gigabyte;
    await requireSpace(context.folder, 1.2 * bytes);
    const data = join(context.folder, "nodes");
    const acknowledged = await writeAndKill(join(data, "gateway-1"), bytes, context);
    const opened: Opened[] = [];
    for (let index = 0; index < openings; index++) opened.push(await open(join(data, "gateway-1")));
    const [first] = opened;
    if (first === undefined || first.records < acknowledged) throw new Error(`${first?.records ?? 0} records were found, ${acknowledged} had been acknowledged`);
    const nodeMs = await startWhole(data);
    const openMs = median(opened.map((one) => one.openMs));
    const limitMs = median(opened.map((one) => one.limitMs));
    context.say(`${round(first.sizeBytes / gigabyte)} GB with ${first.records} records (${acknowledged} acknowledged before the kill): open in ${round(openMs)} ms, ${round(first.readBytes / 1e6)} MB read; the same reads alone ${round(limitMs)} ms; the node as a whole answers after ${round(nodeMs)} ms`);
    return {
      figures: {
        recoveryLogBytes: first.sizeBytes,
        recoveryRecords: first.records,
        recoveryMsP50: openMs,
        recoveryMsFirst: first.openMs,
        recoveryReadBytes: first.readBytes,
        recoveryReadLimitMsP50: limitMs,
        recoveryResidentBytes: median(opened.map((one) => one.residentBytes)),
        recoveryNodeReadyMs: nodeMs,
      },
      ratios: { recoveryVsRead: openMs / limitMs },
    };
  },
};

async function requireSpace(folder: string, bytes: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes) throw new HolonError("HOLON_DISK_FULL", `suite recovery needs ${round(bytes / gigabyte)} GB of free disk for ${folder}`, { next: "Free some, choose another folder with --data, or a smaller log with --gigabytes." });
}

const child = (name: string, folder: string) => fork(fileURLToPath(new URL(name, import.meta.url)), [folder], { stdio: ["ignore", "ignore", "inherit", "ipc"] });

/** Resolves with how many records were acknowledged, as far as this process had been told. */
async function writeAndKill(folder: string, bytes: number, { say }: SuiteContext): Promise<number> {
  const writer = child("recovery-writer.ts", folder);
  const ended = once(writer, "exit");
  let records = 0;
  writer.on("message", (told: { readonly sizeBytes: number; readonly records: number }) => {
    records = told.records;
    // The newest segment is the one that is read to its end: killed when it is nearly full, which is the worst moment.
    if (told.sizeBytes >= bytes && newestBytes(join(folder, "log")) > 0.9 * limits.segmentBytesMax) writer.kill("SIGKILL");
  });
  const startMs = performance.now();
  await ended;
  if (writer.signalCode !== "SIGKILL") throw new Error(`the writer ended by itself (exit code ${writer.exitCode})`);
  say(`written in ${round((performance.now() - startMs) / 1000)} s, then killed`);
  return records;
}

function newestBytes(folder: string): number {
  const newest = readdirSync(folder).filter((name) => name.endsWith(".seg")).sort().at(-1);
  return newest === undefined ? 0 : statSync(join(folder, newest)).size;
}

async function open(folder: string): Promise<Opened> {
  const opener = child("recovery-opener.ts", folder);
  const ended = once(opener, "exit");
  const [opened] = (await Promise.race([once(opener, "message"), ended.then(() => [])])) as readonly (Opened | undefined)[];
  await ended;
  if (opened === undefined) throw new Error("the log did not open");
  return opened;
}

/** The whole program, from its start until its API answers. */
async function startWhole(data: string): Promise<number> {
  const startMs = performance.now();
  const node = await startHolonNode({ data, name: "gateway-1", config: { tier: "gateway" } });
  const tookMs = performance.now() - startMs;
  await node.stop();
  return tookMs;
}
