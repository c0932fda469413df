/** Shows the three nodes until told to stop: drawn in place on a terminal, one line every few seconds elsewhere. */
import type { Three } from "../machine/three.ts";
import { draw, oneLine } from "../terminal.ts";
import { followAlerts } from "./alerts.ts";
import { drawScreen, leftSite, size } from "./screen.ts";

const frameMs = 500;
const lineMs = 5_000;
/** Over how long the rate is taken. */
const rateFrames = 6;

export interface LiveView {
  /** Shows a line until the next one. */
  notice(text: string): void;
  stop(): void;
}

/** `console`: where a browser finds it; shown whole on a terminal alone, since it may carry a token, which has no place in logs. */
export function showLive(three: Three, app: string, output: NodeJS.WriteStream, console?: string): LiveView {
  const alerts = followAlerts(three.cloud.node.log);
  const machines = [three.cloud, three.edge, three.gateway];
  const apis = new Map(machines.map((machine) => [machine.node.config.name, machine.api]));
  const samples: { readonly atMs: number; readonly readings: number }[] = [];
  const terminal = output.isTTY;
  let noticed = "";

  const rate = (): number => {
    const readings = three.gateway.node.status().agent.sources.reduce((sum, source) => sum + source.readings, 0);
    samples.push({ atMs: performance.now(), readings });
    if (samples.length > rateFrames) samples.shift();
    const [first] = samples;
    const last = samples.at(-1);
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0;
    return (1000 * (last.readings - first.readings)) / (last.atMs - first.atMs);
  };
  const show = (): void => {
    const statuses = machines.map((machine) => machine.node.status());
    const input = { app, statuses, apis, eventsPerSecond: rate(), alerts: alerts.newest(), alertsOpened: alerts.opened(), ...(noticed === "" ? {} : { notice: noticed }), ...(console === undefined ? {} : { console }), width: output.columns ?? 100, rows: output.rows ?? 40, colour: terminal };
    if (!terminal) return void output.write(`${summary(input)}\n`);
    draw(output, `\u001b[H${drawScreen(input).replaceAll("\n", "\u001b[K\n")}\u001b[K\u001b[J`);
  };
  if (terminal) draw(output, "\u001b[?1049h\u001b[?25l\u001b[2J");
  else if (console !== undefined) output.write(`console at ${console.replace(/#.*/, "")} (\`holon console\` prints the address that lets you in)\n`);
  show();
  const timer = setInterval(show, terminal ? frameMs : lineMs);
  return {
    notice(text) {
      noticed = text;
      if (!terminal) return void output.write(`${text}\n`);
      show();
    },
    stop() {
      clearInterval(timer);
      alerts.stop();
      if (terminal) draw(output, "\u001b[?25h\u001b[?1049l");
    },
  };
}

/** One line, for logs. */
function summary(input: Parameters<typeof drawScreen>[0]): string {
  const gateway = input.statuses.at(-1);
  const unit = gateway?.agent.units.find(({ status }) => status !== undefined); // the order changes with what was deployed last
  const links = input.statuses.filter((status) => status.uplink !== undefined).map((status) => `${status.node} ${status.uplink?.state ?? ""}`);
  const problems = input.statuses.flatMap(({ node, agent }) => (agent.problem === undefined ? [] : [`; ${node}: ${agent.problem.code} ${oneLine(agent.problem.message)}`]));
  return `${input.eventsPerSecond.toFixed(1)} events/s, ${oneLine(unit?.status ?? "starting")}, alerts ${input.alertsOpened}, left the site ${size(leftSite(input.statuses))}, links: ${links.join(", ")}${problems.join("")}`;
}
