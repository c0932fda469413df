/**
 * The live view: plain text, drawn again and again in place. Pure, so that it can be tested.
 *
 * What has no room goes, the least important first: older alerts, then the lines that part the blocks. Where even that is too much, a
 * short form takes its place, one line for each thing, the most important first.
 */
import { oneLine } from "../terminal.ts";
import type { NodeStatus } from "@holon/node/index.ts";
import type { SeenAlert } from "./alerts.ts";
import { clip, widthOf } from "./clip.ts";

export interface ScreenInput {
  readonly app: string;
  readonly statuses: readonly NodeStatus[];
  readonly apis: ReadonlyMap<string, string>;
  readonly eventsPerSecond: number;
  readonly alerts: readonly SeenAlert[];
  readonly alertsOpened: number;
  /** Where a browser finds the console. */
  readonly console?: string;
  /** A line below all. */
  readonly notice?: string;
  readonly width: number;
  readonly rows: number;
  readonly colour: boolean;
}

type Paint = (code: number, text: string) => string;

export function drawScreen(input: ScreenInput): string {
  const paint: Paint = (code, text) => (input.colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines = fullLines(input, paint) ?? shortLines(input, paint).slice(0, Math.max(1, input.rows));
  return lines.map((line) => clip(line, input.width)).join("\n");
}

/** `undefined` where not even the newest alert would have room. */
function fullLines(input: ScreenInput, paint: Paint): readonly string[] | undefined {
  const gateway = input.statuses.at(-1);
  const blocks = [
    [`${paint(1, "holon")}  ${input.app}   up ${clock(gateway?.upMs ?? 0)}   Ctrl-C stops`, ...(input.console === undefined ? [] : [`console    ${paint(36, input.console)}`])],
    input.statuses.flatMap((status) => nodeLines(status, input, paint)),
    [...figureLines(input, gateway), ...problemLines(input, paint)],
    [`alerts     ${input.alertsOpened}`],
  ];
  const notices = input.notice === undefined ? [] : [input.notice];
  const alerts = input.alerts.map((alert) => alertLine(alert, input, paint));
  const needed = blocks.flat().length + notices.length;
  const gaps = blocks.length - 1 + notices.length;
  const isAiry = needed + gaps + Math.min(2, alerts.length) <= input.rows;
  const room = input.rows - needed - (isAiry ? gaps : 0);
  if (room < Math.min(1, alerts.length)) return undefined;
  const gap = isAiry ? [""] : [];
  const body = blocks.flatMap((block, index) => (index === 0 ? block : [...gap, ...block]));
  return [...body, ...(room > 0 ? alerts.slice(-room) : []), ...notices.flatMap((line) => [...gap, line])];
}

/** For a terminal of a few lines. */
function shortLines(input: ScreenInput, paint: Paint): readonly string[] {
  const gateway = input.statuses.at(-1);
  const [newest] = input.alerts.slice(-1);
  const [events = "", ...figures] = figureLines(input, gateway);
  return [
    ...input.statuses.flatMap(({ node, uplink }) => (uplink === undefined ? [] : [`${node} ${linkWord(uplink, paint)}  ${waitingText(uplink)}`])),
    ...problemLines(input, paint),
    events,
    `alerts     ${input.alertsOpened}`,
    ...(newest === undefined ? [] : [alertLine(newest, input, paint, true)]),
    ...(input.notice === undefined ? [] : [input.notice]),
    ...figures,
  ];
}

function nodeLines(status: NodeStatus, input: ScreenInput, paint: Paint): readonly string[] {
  const node = `${paint(1, status.node.padEnd(11))} ${status.tier.padEnd(8)} ${status.jurisdiction.padEnd(6)} ${input.apis.get(status.node) ?? ""}`;
  return status.uplink === undefined ? [node] : [`   │ ${linkText(status.uplink, paint)}`, node];
}

type UplinkStatus = NonNullable<NodeStatus["uplink"]>;

const linkWord = ({ state }: UplinkStatus, paint: Paint): string => (state === "open" ? paint(32, "● open") : state === "cut" ? paint(31, "✕ cut") : paint(33, `○ ${state}`));
const waitingText = ({ backlog }: UplinkStatus): string => (backlog === undefined ? "waiting unknown" : `${count(backlog)} waiting`);

function linkText(uplink: UplinkStatus, paint: Paint): string {
  const span = `for ${clock(uplink.sinceMs)}`;
  const problem = uplink.problem === undefined || uplink.state === "open" ? "" : `   ${uplink.problem.code}`;
  return `${linkWord(uplink, paint)} ${span}   ${waitingText(uplink)}   ↑ ${size(uplink.sentBytes)} ↓ ${size(uplink.receivedBytes)}${problem}`;
}

function figureLines(input: ScreenInput, gateway: NodeStatus | undefined): readonly string[] {
  const sources = gateway?.agent.sources ?? [];
  const readings = sources.reduce((sum, source) => sum + source.readings, 0);
  const readBytes = sources.reduce((sum, source) => sum + source.readBytes, 0);
  const left = leftSite(input.statuses);
  const share = readBytes === 0 ? "" : `  (${((100 * left) / readBytes).toFixed(1)} %)`;
  const lines = [`events     ${input.eventsPerSecond.toFixed(1)}/s   ${count(readings)} since the start`];
  for (const unit of gateway?.agent.units ?? []) {
    if (unit.problem === undefined) lines.push(`${unit.name.padEnd(10)} ${oneLine(unit.status ?? unit.state)}`);
    lines.push(`inference  ${count(unit.inferences)}   p50 ${latency(unit.inferenceMs.p50)}   p99 ${latency(unit.inferenceMs.p99)}`);
  }
  lines.push(`bytes      read ${size(readBytes)}   left the site ${size(left)}${share}`);
  return lines;
}

/** By the uplink of the uppermost node of the gateway's site: what goes from node to node within it has not left. Nodes come from the top down. */
export function leftSite(statuses: readonly NodeStatus[]): number {
  const site = statuses.at(-1)?.site;
  return statuses.find((status) => status.site === site)?.uplink?.sentBytes ?? 0;
}

/** What is wrong at any node. */
function problemLines({ statuses }: ScreenInput, paint: Paint): readonly string[] {
  return statuses.flatMap(({ node, agent }) => {
    const lines: string[] = [];
    for (const { name, problem } of agent.sources) if (problem !== undefined) lines.push(paint(31, `source     ${name}: ${problem.code} ${oneLine(problem.message)}`));
    for (const { name, problem } of agent.units) if (problem !== undefined) lines.push(paint(31, `${name.padEnd(10)} ${oneLine(problem.message)}`));
    if (agent.problem !== undefined) lines.push(paint(31, `${node.padEnd(10)} ${agent.problem.code}: ${oneLine(agent.problem.message)}`));
    return lines;
  });
}

function alertLine(alert: SeenAlert, { width }: ScreenInput, paint: Paint, isShort = false): string {
  const word = (pad: number): string => (alert.state === "open" ? paint(31, "open".padEnd(pad)) : "closed".padEnd(pad));
  const peak = alert.score === undefined ? "" : `score ${alert.score.toFixed(1)}`;
  const time = alert.time.slice(11, 19);
  const subject = oneLine(alert.subject);
  const head = isShort ? `${time} ${subject} ${word(0)} ` : `  ${time}  ${subject.padEnd(12)} ${word(6)}  ${peak.padEnd(11)} `;
  return head + causesWithin(alert.causes, width - widthOf(head));
}

/** As many causes as have room, the largest first; an ellipsis stands for the rest. */
function causesWithin(causes: SeenAlert["causes"], room: number): string {
  const texts = causes.map(({ sensor, share }) => `${oneLine(sensor)} ${Math.round(100 * share)} %`);
  for (let kept = texts.length; kept > 0; kept--) {
    const text = texts.slice(0, kept).join(", ") + (kept < texts.length ? ", …" : "");
    if (text.length <= room) return text;
  }
  return texts[0] ?? ""; // not even one: its name is cut
}

/** `hh:mm:ss` */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const part = (value: number): string => String(value).padStart(2, "0");
  return `${part(Math.floor(seconds / 3600))}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`;
}

const count = (value: number): string => value.toLocaleString("en-GB");
const latency = (ms: number | undefined): string => (ms === undefined ? "–" : `${ms.toPrecision(2)} ms`);

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
