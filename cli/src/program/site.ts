/** `holon site …` */
import type { Command } from "commander";
import type { SiteKeyOptions } from "../command/site.ts";

export function addSite(program: Command): void {
  const site = program.command("site").description("what the nodes of one site share");
  site
    .command("key")
    .description("the site's key, to which publishers seal: shown, made, and brought to other nodes of the site")
    .requiredOption("--node <name>", "a node of this machine")
    .option("--data <folder>", "data folder", ".holon")
    .option("--make", "make it, on the first node of the site")
    .option("--public <file>", "write what publishers need to this file")
    .option("--request <file>", "ask for it: to be carried to a node that has it")
    .option("--share <file>", "answer such a request")
    .option("--to <file>", "with --share: where the answer goes")
    .option("--take <file>", "take such an answer")
    .option("--json", "data as JSON on stdout")
    .action(async (options: SiteKeyOptions) => (await import("../command/site.ts")).siteKey(options));
}
