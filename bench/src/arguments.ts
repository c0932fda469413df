import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { HolonError } from "@holon/core/errors.ts";
import { nodesDefault } from "./hub.ts";
import { suites } from "./suites.ts";

/** What one run of the bench is asked for. */
export interface BenchArguments {
  readonly help: boolean;
  /** Without a name: all of them. */
  readonly suites: readonly string[];
  readonly seconds: number;
  readonly nodes: number | undefined;
  /** Files of suite `gpu-trace`. */
  readonly machines: string | undefined;
  readonly units: string | undefined;
  /** Of suite `shifting`. */
  readonly curve: string | undefined;
  readonly hours: number | undefined;
  readonly slack: number | undefined;
  readonly interruptible: boolean;
  readonly minutes: number | undefined;
  readonly gigabytes: number | undefined;
  readonly data: string | undefined;
  readonly json: boolean;
  /** Ends with 1 where what is aimed for is not met. */
  readonly gate: boolean;
}

const secondsDefault = 2;
const secondsMax = 600;
const nodesMax = 20_000;
const minutesMax = 24 * 60;
const gigabytesMax = 1000;
const hoursMax = 100_000;

/** `HOLON_ARGUMENT_BAD` names what is not taken. */
export function parseArguments(words: readonly string[]): BenchArguments {
  const { values, positionals } = parse(words);
  for (const name of positionals) {
    if (!suites.has(name)) throw bad(`there is no suite ${JSON.stringify(name)}; the suites are ${[...suites.keys()].join(", ")}`);
  }
  const seconds = Number(values.seconds ?? secondsDefault);
  if (!(seconds > 0 && seconds <= secondsMax)) throw bad(`--seconds takes a number over 0 and up to ${secondsMax}, not ${JSON.stringify(values.seconds)}`);
  const asked = positionals.length === 0 ? [...suites.keys()] : [...new Set(positionals)];
  const isFile = values.nodes !== undefined && asked.includes("gpu-trace") && !/^\d+$/.test(values.nodes);
  if (values.nodes !== undefined && !isFile && asked.join() === "gpu-trace") throw bad(`--nodes of suite gpu-trace takes a file, not ${JSON.stringify(values.nodes)}`);
  if (positionals.includes("gpu-trace") && (!isFile || values.pods === undefined)) throw bad("suite gpu-trace wants --nodes FILE and --pods FILE");
  if (positionals.includes("shifting") && (values.curve === undefined || values.hours === undefined || values.slack === undefined)) throw bad("suite shifting wants --curve FILE, --hours H and --slack S");
  const hours = values.hours === undefined ? undefined : Number(values.hours);
  if (hours !== undefined && !(Number.isInteger(hours) && hours > 0 && hours <= hoursMax)) throw bad(`--hours takes a whole number over 0 and up to ${hoursMax}, not ${JSON.stringify(values.hours)}`);
  const slack = values.slack === undefined || values.slack === "" ? undefined : Number(values.slack);
  if (values.slack !== undefined && !(slack !== undefined && Number.isInteger(slack) && slack >= 0 && slack <= hoursMax)) throw bad(`--slack takes a whole number up to ${hoursMax}, not ${JSON.stringify(values.slack)}`);
  const nodes = values.nodes === undefined || isFile ? undefined : Number(values.nodes);
  if (nodes !== undefined && !(Number.isInteger(nodes) && nodes > 0 && nodes <= nodesMax)) throw bad(`--nodes takes a whole number up to ${nodesMax}, not ${JSON.stringify(values.nodes)}`);
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  if (minutes !== undefined && !(minutes > 0 && minutes <= minutesMax)) throw bad(`--minutes takes a number over 0 and up to ${minutesMax}, not ${JSON.stringify(values.minutes)}`);
  const gigabytes = values.gigabytes === undefined ? undefined : Number(values.gigabytes);
  if (gigabytes !== undefined && !(gigabytes > 0 && gigabytes <= gigabytesMax)) throw bad(`--gigabytes takes a number over 0 and up to ${gigabytesMax}, not ${JSON.stringify(values.gigabytes)}`);
  return {
    help: values.help === true,
    suites: asked,
    seconds,
    nodes,
    machines: isFile && values.nodes !== undefined ? resolve(values.nodes) : undefined,
    units: values.pods === undefined ? undefined : resolve(values.pods),
    curve: values.curve === undefined ? undefined : resolve(values.curve),
    hours,
    slack,
    interruptible: values.interruptible === true,
    minutes,
    gigabytes,
    data: values.data === undefined ? undefined : resolve(values.data),
    json: values.json === true,
    gate: values.gate === true,
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: { seconds: { type: "string" }, nodes: { type: "string" }, pods: { type: "string" }, curve: { type: "string" }, hours: { type: "string" }, slack: { type: "string" }, interruptible: { type: "boolean" }, minutes: { type: "string" }, gigabytes: { type: "string" }, data: { type: "string" }, json: { type: "boolean" }, gate: { type: "boolean" }, help: { type: "boolean" } },
    });
  } catch (cause) {
    throw bad(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

const bad = (message: string, cause?: unknown): HolonError =>
  new HolonError("HOLON_ARGUMENT_BAD", message, { next: "Run `npm run bench -- --help`.", cause });

export const usage = (): string =>
  [
    "npm run bench -- [SUITE…] [--seconds N] [--nodes N] [--minutes N] [--gigabytes N] [--data FOLDER] [--json] [--gate]",
    "npm run bench -- gpu-trace --nodes FILE --pods FILE [--json]",
    "npm run bench -- shifting --curve FILE --hours H --slack S [--interruptible] [--json]",
    "",
    ...[...suites].map(([name, { measures }]) => `  ${name.padEnd(10)} ${measures}`),
    "",
    `  --seconds N    aim for the time of one measurement (default ${secondsDefault})`,
    `  --nodes N      size of the fleet of suites hub (default ${nodesDefault}) and placement`,
    "  --nodes FILE, --pods FILE  machines and units of suite gpu-trace, as text or packed by gzip",
    "  --curve FILE   of carbon intensity or price, one row an hour, of suite shifting",
    "  --hours H      length of a job of suite shifting; --slack S hours by which it may begin later; --interruptible: it may run in pieces",
    "  --minutes N    length of suite memory (default 3; the aim is stated for 30)",
    "  --gigabytes N  size of the log of suite recovery (default 2)",
    "  --data FOLDER  where to write; a folder of its own is made in it and removed afterwards (default .holon/bench)",
    "  --json         one JSON object last on stdout: {machine, figures, ratios, aims}",
    "  --gate         exit code 1 where a ratio is more than is aimed for (suite guard)",
  ].join("\n");
