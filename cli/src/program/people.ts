/** `holon login|logout`, `holon user|token|approval …` */
import type { Command } from "commander";
import { connectApi } from "../client.ts";
import type { SignerOptions } from "../command/signing.ts";
import type { ProviderLogin } from "../command/session-provider.ts";
import type { TokenOptions } from "../command/token.ts";
import type { CommonOptions, ProgramParts } from "./api.ts";

export function addPeople(program: Command, parts: ProgramParts): void {
  const { common, clientOptions } = parts;
  const withPassword = (command: Command): Command => common(command).option("--password-file <file>", "file with the password; - reads it from stdin (default: it is asked for)");
  interface WithPassword extends CommonOptions {
    readonly passwordFile?: string;
  }
  withPassword(program.command("login [name]").description("begin a session: with a name and its password, or without a name with the identity provider"))
    .option("--paste", "without a name: use a browser elsewhere, and paste the address at which it ends")
    .option("--port <port>", "without a name: the port of this machine to which the browser is sent back")
    .action(async (name: string | undefined, options: WithPassword & ProviderLogin) => {
      if (name === undefined) return (await import("../command/session-provider.ts")).logInWithProvider(clientOptions(options), options, options.json === true);
      return (await import("../command/session.ts")).logIn(clientOptions(options), name, options.passwordFile, options.json === true);
    });
  common(program.command("logout").description("end the session")).action(async (options: CommonOptions) => (await import("../command/session.ts")).logOut(clientOptions(options), options.json === true));
  const user = program.command("user").description("people and their roles: owner, operator, publisher, auditor, viewer");
  withPassword(user.command("add <name>").description("add a user")).requiredOption("--role <role>", "owner, operator, publisher, auditor or viewer").action(async (name: string, options: WithPassword & { readonly role: string }) => (await import("../command/user.ts")).addUser(await connectApi(clientOptions(options)), name, options.role, options.passwordFile, options.json === true));
  common(user.command("list").description("users and their roles")).action(async (options: CommonOptions) => (await import("../command/user.ts")).listUsers(await connectApi(clientOptions(options)), options.json === true));
  common(user.command("remove <name>").description("remove a user, with their sessions and tokens")).action(async (name: string, options: CommonOptions) => (await import("../command/user.ts")).removeUser(await connectApi(clientOptions(options)), name, options.json === true));
  common(user.command("role <name> <role>").description("give a user another role")).action(async (name: string, role: string, options: CommonOptions) => (await import("../command/user.ts")).setRole(await connectApi(clientOptions(options)), name, role, options.json === true));
  withPassword(user.command("password <name>").description("set a password: one's own, or as an owner another's"))
    .option("--old-password-file <file>", "for one's own: file with the present one (default: it is asked for)")
    .action(async (name: string, options: WithPassword & { readonly oldPasswordFile?: string }) => (await import("../command/user.ts")).setPassword(await connectApi(clientOptions(options)), clientOptions(options), name, options, options.json === true));
  addTokens(program, parts);
}

function addTokens(program: Command, { common, clientOptions }: ProgramParts): void {
  const token = program.command("token").description("API tokens: for programs, of a role, until a day");
  common(token.command("add <name>").description("make a token, which is shown once"))
    .requiredOption("--role <role>", "owner, operator, publisher, auditor or viewer")
    .requiredOption("--for <time>", "how long it holds: 30m, 12h, 90d")
    .option("--routes <routes...>", "only for these, as policies name them: GET/v1/nodes, or a beginning and *")
    .action(async (name: string, options: CommonOptions & TokenOptions) => (await import("../command/token.ts")).addToken(await connectApi(clientOptions(options)), name, options));
  common(token.command("list").description("tokens, as far as they may be seen again")).action(async (options: CommonOptions) => (await import("../command/token.ts")).listTokens(await connectApi(clientOptions(options)), options.json === true));
  common(token.command("revoke <name>").description("refuse a token from now on")).action(async (name: string, options: CommonOptions) => (await import("../command/token.ts")).revokeToken(await connectApi(clientOptions(options)), name, options.json === true));
  const approval = program.command("approval").description("calls that the policy wants two people for");
  common(approval.command("list").description("what waits, and what was approved and not called yet")).action(async (options: CommonOptions) => (await import("../command/approval.ts")).listApprovals(await connectApi(clientOptions(options)), options.json === true));
  common(approval.command("approve <id>").description("approve a call of another person")).action(async (id: string, options: CommonOptions) => (await import("../command/approval.ts")).approve(await connectApi(clientOptions(options)), id, options.json === true));
  common(approval.command("sign <id>").description("approve a shell or an adoption that another person asks for, and sign for it"))
    .requiredOption("--key <file>", "your key, which the node's configuration names")
    .requiredOption("--as <name>", "the name under which it does")
    .action(async (id: string, options: CommonOptions & SignerOptions) => (await import("../command/signing.ts")).signApproval(clientOptions(options), id, options, options.json === true));
  common(approval.command("reject <id>").description("reject a call that waits"))
    .requiredOption("--because <reason>", "goes into the trail")
    .action(async (id: string, options: CommonOptions & { readonly because: string }) => (await import("../command/approval.ts")).reject(await connectApi(clientOptions(options)), id, options.because, options.json === true));
}
