/** The main job for scripts: plays files through three nodes, cuts and heals the gateway's uplink, drains, counts. */
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { lockFolder, type FolderLock } from "@holon/platform/lock.ts";
import type { LoadedManifest } from "../app/load.ts";
import { throwIfEnded, unlessEnded } from "../ending.ts";
import { publish, type Publication } from "../app/publish.ts";
import type { ReplaySourceSpec } from "@holon/core/schema/app.ts";
import type { NodeStatus } from "@holon/node/index.ts";
import { offsetCell } from "@holon/node/door/sources.ts";
import { replaySize } from "@holon/platform/door/replay/inspect.ts";
import type { Three } from "../machine/three.ts";
import { deployHere } from "../app/deploy-here.ts";
import { createCutPlan, rowsPlayed } from "./cut-plan.ts";
import { reportOnce, sentBy, type OnceReport, type Sent } from "./report.ts";
import { inspectFiles, replaySource, sayLeftOut, type ReplayChoice, type ReplayFile } from "./source-map.ts";

export interface OnceOptions extends ReplayChoice {
  readonly data: string;
  /** Go on with what an earlier, interrupted run left. */
  readonly continue: boolean;
  readonly cutAfter: number | undefined;
  readonly healAfter: number | undefined;
  readonly app: LoadedManifest;
  /** Takes the data folder and the ports. */
  claim(): Promise<FolderLock>;
  start(): Promise<Three>;
  /** What ends the command before it is done. */
  readonly ended: AbortSignal;
  /** Called often while it runs. */
  progress(three: Three): void;
}

const readingType = "pump.reading";

/** Errors of the source and of the nodes are thrown after everything that was accepted is drained. */
export async function runOnce(options: OnceOptions): Promise<OnceReport> {
  const files = await inspectFiles(options.files);
  const spec = replaySource(files, options, readingType);
  sayLeftOut(files, options);
  const published = await publish(options.app);
  const lock = await options.claim();
  try {
    throwIfEnded(options.ended);
    await prepareData(options.data, options.continue);
    return await playThrough(await options.start(), published, files, spec, options);
  } finally {
    lock.release();
  }
}

async function playThrough(three: Three, published: Publication, files: readonly ReplayFile[], spec: ReplaySourceSpec, options: OnceOptions): Promise<OnceReport> {
  try {
    refuseOtherFiles(three, published.document.name, spec, options.data);
    await deployHere(three, { ...published, document: { ...published.document, sources: [spec] } });
    await play(three, published.document.name, spec, options);
    if (options.cutAfter !== undefined) three.gateway.node.healUplink();
    let sent: Sent = new Map();
    await until(
      () => {
        const isDrained = drained(three);
        if (isDrained) sent = sentBy(three);
        return isDrained;
      },
      () => options.progress(three),
      options.ended,
    );
    const damage = [three.gateway, three.edge, three.cloud].flatMap(({ node }) => node.status().damage.map((piece) => ({ node: node.config.name, ...piece })))[0];
    if (damage !== undefined) {
      throw new HolonError("HOLON_LOG_DAMAGED", `${join(options.data, damage.node, damage.segment)}: bytes ${damage.fromByte} to ${damage.toByte} are damaged; lost: ${lostText(three)}`);
    }
    const held = [three.gateway, three.edge].flatMap(({ node }) => node.status().uplink?.held ?? [])[0];
    failOnNews(three, options.data);
    if (held !== undefined) throw new HolonError(held.code, `${held.lane} is held back: ${held.message}`);
    const problem = three.gateway.node.status().agent.sources.find((source) => source.problem !== undefined)?.problem;
    if (problem !== undefined) throw toCoded(problem);
    return await unlessEnded(options.ended, reportOnce(three, files, spec, sent));
  } finally {
    await three.close();
  }
}

/** A history that was found to have parted in this run: said once, since the node goes on by itself. */
function failOnNews(three: Three, data: string): void {
  for (const { node } of [three.gateway, three.edge]) {
    const news = (node.status().uplink?.branches ?? []).flatMap((branch) => branch.news ?? []);
    const [first, ...more] = news;
    if (first !== undefined) throw new HolonError(first.code, `${join(data, node.config.name, "log")}: ${[first, ...more].map(({ message }) => message).join("; ")}`);
  }
}

/** A position in one list of files says nothing of another, and rows read by other columns are other readings. */
function refuseOtherFiles({ cloud }: Three, app: string, spec: ReplaySourceSpec, data: string): void {
  const before = cloud.control?.apps().find(({ document }) => document.name === app)?.document.sources[0];
  if (before?.kind !== "replay") return;
  const names = (source: ReplaySourceSpec): string => source.files.map(({ path }) => path).join(", ");
  const reading = ({ columns, timeColumn }: ReplaySourceSpec): string => `columns ${Object.keys(columns).join(", ")}${timeColumn === undefined ? "" : ` at the time in ${timeColumn}`}`;
  if (names(before) !== names(spec)) {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${data} holds a run of ${names(before)}, and ${names(spec)} is another list`, { next: "Name the same files in the same order, or leave --continue away to begin afresh." });
  }
  if (reading(before) !== reading(spec)) {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${data} holds a run that read ${reading(before)}, and this one would read ${reading(spec)}`, { next: "Name the same --columns and --time-column, or leave --continue away to begin afresh." });
  }
}

/** The records that are lost, exactly, and of which more may be. */
function lostText(three: Three): string {
  const ranges = [three.gateway, three.edge, three.cloud].flatMap(({ node }) => node.log.lost.map(({ lane, first, last }) => `${lane} ${first}${last === first ? "" : ` to ${last}`}`));
  const exact = ranges.length === 0 ? "no record" : ranges.slice(0, 5).join(", ") + (ranges.length > 5 ? `, and ${ranges.length - 5} more ranges` : "");
  return exact + unsureText(three);
}

function unsureText(three: Three): string {
  const logs = [three.gateway, three.edge, three.cloud].map(({ node }) => node.status().log);
  const lanes = logs.flatMap(({ unsettled }) => unsettled.map(({ lane, after }) => `${lane} behind ${after}`));
  const cells = logs.flatMap(({ staleCells }) => staleCells);
  const open = lanes.length === 0 ? "" : `; nothing says how many more of ${listed(lanes)}`;
  return open + (cells.length === 0 ? "" : `; may have gone back to an earlier value: ${listed(cells)}`);
}

const listed = (names: readonly string[]): string => names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");

const toCoded = ({ code, message, next }: { readonly code: string; readonly message: string; readonly next: string }): HolonError =>
  new HolonError(isErrorCode(code) ? code : "HOLON_INTERNAL", message, { next });

const markerOf = (data: string): string => join(data, "made-by-once");
/** As it was called before: in a folder that holds the data of such runs, that name is theirs. */
const formerMarkerOf = (data: string): string => join(data, "once");
const isFile = (path: string): Promise<boolean> => stat(path).then((found) => found.isFile(), () => false);

/** A fresh run clears what the run before left; it never clears what it did not make. The folder is this process's already. */
async function prepareData(data: string, goOn: boolean): Promise<void> {
  const marker = markerOf(data);
  if (goOn) return mark(marker, data);
  const present = (await readdir(data).catch(() => [])).filter((name) => !name.startsWith("lock"));
  if (present.length > 0 && !(await isFile(marker)) && !(await isFile(formerMarkerOf(data)))) {
    throw new HolonError("HOLON_DATA_IN_USE", `${data} holds data that no earlier --once run made`, { next: "Pass --continue, or name another folder with --data." });
  }
  const nodes = ["cloud-1", "edge-1", "gateway-1"].filter((name) => present.includes(name));
  for (const name of nodes) lockFolder(join(data, name)).release(); // a node may run there by itself
  try {
    for (const name of nodes) await rm(join(data, name), { recursive: true, force: true });
  } catch (cause) {
    throw new HolonError("HOLON_DISK_READ_ONLY", `the data folder ${data} cannot be cleared`, { cause });
  }
  await mark(marker, data);
}

/** The folder is no longer one that a fresh run may clear. */
export async function unmark(data: string): Promise<void> {
  await rm(markerOf(data), { force: true });
  if (await isFile(formerMarkerOf(data))) await rm(formerMarkerOf(data));
}

async function mark(marker: string, data: string): Promise<void> {
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
    await writeFile(marker, "made by --once\n");
  } catch (cause) {
    const full = cause instanceof Error && "code" in cause && cause.code === "ENOSPC";
    throw new HolonError(full ? "HOLON_DISK_FULL" : "HOLON_DISK_READ_ONLY", `the data folder ${data} cannot be written`, { cause });
  }
}

/** Until the source has ended: cuts and heals the uplink on the way. */
async function play(three: Three, app: string, spec: ReplaySourceSpec, options: OnceOptions): Promise<void> {
  const { node } = three.gateway;
  const played = await playedBy(three, app, spec, options);
  const plan = createCutPlan(options.cutAfter, options.healAfter, played());
  const step = (): void => {
    for (const what of plan.at(played())) {
      if (what === "cut") node.cutUplink();
      else node.healUplink();
    }
  };
  const stop = node.log.onCommit(step);
  await until(
    () => sourcesEnded(three),
    () => {
      step();
      options.progress(three);
    },
    options.ended,
  );
  stop();
  const note = plan.note();
  if (note !== undefined) process.stderr.write(`note: ${note}
`);
}

/** How many events of the files were played, by this process and those before it. The files are read for it only where something is cut. */
async function playedBy({ gateway: { node } }: Three, app: string, spec: ReplaySourceSpec, { cutAfter }: OnceOptions): Promise<() => number> {
  const rows: number[] = [];
  if (cutAfter !== undefined) for (const { path } of spec.files) rows.push((await replaySize(path)).rows);
  const cell = offsetCell(app, spec.name);
  return () => {
    const stored = cutAfter === undefined ? undefined : node.log.cell(cell);
    return rowsPlayed(stored && new TextDecoder().decode(stored), spec.files, rows);
  };
}

/** A node waits out a full disk and tries again for what it could not fetch; a script is told after this long. */
const patienceMs = 5_000;
const sinceMs = new Map<string, number>();

function failIfItLasts(what: string, problem: Parameters<typeof failOn>[0]): void {
  if (problem === undefined) return void sinceMs.delete(what);
  const since = sinceMs.get(what) ?? performance.now();
  sinceMs.set(what, since);
  if (performance.now() - since > patienceMs) failOn(problem);
}

/** What no node has been told keeps all of them waiting. */
const controlOf = ({ cloud: { control } }: Three): HolonError | undefined => control?.problem();

const statuses = ({ gateway, edge, cloud }: Three): readonly NodeStatus[] => [gateway, edge, cloud].map(({ node }) => node.status());

function sourcesEnded(three: Three): boolean {
  const { agent } = three.gateway.node.status();
  for (const status of statuses(three)) failIfItLasts(`agent of ${status.node}`, status.agent.problem);
  failIfItLasts("control", controlOf(three));
  failIfItLasts("disk", agent.sources.find((source) => source.problem?.code === "HOLON_DISK_FULL")?.problem);
  return agent.state === "settled" && agent.sources.every((source) => source.ended);
}

/** Everything was judged, and the cloud has all that may leave. */
function drained(three: Three): boolean {
  failIfItLasts("control", controlOf(three));
  for (const { node, log } of statuses(three)) failIfItLasts(`disk of ${node}`, log.disk === "full" ? new HolonError("HOLON_DISK_FULL", `${node} has no room for what it is sent`) : undefined);
  const gateway = three.gateway.node.status();
  for (const unit of gateway.agent.units) failOn(unit.restarts > 3 ? unit.problem : undefined);
  const idle = gateway.agent.units.every((unit) => unit.state === "running" && unit.lag === 0);
  const arrived = [gateway, three.edge.node.status()].every((status) => status.uplink?.state === "open" && status.uplink.backlog === 0);
  return idle && arrived;
}

function failOn(problem: { readonly code: string; readonly message: string; readonly next: string } | undefined): void {
  if (problem !== undefined) throw toCoded(problem);
}

const pollMs = 20;

/** Polls, because "nothing more to do" is not an event of any one part. */
async function until(condition: () => boolean, each: () => void, ended: AbortSignal): Promise<void> {
  let quiet = 0;
  while (quiet < 3) {
    throwIfEnded(ended);
    each();
    quiet = condition() ? quiet + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
