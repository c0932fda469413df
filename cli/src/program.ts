/** The commands, noun by noun. Each is loaded when it is called: a list of nodes does not wait for what runs a node. */
import { Command, type CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import { connectApi, type ClientOptions } from "./client.ts";
import { addAlerts } from "./program/alert.ts";
import { addApi, type CommonOptions as Common } from "./program/api.ts";
import { addDiagnosis } from "./program/diagnosis.ts";
import { addPeople } from "./program/people.ts";
import { addPublisher } from "./program/publisher.ts";
import { addSite } from "./program/site.ts";
import { addTraces } from "./program/trace.ts";
import type { DevOptions } from "./command/app-dev.ts";
import type { ExportAppOptions } from "./command/app-export.ts";
import type { AuditOptions } from "./command/audit.ts";
import type { TailOptions } from "./command/event.ts";
import type { OptimizeOptions } from "./command/model-optimize.ts";
import type { SplitOptions } from "./command/model-split.ts";
import type { RegisterOptions } from "./command/model.ts";
import type { MeasureFlags } from "./command/node-measure.ts";
import type { AuthorityOptions, DirectorOptions, InviteOptions } from "./command/node-identity.ts";
import type { ExplainOptions } from "./command/policy.ts";
import type { SigningOptions } from "./app/sign.ts";
import type { PlanSimulateOptions } from "./command/plan-simulate.ts";
import type { SimOptions } from "./command/sim.ts";
import type { UpOptions } from "./command/up.ts";

interface OfNode extends Common {
  readonly node?: string;
}

/** From when on signals end the command by this abort signal, and no longer the process. */
type Hold = () => AbortSignal;

/** Throws what a command throws, and `CommanderError` where the words are none of a command. */
export function createProgram(hold: Hold): Command {
  const program = new Command("holon").description("Every site a whole, all sites one system.").version(versionText(), "--version", "say the version").exitOverride().configureOutput({ outputError: () => undefined });
  addUp(program, hold);
  addApps(program, hold);
  addNodes(program, hold);
  addSite(program, { common, clientOptions, hold });
  addFunctions(program);
  addMeter(program);
  addEvents(program, hold);
  addModels(program);
  addLinks(program);
  addPolicy(program);
  addPlan(program);
  addApi(program, { common, clientOptions, hold });
  addAlerts(program, { common, clientOptions, hold });
  addTraces(program, { common, clientOptions, hold });
  addAudit(program);
  addDoctor(program);
  addConsole(program);
  addSimulator(program);
  addPublisher(program);
  addPeople(program, { common, clientOptions, hold });
  return program;
}

/** What was wrong with the words, in ours. */
export function argumentError(program: Command, words: readonly string[], { code, message }: CommanderError): HolonError {
  if (code !== "commander.help") return new HolonError("HOLON_ARGUMENT_BAD", message.replace(/^error: /, ""));
  // Called without a command, or a noun without a verb: the help has been shown.
  const noun = program.commands.find((command) => command.name() === words[0]);
  const names = (noun ?? program).commands.map((command) => command.name()).join(", ");
  return new HolonError("HOLON_ARGUMENT_BAD", noun === undefined ? `holon needs a command: ${names}` : `holon ${noun.name()} needs a verb: ${names}`);
}

function versionText(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
  return z.object({ version: z.string() }).parse(manifest).version;
}

const common = (command: Command): Command =>
  command
    .option("--api <url>", "control API", "http://127.0.0.1:7400")
    .option("--data <folder>", "data folder that holds the API token", ".holon")
    .option("--json", "data as JSON on stdout");

function clientOptions({ api, data }: Common): ClientOptions {
  if (!/^https?:\/\//.test(api) || !URL.canParse(api)) throw new HolonError("HOLON_ARGUMENT_BAD", `--api is an address like http://127.0.0.1:7400, not ${api}`);
  return { api, data: resolve(data) };
}
const ofNode = (command: Command): Command => common(command).option("--node <name>", "another node than the one at --api");

function addUp(program: Command, hold: Hold): void {
  program
    .command("up")
    .description("boot a cloud, an edge site and a gateway on this machine and run an app on them")
    .option("--replay <files>", "play recordings (CSV or JSON lines, plain or .gz), separated by commas, in place of live telemetry")
    .option("--speed <n>", "1 is real time, 10 ten times faster, max as fast as possible", "1")
    .option("--once", "play through, drain, print one report, end")
    .option("--cut-after <events>", "with --once: cut the gateway's uplink after so many events")
    .option("--heal-after <events>", "with --once: heal it after so many events")
    .option("--continue", "with --once: go on with what an interrupted run left")
    .option("--json", "one JSON object last on stdout")
    .option("--data <folder>", "data folder (default .holon, with --once .holon/once)")
    .option("--port-base <port>", "first of seven ports in a row; 0 lets the system choose", "7400")
    .option("--jurisdiction <code>", "where the nodes stand", "EU/DE")
    .option("--app <folder>", "app to run (default examples/pump-watch)")
    .option("--columns <names>", "columns to read, separated by commas (default: all numeric ones that are no labels)")
    .option("--time-column <name>", "column with the event time")
    .option("--bad-rows <word>", "stop at a row that does not parse, or skip and count it", "stop")
    .option("--mqtt [address]", "take readings from devices over MQTT (default 127.0.0.1:1883) in place of live telemetry")
    .option("--verbose", "say more on stderr")
    .action(async (options: UpOptions) => {
      const ended = hold();
      await (await import("./command/up.ts")).up(options, ended);
    });
}

function addConsole(program: Command): void {
  common(program.command("console").description("the address of the web console, for a browser on this machine")).action(async (options: Common) => (await import("./command/console.ts")).showConsole(clientOptions(options), options.json === true));
}

function addApps(program: Command, hold: Hold): void {
  const app = program.command("app").description("apps");
  app.command("init <folder>").description("begin an app: a manifest, two functions and their tests").action(async (folder: string) => (await import("./command/app-init.ts")).initApp(folder));
  app.command("test <folder>").description("run an app's tests").action(async (folder: string) => (await import("./command/app-test.ts")).testApp(folder));
  app
    .command("dev <folder>")
    .description("run an app on this machine, and again with each change")
    .option("--data <folder>", "data folder", ".holon/dev")
    .option("--port-base <port>", "first of seven ports in a row; 0 lets the system choose", "7400")
    .option("--verbose", "say more on stderr")
    .action(async (folder: string, options: DevOptions) => {
      const ended = hold();
      await (await import("./command/app-dev.ts")).developApp(folder, options, ended);
    });
  common(app.command("deploy <folder>").description("publish an app and run it where its manifest says"))
    .option("--publisher <folder>", "sign it with the keys of this publisher (default: publisher in the data folder, where there is one)")
    .option("--passphrase-file <file>", "file with the passphrase of its keys")
    .option("--seal-to <sites...>", "seal its code and models, so that nodes of these sites alone can open them")
    .option("--dry-run", "say what would start, end and move, and why; change nothing")
    .action(async (folder: string, options: Common & SigningOptions & { readonly dryRun?: boolean; readonly sealTo?: readonly string[] }) => (await import("./command/app.ts")).deployApp(await connectApi(clientOptions(options)), folder, { ...options, data: resolve(options.data) }));
  common(app.command("list").description("what is deployed")).action(async (options: Common) => (await import("./command/app.ts")).listApps(await connectApi(clientOptions(options)), options.json === true));
  common(app.command("show <name>").description("one app: its document, and which deployment of it stands")).action(async (name: string, options: Common) => (await import("./command/app.ts")).showApp(await connectApi(clientOptions(options)), name, options.json === true));
  common(app.command("export <name>").description("write files with which Kubernetes, Compose or systemd runs the whole app on a node of its own"))
    .requiredOption("--format <format>", "kubernetes, compose or systemd")
    .requiredOption("--jurisdiction <code>", "where it will run, such as EU/DE")
    .option("--image <image>", "a container image that has holon on its path (default holon:latest)")
    .option("--program <words>", "systemd: how holon is started (default /usr/bin/holon)")
    .option("--folder <path>", "systemd: where the files will lie (default /etc/holon/NAME)")
    .option("--out <folder>", "where they are written (default NAME-FORMAT)")
    .action(async (name: string, options: Common & ExportAppOptions) => (await import("./command/app-export.ts")).exportToFiles(await connectApi(clientOptions(options)), name, options));
  common(app.command("remove <name>").description("remove an app from all nodes")).action(async (name: string, options: Common) => (await import("./command/app.ts")).removeApp(await connectApi(clientOptions(options)), name, options.json === true));
  common(app.command("shared <name>").description("state that sites share, as far as a node has it (another node: --api)")).action(async (name: string, options: Common) => (await import("./command/app.ts")).showShared(await connectApi(clientOptions(options)), name, options.json === true));
}

function addNodes(program: Command, hold: Hold): void {
  const node = program.command("node").description("nodes");
  common(node.command("list").description("all nodes ever heard")).action(async (options: Common) => (await import("./command/node.ts")).listNodes(await connectApi(clientOptions(options)), options.json === true));
  common(node.command("drift [name]").description("where nodes differ from what they are to be, and since when")).action(async (name: string | undefined, options: Common) => (await import("./command/node.ts")).showDrift(await connectApi(clientOptions(options)), name, options.json === true));
  ofNode(node.command("status").description("states of nodes, since when, and how complete the answer is")).action(async (options: OfNode) => (await import("./command/node-telemetry.ts")).showStatus(clientOptions(options), options.node, options.json === true));
  ofNode(node.command("top").description("what a node measures of itself now")).action(async (options: OfNode) => (await import("./command/node-telemetry.ts")).showTop(clientOptions(options), options.node, options.json === true));
  node
    .command("start <file>")
    .description("run one node by its holon.node.yaml")
    .option("--data <folder>", "data folder", ".holon")
    .option("--listen-api <address>", "address of its local API", "127.0.0.1:7402")
    .option("--app <folder>", "run this exported app; the node carries its own control plane")
    .option("--verbose", "say more on stderr")
    .action(async (file: string, options: { readonly data: string; readonly listenApi: string; readonly app?: string; readonly verbose?: boolean }) => {
      const ended = hold();
      await (await import("./command/node.ts")).startNodeFromFile(file, { data: resolve(options.data), api: options.listenApi, app: options.app === undefined ? undefined : resolve(options.app), verbose: options.verbose === true, ended });
    });
  addDiagnosis(node, { common, clientOptions, hold });
  addMembership(node);
}

function addMembership(node: Command): void {
  common(node.command("invite <name>").description("a token with which one node may join, once"))
    .option("--site <site>", "its site (default: the one it had)")
    .option("--tier <tier>", "gateway, edge or cloud (default: the one it had, or gateway)")
    .option("--for <time>", "how long it may be used: 30m, 1h, 2d", "1h")
    .option("--address <address>", "where the node reaches the fleet (default: where control's node listens)")
    .action(async (name: string, options: Common & InviteOptions) => (await import("./command/node-identity.ts")).inviteNode(await connectApi(clientOptions(options)), name, options));
  node
    .command("enroll")
    .description("join with a token: makes this node's key, gets its certificate")
    .requiredOption("--token <token>", "what `holon node invite` printed; - reads it from stdin")
    .option("--at <address>", "another node of the fleet to ask, such as the parent: wss://127.0.0.1:7403")
    .option("--publisher <folder>", "pin this publisher's root in the same step: the folder, or a copy of it without keys/")
    .option("--tpm <tcti>", "bind the node's identity to this TPM, or fail: device:/dev/tpmrm0; without it the machine's own is used, if it can be")
    .option("--data <folder>", "data folder", ".holon")
    .action(async (options: { readonly token: string; readonly at?: string; readonly data: string; readonly publisher?: string; readonly tpm?: string }) => (await import("./command/node-identity.ts")).enrollNode(options));
  common(node.command("revoke <name>").description("take a node's certificates from it: the fleet refuses it"))
    .requiredOption("--because <reason>", "goes into the trail")
    .action(async (name: string, options: Common & { readonly because: string }) => (await import("./command/node-identity.ts")).revokeNode(await connectApi(clientOptions(options)), name, options.because, options.json === true));
  common(node.command("show <name>").description("one node as it tells of itself: whether it is made of what was adopted, its links, and what is known of it, from where and as of when")).action(async (name: string, options: Common) => (await import("./command/node-show.ts")).showNode(clientOptions(options), name, options.json === true));
  node
    .command("measure <file>")
    .description("whether the program and configuration of the node of a holon.node.yaml are what was adopted")
    .option("--adopt", "adopt them as they are, from now on")
    .option("--because <reason>", "why; goes into the trail with your name")
    .option("--data <folder>", "data folder", ".holon")
    .option("--json", "data as JSON on stdout")
    .action(async (file: string, options: MeasureFlags) => {
      if (!(await (await import("./command/node-measure.ts")).measureNode(file, options))) process.exitCode = 1;
    });
  node
    .command("rotate <name>")
    .description("new keys for the encrypted log of a node of this machine that does not run")
    .option("--data <folder>", "data folder", ".holon")
    .option("--json", "data as JSON on stdout")
    .action(async (name: string, options: { readonly data: string; readonly json?: boolean }) => (await import("./command/node-identity.ts")).rotateKeys(name, options));
  node
    .command("authority")
    .description("the fleet's authority on this machine, and its root key")
    .option("--data <folder>", "data folder", ".holon")
    .option("--node <name>", "the node that runs control", "cloud-1")
    .option("--take-root <file>", "take the root's key to this file and remove it here")
    .option("--renew", "make the intermediate anew")
    .option("--stolen", "with --renew: the one of before was stolen, and what it signed is over")
    .option("--root <file>", "the root's key, where it was taken away")
    .option("--json", "data as JSON on stdout")
    .action(async (options: AuthorityOptions) => (await import("./command/node-identity.ts")).manageAuthority(options));
  node
    .command("director")
    .description("the keys with which control signs what each node runs")
    .option("--data <folder>", "data folder", ".holon")
    .option("--node <name>", "the node that runs control", "cloud-1")
    .option("--take-root <file>", "take the key of the director's root to this file and remove it here")
    .option("--rotate", "make the key anew that signs what nodes run")
    .option("--new-root-key", "with --rotate: and that of the root")
    .option("--root <file>", "the root's key, where it was taken away")
    .option("--json", "data as JSON on stdout")
    .action(async (options: DirectorOptions) => (await import("./command/node-identity.ts")).manageDirector(options));
}

function addFunctions(program: Command): void {
  const functions = program.command("function").description("functions of a node");
  ofNode(functions.command("list").description("what functions do, and what went wrong")).action(async (options: OfNode) => (await import("./command/function.ts")).listFunctions(clientOptions(options), options.node, options.json === true));
  ofNode(functions.command("failed").description("events that they could not handle, and why")).action(async (options: OfNode) => (await import("./command/function.ts")).listFailed(clientOptions(options), options.node, options.json === true));
  ofNode(functions.command("replay [function]").description("hand such events over again: of all functions, or of one named app/function"))
    .option("--event <id>", "one event alone")
    .action(async (name: string | undefined, options: OfNode & { readonly event?: string }) => (await import("./command/function.ts")).replayFailed(clientOptions(options), name, options));
  ofNode(functions.command("release [function]").description("let what is held back start again: all of it, an app, or one named app/function")).action(async (name: string | undefined, options: OfNode) => (await import("./command/function.ts")).releaseHeld(clientOptions(options), name, options));
}

function addMeter(program: Command): void {
  const meter = program.command("meter").description("what functions use");
  ofNode(meter.command("show").description("calls, processor time, memory, inferences, bytes, energy and money by function")).action(async (options: OfNode) => (await import("./command/meter.ts")).showMeter(clientOptions(options), options.node, options.json === true));
}

function addEvents(program: Command, hold: Hold): void {
  const event = program.command("event").description("events");
  common(event.command("tail").description("the newest events"))
    .option("--stream <name>", "alarm, data, telemetry, audit or local")
    .option("--origin <node>", "node that wrote them")
    .option("--node <node>", "ask this node itself, over its link: also for what it has not sent")
    .option("--type <prefix>", "event type or its beginning")
    .option("--since <time>", "recorded at or after: 2026-01-02T03:04:05Z, or so long ago: 15m, 2h, 7d")
    .option("--until <time>", "recorded at or before")
    .option("--limit <n>", "how many", "20")
    .option("--follow", "go on with what comes")
    .action(async (options: Common & TailOptions) => {
      const ended = hold();
      await (await import("./command/event.ts")).tailEvents(await connectApi(clientOptions(options)), options, ended);
    });
}

function addModels(program: Command): void {
  const model = program.command("model").description("versions of models");
  common(model.command("list").description("every version of every model")).action(async (options: Common) => (await import("./command/model.ts")).listModels(await connectApi(clientOptions(options)), options.json === true));
  common(model.command("show <which>").description("one version, or the newest of a name")).action(async (which: string, options: Common) => (await import("./command/model.ts")).showModel(await connectApi(clientOptions(options)), which, options.json === true));
  common(model.command("register <file>").description("register an ONNX file as a version"))
    .requiredOption("--licence <id>", "its licence, for example Apache-2.0")
    .option("--name <name>", "its name (default: that of the file)")
    .option("--parameters <file>", "a parameter blob (safetensors) that belongs to it")
    .option("--metric <figures...>", "figures such as accuracy=0.98")
    .action(async (file: string, options: Common & RegisterOptions) => (await import("./command/model.ts")).registerModel(await connectApi(clientOptions(options)), file, options));
  common(model.command("optimize <which>").description("make a smaller variant, measure both, register it if it is good enough"))
    .requiredOption("--method <name>", "int8-dynamic, int8-static, prune or distil")
    .requiredOption("--labelled <file>", "rows to measure on: idx or safetensors, plain or .gz")
    .option("--labels <file>", "their labels, where they are idx files")
    .option("--rows <n>", "measure on the first rows only")
    .option("--training <file>", "rows to calibrate or train on")
    .option("--training-labels <file>", "their labels, where they are idx files")
    .option("--allow-points <n>", "percentage points of accuracy that it may lose", "0.3")
    .option("--share <part>", "prune: part of the weights; distil: part of the teacher in the loss", "0.5")
    .option("--hidden <sizes>", "distil: hidden sizes of the student, separated by commas", "32")
    .option("--epochs <n>", "distil: how often the training rows are gone through", "6")
    .option("--temperature <t>", "distil: how soft the teacher speaks", "3")
    .option("--seed <n>", "distil: chance", "1")
    .action(async (which: string, options: Common & OptimizeOptions) => (await import("./command/model-optimize.ts")).optimizeRegistered(await connectApi(clientOptions(options)), which, options));
  common(model.command("split <file>").description("find where an ONNX file is best cut between the nodes from one up to another, and write its parts"))
    .requiredOption("--from <node>", "where the rows are")
    .requiredOption("--to <node>", "a node above it")
    .requiredOption("--rows-per-month <n>", "rows that are asked about")
    .requiredOption("--labelled <file>", "rows to hold the parts against the whole: idx or safetensors, plain or .gz")
    .option("--labels <file>", "their labels, where they are idx files")
    .option("--ms <figures...>", "milliseconds of a row of the whole on a node, as gateway-1=12 (default: as measured here)")
    .option("--latency-max <ms>", "the longest from a row to its answer")
    .option("--cuts <n>", "make up to so many cuts, of which the plan chooses on each node (default: the best alone, as it is now)")
    .option("--rows-may-leave", "with --cuts: rows may go up as they are, too")
    .option("--out <folder>", "where the parts go (default: NAME-split)")
    .action(async (file: string, options: Common & SplitOptions) => (await import("./command/model-split.ts")).splitFile(await connectApi(clientOptions(options)), file, options));
}

function addLinks(program: Command): void {
  const link = program.command("link").description("links between nodes");
  common(link.command("list").description("each link as the node above it sees it: what went over it, what waits, latency and bandwidth")).action(async (options: Common) => (await import("./command/link-list.ts")).listLinks(await connectApi(clientOptions(options)), options.json === true));
  for (const verb of ["cut", "heal"] as const) {
    common(link.command(`${verb} <node>`).description(`${verb} the uplink of a node, for trying an outage${verb === "cut" ? "; a node that is started anew opens it again" : ""}`)).action(async (name: string, options: Common) => (await import("./command/link.ts")).steerLink(clientOptions(options), name, verb, options.json === true));
  }
}

function addPolicy(program: Command): void {
  const policy = program.command("policy").description("what may run, be used, be called and leave");
  policy.command("test <file>").description("hold a policy to its own expectations").option("--json", "data as JSON on stdout").action(async (file: string, { json }: { readonly json?: boolean }) => {
    if (!(await (await import("./command/policy.ts")).testPolicy(file, json === true))) throw new HolonError("HOLON_POLICY_UNMET", `${file} decides otherwise than it expects`);
  });
  common(policy.command("explain").description("what a policy decides, and why, rule by rule"))
    .requiredOption("--who <principal>", "who asks: node gateway-1, function app/name, person anna, token machine")
    .requiredOption("--does <action>", "leave, share, lower, ask, run, open, use, call or diagnose")
    .option("--what <name>", "stream, function, model or route: GET/v1/nodes")
    .option("--class <class>", "class of the data")
    .option("--into <class>", "class that it is to get")
    .option("--from <jurisdiction>", "where it was born")
    .option("--to <jurisdiction>", "where it would go")
    .option("--through <transform>", "what it went through: aggregate count 10")
    .option("--when <facts...>", "what else is known: role=operator")
    .option("--file <file>", "a policy in a file, in place of the fleet's")
    .action(async (options: Common & ExplainOptions) => (await import("./command/policy.ts")).explainDecision(clientOptions(options), options));
  common(policy.command("show").description("the fleet's policy")).action(async (options: Common) => (await import("./command/policy.ts")).showPolicy(await connectApi(clientOptions(options)), options.json === true));
  common(policy.command("set <file>").description("adopt a policy for the fleet")).action(async (file: string, options: Common) => (await import("./command/policy.ts")).setPolicy(await connectApi(clientOptions(options)), file, options.json === true));
}

function addPlan(program: Command): void {
  const plan = program.command("plan").description("where everything with needs is placed, and why");
  common(plan.command("list").description("plans that were adopted, the newest first").option("--limit <n>", "how many", "20")).action(async (options: Common & { readonly limit: string }) => (await import("./command/plan.ts")).listPlans(await connectApi(clientOptions(options)), options.limit, options.json === true));
  common(plan.command("show [plan]").description("the plan in force, or one of `plan list`")).action(async (hash: string | undefined, options: Common) => (await import("./command/plan.ts")).showPlan(await connectApi(clientOptions(options)), hash, options.json === true));
  common(plan.command("diff [plan]").description("what it changed, and why")).action(async (hash: string | undefined, options: Common) => (await import("./command/plan.ts")).diffPlan(await connectApi(clientOptions(options)), hash, options.json === true));
  common(
    plan
      .command("simulate")
      .description("live through hours with failures on a copy of the fleet: as planned now, and planned anew after each loss")
      .option("--hours <h>", "how long", "168")
      .option("--seed <n>", "of the failures", "1")
      .option("--faults <kind>", "what fails by chance: none, nodes, links or all", "all")
      .option("--lose <node...>", "these nodes are lost for good in the first hour", [])
      .option("--cut <node...>", "the ways up from these nodes are cut all the time", [])
      .option("--plan <hash>", "by one of `plan list`, as it was then")
      .option("--here", "on this machine, which takes what time and memory it wants, in place of control's"),
  ).action(async (options: Common & PlanSimulateOptions) => (await import("./command/plan-simulate.ts")).simulatePlan(await connectApi(clientOptions(options)), options, options.json === true));
  common(plan.command("explain <unit>").description("why a unit (app/function) is on a node, or not"))
    .requiredOption("--node <name>", "the node")
    .option("--plan <hash>", "by one of `plan list`, as it was then")
    .action(async (unit: string, options: Common & { readonly node: string; readonly plan?: string }) => (await import("./command/plan.ts")).explainPlan(await connectApi(clientOptions(options)), unit, options.node, options.plan, options.json === true));
}

function addAudit(program: Command): void {
  const audit = program.command("audit").description("the trail of decisions");
  audit
    .command("verify <folder>")
    .description("whether the log in a node's data folder is as it was written, and what of a class left")
    .option("--class <class>", "tell what of this class left, by which rule")
    .option("--site <site>", "from this site alone")
    .option("--since <time>", "recorded at or after: 2026-01-02T03:04:05Z, or so long ago: 15m, 2h, 7d")
    .option("--until <time>", "recorded at or before")
    .option("--json", "data as JSON on stdout")
    .action(async (folder: string, options: AuditOptions) => {
      if (!(await (await import("./command/audit.ts")).verifyAudit(folder, options))) throw new HolonError("HOLON_LOG_DAMAGED", `the log in ${folder} is not as it was written`, { next: "Hold it against what the node above has of the same lanes." });
    });
}

function addDoctor(program: Command): void {
  common(program.command("doctor").description("what is wrong here, and what to do").option("--hardening", "look at the machine instead, by a written list")).action(async (options: Common & { readonly hardening?: boolean }) => {
    if (options.hardening === true) {
      if (!(await import("./command/hardening.ts")).inspectMachine(clientOptions(options).data, options.json === true)) process.exitCode = 1;
      return;
    }
    if (!(await (await import("./command/doctor.ts")).doctor(clientOptions(options), options.json === true))) process.exitCode = 1;
  });
}

function addSimulator(program: Command): void {
  const sim = program.command("sim").description("the simulator");
  sim
    .command("run")
    .description("run a scenario from a seed and check the invariants")
    .option("--scenario <name>", "scenario", "cut-and-heal")
    .option("--seed <n>", "first seed", "1")
    .option("--seeds <k>", "how many seeds", "1")
    .option("--exhaustive <k>", "of how many of the seeds every variant is lived through, not only a sample", "0")
    .option("--variant <name>", "one variant of the seed alone, as a violation names it")
    .option("--trace <file>", "write what happened in the first seed to a file, for the console's Replay")
    .option("--nodes <m>", "size of the fleet, where the scenario has one to choose")
    .option("--hours <h>", "virtual time under faults, where the scenario has one to choose")
    .option("--safety-ms <ms>", "heal at the latest after so many virtual milliseconds")
    .option("--shrink", "look for the shortest time under faults after which the first failing seed still fails")
    .option("--all", "every scenario instead of one")
    .option("--record <file>", "write a line for each seed that is done to a file, go on from what stands in it, and say what all of them sum up to")
    .option("--json", "one JSON object last on stdout")
    .action(async (options: SimOptions) => (await import("./command/sim.ts")).runSim(options));
}
