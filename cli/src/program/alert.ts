/** `holon alert …`, `holon objective …` */
import type { Command } from "commander";
import type { AlertChoice, SilenceOptions } from "../command/alert.ts";
import type { CommonOptions, ProgramParts } from "./api.ts";

type OfNode = CommonOptions & { readonly node?: string };

export function addAlerts(program: Command, { common, clientOptions }: ProgramParts): void {
  const ofNode = (command: Command): Command => common(command).option("--node <name>", "the node that is asked (default: the one at --api)");
  const alert = program.command("alert").description("what is wrong, who was told, who has taken it on");
  ofNode(alert.command("list").description("what is wrong now, and what was"))
    .option("--state <state>", "firing, unknown or resolved")
    .action(async (options: OfNode & AlertChoice) => (await import("../command/alert.ts")).listAlerts(clientOptions(options), options, options.json === true));
  ofNode(alert.command("ack <id>").description("say that somebody has taken it on; the trail says who"))
    .option("--note <text>", "what is being done", "")
    .action(async (id: string, options: OfNode & { readonly note: string }) => (await import("../command/alert.ts")).acknowledge(clientOptions(options), id, options, options.json === true));
  ofNode(alert.command("silence [name]").description("tell nobody of some alerts for a time; without a name: what is silenced"))
    .option("--rule <rule>", "silence, the type of an alarm as node/type, or an objective as app/name")
    .option("--subject <subject>", "what it is about: a node, a site, an alarm's subject")
    .option("--site <site>")
    .option("--app <app>")
    .option("--for <time>", "how long: 30m, 12h, 7d")
    .option("--because <reason>", "goes into the trail")
    .option("--end", "end it")
    .action(async (name: string | undefined, options: OfNode & SilenceOptions) => (await import("../command/alert.ts")).silence(clientOptions(options), name, options, options.json === true));
  ofNode(alert.command("routes").description("by which ways a node tells, and what waits on each")).action(async (options: OfNode) => (await import("../command/alert.ts")).listRoutes(clientOptions(options), options.node, options.json === true));
  const objective = program.command("objective").description("what should hold, how much of its error budget is left, how fast it burns");
  ofNode(objective.command("list").description("each objective in each place, with how much of those who belong to it is known")).action(async (options: OfNode) => (await import("../command/objective.ts")).listObjectives(clientOptions(options), options.node, options.json === true));
}
