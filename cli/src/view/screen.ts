/** The live view: plain text, drawn again and again in place. Pure, so that it can be tested. */
import type { NodeStatus } from "@holon/node/index.ts";
import type { SeenAlert } from "./alerts.ts";

export interface ScreenInput {
  readonly app: string;
  readonly statuses: readonly NodeStatus[];
  readonly apis: ReadonlyMap<string, string>;
  readonly eventsPerSecond: number;
  readonly alerts: readonly SeenAlert[];
  readonly alertsOpened: number;
  readonly width: number;
  readonly colour: boolean;
}

type Paint = (code: number, text: string) => string;

export function drawScreen(input: ScreenInput): string {
  const paint: Paint = (code, text) => (input.colour ? `${escape}[${code}m${text}${escape}[0m` : text);
  const gateway = input.statuses.at(-1);
  const lines = [
    `${paint(1, "holon")}  ${input.app}   up ${clock(gateway?.upMs ?? 0)}   Ctrl-C stops`,
    "",
    ...input.statuses.flatMap((status) => nodeLines(status, input, paint)),
    "",
    ...figureLines(input, gateway, paint),
    "",
    ...alertLines(input, paint),
  ];
  return lines.map((line) => clip(line, input.width)).join("\n");
}

function nodeLines(status: NodeStatus, input: ScreenInput, paint: Paint): readonly string[] {
  const node = `${paint(1, status.node.padEnd(11))} ${status.tier.padEnd(8)} ${status.jurisdiction.padEnd(6)} ${input.apis.get(status.node) ?? ""}`;
  return status.uplink === undefined ? [node] : [`   │ ${linkText(status.uplink, paint)}`, node];
}

function linkText(uplink: NonNullable<NodeStatus["uplink"]>, paint: Paint): string {
  const word = uplink.state === "open" ? paint(32, "● open") : uplink.state === "cut" ? paint(31, "✕ cut") : paint(33, `○ ${uplink.state}`);
  const since = `since ${clock(uplink.sinceMs)}`;
  const waiting = uplink.backlog === undefined ? "waiting unknown" : `${count(uplink.backlog)} waiting`;
  const problem = uplink.problem === undefined || uplink.state === "open" ? "" : `   ${uplink.problem.code}`;
  return `${word} ${since}   ${waiting}   ↑ ${size(uplink.sentBytes)} ↓ ${size(uplink.receivedBytes)}${problem}`;
}

function figureLines(input: ScreenInput, gateway: NodeStatus | undefined, paint: Paint): readonly string[] {
  const sources = gateway?.agent.sources ?? [];
  const readings = sources.reduce((sum, source) => sum + source.readings, 0);
  const readBytes = sources.reduce((sum, source) => sum + source.readBytes, 0);
  const left = gateway?.uplink?.sentBytes ?? 0;
  const share = readBytes === 0 ? "" : `  (${((100 * left) / readBytes).toFixed(1)} %)`;
  const lines = [`events     ${input.eventsPerSecond.toFixed(1)}/s   ${count(readings)} since the start`];
  for (const source of sources) if (source.problem !== undefined) lines.push(paint(31, `source     ${source.name}: ${source.problem.code} ${source.problem.message}`));
  for (const unit of gateway?.agent.units ?? []) {
    lines.push(`${unit.name.padEnd(10)} ${unit.problem === undefined ? (unit.status ?? unit.state) : paint(31, unit.problem.message)}`);
    lines.push(`inference  ${count(unit.inferences)}   p50 ${latency(unit.inferenceMs.p50)}   p99 ${latency(unit.inferenceMs.p99)}`);
  }
  const agent = gateway?.agent;
  if (agent?.problem !== undefined) lines.push(paint(31, `agent      ${agent.problem.code}: ${agent.problem.message}`));
  lines.push(`bytes      read ${size(readBytes)}   left the site ${size(left)}${share}`);
  return lines;
}

function alertLines(input: ScreenInput, paint: Paint): readonly string[] {
  const head = `alerts     ${input.alertsOpened}`;
  const rows = input.alerts.map((alert) => {
    const causes = alert.causes.map(({ sensor, share }) => `${sensor} ${Math.round(100 * share)} %`).join(", ");
    const word = alert.state === "open" ? paint(31, "open  ") : "closed";
    const peak = alert.score === undefined ? "" : `score ${alert.score.toFixed(1)}`;
    return `  ${alert.time.slice(11, 19)}  ${alert.subject.padEnd(12)} ${word}  ${peak.padEnd(11)} ${causes}`;
  });
  return [head, ...rows];
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

const escape = "\u001b";
const escapePattern = new RegExp(`(${escape}\\[[0-9;]*m)`);

/** Cuts to the width of the terminal; escape sequences take no room. */
function clip(line: string, width: number): string {
  let room = width;
  let text = "";
  for (const part of line.split(escapePattern)) {
    if (part.startsWith(escape)) text += part;
    else {
      text += part.slice(0, room);
      room -= Math.min(room, part.length);
    }
  }
  return text;
}
