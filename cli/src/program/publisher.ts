/** `holon publisher …` */
import type { Command } from "commander";
import type { SigningOptions } from "../app/sign.ts";
import type { InitOptions, PinOptions, RootStepOptions, SignOptions, TrustOptions } from "../command/publisher.ts";

export function addPublisher(program: Command): void {
  const publisher = program.command("publisher").description("keys that sign what runs, in a folder of their own: never at a control plane");
  const signing = (command: Command): Command => command.option("--passphrase-file <file>", "file with the passphrase of the keys").option("--json", "data as JSON on stdout");
  signing(publisher.command("init <folder>").description("make a publisher: its keys, and the root that nodes pin"))
    .option("--keys <n>", "how many keys", "1")
    .option("--threshold <m>", "how many of them must sign", "1")
    .action(async (folder: string, options: InitOptions) => (await import("../command/publisher.ts")).initPublisher(folder, options));
  const step = (command: Command): Command => signing(command).option("--threshold <m>", "how many must sign from then on (as many as before)");
  step(publisher.command("add <folder>").description("add a key: the next root names it, and waits in pending/ where too few keys are here")).action(async (folder: string, options: RootStepOptions) => (await import("../command/publisher.ts")).addPublisherKey(folder, options));
  step(publisher.command("remove <folder> <key>").description("take a key out, and make the online key anew: the next root does without both")).action(async (folder: string, key: string, options: RootStepOptions) => (await import("../command/publisher.ts")).removePublisherKey(folder, key, options));
  signing(publisher.command("rotate <folder>").description("make the online key anew, which signs what is newest: what a thief signed with it counts no more")).action(async (folder: string, options: SigningOptions) => (await import("../command/publisher.ts")).rotatePublisherKey(folder, options));
  signing(publisher.command("sign <folder>").description("sign an app, or what waits for more signatures (of a root it shows first what it changes), and make the rest fresh"))
    .option("--app <folder>", "the app")
    .option("--withdraw <app>", "sign all but this app")
    .option("--keep", "let versions that were signed before run on")
    .option("--days <n>", "days after which nodes adopt none of this any more")
    .action(async (folder: string, options: SignOptions) => (await import("../command/publisher.ts")).signWithPublisher(folder, options));
  publisher.command("show <folder>").description("keys, and what is signed").option("--json", "data as JSON on stdout").action(async (folder: string, options: { readonly json?: boolean }) => (await import("../command/publisher.ts")).showPublisher(folder, options.json === true));
  publisher.command("trust <folder> <file>").description("seal to a site by its key, as `holon site key --public` wrote it there")
    .requiredOption("--fingerprint <text>", "what `holon site key` shows on a node of the site: asked for by another way than the file came")
    .option("--replace", "the site has made a new key")
    .option("--json", "data as JSON on stdout")
    .action(async (folder: string, file: string, options: TrustOptions) => (await import("../command/publisher.ts")).trustSiteKey(folder, file, options));
  publisher.command("pin <folder>").description("let a node of this machine run only what this publisher signs")
    .requiredOption("--node <name>", "the node")
    .option("--data <folder>", "data folder", ".holon")
    .option("--json", "data as JSON on stdout")
    .action(async (folder: string, options: PinOptions) => (await import("../command/publisher.ts")).pinNode(folder, options));
}
