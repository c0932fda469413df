/** `holon trace …` */
import type { Command } from "commander";
import type { TraceChoice } from "../command/trace.ts";
import type { CommonOptions, ProgramParts } from "./api.ts";

export function addTraces(program: Command, { common, clientOptions }: ProgramParts): void {
  const trace = program.command("trace").description("the way of one event through doors, functions, models and links");
  common(trace.command("show <id>").description("its steps with their times, and what it waited for: of a trace, of a traceparent, or of an event by its name"))
    .option("--node <name>", "the node that is asked (default: the one at --api)")
    .option("--since <time>", "looks at what was recorded since: a time, or 30m, 2h, 7d before now (default: a day)")
    .action(async (id: string, options: CommonOptions & TraceChoice) => (await import("../command/trace.ts")).showTrace(clientOptions(options), id, options, options.json === true));
}
