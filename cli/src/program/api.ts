/** `holon api …`, and what commands have in common. */
import type { Command } from "commander";
import { connectApi, type ClientOptions } from "../client.ts";

/** What all commands have that talk to an API. */
export interface CommonOptions {
  readonly api: string;
  readonly data: string;
  readonly json?: boolean;
}

export interface ProgramParts {
  readonly common: (command: Command) => Command;
  readonly clientOptions: (options: CommonOptions) => ClientOptions;
  /** From then on signals end the command by this abort signal, and no longer the process. */
  readonly hold: () => AbortSignal;
}

export function addApi(program: Command, { common, clientOptions, hold }: ProgramParts): void {
  const api = program.command("api").description("the API that all of this goes through");
  common(api.command("show").description("its description, in OpenAPI 3.1")).action(async (options: CommonOptions) => (await import("../command/api.ts")).showApi(await connectApi(clientOptions(options)), options.json === true));
  common(api.command("watch").description("nodes, apps, the policy and the plan as they are, and each change from then on"))
    .option("--kinds <kinds>", "some of node, app, policy, plan, separated by commas")
    .action(async (options: CommonOptions & { readonly kinds?: string }) => {
      const ended = hold();
      await (await import("../command/api.ts")).watchFleet(clientOptions(options), { ...options, ended });
    });
}
