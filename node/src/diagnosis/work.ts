/** What a request makes this node do. */
import { commandLine, type DeclaredCommand } from "@holon/core/diagnosis/commands.ts";
import type { LogsAnswer, Wanted } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { hottest } from "@holon/core/diagnosis/profile.ts";
import type { outcomeSchema, profileSchema } from "@holon/core/diagnosis/results.ts";
import { HolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { Diagnostics } from "@holon/core/ports.ts";
import type { z } from "zod";
import type { AnsweringContext } from "./answering.ts";
import { makeBundle } from "./bundle.ts";
import type { Known } from "./known.ts";
import { healthReport, type HealthReport } from "./report.ts";

type WorkContext = AnsweringContext & { readonly known: Known };

export function createWork(context: WorkContext): (wanted: Wanted) => Promise<unknown> {
  return (wanted) => {
    if (wanted.kind === "report") return report(context);
    if (wanted.kind === "bundle") return bundle(context);
    if (wanted.kind === "profile") return profile(context, wanted.seconds);
    if (wanted.kind === "logs") return logs(context, wanted);
    return exec(context, wanted);
  };
}

/** Its own, and those that its configuration declares: nothing that comes over a link declares one. */
export const commandsOf = ({ ports, config }: Pick<AnsweringContext, "ports" | "config">): readonly DeclaredCommand[] => (ports.diagnostics === undefined ? [] : [...ports.diagnostics.commands, ...(config.diagnosis?.commands ?? [])]);

const report = (context: WorkContext): Promise<HealthReport> => healthReport({ ports: context.ports, status: context.status, policy: () => context.guard.inForce(), alarms: () => alarmsOf(context) }, context.known.redactor());

async function alarmsOf({ log }: WorkContext): Promise<readonly { readonly type: string; readonly at: string }[]> {
  const found = await log.find({ accepts: ({ origin, stream }) => origin === log.origin && stream === "alarm", limit: alarmsTold });
  return found.map(({ event }) => ({ type: event.type, at: event.recordedtime }));
}

async function bundle(context: WorkContext): Promise<unknown> {
  const { ownLines, config, telemetry, known } = context;
  const { lines } = ownLines.read({ level: "info", limit: diagnosisBounds.linesMax, bytesMax: diagnosisBounds.resultBytesMax / 4 });
  const health = await report(context);
  return makeBundle({ report: health, config, lines, metrics: await telemetry?.top(), alarms: await alarmsOf(context) }, known.redactor());
}

async function logs({ ownLines, config, known }: WorkContext, { level, since, limit }: Extract<Wanted, { kind: "logs" }>): Promise<LogsAnswer> {
  await known.refresh();
  const read = ownLines.read({ level, sinceMs: since === undefined ? undefined : Date.parse(since), limit, bytesMax: diagnosisBounds.resultBytesMax / 2 });
  return { node: config.name, ...read, lines: [...read.lines] };
}

async function profile({ ports, known }: WorkContext, seconds: number): Promise<z.infer<typeof profileSchema>> {
  const { profile: take, facts } = diagnosticsOf(ports.diagnostics);
  const text = await take(seconds * 1_000);
  const parsed = parseJson(encoder.encode(text));
  const heap = Object.fromEntries(Object.entries(await facts()).filter(([name]) => /^(?:heap|memory|external|resident)/.test(name)));
  return { seconds, top: [...hottest(parsed)], heap, cpuprofile: text.length > diagnosisBounds.resultBytesMax / 2 ? null : known.redactor().value(parsed) };
}

async function exec(context: WorkContext, { command, arguments: given }: Extract<Wanted, { kind: "exec" }>): Promise<z.infer<typeof outcomeSchema>> {
  const declared = commandsOf(context).find(({ name }) => name === command);
  if (declared === undefined) throw new HolonError("HOLON_COMMAND_UNKNOWN", `${context.config.name} has no command ${command}`);
  const { output, exitCode, ended } = await diagnosticsOf(context.ports.diagnostics).run(commandLine(declared, given));
  const outputBytes = encoder.encode(output).length;
  const own = declared.class;
  const mayGo = own === "public" || (own !== "raw" && own !== "personal" && context.guard.inForce().own.decide({ kind: "node", name: context.config.name }, "leave", { name: "data", class: own, jurisdiction: context.config.jurisdiction }, {}).allow);
  if (mayGo) return { command, exitCode, ended, outputBytes, output: ended === "itself" ? context.known.redactor().text(output) : context.known.redactor().cutOff(output) };
  const { events, log } = context;
  await log.append({ records: [events.record({ stream: "local", type: "holon.diagnosis.output", class: own, producer: "diagnosis", data: { command, output } })] });
  return { command, exitCode, ended, outputBytes, output: null, withheld: `what it prints is ${own} and stays on the node, in stream local as holon.diagnosis.output` };
}

function diagnosticsOf(diagnostics: Diagnostics | undefined): Diagnostics {
  if (diagnostics === undefined) throw new HolonError("HOLON_COMMAND_UNKNOWN", "this node runs nothing for anybody far away");
  return diagnostics;
}

const alarmsTold = 50;
const encoder = new TextEncoder();
