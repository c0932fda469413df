/** `holon node logs|diagnose|bundle|exec|commands|requests|result`: nodes looked into from far away. */
import type { Command } from "commander";
import type { CommonOptions, ProgramParts } from "./api.ts";
import type { ShellOptions } from "../command/node-shell.ts";
import type { AdoptOptions } from "../command/node-adopt.ts";
import type { BundleOptions, DiagnoseOptions, ExecOptions, LogsOptions, RequestOptions } from "../command/node-diagnosis.ts";

export function addDiagnosis(node: Command, { common, clientOptions, hold }: ProgramParts): void {
  const load = () => import("../command/node-diagnosis.ts");
  const requesting = (command: Command): Command =>
    common(command)
      .option("--for <time>", "how long it may wait for a node that is away: 12h, 7d", "7d")
      .option("--wait <time>", "how long this command waits for what comes of it", "30s");
  common(node.command("logs <name>").description("a node's own log, over its link"))
    .option("--follow", "go on with what comes")
    .option("--since <time>", "said at or after: 2026-01-02T03:04:05Z, or so long ago: 15m, 2h, 7d")
    .option("--level <level>", "info, warn or error: this one and above", "info")
    .option("--limit <n>", "how many lines", "200")
    .action(async (name: string, options: CommonOptions & LogsOptions) => {
      const ended = hold();
      await (await load()).showLogs(clientOptions(options), name, options, ended);
    });
  requesting(node.command("diagnose <name>").description("what is wrong with a node, and what to do, as it says itself"))
    .option("--profile <seconds>", "where its processor time goes, instead")
    .option("--out <file>", "with --profile: the whole profile, for the developer tools of a browser")
    .action(async (name: string, options: DiagnoseOptions) => {
      if (!(await (await load()).diagnoseNode(clientOptions(options), name, options))) process.exitCode = 1;
    });
  requesting(node.command("bundle <name>").description("a support bundle with secrets removed: report, configuration, last lines, metrics"))
    .option("--out <folder>", "where it is written (default NAME-bundle; a name that ends in .tar makes one file)")
    .action(async (name: string, options: BundleOptions) => (await load()).fetchBundle(clientOptions(options), name, options));
  common(node.command("adopt <name>").description("what a node was found to be made of is well: it holds back nothing any more"))
    .requiredOption("--because <reason>", "why; goes into the trail with your name")
    .option("--found <hash>", "only if it is still made of this, as `node show` told it (default: as it tells now)")
    .option("--key <file>", "your key, which the node's configuration names, where two people sign")
    .option("--as <name>", "the name under which it does")
    .option("--wait <time>", "how long this command waits for the other person's signature", "10m")
    .action(async (name: string, options: AdoptOptions) => {
      const ended = options.key === undefined ? new AbortController().signal : hold();
      await (await import("../command/node-adopt.ts")).adoptNode(clientOptions(options), name, options, ended);
    });
  requesting(node.command("exec <name> <command> [arguments...]").description("run a declared command on a node; arguments are NAME=VALUE")).action(async (name: string, command: string, given: readonly string[], options: ExecOptions) => {
    if (!(await (await load()).execOnNode(clientOptions(options), name, command, given, options))) process.exitCode = 1;
  });
  common(node.command("commands <name>").description("commands that a node declares")).action(async (name: string, options: CommonOptions) => (await load()).listCommands(clientOptions(options), name, options.json === true));
  common(node.command("requests [name]").description("what was asked of nodes, and what became of it"))
    .option("--cancel <id>", "take back one that its node was not asked yet")
    .action(async (name: string | undefined, options: RequestOptions) => (await load()).listRequests(clientOptions(options), name, options));
  common(node.command("shell <name>").description("a shell on a node, where its configuration and the policy allow one, and another person approves: lines in, text out, recorded"))
    .requiredOption("--key <file>", "your key, which the node's configuration names")
    .requiredOption("--as <name>", "the name under which it does")
    .requiredOption("--because <reason>", "for the other person, and the trail")
    .option("--wait <time>", "how long this command waits for the other person", "10m")
    .action(async (name: string, options: ShellOptions) => {
      const ended = hold();
      await (await import("../command/node-shell.ts")).openShell(clientOptions(options), name, options, ended);
    });
  node
    .command("signer <file>")
    .description("make a key with which you sign for shells and adoptions; prints what a node's configuration names")
    .option("--json", "data as JSON on stdout")
    .action(async (file: string, { json }: { readonly json?: boolean }) => (await import("../command/signing.ts")).makeSignerKey(file, json === true));
  common(node.command("result <request>").description("what came of a request")).action(async (id: string, options: CommonOptions) => (await load()).showResult(clientOptions(options), id, options.json === true));
}
